"""Finding lines by regular expression without trusting the expression: a hostile one may take for ever or all memory,
so it runs where it can be stopped."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Matcher", "Matching", "Pattern"]


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """What to look for in each line.

    Attributes:
        text: a regular expression as Python's `re` has them, or a text.
        literal: whether it is a text.
        ignore_case: whether upper and lower case are the same.
    """

    text: str
    literal: bool = False
    ignore_case: bool = False


class Matching(Protocol):
    """One pattern at work."""

    async def lines(self, text: str, /) -> Sequence[int]:
        """Return the indices, from 0, of the lines in which the pattern is found.

        Lines end with a line feed. Cancelling the call stops the search at once; the matching is of no use after that.

        Raises:
            ToolFailed: the pattern needs too much memory.
        """
        ...


class Matcher(Protocol):
    """Puts patterns to work."""

    def open(self, pattern: Pattern, /) -> AbstractAsyncContextManager[Matching]:
        """Return a matching for the length of the block.

        Raises:
            ToolFailed: on entry, when it is no regular expression; says where.
        """
        ...
