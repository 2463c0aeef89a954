"""Carries out the runs that are this kernel's business, each in a task of its own, and makes signals reach them.

A kernel that is the *host* of its home takes every queued run and every run whose host died; any other takes those
that it started itself, and their children. The table is the truth: what another process wrote there is noticed within a
tenth of a second, what this one wrote at once.
"""

import logging
from collections.abc import Mapping

import anyio
from anyio.abc import TaskGroup, TaskStatus

from oxios_kernel.agents.candidates import Candidates
from oxios_kernel.agents.carrying import Carrier, Work, may_go_on
from oxios_kernel.agents.halting import Life
from oxios_kernel.agents.signals import GRACE_SECONDS, Signals, no_run
from oxios_kernel.agents.stalling import Stalls
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.job import Priority
from oxios_kernel.domain.run import Run, RunKind, RunState, Signal
from oxios_kernel.errors import BudgetExhausted, Conflict, Halted, JournalError, JournalMismatch, KernelError
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.control import RunControl
from oxios_kernel.ports.journal import Runs

__all__ = ["Supervisor"]

_log = logging.getLogger(__name__)

LOOK_SECONDS = 0.1
"""How often the supervisor looks whether another process wrote to the table."""

AT_ONCE = 50
"""How many queued runs one look reads and starts; when there are more, the next look follows at once."""

TROUBLE_SECONDS = 1.0
"""How long it leaves a table alone that cannot be used."""

RESIDENT = 500
RESIDENT_MORE = 100
"""How many runs are under way at a time, and how many more for each class above the lowest: what is urgent never waits
for the end of what is not. The scheduler decides which of them may run; the others stay rows."""


class Supervisor:
    """Carries runs out.

    Args:
        runs: the rows.
        control: signals, waking and queueing.
        carrier: carries one run out.
        clock: tells when waiting runs are due.
        host: whether all runs of the home are this kernel's business.
    """

    def __init__(self, *, runs: Runs, control: RunControl, carrier: Carrier, clock: Clock, host: bool) -> None:
        self._runs = runs
        self._control = control
        self._carrier = carrier
        self._clock = clock
        self._candidates = Candidates(runs=runs, control=control, host=host)
        self._works: dict[RunKind, Work] = {}
        self._lives: dict[str, Life] = {}
        self._stalls = Stalls(runs=runs, control=control, clock=clock)
        self._errors: dict[str, KernelError] = {}
        self._signals = Signals(lives=self._lives, control=control, carrier=carrier, clock=clock)
        self._bell = anyio.Event()
        self._changed = anyio.Event()

    @property
    def lives(self) -> Mapping[str, Life]:
        """The runs under way in this kernel, by id."""
        return self._lives

    def works(self, kind: RunKind, work: Work) -> None:
        """Say how runs of a kind are carried out."""
        self._works[kind] = work

    def adopt(self, run_id: str) -> None:
        """Make a run this kernel's business, and look at once."""
        self._candidates.adopt(run_id)
        self.ring()

    def ring(self) -> None:
        """Look at the table now: this kernel wrote to it."""
        self._bell.set()

    async def here(self, run_id: str, work: Work) -> Run:
        """Carry a run out in the caller's own task, under the supervisor's eyes, and return its row then.

        Raises:
            Conflict: another host, or another task, works on it.
            Halted: it was paused or killed on the way.
            KernelError: what stopped it; see `Carrier.carry_out`.
        """
        if run_id in self._lives:
            raise Conflict(f"Run {run_id} is under way already.", hint="Wait for it to end, or stop it.")
        self._candidates.adopt(run_id)
        return await self._live(Life(run_id=run_id), work)

    def next_change(self) -> anyio.Event:
        """Return the event that is set when something has changed next; take it before looking at the rows."""
        return self._changed

    async def settled(self, run_id: str) -> Run:
        """Wait until a run has ended or was stopped by an error, and return its row. Halting it does not settle it.

        Raises:
            NotFound: there is no such run.
            BudgetExhausted: it has failed in this kernel, because its budget was used up.
            KernelError: the error that paused it in this kernel.
        """
        while True:
            changed = self._changed
            run = await self._runs.get(RunId(run_id))
            if run is None:
                raise no_run(run_id)
            # A run that has failed is under way until its error is known here.
            if run.state.final and not (run.state is RunState.FAILED and run_id in self._lives):
                error = self._errors.pop(run_id, None)
                if isinstance(error, BudgetExhausted):
                    raise error
                return run
            if run_id in self._errors and (run.state is RunState.PAUSED or run_id in self._stalls):
                raise self._errors.pop(run_id)
            await changed.wait()

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Look and carry out without end; cancelled, every run under way goes back to the queue."""
        async with anyio.create_task_group() as group:
            task_status.started()
            while True:
                self._bell = anyio.Event()
                try:
                    # The version first: what another process writes during the look makes for another look.
                    seen = await self._control.version()
                    await self._look(group)
                    await self._until_something_happens(seen)
                except KernelError as error:
                    _log.exception("the table of runs cannot be used, trying again: %s", error)
                    await self._clock.sleep(TROUBLE_SECONDS)

    async def _until_something_happens(self, seen: int) -> None:
        while not self._bell.is_set():
            with anyio.move_on_after(LOOK_SECONDS):
                await self._bell.wait()
            moment = await self._control.next_moment()
            due = moment is not None and moment <= self._clock.now()
            if due or self._stalls.due or self._signals.overdue() or await self._control.version() != seen:
                return

    async def _look(self, group: TaskGroup) -> None:
        self._notice()
        await self._stalls.retry()
        self._signals.pass_on(await self._control.signalled())
        await self._signals.force()
        await self._control.wake(self._clock.now())
        await self._start_some(group)

    async def _start_some(self, group: TaskGroup) -> None:
        known = len(self._stalls) + len([life for life in self._lives.values() if life.lease is None])
        most, before = min(self._room(Priority.CRITICAL), AT_ONCE), len(self._lives)
        for run in await self._candidates.find(self._lives.keys(), most + known):
            if self._room(run.priority) <= 0:
                return
            if run.id not in self._lives and run.id not in self._stalls and run.kind in self._works:
                self._start(run, group)
        if 0 < most <= len(self._lives) - before:
            self.ring()

    def _room(self, priority: int) -> int:
        return RESIDENT + RESIDENT_MORE * priority - len(self._lives)

    def _start(self, run: Run, group: TaskGroup) -> None:
        life = Life(run_id=run.id, apart=True)
        self._lives[run.id] = life
        self._errors.pop(run.id, None)
        group.start_soon(self._apart, life, self._works[run.kind])

    async def _apart(self, life: Life, work: Work) -> None:
        try:
            await self._live(life, work)
        except Halted:
            return
        except KernelError as error:
            _log.warning("run %s has stopped: %s", life.run_id, error)
            if may_go_on(error) or isinstance(error, BudgetExhausted):
                self._errors[life.run_id] = error
        except Exception as error:  # noqa: BLE001  # the end of a run's task: its row says failed, the others go on
            _log.exception("run %s has failed: %s", life.run_id, error)
        finally:
            self._notice()

    async def _live(self, life: Life, work: Work) -> Run:
        self._lives[life.run_id] = life
        try:
            return await self._carrier.carry_out(life, work)
        except JournalError as error:
            if not isinstance(error, JournalMismatch):
                self._stalls.add(life, error)
            raise
        finally:
            life.ended.set()
            del self._lives[life.run_id]
            self.ring()
            self._notice()

    def _notice(self) -> None:
        """Wake those who wait for a run to settle: something has changed."""
        self._changed.set()
        self._changed = anyio.Event()

    async def stop(
        self, run_id: str, signal: Signal, *, reason: str, grace_seconds: float = GRACE_SECONDS
    ) -> list[Run]:
        """Pause or kill a whole tree; see `Signals.stop`.

        Raises:
            NotFound: there is no such run.
        """
        rows = await self._signals.stop(run_id, signal, reason=reason, grace_seconds=grace_seconds)
        self._notice()
        self.ring()
        return rows

    async def interrupt(self, run_id: str) -> None:
        """Pause a whole tree at once, for whoever is being cancelled; see `Signals.interrupt`."""
        await self._signals.interrupt(run_id)

    async def resume(self, run_id: str) -> list[Run]:
        """Queue the paused runs of a tree again, and make the whole tree this kernel's business.

        Raises:
            NotFound: there is no such run.
            IllegalTransition: it has ended.
        """
        await self._control.resume(RunId(run_id))
        for row in await self._control.tree(RunId(run_id)):
            if row.id in self._lives:
                self._lives[row.id].take_back_pause()
            if not row.state.final:
                await self._control.resume(row.id)
                self.adopt(row.id)
        return list(await self._control.tree(RunId(run_id)))
