"""Opens a path below a folder's descriptor and never above it: by `openat2` where the kernel has it, else name by name.

Both take the path apart at the moment they open it, so nothing can be exchanged between a check and its use. Links that
stay below the root are followed; everything else fails with the errno `EXDEV`. Knows nothing of files and their kinds;
`files_beneath.py` calls it.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from oxios_kernel.domain.path import relative_path

__all__ = ["O_PATH", "Openat2", "Opener", "Place", "best_opener", "open_by_names", "walk_to"]

O_PATH = getattr(os, "O_PATH", os.O_RDONLY)
"""A descriptor that only names what it was opened on; elsewhere than on Linux, one that can be read."""

MOST_LINKS = 40
"""How many links a path may lead through: Linux's own limit."""

_FOLDER = O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_SYS_OPENAT2 = 437
"""The same number on every architecture but alpha. Source: linux/include/uapi/asm-generic/unistd.h"""

_RESOLVE_NO_MAGICLINKS, _RESOLVE_BENEATH = 0x02, 0x08
_RACES = 64
"""How often a lookup is repeated that a rename elsewhere disturbed (`EAGAIN`)."""


class Opener(Protocol):
    """Opens a normal path below a folder's descriptor."""

    def __call__(self, root: int, path: str, flags: int, roots: Sequence[str], /) -> int:
        """Return a descriptor.

        Args:
            root: the descriptor of the root.
            path: relative to it, without `..`.
            flags: of `os.open`, without those that create.
            roots: the root's absolute names, for links that are written with one.

        Raises:
            OSError: with `EXDEV` when the path leads outside.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a path leads.

    Attributes:
        folder: the descriptor of the last folder on the way; open as long as the walk's context is.
        names: that folder's names below the root, links followed.
        rest: what comes below it: nothing, one name that is there or not, or several that are not there.
    """

    folder: int
    names: tuple[str, ...]
    rest: tuple[str, ...]


@contextmanager
def walk_to(root: int, path: str, roots: Sequence[str]) -> Iterator[Place]:
    """Go to a path name by name, holding each folder open and following the links that stay inside.

    Raises:
        OSError: `EXDEV` when it leads outside, `ELOOP` after too many links, `ENOTDIR` through a file.
    """
    walk = _Walk(root, roots)
    try:
        yield walk.go(path)
    finally:
        walk.back_to_root()


class _Walk:
    """The folders between the root and where the walk is, each held open."""

    def __init__(self, root: int, roots: Sequence[str]) -> None:
        self._root = root
        self._roots = roots
        self._way: list[tuple[str, int]] = []
        self._links = 0

    def go(self, path: str) -> Place:
        ahead = _names(path)
        while ahead:
            name = ahead.pop()
            if name == "..":
                self._leave()
                continue
            try:
                target = _link_target(self._here(), name)
                if target is not None:
                    ahead += self._follow(target)
                elif ahead:
                    self._way.append((name, os.open(name, _FOLDER, dir_fd=self._here())))
                else:
                    return self._place(name)
            except FileNotFoundError:
                if ".." in ahead:
                    raise
                return self._place(name, *reversed(ahead))
        return self._place()

    def back_to_root(self) -> None:
        while self._way:
            self._leave()

    def _here(self) -> int:
        return self._way[-1][1] if self._way else self._root

    def _place(self, *rest: str) -> Place:
        return Place(folder=self._here(), names=tuple(name for name, _ in self._way), rest=rest)

    def _leave(self) -> None:
        if not self._way:
            raise _outside()
        os.close(self._way.pop()[1])

    def _follow(self, target: str) -> list[str]:
        self._links += 1
        if self._links > MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        if not target.startswith("/"):
            return _names(target)
        below = relative_path(target, self._roots)
        if below is None:
            raise _outside()
        self.back_to_root()
        return _names(below)


def open_by_names(root: int, path: str, flags: int, roots: Sequence[str], /) -> int:
    """Open a path by walking to it; an `Opener` for systems without `openat2`."""
    with walk_to(root, path, roots) as place:
        match place.rest:
            case ():
                return os.open(".", flags | os.O_CLOEXEC, dir_fd=place.folder)
            case (name,):
                return os.open(name, flags | os.O_CLOEXEC | os.O_NOFOLLOW, dir_fd=place.folder)
            case _:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


class Openat2:
    """An `Opener` on Linux's `openat2`, which keeps a whole lookup below the root by itself.

    Source: openat2(2), `RESOLVE_BENEATH` and `RESOLVE_NO_MAGICLINKS`.
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)

    def __call__(self, root: int, path: str, flags: int, roots: Sequence[str], /) -> int:
        try:
            return self._open(root, os.fsencode(path), flags | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
        # The kernel takes every absolute link for one that leads outside; the walk knows the root's own name.
        return open_by_names(root, path, flags, roots)

    def _open(self, root: int, path: bytes, flags: int) -> int:
        how = _OpenHow(flags, 0, _RESOLVE_BENEATH | _RESOLVE_NO_MAGICLINKS)
        failure = 0
        for _ in range(_RACES):
            number, size = ctypes.c_long(_SYS_OPENAT2), ctypes.c_size_t(ctypes.sizeof(how))
            descriptor = int(self._libc.syscall(number, ctypes.c_int(root), path, ctypes.byref(how), size))
            if descriptor >= 0:
                return descriptor
            failure = ctypes.get_errno()
            if failure != errno.EAGAIN:
                break
        raise OSError(failure, os.strerror(failure))


def best_opener() -> Opener:
    """Return the safest `Opener` that this system has: older kernels and some containers refuse `openat2`."""
    if sys.platform != "linux":
        return open_by_names
    opener = Openat2()
    root = os.open("/", O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(opener(root, ".", O_PATH, ()))
    except OSError:
        return open_by_names
    finally:
        os.close(root)
    return opener


def _names(path: str) -> list[str]:
    return [name for name in reversed(path.split("/")) if name not in ("", ".")]


def _link_target(folder: int, name: str) -> str | None:
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.EINVAL:
            return None
        raise


def _outside() -> OSError:
    return OSError(errno.EXDEV, os.strerror(errno.EXDEV))
