"""The tools `read`, `write`, `edit` and `ls`. Everything they open goes through `FileRoot`; what they answer is text
for a model, with remarks in square brackets on lines of their own."""

import anyio.to_thread
from pydantic import Field

from oxios_kernel.domain.tool import PathArgument, Repeat
from oxios_kernel.errors import ToolFailed
from oxios_kernel.ports.files import FileEntry, Files
from oxios_kernel.ports.toolset import ToolContext
from oxios_kernel.tools.builtin.kinds import kind_of
from oxios_kernel.tools.builtin.place import MOST_BYTES, in_thread, is_binary, root_for
from oxios_kernel.tools.cutting import decode
from oxios_kernel.tools.function import Arguments, FunctionTools, tool

__all__ = ["FileTools"]

_MOST_ENTRIES = 1_000
_SHOWN_LINES = 10


class Read(Arguments):
    """What `read` takes."""

    path: str = Field(description="The file, relative to the working folder")
    offset: int = Field(default=1, ge=1, description="The first line to show, counted from 1")
    limit: int = Field(default=2_000, ge=1, le=20_000, description="How many lines to show")


class Write(Arguments):
    """What `write` takes."""

    path: str = Field(description="The file, relative to the working folder; missing folders are made")
    content: str = Field(description="The whole new content")


class Edit(Arguments):
    """What `edit` takes."""

    path: str = Field(description="The file, relative to the working folder")
    old: str = Field(min_length=1, description="The text to replace, exactly as it is in the file")
    new: str = Field(description="The text to put in its place")
    all: bool = Field(default=False, description="Replace every place, not just the only one")


class Ls(Arguments):
    """What `ls` takes."""

    path: str = Field(default=".", description="The folder, relative to the working folder")


class FileTools(FunctionTools):
    """The tools for single files and folders.

    Args:
        files: opens the run's folder.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        reads, writes = [PathArgument(name="path")], [PathArgument(name="path", writes=True)]
        super().__init__(
            [
                tool(self.read, capability="files.read", repeat=Repeat.PURE, paths=reads),
                tool(self.write, capability="files.write", repeat=Repeat.IDEMPOTENT, paths=writes),
                tool(self.edit, capability="files.write", repeat=Repeat.ONCE, paths=writes),
                tool(self.ls, capability="files.read", repeat=Repeat.PURE, paths=reads),
            ]
        )

    async def read(self, arguments: Read, context: ToolContext) -> str:
        """Show a text file, or some of its lines."""
        content = await in_thread(self._load, arguments.path, context)
        text, strange = decode(content)
        remarks = []
        if len(content) > MOST_BYTES:
            remarks.append(f"[only the first {MOST_BYTES} bytes are read; use bash for the rest]")
        if strange:
            remarks.append(f"[{strange} places are not UTF-8 and shown as \ufffd]")
        return _page(text.removeprefix("\ufeff"), arguments, remarks)

    async def write(self, arguments: Write, context: ToolContext) -> str:
        """Create a text file or replace it whole."""
        content = arguments.content.encode()
        await anyio.to_thread.run_sync(self._save, arguments.path, content, context)
        return f"Wrote {len(content)} bytes to {arguments.path}."

    async def edit(self, arguments: Edit, context: ToolContext) -> str:
        """Replace a text in a file. The text must be there exactly once, unless all places are meant."""
        return await anyio.to_thread.run_sync(self._edit, arguments, context)

    async def ls(self, arguments: Ls, context: ToolContext) -> str:
        """List a folder: folders first and with `/` at the end, files with their size in bytes."""
        entries = await in_thread(lambda: root_for(self._files, context, arguments.path).entries(arguments.path))
        if not entries:
            return "[the folder is empty]"
        shown = sorted(entries, key=lambda entry: not entry.folder)[:_MOST_ENTRIES]
        lines = [_listed(entry) for entry in shown]
        if len(entries) > len(shown):
            lines.append(f"[{len(shown)} of {len(entries)} shown; use find with a pattern]")
        return "\n".join(lines)

    def _load(self, path: str, context: ToolContext) -> bytes:
        root = root_for(self._files, context, path)
        content = root.read(path, MOST_BYTES + 1)
        if is_binary(content):
            size = found.size if (found := root.stat(path)) else len(content)
            raise ToolFailed(
                f"{path!r} is not text but {kind_of(content)} of {size} bytes: use bash with a program for it"
            )
        return content

    def _save(self, path: str, content: bytes, context: ToolContext) -> None:
        self._files.open_root(context.root).write(path, content)

    def _edit(self, arguments: Edit, context: ToolContext) -> str:
        content = self._load(arguments.path, context)
        if len(content) > MOST_BYTES:
            raise ToolFailed(f"{arguments.path!r} has more than {MOST_BYTES} bytes: change it with bash (sed, python)")
        try:
            text = content.decode()
        except UnicodeDecodeError as error:
            why = "is not UTF-8 and would be damaged: change it with bash (sed, iconv)"
            raise ToolFailed(f"{arguments.path!r} {why}") from error
        changed, count = _replaced(text, arguments)
        self._save(arguments.path, changed.encode(), context)
        return f"Replaced {count} {'place' if count == 1 else 'places'} in {arguments.path}."


def _replaced(text: str, asked: Edit) -> tuple[str, int]:
    old, new = asked.old, asked.new
    if old == new:
        raise ToolFailed("'old' and 'new' are the same: there is nothing to change")
    if old not in text and "\r\n" in text:  # models write line feeds, whatever the file has
        old, new = (one.replace("\r\n", "\n").replace("\n", "\r\n") for one in (old, new))
    count = text.count(old)
    if count == 0:
        hint = "read it again and copy the text exactly, blanks and line breaks included"
        raise ToolFailed(f"the text in 'old' is not in {asked.path!r}: {hint}")
    if count > 1 and not asked.all:
        lines = ", ".join(str(line) for line in _lines_with(text, old))
        hint = "give more of the text around the one you mean, or all=true"
        raise ToolFailed(f"the text in 'old' is {count} times in {asked.path!r} (lines {lines}): {hint}")
    return text.replace(old, new), count


def _lines_with(text: str, old: str) -> list[int]:
    lines: list[int] = []
    at = text.find(old)
    while at >= 0 and len(lines) < _SHOWN_LINES:
        lines.append(text.count("\n", 0, at) + 1)
        at = text.find(old, at + len(old))
    return lines


def _page(text: str, asked: Read, remarks: list[str]) -> str:
    if not text:
        return "[the file is empty]"
    lines = text.split("\n")
    total = len(lines) - (lines[-1] == "")
    if asked.offset > total:
        raise ToolFailed(f"{asked.path!r} has {total} lines: choose an offset from 1 to {total}")
    last = min(asked.offset + asked.limit - 1, total)
    if asked.offset == 1 and last == total:
        shown = text
    else:
        shown = "\n".join(lines[asked.offset - 1 : last])
        more = f"; go on with offset={last + 1}" if last < total else ""
        remarks = [f"[lines {asked.offset} to {last} of {total}{more}]", *remarks]
    return "\n".join([shown.removesuffix("\n") if remarks else shown, *remarks])


def _listed(entry: FileEntry) -> str:
    name = entry.path.rsplit("/", 1)[-1] + ("/" if entry.folder else "")
    if entry.link is not None:
        return f"{name} -> {entry.link}"
    return name if entry.folder else f"{name}  {entry.size}"
