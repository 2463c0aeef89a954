"""What a benchmark hands to the table: one figure, its goal and how it was measured. Measures nothing itself."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of the table; `goal` is the most that `measured` may be, both in `unit`."""

    figure: str
    goal: float
    unit: str
    measured: float

    @property
    def ratio(self) -> float:
        """The measured value as a part of the goal: above 1 the goal is missed."""
        return self.measured / self.goal


def table(rows: Iterable[Row]) -> str:
    """Return the rows as aligned text under a heading."""
    cells = [["figure", "goal", "unit", "measured", "ratio"]]
    cells += [[row.figure, f"{row.goal:g}", row.unit, f"{row.measured:.3g}", f"{row.ratio:.2f}"] for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(5)]
    return "\n".join(_line(line, widths) for line in cells)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    figure, *numbers = [
        cell.rjust(width) if at else cell.ljust(width)
        for at, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join([figure, *numbers]).rstrip()
