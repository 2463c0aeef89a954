"""Watches the machine and the kernel on it: keeps a day's history and says how much less to begin under overload.

It looks every second while somebody watches and every 30 seconds else, so it costs nothing worth mentioning. It stops
nobody: whoever admits runs asks `pressure`. Boot runs it; doors show `snapshot` and `history`.
"""

import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import TaskStatus

from oxios_kernel.domain.event import OverloadChanged
from oxios_kernel.errors import KernelError
from oxios_kernel.events import Bus
from oxios_kernel.health.history import History, Snapshot
from oxios_kernel.health.overload import Overload, Thresholds
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.vitals import Vitals
from oxios_kernel.schedule import Nap

__all__ = ["Counts", "Monitor"]

logger = logging.getLogger(__name__)

WATCHED_SECONDS = 1.0
UNWATCHED_SECONDS = 30.0

DAY_SECONDS = 86_400.0


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What the kernel is doing.

    Attributes:
        running: agents that run.
        queued: agents that wait for a slot.
        tokens_per_minute: tokens that models were sent and sent back in the last minute.
    """

    running: int = 0
    queued: int = 0
    tokens_per_minute: int = 0


class Monitor:
    """The vitals of one home.

    Args:
        vitals: looks at the machine.
        clock: when.
        bus: is told when overload begins, changes its reasons, or ends.
        path: a folder on the file system that must not fill up.
        counts: returns what the kernel is doing; it is asked at each look.
        thresholds: returns what counts as overload at present.
    """

    def __init__(
        self,
        *,
        vitals: Vitals,
        clock: Clock,
        bus: Bus,
        path: Path,
        counts: Callable[[], Awaitable[Counts]],
        thresholds: Callable[[], Thresholds] = Thresholds,
    ) -> None:
        self._vitals = vitals
        self._clock = clock
        self._bus = bus
        self._path = path
        self._counts = counts
        self._thresholds = thresholds
        self._history = History()
        self._overload = Overload()
        self._watchers = 0
        self._blind = False
        self._nap = Nap(clock)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Look, without end; it has begun when it has looked once."""
        await self._look()
        task_status.started()
        while True:
            await self._nap.sleep(WATCHED_SECONDS if self._watchers else UNWATCHED_SECONDS)
            await self._look()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Have it look every second for the length of a block, beginning now."""
        self._watchers += 1
        self._nap.wake()
        try:
            yield
        finally:
            self._watchers -= 1

    async def snapshot(self) -> Snapshot:
        """Look now and return what is seen.

        Raises:
            HomeError: the disk cannot be looked at.
            JournalError: what was spent lately cannot be read.
        """
        reading = await self._vitals.read(self._path)
        counts = await self._counts()
        snapshot = Snapshot(
            at=self._clock.now(),
            reading=reading,
            running=counts.running,
            queued=counts.queued,
            tokens_per_minute=counts.tokens_per_minute,
        )
        self._history.add(snapshot, self._clock.monotonic())
        before, self._overload = self._overload, self._overload.after(reading, self._thresholds())
        if before.reasons.keys() != self._overload.reasons.keys():
            reasons = tuple(f"{name}: {text}" for name, text in self._overload.reasons.items())
            self._bus.publish(OverloadChanged(pressure=self._overload.pressure, reasons=reasons))
        return snapshot

    def history(self, seconds: float = DAY_SECONDS) -> tuple[Snapshot, ...]:
        """Return the snapshots of the last so many seconds, at most a day, oldest first.

        They are those of each second for the last 5 minutes, means of 30 seconds for the last hour, and of 5 minutes
        before; fewer where nobody watched.
        """
        return self._history.since(seconds, self._clock.monotonic())

    @property
    def overload(self) -> Overload:
        """Whether the machine was overloaded at the last look, and by what."""
        return self._overload

    def pressure(self) -> float:
        """Return the part of what would be begun that may be begun at present, 1 down to 0.25."""
        return self._overload.pressure

    async def _look(self) -> None:
        try:
            await self.snapshot()
            self._blind = False
        except KernelError as error:
            if not self._blind:
                logger.warning("The machine's vitals cannot be read: %s", error.message)
            self._blind = True
