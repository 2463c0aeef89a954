"""Small rules about text that several phases share: cutting, words, likeness.

All of them count characters, never bytes, so that Korean or emoji text is neither cut inside a character
nor weighed more than Latin text. Nothing here knows of models or seeds. Called by `check`, `degraded`,
`evolution`, `repair` and `review`.
"""

import re
from collections.abc import Hashable, Set

__all__: list[str] = []

_WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*")


def shorten(text: str, limit: int) -> str:
    """Cut a text to at most `limit` characters, keeping its head and its tail.

    Args:
        text: The text to cut.
        limit: The most characters to return; at least 20.

    Returns:
        The text itself when it fits, else both ends around a note in between.
    """
    if len(text) <= limit:
        return text
    mark = "\n[…]\n"
    head = (limit - len(mark)) * 2 // 3
    tail = limit - len(mark) - head
    return f"{text[:head]}{mark}{text[-tail:]}"


def whole(text: str) -> str:
    """Return the text with halves of characters (lone surrogates) replaced, so that it can be written as UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def words(text: str) -> tuple[str, ...]:
    """Return the case-folded words of a text in order: runs of letters and digits, joined by `-` or `'`."""
    return tuple(_WORD.findall(text.casefold()))


def normal(text: str) -> str:
    """Return the form in which two statements are compared: case-folded, blanks collapsed."""
    return " ".join(text.casefold().split())


def jaccard(left: Set[Hashable], right: Set[Hashable]) -> float:
    """Return the share (0–1) of common members; 1 when both sets are empty.

    Source: P. Jaccard, "The distribution of the flora in the alpine zone", New Phytologist 11(2), 1912.
    """
    union = left | right
    return len(left & right) / len(union) if union else 1.0
