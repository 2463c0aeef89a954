"""Where the chat's lines come from: an editor at the terminal, or whatever stdin is connected to.

Waiting for a line can be cancelled, and no character is cut. Used by `repl.py`.
"""

import os
import sys
import termios
from pathlib import Path
from typing import Protocol

import anyio

from oxios_cli import editor
from oxios_cli.errors import EditorFailed
from oxios_cli.terminal import Terminal

__all__ = ["EditedLines", "Lines", "PipedLines", "lines_of"]

LONGEST_BYTES = 2 * 1024 * 1024
"""More of one line is dropped: twice what the gateway takes, so that it says so itself."""


class Lines(Protocol):
    """Gives one line after the other."""

    handles_interrupts: bool
    """Whether Ctrl-C during `next` is the line's own affair."""

    async def next(self, prompt: str) -> str | None:
        """Wait for a line, without its end; `None` when there is none any more.

        Raises:
            EditorFailed: when no line can be typed.
        """
        ...


def lines_of(terminal: Terminal, history: Path | None = None) -> Lines:
    """Return where lines come from: edited where a person types, else as they come."""
    if terminal.interactive:
        return EditedLines(history)
    try:
        descriptor = terminal.stdin.fileno() if terminal.stdin else None
    except (OSError, ValueError):  # closed, or not a file
        descriptor = None
    return PipedLines(descriptor)


class EditedLines:
    """Lines typed at the terminal, with editing and history.

    Args:
        history: the file that keeps what was typed, made readable for its owner only; `None`: nothing is kept.
    """

    handles_interrupts = True

    def __init__(self, history: Path | None = None) -> None:
        self._history = [str(history)] if history else []

    async def next(self, prompt: str) -> str | None:
        command = [sys.executable, "-I", "-S", editor.__file__, prompt, *self._history]
        settings = termios.tcgetattr(0)
        while True:
            try:
                done = await anyio.run_process(command, stdin=None, stdout=None, check=False)
            except OSError as error:
                raise EditorFailed(f"Expected {command[0]!r} to run the line editor, got {error}.") from error
            finally:
                # An editor that was killed leaves the terminal as it had set it: without echo.
                termios.tcsetattr(0, termios.TCSADRAIN, settings)
            match done.returncode:
                case 0:
                    return done.stderr.decode("utf-8", "replace")
                case editor.END:
                    return None
                case code if code < 0 or code == 130:
                    continue  # Ctrl-C before it could read
                case code:
                    said = done.stderr.decode("utf-8", "replace").strip()
                    raise EditorFailed(f"Expected a line from the editor, it ended with {code}: {said!r}. Use a pipe.")


class PipedLines:
    """Lines of a pipe or a file.

    Args:
        descriptor: where to read, `None` when there is nothing to read from.
    """

    handles_interrupts = False

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._rest = b""
        self._ended = descriptor is None

    async def next(self, prompt: str) -> str | None:
        parts, size = list[bytes](), 0
        while not self._ended or self._rest:
            piece, newline, self._rest = self._rest.partition(b"\n")
            parts.append(piece[: LONGEST_BYTES - size])
            size += len(parts[-1])
            if newline or self._ended:
                return b"".join(parts).decode("utf-8", "replace").removesuffix("\r")
            await self._read()
        return b"".join(parts).decode("utf-8", "replace") if size else None

    async def _read(self) -> None:
        assert self._descriptor is not None
        try:
            await anyio.wait_readable(self._descriptor)
        except PermissionError:
            await anyio.lowlevel.checkpoint()  # a plain file: it cannot be waited for and needs no waiting
        try:
            self._rest = os.read(self._descriptor, 65536)
        except OSError:  # closed under us: there is nothing more
            self._rest = b""
        self._ended = not self._rest
