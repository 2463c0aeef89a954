"""A wish carried out: from the results of the calls made so far to the next call, or to the answer.

The results are the tools' own words, in the forms of the built-in tools. What is not in such a form is a failure, which
the answer quotes: the demo model never says that something worked which a tool did not confirm.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from oxios_kernel.adapters.demo.commands import query_command, save_command
from oxios_kernel.adapters.demo.digest import add_up, summary_of
from oxios_kernel.adapters.demo.pages import Pages, read_pages
from oxios_kernel.adapters.demo.phrases import stay_inside
from oxios_kernel.adapters.demo.wish import Action, Wish
from oxios_kernel.domain.fact import JsonObject

__all__ = ["Step", "next_move"]

SHOWN_CHARACTERS = 4_000
"""How much of a list the answer shows."""

_COUNT = re.compile(r"\[(?:\d+ of )?(\d+) (?:shown, )?found\]\s*$")
_MATCHES = re.compile(r"\[(?:stopped at )?(\d+) matching lines[^\]]*\]\s*$")
_PRINTED = re.compile(r"^\s*(\d+)\s*\n\[exit status 0\]\s*$")


@dataclass(frozen=True, kw_only=True)
class Step:
    """A tool to call."""

    tool: str
    arguments: JsonObject


def next_move(wish: Wish, offered: Collection[str], results: Sequence[str]) -> Step | str:
    """Return the next call, or the answer when there is nothing left to do.

    Args:
        wish: what to do; complete.
        offered: the names of the tools that can be called.
        results: what the calls so far brought, oldest first.
    """
    if wish.outside:
        return stay_inside(wish.outside)
    move = _move(wish, results)
    if isinstance(move, Step) and move.tool not in offered:
        return f"I cannot do this here: it needs the tool `{move.tool}`, which I am not offered."
    return move


def _move(wish: Wish, results: Sequence[str]) -> Step | str:
    if wish.action in (Action.SUMMARISE, Action.TOTAL):
        return _read(wish, results)
    if not results:
        return _first(wish)
    if wish.action is Action.COUNT:
        return _counted(wish, results)
    return _written(wish.output, results[0], "the text") if wish.action is Action.WRITE else _found(wish, results[0])


def _first(wish: Wish) -> Step:
    match wish.action:
        case Action.WRITE:
            return _write(wish, wish.text or "")
        case Action.COUNT if wish.unit == "files":
            return Step(tool="find", arguments={"pattern": wish.pattern, "path": wish.path, "limit": 1})
        case Action.COUNT:
            return Step(tool="bash", arguments={"command": query_command(wish)})
        case _ if wish.output:
            return Step(tool="bash", arguments={"command": save_command(wish)})
        case Action.SEARCH:
            arguments: JsonObject = {"pattern": wish.text, "literal": True, "path": wish.path, "glob": wish.pattern}
            return Step(tool="grep", arguments=arguments)
        case _:
            return Step(tool="find", arguments={"pattern": wish.pattern, "path": wish.path})


def _counted(wish: Wish, results: Sequence[str]) -> Step | str:
    match = _COUNT.search(results[0]) or _PRINTED.match(results[0])
    if match is None:
        return _failure(results[0])
    if wish.output and len(results) == 1:
        return _write(wish, f"{match[1]}\n")
    what = f"files named {wish.pattern}" if wish.unit == "files" and wish.pattern != "*" else wish.unit
    answer = f"I counted {match[1]} {what} in {_place(wish)}."
    return f"{answer} {_written(wish.output, results[1], 'the number')}" if wish.output else answer


def _found(wish: Wish, result: str) -> str:
    match = _COUNT.search(result) or _MATCHES.search(result) or _PRINTED.match(result)
    if match is None:
        return _failure(result)
    what = "files" if wish.action is Action.LIST else f"lines with {wish.text!r}"
    answer = f"I found {match[1]} {what} in {_place(wish)}"
    if wish.output:
        return f"{answer} and wrote them to {wish.output}."
    listed = result[: match.start()].rstrip()
    if not listed:
        return f"{answer}."
    cut = "\n…" if len(listed) > SHOWN_CHARACTERS else ""
    return f"{answer}:\n{listed[:SHOWN_CHARACTERS]}{cut}"


def _read(wish: Wish, results: Sequence[str]) -> Step | str:
    pages = read_pages(wish.path or "", results)
    if not isinstance(pages, Pages):
        return pages if isinstance(pages, str) else Step(tool="read", arguments=pages.arguments)
    content, answer = _digest(wish, pages.text)
    if content is None or not wish.output:
        return answer
    if not pages.after:
        return _write(wish, content)
    between = "\n\n" if "\n" in answer else " "
    return f"{answer}{between}{_written(wish.output, pages.after[0], 'it')}"


def _digest(wish: Wish, text: str) -> tuple[str | None, str]:
    """Return what is to be written and what is to be answered; nothing to write when it cannot be computed."""
    if wish.action is Action.SUMMARISE:
        summary = summary_of(wish.path or "", text)
        return f"{summary}\n", summary
    total = add_up(text, wish.column or "")
    if total is None:
        return None, f"{wish.path} has no column {wish.column!r} in its first line: {text.splitlines()[:1]}"
    others = f"; {total.others} other cells were left out" if total.others else ""
    answer = f"The column {wish.column} of {wish.path} adds up to {total.value:f} ({total.numbers} numbers{others})."
    return f"{total.value:f}\n", answer


def _write(wish: Wish, content: str) -> Step:
    return Step(tool="write", arguments={"path": wish.output, "content": content})


def _written(output: str | None, result: str, what: str) -> str:
    return f"I wrote {what} to {output}." if re.match(r"Wrote \d+ bytes to ", result) else _failure(result)


def _failure(result: str) -> str:
    return f"That did not work: {' '.join(result.split())[:400]}"


def _place(wish: Wish) -> str:
    return "this folder" if wish.path == "." else str(wish.path)
