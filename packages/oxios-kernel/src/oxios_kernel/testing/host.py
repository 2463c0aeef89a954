"""Fakes of the machine: files in memory, commands that a function answers, secrets from a mapping. Files and secrets
are held to their adapters by tests that both pass; how commands end is the function's to say."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from anyio.lowlevel import checkpoint

from oxios_kernel.domain.path import outside, relative_path
from oxios_kernel.errors import InputError, ToolFailed
from oxios_kernel.ports.files import FileEntry, FileRoot, LeaveOut
from oxios_kernel.ports.processes import Command, Finished

__all__ = ["MemoryFiles", "MemorySecrets", "ScriptedProcesses"]


class MemoryFiles:
    """Roots in memory. There are no links, and folders are there as long as something is in them.

    Attributes:
        roots: the content of each root's files by relative path; a test may change it.
    """

    def __init__(self, roots: Mapping[Path, Mapping[str, bytes]]) -> None:
        self.roots = {root: dict(files) for root, files in roots.items()}

    def open_root(self, root: Path, /) -> FileRoot:
        """See `ports.files`."""
        if root not in self.roots:
            raise InputError(f"{str(root)!r} cannot be opened: name an existing folder to work in")
        return _MemoryRoot(str(root), self.roots[root])


class _MemoryRoot:
    def __init__(self, root: str, files: dict[str, bytes]) -> None:
        self._root = root
        self._files = files

    def resolve(self, path: str, /) -> str | None:
        try:
            return relative_path(path, (self._root,))
        except ValueError as error:
            raise ToolFailed(str(error)) from error

    def read(self, path: str, /, limit_bytes: int) -> bytes:
        name = self._inside(path)
        if name not in self._files:
            what = "is a folder: name a file in it" if self._is_folder(name) else "is not there: look with ls or find"
            raise ToolFailed(f"{path!r} {what}")
        return self._files[name][:limit_bytes]

    def write(self, path: str, content: bytes, /, *, create_only: bool = False) -> None:
        name = self._inside(path)
        if self._is_folder(name) or any(name.startswith(f"{file}/") for file in self._files):
            raise ToolFailed(f"{path!r} is a folder, or leads through a file: choose another name")
        if create_only and name in self._files:
            raise ToolFailed(f"{path!r} is there already: choose another name, or replace it on purpose")
        self._files[name] = content

    def stat(self, path: str, /) -> FileEntry | None:
        try:
            name = self._inside(path)
        except ToolFailed:
            return None
        if name in self._files:
            return FileEntry(path=name, folder=False, size=len(self._files[name]), modified=0.0)
        return FileEntry(path=name, folder=True, size=0, modified=0.0) if self._is_folder(name) else None

    def entries(self, path: str, /) -> Sequence[FileEntry]:
        folder = self._inside(path)
        if not self._is_folder(folder):
            raise ToolFailed(f"{path!r} is no folder: look with ls what there is")
        prefix = "" if folder == "." else f"{folder}/"
        names = {name.removeprefix(prefix).split("/")[0] for name in self._files if name.startswith(prefix)}
        return [found for name in sorted(names) if (found := self.stat(prefix + name))]

    def walk(self, path: str, /, leave_out: LeaveOut | None = None) -> Iterator[FileEntry]:
        for entry in self.entries(path):
            if leave_out is None or not leave_out(entry):
                yield entry
                if entry.folder:
                    yield from self.walk(entry.path, leave_out)

    def _inside(self, path: str) -> str:
        name = self.resolve(path)
        if name is None:
            raise ToolFailed(outside(path, self._root))
        return name

    def _is_folder(self, name: str) -> bool:
        return name == "." or any(file.startswith(f"{name}/") for file in self._files)


class ScriptedProcesses:
    """Commands answered by a function.

    Attributes:
        commands: what was run, oldest first.
    """

    def __init__(self, answer: Callable[[Command], Finished]) -> None:
        self.commands: list[Command] = []
        self._answer = answer

    async def run(self, command: Command, /) -> Finished:
        """See `ports.processes`."""
        await checkpoint()
        self.commands.append(command)
        return self._answer(command)


class MemorySecrets:
    """Secrets from a mapping."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def get(self, name: str, /) -> str | None:
        """See `ports.secrets`."""
        return self._secrets.get(name)

    def source(self, name: str, /) -> str | None:
        """See `ports.secrets`."""
        return "memory" if name in self._secrets else None
