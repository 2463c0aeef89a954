"""Files below one root and never outside it. Paths are relative to the root, with `/`; an absolute path below the root
is taken as relative. Links that lead out, magic links, devices, FIFOs and sockets are refused by the adapter itself,
at the moment it opens them, not by a check before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["FileEntry", "FileRoot", "Files"]


@dataclass(frozen=True, kw_only=True)
class FileEntry:
    """One file or folder.

    Attributes:
        path: relative to the root.
        folder: whether it is a folder.
        size: bytes; 0 for a folder.
        modified: seconds since the epoch.
    """

    path: str
    folder: bool
    size: int
    modified: float


class FileRoot(Protocol):
    """One root. All calls block; `tools` makes them in a thread."""

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
        """Return what is at a path, `None` when nothing is (or it leads outside)."""
        ...

    def entries(self, path: str, /) -> Sequence[FileEntry]:
        """Return a folder's entries by name.

        Raises:
            ToolFailed: missing, not a folder, outside the root.
        """
        ...

    def walk(self, path: str, /) -> Iterator[FileEntry]:
        """Yield everything below a folder in the order of names, never following links to folders."""
        ...


class Files(Protocol):
    """Opens roots."""

    def open_root(self, root: Path, /) -> FileRoot:
        """Return the files below a folder.

        Raises:
            InputError: it does not exist or is not a folder.
        """
        ...
