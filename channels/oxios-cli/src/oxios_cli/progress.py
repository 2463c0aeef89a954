"""Progress → one line that is written over again on a terminal, plain lines elsewhere; always on stderr.

Knows nothing of answers; `view.py` puts both together.
"""

from typing import TYPE_CHECKING

from oxios_gateway import Progress

from oxios_cli.render import neutralise
from oxios_cli.terminal import Terminal

if TYPE_CHECKING:
    from rich.status import Status

__all__ = ["ProgressLine", "describe"]

SPINNER_CELLS = 2
"""The spinner and the space after it."""


def describe(progress: Progress) -> str:
    """Return where the work is, on one line: `execute · step 3 · bash`."""
    facts = [progress.phase]
    if progress.step is not None:
        facts.append(f"step {progress.step}")
    if progress.tool:
        facts.append(progress.tool)
    if progress.kind == "note":
        facts.append(progress.text)
    return neutralise(" · ".join(fact for fact in facts if fact)).replace("\n", " ").replace("\t", " ")


class ProgressLine:
    """Shows where the work is until it is cleared; streamed text is not its concern.

    Args:
        quiet: show nothing at all.
    """

    def __init__(self, terminal: Terminal, *, quiet: bool = False) -> None:
        self._terminal = terminal
        self._quiet = quiet
        self._last = ""
        self._status: Status | None = None

    def show(self, progress: Progress) -> None:
        """Show where the work is, if that is new."""
        line = describe(progress)
        if self._quiet or progress.kind == "text" or line == self._last:
            return
        self._last = line
        if self._terminal.live:
            self._show_live(line)
        else:
            self._terminal.tell(f"{line}\n")

    def clear(self) -> None:
        """Take the live line away; the next progress shows it again."""
        if self._status is not None:
            self._status.stop()
            self._status = None
            self._last = ""

    def _show_live(self, line: str) -> None:
        from rich.console import Console
        from rich.text import Text

        text, columns = Text(line), self._terminal.columns
        # By cells, not characters: a line of wide ones must not wrap, or it could not be written over.
        text.truncate(max(1, columns - SPINNER_CELLS), overflow="ellipsis")
        if self._status is None:
            console = Console(file=self._terminal.stderr, no_color=not self._terminal.colour, width=columns)
            self._status = console.status(text)
            self._status.start()
        else:
            self._status.update(text)
