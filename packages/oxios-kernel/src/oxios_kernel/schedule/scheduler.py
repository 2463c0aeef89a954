"""Gives runs the right to run: a *slot*, held only while a run runs and given back while it waits for something.

Submitting, leaving and parking change who may run, and whoever changes it admits the next at once, in the same step; so
no slot is lost when somebody is cancelled, wherever that is. Only time and new caps come from outside: `run` watches
for these while somebody waits. The order is `order`'s. Supervisors take slots; doors and tools read `queue` and
`stats`. It belongs to one event loop.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from math import inf

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from oxios_kernel.domain.job import Priority, QueuedRun, Waiting
from oxios_kernel.ports.clock import Clock
from oxios_kernel.schedule.order import Caps, standing
from oxios_kernel.schedule.rates import Rates
from oxios_kernel.schedule.slots import Slots
from oxios_kernel.schedule.stats import QueueRow, Stats, Tally

__all__ = ["Scheduler"]

LOOK_AGAIN_SECONDS = 1.0
"""How soon new caps, and rate limits that an answer has put right, reach those who wait."""

SHORTEST_NAP_SECONDS = 0.001
"""Keeps a rounded time from becoming a loop without a pause."""


class Scheduler:
    """Slots for runs.

    Args:
        clock: tells how long somebody waited, and when a provider opens.
        caps: returns what is kept to at this moment; it is asked at each admission and must be quick.
        rates: the providers' limits; admission takes one request and the run's tokens from them.
    """

    def __init__(self, clock: Clock, caps: Callable[[], Caps], rates: Rates) -> None:
        self._clock = clock
        self._caps = caps
        self._slots = Slots(rates)
        self._tally = Tally()
        self._admitted: dict[str, anyio.Event] = {}
        self._look_at = inf
        self._nap: anyio.CancelScope | None = None

    @asynccontextmanager
    async def slot(self, queued: QueuedRun) -> AsyncIterator[None]:
        """Hold a slot for the length of a block, waiting until there is one.

        Raises:
            Conflict: a run of that id is scheduled already.
        """
        await checkpoint_if_cancelled()
        self._slots.submit(queued)
        self._tally.submitted += 1
        ran = False
        try:
            await self._admission(queued.run_id)
            ran = True
            yield
        finally:
            self._slots.leave(queued.run_id)
            self._tally.finished += ran
            self._tally.withdrawn += not ran
            self._dispatch()

    @asynccontextmanager
    async def parked(self, run_id: str, why: Waiting) -> AsyncIterator[None]:
        """Give a run's slot back for the length of a block, and get one again at its end, before equals.

        A block that is cancelled does not wait for a slot: the run goes on without one, and is expected to end. So a
        time limit on what is waited for belongs inside the block.

        Args:
            run_id: a run that has a slot.
            why: what it waits for.

        Raises:
            Conflict: the run has no slot, because it is parked already or not scheduled.
        """
        await checkpoint_if_cancelled()
        self._slots.park(run_id, why, self._clock.monotonic())
        self._dispatch()
        try:
            yield
        except Exception:
            await self._return(run_id, why)
            raise
        await self._return(run_id, why)

    def runs(self, run_id: str) -> bool:
        """Tell whether a run has a slot."""
        return run_id in self._slots.running

    def hand_over(self, run_id: str) -> None:
        """Give back, once, what a run's admission took from its provider's limits: its call is counted by itself."""
        self._slots.hand_over(run_id)

    def set_priority(self, run_id: str, priority: Priority) -> None:
        """Change how urgent a run is. One that has its slot keeps it; the priority counts when it queues again.

        Raises:
            NotFound: no run of that id is scheduled.
        """
        self._slots.set_priority(run_id, priority)
        self._dispatch()

    def hold(self) -> None:
        """Give out no more slots until `resume`; who has one keeps it."""
        self._slots.held = True
        self._dispatch()

    def resume(self) -> None:
        """Give out slots again."""
        self._slots.held = False
        self._dispatch()

    def queue(self) -> list[QueueRow]:
        """Return who has no slot and why: first those in line, as they came, then the parked ones."""
        now, caps = self._clock.monotonic(), self._caps()
        in_line = [
            QueueRow(
                run=run,
                reason=self._slots.reason(run),
                waited_seconds=now - run.submitted,
                standing=Priority(min(Priority.CRITICAL, standing(run, caps, now))),
            )
            for run in self._slots.queue
        ]
        parked = [
            QueueRow(run=run, reason=why, waited_seconds=now - run.submitted, standing=run.priority)
            for run, why in self._slots.parked.values()
        ]
        return in_line + parked

    def stats(self) -> Stats:
        """Return the counts of this moment."""
        slots = self._slots
        return self._tally.stats(slots.running.values(), self.queue(), len(slots.queue), held=slots.held)

    async def run(self) -> None:
        """Admit those whom time or new caps let in; to be run beside the runs, without end.

        While nobody waits it sleeps.
        """
        while True:
            await self._sleep()
            self._look_at = inf
            self._dispatch()

    async def _sleep(self) -> None:
        """Sleep until it is time to look again; `_dispatch` cuts it short when that is to be earlier."""
        with anyio.CancelScope() as self._nap:
            try:
                if self._look_at == inf:
                    await anyio.sleep_forever()
                await self._clock.sleep(self._look_at - self._clock.monotonic())
            finally:
                self._nap = None

    async def _admission(self, run_id: str) -> None:
        """Return when a run that is in line has a slot."""
        admitted = self._admitted[run_id] = anyio.Event()
        try:
            self._dispatch()
            if not admitted.is_set():
                await admitted.wait()
        finally:
            del self._admitted[run_id]

    async def _return(self, run_id: str, why: Waiting) -> None:
        """Let a parked run queue again; it stays parked when it is cancelled in line."""
        self._slots.unpark(run_id, self._clock.monotonic())
        try:
            await self._admission(run_id)
        except BaseException:
            self._slots.give_up(run_id, why, self._clock.monotonic())
            self._dispatch()
            raise

    def _dispatch(self) -> None:
        """Give out what is free, wake who gets it, and see to it that somebody looks again when time has passed."""
        now = self._clock.monotonic()
        for run in self._slots.dispatch(self._caps(), now):
            self._tally.admit(now - run.submitted)
            self._admitted[run.run_id].set()
        if not self._slots.queue:
            return
        opens = self._slots.opens_in_seconds
        soon = LOOK_AGAIN_SECONDS if opens is None else min(LOOK_AGAIN_SECONDS, max(SHORTEST_NAP_SECONDS, opens))
        if now + soon < self._look_at:
            self._look_at = now + soon
            if self._nap is not None:
                self._nap.cancel()
