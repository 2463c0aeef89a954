"""Files below one root, on the root's descriptor: the `Files` port on the machine's own disk.

Every call opens what it works on below the descriptor (`files_beneath_open.py`) and looks at the open file, never at a
name a second time. A file is replaced whole, by a rename in its own folder. Errors of the system become sentences for a
model. The fake is `testing.host.MemoryFiles`; both pass one contract test.
"""

import errno
import os
import secrets
import stat
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from oxios_kernel.adapters.files_beneath_open import O_PATH, Opener, Place, best_opener, walk_to
from oxios_kernel.domain.path import outside, relative_path
from oxios_kernel.errors import InputError, ToolFailed
from oxios_kernel.ports.files import FileEntry, FileRoot, LeaveOut

__all__ = ["FilesBeneath"]

_READ = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
"""Without `O_NONBLOCK` a FIFO would hold the call until somebody writes."""

_LOOK = O_PATH if hasattr(os, "O_PATH") else _READ
_LIST = os.O_RDONLY | os.O_DIRECTORY
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFLNK: "a link",
}
_SENTENCES = {
    errno.ENOENT: "there is no {path!r}: look with ls or find what there is",
    errno.EEXIST: "{path!r} is there already: choose another name, or replace it on purpose",
    errno.ENOTDIR: "{path!r} leads through something that is not a folder: look with ls what there is",
    errno.EISDIR: "{path!r} is a folder: name a file in it, or list it with ls",
    errno.ELOOP: "{path!r} is a link that cannot be followed: name the file itself",
    errno.ENAMETOOLONG: "{short!r}… is too long: a name has at most 255 bytes, a path at most 4095",
    errno.EACCES: "{path!r} may not be opened: the system's permissions forbid it",
    errno.EPERM: "{path!r} may not be changed: the system's permissions forbid it",
    errno.EROFS: "{path!r} cannot be written: its disk is read-only",
    errno.ENOSPC: "{path!r} cannot be written: the disk is full; free some space and try again",
    errno.EDQUOT: "{path!r} cannot be written: the disk quota is used up; free some space and try again",
    errno.EFBIG: "{path!r} cannot be written: files may not be that large here",
    errno.ENXIO: "{path!r} is not a regular file but a socket or a device: only files can be read",
}


class FilesBeneath:
    """Opens roots; an `oxios_kernel.ports.files.Files`.

    Args:
        opener: how paths are opened, `None` for the safest way that the system has.
    """

    def __init__(self, opener: Opener | None = None) -> None:
        self._opener = opener or best_opener()

    def open_root(self, root: Path, /) -> FileRoot:
        """Return the files below a folder; the descriptor lives as long as what is returned."""
        try:
            descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (OSError, ValueError) as error:
            why = "is not a folder" if isinstance(error, NotADirectoryError) else "cannot be opened"
            raise InputError(f"{str(root)!r} {why}: name an existing folder to work in") from error
        names = dict.fromkeys((os.path.abspath(root), os.path.realpath(root)))
        return _Root(descriptor, tuple(names), self._opener)


class _Root:
    """The files below one descriptor."""

    def __init__(self, descriptor: int, names: Sequence[str], opener: Opener) -> None:
        self._descriptor = descriptor
        self._names = names
        self._opener = opener
        weakref.finalize(self, os.close, descriptor)

    def resolve(self, path: str, /) -> str | None:
        normal = self._normal(path)
        if normal is None:
            return None
        with self._told(path):
            try:
                with walk_to(self._descriptor, normal, self._names) as place:
                    return "/".join(place.names + place.rest) or "."
            except OSError as error:
                if error.errno == errno.EXDEV:
                    return None
                raise

    def read(self, path: str, /, limit_bytes: int) -> bytes:
        with self._told(path), self._opened(path, _READ) as descriptor:
            _must_be_regular(path, os.fstat(descriptor))
            pieces: list[bytes] = []
            while limit_bytes > 0 and (piece := os.read(descriptor, min(limit_bytes, 1 << 20))):
                pieces.append(piece)
                limit_bytes -= len(piece)
            return b"".join(pieces)

    def write(self, path: str, content: bytes, /, *, create_only: bool = False) -> None:
        with self._told(path), walk_to(self._descriptor, self._inside(path), self._names) as place:
            if not place.rest:
                raise IsADirectoryError(errno.EISDIR, "a folder")
            with _folders_made(place) as folder:
                _replace(folder, path, place.rest[-1], content, create_only=create_only)

    def stat(self, path: str, /) -> FileEntry | None:
        try:
            with self._opened(path, _LOOK) as descriptor:
                return _entry(self._inside(path), os.fstat(descriptor))
        except (OSError, ToolFailed):
            return None

    def entries(self, path: str, /) -> Sequence[FileEntry]:
        with self._told(path), self._opened(path, _LIST) as descriptor, os.scandir(descriptor) as found:
            base = self._inside(path)
            listed = [(name.name, name.stat(follow_symlinks=False)) for name in found]
            targets = {name: os.readlink(name, dir_fd=descriptor) for name, about in listed if _is_link(about)}
        entries = []
        for name, about in sorted(listed, key=lambda one: one[0]):
            below = name if base == "." else f"{base}/{name}"
            entries.append(self._linked(below, about, targets[name]) if name in targets else _entry(below, about))
        return entries

    def walk(self, path: str, /, leave_out: LeaveOut | None = None) -> Iterator[FileEntry]:
        ahead = list(reversed(self.entries(path)))
        while ahead:
            entry = ahead.pop()
            if leave_out and leave_out(entry):
                continue
            yield entry
            if entry.folder and entry.link is None:
                with suppress(ToolFailed):  # it is gone by now, or nobody may look into it
                    ahead += reversed(self.entries(entry.path))

    def _linked(self, path: str, about: os.stat_result, target: str) -> FileEntry:
        seen = self.stat(path)
        folder, size = (seen.folder, seen.size) if seen else (False, 0)
        return FileEntry(path=path, folder=folder, size=size, modified=about.st_mtime, link=target)

    def _normal(self, path: str) -> str | None:
        try:
            return relative_path(path, self._names)
        except ValueError as error:
            raise ToolFailed(str(error)) from error

    def _inside(self, path: str) -> str:
        normal = self._normal(path)
        if normal is None:
            raise ToolFailed(outside(path, self._names[0]))
        return normal

    @contextmanager
    def _opened(self, path: str, flags: int) -> Iterator[int]:
        descriptor = self._opener(self._descriptor, self._inside(path), flags, self._names)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    @contextmanager
    def _told(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno == errno.EXDEV:
                raise ToolFailed(outside(path, self._names[0])) from error
            sentence = _SENTENCES.get(error.errno or 0, "{path!r} cannot be used: {why}")
            raise ToolFailed(sentence.format(path=path, short=path[:60], why=error.strerror)) from error


def _entry(path: str, about: os.stat_result) -> FileEntry:
    folder = stat.S_ISDIR(about.st_mode)
    size = about.st_size if stat.S_ISREG(about.st_mode) else 0
    return FileEntry(path=path, folder=folder, size=size, modified=about.st_mtime)


def _is_link(about: os.stat_result) -> bool:
    return stat.S_ISLNK(about.st_mode)


def _must_be_regular(path: str, about: os.stat_result) -> None:
    if stat.S_ISDIR(about.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder")
    if not stat.S_ISREG(about.st_mode):
        kind = _KINDS.get(stat.S_IFMT(about.st_mode), "something else")
        raise ToolFailed(f"{path!r} is not a regular file but {kind}: only files can be read and written")


@contextmanager
def _folders_made(place: Place) -> Iterator[int]:
    """Make the missing folders above a place's last name and hold the last of them open."""
    folder = os.open(".", _FOLDER, dir_fd=place.folder)
    try:
        for name in place.rest[:-1]:
            with suppress(FileExistsError):
                os.mkdir(name, dir_fd=folder)
            inner = os.open(name, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


def _replace(folder: int, path: str, name: str, content: bytes, *, create_only: bool) -> None:
    mode = _mode_of(folder, path, name)
    if create_only and mode is not None:
        raise FileExistsError(errno.EEXIST, "there already")
    beside = f".oxios-{secrets.token_hex(8)}.tmp"
    descriptor = os.open(beside, _CREATE, 0o666, dir_fd=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if mode is not None:
                os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        if create_only:  # a link is made only where nothing is; a rename would replace what came meanwhile
            os.link(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
        else:
            os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=folder)
    os.fsync(folder)


def _mode_of(folder: int, path: str, name: str) -> int | None:
    """Return the permissions of the file that is to be replaced, `None` when there is none."""
    try:
        about = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return None
    _must_be_regular(path, about)
    if not about.st_mode & 0o222:
        raise ToolFailed(f"{path!r} is marked read-only: change that first (chmod u+w) if it may be replaced")
    return stat.S_IMODE(about.st_mode) & 0o777
