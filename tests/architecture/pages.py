"""Reads the fenced blocks out of a Markdown page and turns a console block into a shell script. Runs nothing."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^(?P<indent> *)```(?P<info>.*)$")
COMMAND = "$ "
CONTINUED = "> "

CHECKED = {"python", "console", "sh", "toml", "json"}
SHOWN = {"text", "mermaid", "markdown", "ini", "http", "sql"}
"""Languages of blocks that are only looked at."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """One fenced block: `line` is where its fence opens, counted from 1."""

    page: Path
    line: int
    language: str
    norun: str | None
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of a page.

    Raises:
        ValueError: a fence is not closed, its language is unknown, or its mark is neither empty nor
            ``norun: reason``.
    """
    opened: re.Match[str] | None = None
    start, lines = 0, list[str]()
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        fence = FENCE.match(line)
        if opened is None and fence:
            opened, start, lines = fence, number, []
        elif opened is not None and fence and not fence["info"].strip():
            yield _block(page, start, opened["info"], lines)
            opened = None
        elif opened is not None:
            lines.append(line.removeprefix(opened["indent"]))
    if opened is not None:
        raise ValueError(f"{page}:{start}: the block is never closed")


def script(block: Block) -> str:
    """Return a bash script that runs the block's commands in order and stops at the first that fails.

    Raises:
        ValueError: the block has no line that starts with ``$ ``.
    """
    commands = list(_commands(block.text.splitlines()))
    if not commands:
        raise ValueError(f"{block.page}:{block.line}: no line starts with {COMMAND!r}, nothing can be run")
    return "\n".join(_step(command) for command in commands)


def _block(page: Path, line: int, info: str, lines: list[str]) -> Block:
    language, _, mark = info.strip().partition(" ")
    kind, _, reason = mark.partition(":")
    if language not in CHECKED | SHOWN:
        raise ValueError(f"{page}:{line}: expected a language of {sorted(CHECKED | SHOWN)}, found {language!r}")
    if mark and (kind != "norun" or not reason.strip()):
        raise ValueError(f"{page}:{line}: expected 'norun: reason' after the language, found {mark!r}")
    text = "\n".join([*lines, ""])
    return Block(page=page, line=line, language=language, norun=reason.strip() or None, text=text)


def _commands(lines: list[str]) -> Iterator[str]:
    command: str | None = None
    for line in lines:
        if line.startswith(COMMAND):
            if command is not None:
                yield command
            command = line.removeprefix(COMMAND)
        elif command is not None and (line.startswith(CONTINUED) or command.endswith("\\")):
            command += "\n" + line.removeprefix(CONTINUED)
        elif command is not None:
            yield command
            command = None
    if command is not None:
        yield command


def _step(command: str) -> str:
    """The reader installs uv and runs through it; here the environment is there and on the PATH."""
    inside = command.removeprefix("pip install uv && ").replace("uv run ", "")
    failed = f"echo failed: {shlex.quote(command)} >&2; exit 1"
    return f"{inside}\n[ $? -eq 0 ] || {{ {failed}; }}"
