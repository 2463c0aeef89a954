"""What the machine was like, for a day: every second of the last 5 minutes, every 30 of the last hour, every 5 minutes.

What is older is kept as the mean of what was seen in its span. Ages are in monotonic seconds, so a clock that is moved
changes nothing. Used by `monitor`.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, inf
from statistics import fmean

from oxios_kernel.ports.vitals import Reading

__all__ = ["History", "Snapshot"]

RINGS = ((1, 300), (30, 120), (300, 288))
"""How many seconds a span has and how many spans are kept, the finest first."""

BORDERS = (30, 300, 300)
"""Where each ring may begin to be shown: at a border of the next coarser one, which shows what is before."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """The machine and the kernel at one moment, or in the mean of a span.

    Attributes:
        at: the moment, or when the span began.
        reading: the machine.
        running: agents that run.
        queued: agents that wait for a slot.
        tokens_per_minute: tokens that models were sent and sent back in the last minute.
    """

    at: datetime
    reading: Reading
    running: int
    queued: int
    tokens_per_minute: int


class History:
    """The last 24 hours, in some 700 snapshots."""

    def __init__(self) -> None:
        self._rings = tuple(_Ring(width, count) for width, count in RINGS)

    def add(self, snapshot: Snapshot, now: float) -> None:
        """Keep a snapshot of this moment, in monotonic seconds; they come in order."""
        for ring in self._rings:
            ring.add(snapshot, now)

    def since(self, seconds: float, now: float) -> tuple[Snapshot, ...]:
        """Return the snapshots of the last so many seconds, oldest first.

        A ring shows what it has from the first border of the next coarser one on, so that nothing is there twice.
        """
        found: list[Snapshot] = []
        until = inf
        for ring, border in zip(self._rings, BORDERS, strict=True):
            begin = max(now - seconds, ceil((now - ring.width * ring.count) / border) * border)
            found = [mean for moment, mean in ring.spans() if begin <= moment < until] + found
            until = begin
        return tuple(found)


class _Ring:
    """Spans of one length."""

    def __init__(self, width: int, count: int) -> None:
        self.width = width
        self.count = count
        self._spans: deque[tuple[int, Snapshot]] = deque()
        self._open: list[Snapshot] = []
        self._place = 0

    def add(self, snapshot: Snapshot, now: float) -> None:
        place = int(now // self.width)
        if self._open and place != self._place:
            self._spans.append((self._place, _mean(self._open)))
            self._open = []
        self._open.append(snapshot)
        self._place = place
        while self._spans and self._spans[0][0] < place - self.count:
            self._spans.popleft()

    def spans(self) -> list[tuple[int, Snapshot]]:
        """Return when each span began, in monotonic seconds, and what it was like."""
        unfinished = [(self._place, _mean(self._open))] if self._open else []
        return [(place * self.width, mean) for place, mean in [*self._spans, *unfinished]]


def _mean(snapshots: Sequence[Snapshot]) -> Snapshot:
    if len(snapshots) == 1:
        return snapshots[0]
    readings = [snapshot.reading for snapshot in snapshots]
    return Snapshot(
        at=snapshots[0].at,
        reading=Reading(
            cpu_percent=fmean(reading.cpu_percent for reading in readings),
            memory_used=_whole(reading.memory_used for reading in readings),
            memory_total=readings[-1].memory_total,
            load=fmean(reading.load for reading in readings),
            processors=readings[-1].processors,
            disk_free=_whole(reading.disk_free for reading in readings),
            disk_total=readings[-1].disk_total,
            open_files=_whole(reading.open_files for reading in readings),
        ),
        running=_whole(snapshot.running for snapshot in snapshots),
        queued=_whole(snapshot.queued for snapshot in snapshots),
        tokens_per_minute=_whole(snapshot.tokens_per_minute for snapshot in snapshots),
    )


def _whole(numbers: Iterable[int]) -> int:
    return round(fmean(numbers))
