"""The process's three streams, and what they can show.

Text that the streams cannot encode is replaced, never an error; a stream that is closed, or that nobody reads, takes
everything and shows nothing.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

from oxios_cli.render import Style

__all__ = ["Terminal"]


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """Where a person types and reads.

    Attributes:
        stdin, stdout, stderr: the streams, `None` when closed. Only answers go to `stdout`.
        colour: whether colours may be used where a stream is a terminal.
    """

    stdin: TextIO | None
    stdout: TextIO | None
    stderr: TextIO | None
    colour: bool = True

    @classmethod
    def of_process(cls, environment: Mapping[str, str] = os.environ) -> "Terminal":
        """Return this process's terminal; `NO_COLOR` and `TERM=dumb` turn colours off."""
        colour = not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
        return cls(stdin=sys.stdin, stdout=sys.stdout, stderr=sys.stderr, colour=colour)

    @property
    def interactive(self) -> bool:
        """Whether a person sits there: both typing and reading happen on a terminal."""
        return _is_tty(self.stdin) and _is_tty(self.stdout)

    @property
    def streams(self) -> bool:
        """Whether pieces of an answer may be shown as they come."""
        return _is_tty(self.stdout)

    @property
    def live(self) -> bool:
        """Whether a line can be written over again."""
        return _is_tty(self.stderr)

    @property
    def columns(self) -> int:
        """The width of `stderr`, in cells; 80 where it has none."""
        try:
            return (os.get_terminal_size(self.stderr.fileno()).columns if self.stderr else 0) or 80
        except OSError:
            return 80

    @property
    def style(self) -> Style:
        """The style of what goes to `stderr`."""
        return Style(colour=self.colour and _is_tty(self.stderr))

    def answer(self, text: str) -> None:
        """Write to `stdout`, at once."""
        _write(self.stdout, text)

    def tell(self, text: str) -> None:
        """Write to `stderr`, at once."""
        _write(self.stderr, text)


def _is_tty(stream: TextIO | None) -> bool:
    return stream is not None and not stream.closed and stream.isatty()


def _write(stream: TextIO | None, text: str) -> None:
    if stream is None or stream.closed:
        return
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "replace").decode(encoding))
        stream.flush()
    except BrokenPipeError:
        # Whoever read it has left. Without this the interpreter tries once more when it ends, and complains.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
