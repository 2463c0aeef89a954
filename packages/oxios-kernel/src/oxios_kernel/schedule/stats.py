"""What the scheduler tells about itself: rows of who waits for what, and counts that add up.

At every moment `submitted` is the sum of `waiting`, `running`, `parked`, `finished` and `withdrawn`. Read by doors and
tools; collected by the scheduler.
"""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil

from oxios_kernel.domain.job import Priority, QueuedRun, Waiting

__all__ = ["QueueRow", "Stats", "Tally"]

RECENT_WAITS = 1024
"""How many of the latest waits the percentiles are of."""


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    """A run without a slot.

    Attributes:
        run: the run; its `submitted` is when this wait began.
        reason: what it waits for.
        waited_seconds: for how long so far.
        standing: its priority with what waiting in line has added, at most the highest.
    """

    run: QueuedRun
    reason: Waiting
    waited_seconds: float
    standing: Priority


@dataclass(frozen=True, kw_only=True)
class Stats:
    """Counts since the start, and of this moment.

    Attributes:
        submitted: runs that ever got in line.
        admitted: slots ever given out; a run gets one each time it comes back from a wait of its own.
        finished: runs that had a slot and left.
        withdrawn: runs that left before they ever had one.
        running: runs that have a slot.
        waiting: runs in line.
        parked: runs that gave their slot back and will come again.
        held: whether admission is paused.
        running_by_priority: `running`, by priority; none is left out.
        waiting_by_priority: `waiting`, by priority; none is left out.
        reasons: `waiting` and `parked`, by what they wait for.
        wait_p50_seconds: the median of the latest waits in line, `None` before the first.
        wait_p95_seconds: what 95 of 100 of them did not exceed, `None` before the first.
    """

    submitted: int
    admitted: int
    finished: int
    withdrawn: int
    running: int
    waiting: int
    parked: int
    held: bool
    running_by_priority: Mapping[Priority, int]
    waiting_by_priority: Mapping[Priority, int]
    reasons: Mapping[Waiting, int]
    wait_p50_seconds: float | None
    wait_p95_seconds: float | None


class Tally:
    """What is counted as it happens; everything else can be seen at any time."""

    def __init__(self) -> None:
        self.submitted = 0
        self.admitted = 0
        self.finished = 0
        self.withdrawn = 0
        self._waits: deque[float] = deque(maxlen=RECENT_WAITS)

    def admit(self, waited_seconds: float) -> None:
        """Count a slot that was given out after so long a wait."""
        self.admitted += 1
        self._waits.append(waited_seconds)

    def stats(self, running: Iterable[QueuedRun], rows: Iterable[QueueRow], waiting: int, *, held: bool) -> Stats:
        """Return all counts.

        Args:
            running: the runs that have a slot.
            rows: the runs that have none: those in line, then the parked ones.
            waiting: how many of them are in line.
            held: whether admission is paused.
        """
        has_slot, has_none = list(running), list(rows)
        waits = sorted(self._waits)
        return Stats(
            submitted=self.submitted,
            admitted=self.admitted,
            finished=self.finished,
            withdrawn=self.withdrawn,
            running=len(has_slot),
            waiting=waiting,
            parked=len(has_none) - waiting,
            held=held,
            running_by_priority=_by_priority(has_slot),
            waiting_by_priority=_by_priority(row.run for row in has_none[:waiting]),
            reasons=Counter(row.reason for row in has_none),
            wait_p50_seconds=_percentile(waits, 50),
            wait_p95_seconds=_percentile(waits, 95),
        )


def _by_priority(runs: Iterable[QueuedRun]) -> Mapping[Priority, int]:
    counts = Counter(run.priority for run in runs)
    return {priority: counts[priority] for priority in Priority}


def _percentile(ordered: list[float], percent: int) -> float | None:
    """Return the nearest-rank percentile: the least value that so many per cent do not exceed."""
    return ordered[ceil(len(ordered) * percent / 100) - 1] if ordered else None
