"""A file read page by page, so that no page is longer than what a tool shows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from oxios_kernel.domain.fact import JsonObject

__all__ = ["NextPage", "Pages", "read_pages"]

PAGE_LINES = 120
"""Lines a page: 120 of some 130 characters stay below the 16,000 that a tool shows by default."""

MOST_PAGES = 40

_PAGE = re.compile(r"\n?\[lines \d+ to \d+ of (?P<total>\d+)(?:; go on with offset=(?P<next>\d+))?\](?:\n\[.*\])*\s*$")
_LEFT_OUT = re.compile(r"^\[… .* left out here; .*…\]$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class NextPage:
    """The arguments of the `read` that brings the next page."""

    arguments: JsonObject


@dataclass(frozen=True, kw_only=True)
class Pages:
    """A whole file.

    Attributes:
        text: what is in it.
        after: the results of the calls after it was read.
    """

    text: str
    after: Sequence[str]


def read_pages(path: str, results: Sequence[str]) -> NextPage | Pages | str:
    """Return the page to read next, the whole file once it is read, or why it cannot be read.

    Args:
        path: the file.
        results: what the calls so far brought; the first ones are pages of the file.
    """
    texts: list[str] = []
    offset = 1
    for place, result in enumerate(results):
        match = _PAGE.search(result)
        if match is None and _is_refusal(path, result):
            return f"That did not work: {result.strip()[:400]}"
        if _LEFT_OUT.search(result):
            return f"I cannot read {path}: its lines are too long for me."
        texts.append(result[: match.start()] if match else result.replace("[the file is empty]", ""))
        if match is None or match["next"] is None:
            return Pages(text="\n".join(texts), after=results[place + 1 :])
        if int(match["total"]) > MOST_PAGES * PAGE_LINES:
            return f"I cannot read {path}: its {match['total']} lines are too many for me."
        offset = int(match["next"])
    return NextPage(arguments={"path": path, "offset": offset, "limit": PAGE_LINES})


def _is_refusal(path: str, result: str) -> bool:
    """A tool that cannot read a file says so in one line that names it in quotes."""
    return "\n" not in result.strip() and (repr(path) in result or "denied" in result)
