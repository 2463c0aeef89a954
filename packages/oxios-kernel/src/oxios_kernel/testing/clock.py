"""A clock that stands still until a test moves it. Sleepers are woken in the order in which they are due."""

import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count

import anyio

__all__ = ["FakeClock"]


@dataclass(order=True)
class _Sleeper:
    due: float
    place: int
    woken: anyio.Event = field(default_factory=anyio.Event, compare=False)
    gone_on: anyio.Event = field(default_factory=anyio.Event, compare=False)


class FakeClock:
    """The port `Clock` for tests.

    Attributes:
        slept: the length of each sleep that was begun, in seconds, in order.
    """

    def __init__(self, start: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self.slept: list[float] = []
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[_Sleeper] = []
        self._places = count()
        self._lay_down = anyio.Event()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        sleeper = _Sleeper(self._elapsed + max(0.0, seconds), next(self._places))
        self.slept.append(seconds)
        heapq.heappush(self._sleepers, sleeper)
        self._lay_down.set()
        self._lay_down = anyio.Event()
        try:
            await sleeper.woken.wait()
        finally:
            sleeper.gone_on.set()
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)

    async def advance(self, seconds: float) -> None:
        """Let time pass. Whoever is due is woken at the moment due and runs to its next wait before the next is.

        Args:
            seconds: how far, at least 0; with 0 those wake up who did not want to wait at all.
        """
        end = self._elapsed + seconds
        while self._sleepers and self._sleepers[0].due <= end:
            sleeper = heapq.heappop(self._sleepers)
            self._elapsed = max(self._elapsed, sleeper.due)
            sleeper.woken.set()
            await sleeper.gone_on.wait()
        self._elapsed = end

    def jump(self, seconds: float) -> None:
        """Set the time of day forward or back, as a person or the network may; sleepers do not notice."""
        self._start += timedelta(seconds=seconds)

    async def until_sleeping(self, tasks: int = 1) -> None:
        """Wait until at least so many tasks sleep on this clock."""
        while len(self._sleepers) < tasks:
            await self._lay_down.wait()
