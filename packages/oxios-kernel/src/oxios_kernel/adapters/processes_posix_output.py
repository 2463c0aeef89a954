"""The output of one command: its beginning and end in memory, all of it in a file once it is longer than that."""

import os
from io import FileIO
from pathlib import Path

import anyio
import anyio.to_thread

from oxios_kernel.ports.processes import Command

__all__ = ["Output"]

_PIECE_BYTES = 65_536
"""What a pipe holds at most."""


class Output:
    """Reads the pipe that takes a command's output.

    Attributes:
        total_bytes: how much came.
        kept: the file with all of it, `None` when all of it is in memory or the file cannot be written.
        flooded: is set when more came than the command may print.
        complete: is set when nothing more can come.
    """

    def __init__(self, command: Command, pipe: int) -> None:
        self.total_bytes = 0
        self.kept: Path | None = None
        self.flooded = anyio.Event()
        self.complete = anyio.Event()
        self._command = command
        self._pipe = pipe
        self._half = command.keep_bytes // 2
        self._head = bytearray()
        self._tail = bytearray()
        self._file: FileIO | None = None
        self._file_failed = False

    async def read_all(self) -> None:
        """Read to the end, which comes when the last process that could write is dead."""
        while True:
            await anyio.wait_readable(self._pipe)
            try:
                piece = os.read(self._pipe, _PIECE_BYTES)
            except BlockingIOError:
                continue
            if not piece:
                self.complete.set()
                return
            await self._take(piece)

    def kept_bytes(self) -> bytes:
        """Return all there was, or beginning and end of it."""
        return bytes(self._head + self._tail)

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    async def _take(self, piece: bytes) -> None:
        before = bytes(self._head + self._tail) if self._file is None else b""
        self.total_bytes += len(piece)
        if self.total_bytes > self._command.limit_bytes:
            self.flooded.set()
        elif self.total_bytes > self._command.keep_bytes and not self._file_failed:
            await anyio.to_thread.run_sync(self._write, before, piece)
        room = self._half - len(self._head)
        self._head += piece[: max(room, 0)]
        self._tail += piece[max(room, 0) :]
        del self._tail[: max(len(self._tail) - (self._command.keep_bytes - self._half), 0)]

    def _write(self, before: bytes, piece: bytes) -> None:
        try:
            if self._file is None:
                self._file = _new_file(self._command.output)
                self._file.write(before)
                self.kept = self._command.output
            self._file.write(piece)
        except OSError:  # a full disk must not stop the command; beginning and end are still there
            self._file_failed = True
            self.kept = None


def _new_file(path: Path) -> FileIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return FileIO(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600), "wb")
