"""One turn on the terminal: progress and pieces of the answer while it runs, then the answer and its report.

stdout gets the answer and nothing else. Used by the chat and by commands that ask once.
"""

from oxios_gateway import Outgoing, Progress

from oxios_cli.progress import ProgressLine
from oxios_cli.render import neutralise, render_answer, render_report
from oxios_cli.terminal import Terminal

__all__ = ["TurnView"]


class TurnView:
    """Shows one turn.

    Args:
        quiet: no progress and no facts, only answers, questions and errors.
        stream: show pieces of the answer as they come; only where stdout is a terminal.
    """

    def __init__(self, terminal: Terminal, *, quiet: bool = False, stream: bool = False) -> None:
        self._terminal = terminal
        self._quiet = quiet
        self._stream = stream and terminal.streams
        self._line = ProgressLine(terminal, quiet=quiet)
        self._streamed = ""

    def show(self, progress: Progress) -> None:
        """Show one piece of progress; fits `Talk.ask`."""
        if progress.kind != "text":
            self._end_streamed()
            self._line.show(progress)
        elif self._stream and progress.text:
            self._line.clear()
            self._streamed += neutralise(progress.text)
            self._terminal.answer(neutralise(progress.text))

    def finish(self, message: Outgoing) -> None:
        """Show the answer, unless the streamed text was it, and the report."""
        self._line.clear()
        text, shown = render_answer(message), self._streamed
        self._end_streamed()
        if text and text.strip() != shown.strip():
            self._terminal.answer(f"{text}\n")
        report = render_report(message, self._terminal.style, brief=self._quiet)
        if report:
            self._terminal.tell(f"{report}\n")

    def close(self) -> None:
        """Leave the terminal clean when no answer comes."""
        self._line.clear()
        self._end_streamed()

    def _end_streamed(self) -> None:
        if self._streamed and not self._streamed.endswith("\n"):
            self._terminal.answer("\n")
        self._streamed = ""
