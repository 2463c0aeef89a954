"""The slots and the line before them, without any waiting: which run is in line, has a slot, or gave it back for now.

Every change is one small step here; `dispatch` then gives out what is free, by the policy's order. Who sleeps until it
is admitted, and what time it is, the scheduler knows.
"""

from dataclasses import replace

from oxios_kernel.domain.job import Priority, QueuedRun, Waiting
from oxios_kernel.errors import Conflict, NotFound
from oxios_kernel.schedule.load import Load
from oxios_kernel.schedule.order import Caps, Round
from oxios_kernel.schedule.policy import Snapshot
from oxios_kernel.schedule.queue import Queue
from oxios_kernel.schedule.rates import Rates

__all__ = ["Slots"]


class Slots:
    """Runs that wait, run or are parked.

    Args:
        rates: the providers' limits.

    Attributes:
        held: whether admission is paused.
        queue: the runs in line.
        running: the runs that have a slot.
        parked: the runs that gave their slot back, with what they wait for.
    """

    def __init__(self, rates: Rates) -> None:
        self.held = False
        self.queue = Queue()
        self.running: dict[str, QueuedRun] = {}
        self.parked: dict[str, tuple[QueuedRun, Waiting]] = {}
        self._rates = rates
        self._load = Load()
        self._round: Round | None = None
        self._counted: dict[str, tuple[str, int]] = {}

    def submit(self, run: QueuedRun) -> None:
        """Put a run in line.

        Raises:
            Conflict: a run of that id is scheduled already.
        """
        if run.run_id in self.running or run.run_id in self.queue or run.run_id in self.parked:
            raise Conflict(f"A run is scheduled once at a time, and {run.run_id!r} is scheduled already.")
        self.queue.add(run)

    def dispatch(self, caps: Caps, now: float) -> list[QueuedRun]:
        """Give out the free slots; return the runs that got one, in order."""
        oldest = self.queue.oldest
        self._round = Round(load=self._load, rates=self._rates, caps=caps, now=now, oldest=oldest, held=self.held)
        admitted = []
        while picked := self._round.pick(self.queue.heads):
            run = self.queue.remove(picked.run.run_id)
            self.running[run.run_id] = run
            if run.provider is not None:
                self._counted[run.run_id] = (run.provider, run.tokens)
            admitted.append(run)
        return admitted

    def hand_over(self, run_id: str) -> None:
        """Give back, once, what a run's admission took from its provider's limits: its call is counted by itself."""
        counted = self._counted.pop(run_id, None)
        if counted is not None:
            self._rates.give_back(*counted)

    @property
    def opens_in_seconds(self) -> float | None:
        """How long after the last dispatch a provider opens that kept somebody waiting there, `None` without one."""
        return self._round.opens_in_seconds if self._round else None

    def reason(self, run: QueuedRun) -> Waiting:
        """Return why a run in line got no slot in the last dispatch."""
        return self._round.reason(run) if self._round else Waiting.SLOT

    def park(self, run_id: str, why: Waiting, now: float) -> None:
        """Take the slot of a run that waits for something from now on.

        Raises:
            Conflict: the run has no slot.
        """
        if run_id not in self.running:
            raise Conflict(f"Only a run that has a slot can give it back, and {run_id!r} has none.")
        run = self.running.pop(run_id)
        self._counted.pop(run_id, None)
        self._load.release(run)
        self.parked[run_id] = replace(run, submitted=now), why

    def unpark(self, run_id: str, now: float) -> None:
        """Put a parked run back in line: it ages anew and is due at once, so it comes before its equals."""
        run, _ = self.parked.pop(run_id)
        self.queue.add(replace(run, submitted=now, deadline=now))

    def give_up(self, run_id: str, why: Waiting, now: float) -> None:
        """Park a run that was on its way back; one that has its slot already keeps it."""
        if run_id in self.queue:
            self.parked[run_id] = replace(self.queue.remove(run_id), submitted=now), why

    def leave(self, run_id: str) -> QueuedRun:
        """Forget a run, wherever it is, and return it."""
        if run_id in self.running:
            run = self.running.pop(run_id)
            self._counted.pop(run_id, None)
            self._load.release(run)
            return run
        if run_id in self.parked:
            return self.parked.pop(run_id)[0]
        return self.queue.remove(run_id)

    def set_priority(self, run_id: str, priority: Priority) -> None:
        """Change how urgent a run is, wherever it is; what it has waited so far still counts.

        Raises:
            NotFound: no run of that id is scheduled.
        """
        if run_id in self.queue:
            self.queue.add(replace(self.queue.remove(run_id), priority=priority))
        elif run_id in self.running:
            self.running[run_id] = replace(self.running[run_id], priority=priority)
        elif run_id in self.parked:
            run, why = self.parked[run_id]
            self.parked[run_id] = replace(run, priority=priority), why
        else:
            raise NotFound(f"Expected the id of a scheduled run, found {run_id!r}; the queue lists them.")

    def snapshot(self) -> Snapshot:
        """Return what the policy looks at, as it is now."""
        return Snapshot(
            waiting=tuple(self.queue), load=self._load.copy(), windows=self._rates.windows(), held=self.held
        )
