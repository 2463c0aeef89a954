"""Files below one root and never outside it. Paths are relative to the root, with `/`; an absolute path below the root
is taken as relative. Links that lead out, magic links, devices, FIFOs and sockets are refused by the adapter itself,
at the moment it opens them, not by a check before."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["FileEntry", "FileRoot", "Files", "LeaveOut"]


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """One file or folder.

    Attributes:
        path: relative to the root.
        folder: whether it is a folder, or a link to one.
        size: bytes; 0 for a folder and for what cannot be read.
        modified: seconds since the epoch.
        link: where a symbolic link points, as it is written; `None` for what is no link.
    """

    path: str
    folder: bool
    size: int
    modified: float
    link: str | None = None


LeaveOut = Callable[[FileEntry], bool]
"""Tells which entries a walk passes by."""


class FileRoot(Protocol):
    """One root. All calls block; `tools` makes them in a thread.

    Every call but `stat` raises `ToolFailed` for a text that cannot be a path (empty, NUL).
    """

    def resolve(self, path: str, /) -> str | None:
        """Return where a path leads, relative to the root and with all links followed; `None` when that is outside.

        What does not exist (yet) keeps its name below the last folder that does.

        Raises:
            ToolFailed: it leads through a file, or through links without end.
        """
        ...

    def read(self, path: str, /, limit_bytes: int) -> bytes:
        """Return a file's first bytes, at most `limit_bytes`.

        Raises:
            ToolFailed: missing, a folder, not a regular file, or outside the root; the sentence says which.
        """
        ...

    def write(self, path: str, content: bytes, /, *, create_only: bool = False) -> None:
        """Replace a file whole, making the folders above it: a temporary file beside it, fsync, rename; mode kept.

        Raises:
            ToolFailed: outside the root, not a regular file, disk full.
        """
        ...

    def stat(self, path: str, /) -> FileEntry | None:
        """Return what is at a path, links followed; `None` when nothing is, it leads outside or cannot be a path."""
        ...

    def entries(self, path: str, /) -> Sequence[FileEntry]:
        """Return a folder's entries by name.

        Raises:
            ToolFailed: missing, not a folder, outside the root.
        """
        ...

    def walk(self, path: str, /, leave_out: LeaveOut | None = None) -> Iterator[FileEntry]:
        """Yield everything below a folder in the order of names, never following links to folders.

        What `leave_out` names is not yielded and, if it is a folder, not looked into; nor are folders that cannot be.

        Raises:
            ToolFailed: the folder itself is missing, no folder, or outside the root.
        """
        ...


class Files(Protocol):
    """Opens roots."""

    def open_root(self, root: Path, /) -> FileRoot:
        """Return the files below a folder.

        Raises:
            InputError: it does not exist or is not a folder.
        """
        ...
