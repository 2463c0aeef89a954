"""What the demo model can be asked for, as a value: what to do, with which files, and where the result goes.

A wish is complete or says which of its parts it lacks (`Slot`), with a question for each. `Wish.sentence` is plain
English that `reading.read_wish` reads back as the same wish, so a wish survives being told to an agent as its goal.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Self

__all__ = ["Action", "Slot", "Wish"]


class Action(StrEnum):
    """What to do."""

    COUNT = "count"
    LIST = "list"
    SEARCH = "search"
    SUMMARISE = "summarise"
    TOTAL = "total"
    WRITE = "write"


class Slot(StrEnum):
    """A part that a wish may lack; the value is the question that is asked for it."""

    PATTERN = "Which files do you mean? A name pattern such as *.py is enough."
    TEXT = "Which text is meant, word for word?"
    COLUMN = "Which column is to be added up?"
    PATH = "Which file is meant?"
    OUTPUT = "Which file is the result to be written to?"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A request that was understood.

    A part that was not asked for is the empty text, one that was asked for and not named is `None`.

    Attributes:
        action: what to do.
        pattern: which files, as a name pattern; `*` for all.
        unit: what is counted: `files`, `lines` or `words`.
        text: what to search for, or what to write.
        column: the name of the column to add up.
        path: the folder to look into, or the file to read.
        output: the file that the result (or the text) goes to.
    """

    action: Action
    pattern: str | None = "*"
    unit: str = "files"
    text: str | None = ""
    column: str | None = ""
    path: str | None = "."
    output: str | None = ""

    @property
    def missing(self) -> tuple[Slot, ...]:
        """The parts that have to be asked for."""
        parts = {
            Slot.PATTERN: self.pattern,
            Slot.TEXT: self.text,
            Slot.COLUMN: self.column,
            Slot.PATH: self.path,
            Slot.OUTPUT: self.output,
        }
        return tuple(slot for slot, value in parts.items() if value is None)

    @property
    def outside(self) -> str | None:
        """The first of its paths that is not plainly below the folder of the work, `None` when all are."""
        paths = [path for path in (self.path, self.output) if path]
        return next((path for path in paths if path[0] in "/~" or ".." in path.split("/")), None)

    def filled(self, slot: Slot, value: str) -> Self:
        """Return the wish with one more part named."""
        named: dict[str, Any] = {slot.name.lower(): value}
        return replace(self, **named)

    def sentence(self) -> str:
        """Return the wish in words.

        Raises:
            ValueError: a part is missing.
        """
        if self.missing:
            raise ValueError(f"expected a complete wish, it lacks {self.missing[0].name.lower()}")
        if self.action is Action.WRITE:
            return f"Write {quoted(self.text)} to {quoted(self.output)}"
        then = f" and write the result to {quoted(self.output)}" if self.output else ""
        return f"{self._question()}{then}"

    def _question(self) -> str:
        files = "files" if self.pattern == "*" else f"{quoted(self.pattern)} files"
        match self.action:
            case Action.COUNT if self.unit == "files":
                return f"Count the {files} in {quoted(self.path)}"
            case Action.COUNT:
                return f"Count the {self.unit} in {quoted(self.path)}"
            case Action.LIST:
                return f"List the {files} in {quoted(self.path)}"
            case Action.SEARCH:
                return f"Search for {quoted(self.text)} in the {files} in {quoted(self.path)}"
            case Action.TOTAL:
                return f"Add up the column {quoted(self.column)} in {quoted(self.path)}"
            case _:
                return f"Summarise {quoted(self.path)}"


def quoted(text: str | None) -> str:
    """Return a text as one quoted word: in the first kind of quotes that it does not hold itself."""
    for begin, end in ('""', "''", "“”", "«»", "``"):
        if begin not in (text or "") and end not in (text or ""):
            return f"{begin}{text}{end}"
    return f'"{text}"'
