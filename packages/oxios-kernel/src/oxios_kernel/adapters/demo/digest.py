"""What is computed from a file's text: a summary by counting and quoting, and the total of a column. Pure."""

import csv
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

__all__ = ["Total", "add_up", "summary_of"]

_HEADING = re.compile(r"^#{1,6} +(.+?)\s*#*$", re.MULTILINE)
_DEFINITION = re.compile(r"^(?:async def|def|class|function|func|fn|pub fn|export function) +(\w+)", re.MULTILINE)
_MOST_NAMES = 12
_BEGINNING_CHARACTERS = 300


@dataclass(frozen=True, kw_only=True)
class Total:
    """The total of a column.

    Attributes:
        value: the exact sum of its numbers.
        numbers: how many cells held a number.
        others: how many cells held something else, which was left out.
    """

    value: Decimal
    numbers: int
    others: int


def summary_of(path: str, text: str) -> str:
    """Return a file's size in lines and words, its headings or definitions, and how it begins."""
    lines = text.count("\n") + (not text.endswith("\n") and bool(text))
    parts = [f"{path}: {lines} lines, {len(text.split())} words, {len(text)} characters."]
    for title, pattern in (("Headings", _HEADING), ("Defines", _DEFINITION)):
        names = pattern.findall(text)
        if names:
            more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
            parts.append(f"{title}: {'; '.join(names[:_MOST_NAMES])}{more}.")
    prose = " ".join(_HEADING.sub("", text).split())
    if prose:
        cut = "…" if len(prose) > _BEGINNING_CHARACTERS else ""
        parts.append(f"It begins: {prose[:_BEGINNING_CHARACTERS]}{cut}")
    return "\n".join(parts)


def add_up(text: str, column: str) -> Total | None:
    """Return the total of a column of CSV text (comma, semicolon or tab), `None` when it has no such column.

    The first line names the columns; case does not matter. Thousands commas and a leading currency sign are left out.
    """
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines:
        return None
    rows = list(csv.reader(lines, delimiter=max(",;\t", key=lines[0].count)))
    names = [name.strip().casefold() for name in rows[0]]
    if column.casefold() not in names:
        return None
    place = names.index(column.casefold())
    cells = [row[place].strip() for row in rows[1:] if len(row) > place]
    numbers = [number for number in map(_number, cells) if number is not None]
    filled = sum(bool(cell) for cell in cells)
    return Total(value=sum(numbers, Decimal(0)), numbers=len(numbers), others=filled - len(numbers))


def _number(cell: str) -> Decimal | None:
    try:
        number = Decimal(cell.replace(",", "").lstrip("$€£₩ "))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
