"""The runs in line, kept in lanes so that joining, leaving and the next in line cost the logarithm of a lane's length.

Knows neither slots nor caps. A ticket that leaves from the middle of a lane is only struck off; lanes are tidied when
as many have left as are there, so memory follows the runs that wait.
"""

from collections.abc import Iterator, Sequence
from heapq import heapify, heappop, heappush
from math import inf

from oxios_kernel.domain.job import Priority, QueuedRun
from oxios_kernel.schedule.order import Lane, Ticket, lane_of, ticket

__all__ = ["Queue"]

SPARE = 64
"""So many leavers are never worth tidying for."""


class Queue:
    """Waiting runs by lane.

    Attributes:
        oldest: nobody in line got there before this moment, in monotonic seconds.
    """

    def __init__(self) -> None:
        self._tickets: dict[str, Ticket] = {}
        self._lanes: dict[Priority, dict[Lane, list[Ticket]]] = {priority: {} for priority in Priority}
        self._number = 0
        self._left = 0
        self.oldest = inf

    def __len__(self) -> int:
        return len(self._tickets)

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._tickets

    def __iter__(self) -> Iterator[QueuedRun]:
        """Yield the runs in the order in which they came."""
        return (place.run for place in self._tickets.values())

    def heads(self, priority: Priority) -> Sequence[Ticket]:
        """Return the first of each lane of a priority."""
        return [lane[0] for lane in self._lanes[priority].values()]

    def add(self, run: QueuedRun) -> None:
        """Put a run in line, behind those of its lane that are due as early."""
        self._number += 1
        place = self._tickets[run.run_id] = ticket(run, self._number)
        self.oldest = min(self.oldest, run.submitted)
        heappush(self._lanes[run.priority].setdefault(lane_of(run), []), place)

    def remove(self, run_id: str) -> QueuedRun:
        """Take a run out of line and return it."""
        run = self._tickets.pop(run_id).run
        self._trim(run)
        self._left += 1
        if self._left > SPARE + len(self._tickets):
            self._tidy()
        return run

    def _trim(self, run: QueuedRun) -> None:
        """Let a lane begin with a live ticket again, or be gone."""
        lanes, key = self._lanes[run.priority], lane_of(run)
        lane = lanes[key]
        while lane and not self._is_live(lane[0]):
            heappop(lane)
        if not lane:
            del lanes[key]

    def _tidy(self) -> None:
        for lanes in self._lanes.values():
            for lane in lanes.values():
                lane[:] = filter(self._is_live, lane)
                heapify(lane)
        self._left = 0
        self.oldest = min((run.submitted for run in self), default=inf)

    def _is_live(self, place: Ticket) -> bool:
        return self._tickets.get(place.run.run_id) is place
