"""Files without those that the settings deny and without the Oxios home: the tools that list and search whole folders
get this in place of the real ones, and so do checks, so that such a file does not show up in what they find."""

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from oxios_kernel.domain.path import denying_pattern
from oxios_kernel.errors import ToolFailed
from oxios_kernel.policy.closed import Closed
from oxios_kernel.ports.files import FileEntry, FileRoot, Files, LeaveOut

__all__ = ["FencedFiles"]


class FencedFiles:
    """`Files` in which the denied paths and the Oxios home cannot be reached.

    Args:
        files: the real ones.
        denied: glob patterns of paths below a root; see `domain.path.matches`.
        home: the Oxios home, `None` when there is none to keep from anybody.
    """

    def __init__(self, files: Files, denied: Collection[str], home: Path | None = None) -> None:
        self._files = files
        self._denied = denied
        self._home = home

    def open_root(self, root: Path, /) -> FileRoot:
        inner = self._files.open_root(root)
        return _FencedRoot(inner, self._denied, Closed.to(root, self._home))


class _FencedRoot:
    def __init__(self, inner: FileRoot, denied: Collection[str], closed: Closed) -> None:
        self._inner = inner
        self._denied = denied
        self._closed = closed

    def resolve(self, path: str, /) -> str | None:
        return self._inner.resolve(path)

    def read(self, path: str, /, limit_bytes: int) -> bytes:
        return self._inner.read(self._open(path), limit_bytes)

    def write(self, path: str, content: bytes, /, *, create_only: bool = False) -> None:
        self._inner.write(self._open(path), content, create_only=create_only)

    def stat(self, path: str, /) -> FileEntry | None:
        found = self._inner.stat(path)
        return found if found and not self._hides(path) else None

    def entries(self, path: str, /) -> Sequence[FileEntry]:
        return [entry for entry in self._inner.entries(self._open(path)) if not self._hides(entry.path)]

    def walk(self, path: str, /, leave_out: LeaveOut | None = None) -> Iterator[FileEntry]:
        def passed_by(entry: FileEntry) -> bool:
            return self._hides(entry.path) or (leave_out is not None and leave_out(entry))

        return self._inner.walk(self._open(path), passed_by)

    def _open(self, path: str) -> str:
        if reason := self._reason(path):
            raise ToolFailed(f"{path!r} {reason}")
        return path

    def _hides(self, path: str) -> bool:
        return self._reason(path) is not None

    def _reason(self, path: str) -> str | None:
        try:
            real = self._inner.resolve(path)
        except ToolFailed:
            return None  # it cannot be used at all; the call itself says why
        if real is None:
            return None
        if self._closed.hides(real):
            return "is where Oxios keeps its own files; no tool may reach them"
        denied = denying_pattern(real, self._denied)
        return "is on the list of denied paths (security.denied_paths)" if denied else None
