"""The tools `find` and `grep`: names and lines below a folder. Links to folders are not followed, hidden and generated
folders are left out unless asked for, and a pattern of `grep` runs where it can be stopped (`ports/matching.py`)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import anyio
from pydantic import Field

from oxios_kernel.domain.path import matches
from oxios_kernel.domain.tool import PathArgument, Repeat
from oxios_kernel.errors import ToolFailed
from oxios_kernel.ports.files import FileEntry, FileRoot, Files
from oxios_kernel.ports.matching import Matcher, Matching, Pattern
from oxios_kernel.ports.toolset import ToolContext
from oxios_kernel.tools.builtin.place import MOST_BYTES, in_thread, is_binary, root_for
from oxios_kernel.tools.cutting import cut_end, decode
from oxios_kernel.tools.function import Arguments, FunctionTools, tool

__all__ = ["SearchTools"]

_LEFT_OUT = frozenset({"node_modules", "__pycache__", "venv"})
_LINE_CHARACTERS = 500
_SEARCH_SECONDS = 30.0


class Find(Arguments):
    """What `find` takes."""

    pattern: str = Field(default="*", max_length=1_000, description="Glob: of the name, or of the path when it has a /")
    path: str = Field(default=".", description="Where to look, relative to the working folder")
    type: Literal["file", "folder", "any"] = Field(default="file", description="What to look for")
    hidden: bool = Field(default=False, description="Also look into hidden folders, node_modules, __pycache__ and venv")
    limit: int = Field(default=1_000, ge=1, le=10_000, description="How many to show")


class Grep(Arguments):
    """What `grep` takes."""

    pattern: str = Field(
        min_length=1, max_length=1_000, description="Python regular expression, looked for in each line"
    )
    path: str = Field(default=".", description="File or folder, relative to the working folder")
    glob: str = Field(default="*", max_length=1_000, description="Only files whose name (or path) fits, such as *.py")
    literal: bool = Field(default=False, description="Take the pattern as plain text")
    ignore_case: bool = Field(default=False, description="Upper and lower case are the same")
    context: int = Field(default=0, ge=0, le=20, description="How many lines before and after to show as well")
    hidden: bool = Field(default=False, description="Also look into hidden folders, node_modules, __pycache__ and venv")
    limit: int = Field(default=200, ge=1, le=5_000, description="How many matching lines to show")


@dataclass(kw_only=True)
class _Found:
    """What a search has found so far."""

    lines: list[str] = field(default_factory=list)
    matches: int = 0
    files: int = 0
    looking_at: str = ""


class SearchTools(FunctionTools):
    """The tools that look through whole folders.

    Args:
        files: opens the run's folder.
        matcher: looks for patterns.
    """

    def __init__(self, files: Files, matcher: Matcher) -> None:
        self._files = files
        self._matcher = matcher
        reads = [PathArgument(name="path")]
        super().__init__(
            [
                tool(self.find, capability="files.read", repeat=Repeat.PURE, paths=reads),
                tool(self.grep, capability="files.read", repeat=Repeat.PURE, paths=reads),
            ]
        )

    async def find(self, arguments: Find, context: ToolContext) -> str:
        """Find files or folders by name below a folder. One path a line, the last line says how many there are."""
        found = await in_thread(self._find, arguments, context)
        shown = found[: arguments.limit]
        count = f"{len(found)}" if len(found) == len(shown) else f"{len(shown)} of {len(found)} shown,"
        return "\n".join([*shown, f"[{count} found]"])

    async def grep(self, arguments: Grep, context: ToolContext) -> str:
        """Find lines by a regular expression. Shows path:line:text; the last line says how many lines matched."""
        found = _Found()
        pattern = Pattern(text=arguments.pattern, literal=arguments.literal, ignore_case=arguments.ignore_case)
        with anyio.move_on_after(_SEARCH_SECONDS) as time:
            async with self._matcher.open(pattern) as matching:
                await self._search(arguments, context, matching, found)
        if time.cancelled_caught:
            hint = "simplify the pattern, use literal=true, or search less"
            if not found.matches:
                raise ToolFailed(f"the search was stopped after {_SEARCH_SECONDS:g} s in {found.looking_at!r}: {hint}")
            return "\n".join([*found.lines, f"[stopped after {_SEARCH_SECONDS:g} s in {found.looking_at}: {hint}]"])
        if found.matches >= arguments.limit:
            return "\n".join([*found.lines, f"[stopped at {found.matches} matching lines; raise limit or narrow it]"])
        return "\n".join([*found.lines, f"[{found.matches} matching lines in {found.files} files]"])

    def _find(self, asked: Find, context: ToolContext) -> Sequence[str]:
        root = root_for(self._files, context, asked.path)
        below = root.walk(asked.path, None if asked.hidden else _is_noise)
        found = (entry.path for entry in below if _wanted(entry, asked.type))
        return [path for path in found if _fits(path, asked.path, asked.pattern)]

    async def _search(self, asked: Grep, context: ToolContext, matching: Matching, found: _Found) -> None:
        root = await in_thread(root_for, self._files, context, asked.path)
        for path in await in_thread(_paths, root, asked):
            found.looking_at = path
            content = await in_thread(partial(_content, root, path, named=path == asked.path))
            if content is None:
                continue
            text, _ = decode(content)
            numbers = (await matching.lines(text))[: asked.limit - found.matches]
            if numbers:
                found.files += 1
                found.matches += len(numbers)
                found.lines += _excerpt(path, text.split("\n"), numbers, asked.context)
            if found.matches >= asked.limit:
                return


def _is_noise(entry: FileEntry) -> bool:
    name = entry.path.rsplit("/", 1)[-1]
    return name.startswith(".") or name in _LEFT_OUT


def _fits(path: str, folder: str, pattern: str) -> bool:
    """Tell whether a path fits, be the pattern meant from the working folder or from the folder that is looked in."""
    return matches(path, pattern) or matches(path.removeprefix(f"{folder.removeprefix('./').rstrip('/')}/"), pattern)


def _paths(root: FileRoot, asked: Grep) -> Sequence[str]:
    here = root.stat(asked.path)
    if here is not None and not here.folder:
        return [asked.path]
    below = root.walk(asked.path, None if asked.hidden else _is_noise)
    return [entry.path for entry in below if not entry.folder and _fits(entry.path, asked.path, asked.glob)]


def _content(root: FileRoot, path: str, *, named: bool) -> bytes | None:
    try:
        content = root.read(path, MOST_BYTES)
    except ToolFailed:
        if named:
            raise
        return None  # a link that leads out, a socket, a file that is gone: not among the files to search
    return None if is_binary(content) else content


def _wanted(entry: FileEntry, kind: str) -> bool:
    return kind == "any" or entry.folder == (kind == "folder")


def _excerpt(path: str, lines: Sequence[str], numbers: Sequence[int], context: int) -> list[str]:
    hits = set(numbers)
    shown = sorted({near for hit in hits for near in range(max(hit - context, 0), min(hit + context + 1, len(lines)))})
    excerpt = []
    for before, number in zip([None, *shown], shown, strict=False):
        if context and before is not None and number > before + 1:
            excerpt.append("--")
        sign = ":" if number in hits else "-"
        excerpt.append(
            f"{path}{sign}{number + 1}{sign}{cut_end(lines[number].removesuffix(chr(13)), _LINE_CHARACTERS)}"
        )
    return excerpt
