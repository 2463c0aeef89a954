"""Carries a run out under its lease, from wherever it is, and writes down where it came to.

What the run does is not known here: that is the work, handed in. An interruption (a cancelled task, a provider that is
down, a full disk) pauses a run, so that it can go on; a fault ends it; what is not there yet lets it wait as a row.
"""

from collections.abc import Awaitable, Callable

import anyio

from oxios_kernel.agents.effects import Effects
from oxios_kernel.agents.halting import Life
from oxios_kernel.domain.event import RunChanged
from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Lease, Run, RunState, Signal
from oxios_kernel.errors import (
    BudgetExhausted,
    Conflict,
    Halted,
    HomeError,
    JournalError,
    JournalMismatch,
    KernelError,
    LeaseLost,
    ModelError,
    NotFound,
)
from oxios_kernel.events import Bus
from oxios_kernel.ports.control import RunControl
from oxios_kernel.ports.journal import Journal, Runs
from oxios_kernel.ports.toolset import Parked

__all__ = ["MOST_CRASHES", "Carrier", "Work", "may_go_on", "turn_of"]

Work = Callable[[Run, Effects], Awaitable[Json]]
"""Carries a run out and returns its output; called again from the start when the run is taken up again."""

MOST_CRASHES = 3
"""How often a run may be under way when its host dies before it is put into quarantine."""


class Carrier:
    """Carries runs out."""

    def __init__(self, *, runs: Runs, control: RunControl, journal: Journal, bus: Bus) -> None:
        self._runs = runs
        self._control = control
        self._journal = journal
        self._bus = bus

    async def carry_out(self, life: Life, work: Work) -> Run:
        """Carry a run out until it ends, waits or stops, and return its row then.

        A run that is final already is not carried out again.

        Raises:
            NotFound: there is no such run.
            Conflict: another host works on it.
            Halted: it was paused or killed on the way.
            KernelError: what the work raised; the run is paused when it may go on later, else it has failed.
        """
        run = await self._get(life.run_id)
        if run.state.final:
            return run
        life.lease = lease = await self._runs.claim(run.id)
        if lease is None:
            raise Conflict(f"Another process works on run {run.id}.", hint="Wait for it to end, or stop it.")
        carried: Run | None = None
        try:
            with life.scope:
                carried = await self._under_way(life, await self._get(run.id), work)
        finally:
            with anyio.CancelScope(shield=True):
                await self._runs.release(lease)
        if carried is None:
            raise Halted(life.reason, life.halt)
        return carried

    async def abandon(self, life: Life) -> None:
        """Write down that a run was killed whose task does not end; what it still does is refused or harmless."""
        run = await self._get(life.run_id)
        if life.lease is not None and not run.state.final:
            await self._enter(life.lease, run, RunState.KILLED, reason=f"{life.reason} (it did not end by itself)")

    async def _under_way(self, life: Life, run: Run, work: Work) -> Run:
        lease = life.lease
        if lease is None:
            raise AssertionError("a run is carried out under a lease")
        if run.crashes >= MOST_CRASHES:
            reason = f"quarantine: its host died {run.crashes} times while it was under way"
            return await self._enter(lease, run, RunState.FAILED, reason=reason)
        if run.state is RunState.PAUSED and life.apart:
            raise Halted("it was paused before it began", RunState.PAUSED)
        if run.signal is not None:
            life.ask(run.signal, run.reason or "asked for while no host worked on it")
        try:
            run = await self._enter(lease, run, RunState.RUNNING)
            output = await work(run, await Effects.open(self._journal, lease, life.border))
        except Parked as parked:
            return await self._park(lease, run, parked)
        except LeaseLost:
            raise
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await self._stop(life, run, error)
            raise
        with anyio.CancelScope(shield=True):
            run = await self._enter(lease, run, RunState.DONE, output=output)
        return run  # noqa: RET504  # a scope that may swallow an error is not a place to return from, says mypy

    async def _park(self, lease: Lease, run: Run, parked: Parked) -> Run:
        letters = -1 if parked.letters is None else parked.letters
        with anyio.CancelScope(shield=True):
            waiting = await self._control.park(lease, parked.waiting_for, parked.wake_at, letters)
        self._tell(run, waiting.state)
        return waiting

    async def _stop(self, life: Life, run: Run, error: BaseException) -> None:
        lease = life.lease
        if lease is None:
            return
        state, reason = _ending(life, error)
        try:
            await self._enter(lease, run, state, reason=reason)
        except (JournalError, LeaseLost):
            return  # the first error is the one to tell; an unwritten end reads as a dead host and is taken up again

    async def _enter(
        self, lease: Lease, run: Run, state: RunState, *, output: Json = None, reason: str | None = None
    ) -> Run:
        changed = await self._runs.change(lease, state, output=output, reason=reason)
        self._tell(run, state)
        return changed

    def _tell(self, run: Run, state: RunState) -> None:
        self._bus.publish(RunChanged(run_id=run.id, session_id=run.session_id, turn_id=turn_of(run), state=state))

    async def _get(self, run_id: str) -> Run:
        run = await self._runs.get(RunId(run_id))
        if run is None:
            raise NotFound(f"There is no run {run_id!r}.", hint="`oxios sessions list` shows what was done.")
        return run


def turn_of(run: Run) -> str:
    """Return the turn that is behind a run: itself, or the one its input names."""
    named = run.input.get("turn_id")
    return named if isinstance(named, str) else run.id


def _ending(life: Life, error: BaseException) -> tuple[RunState, str]:
    """Return the state of a run that was stopped by an error, and the reason for a person."""
    if isinstance(error, Halted) or not isinstance(error, Exception):
        return life.halt, life.reason or "interrupted"
    if life.signal is Signal.KILL:
        return RunState.KILLED, life.reason
    if isinstance(error, KernelError | TimeoutError):
        return (RunState.PAUSED if may_go_on(error) else RunState.FAILED), _told(error)
    return RunState.FAILED, f"{type(error).__name__}: {error}"


def may_go_on(error: Exception) -> bool:
    """Tell whether a run that this error stopped is paused, so that it can go on later; otherwise it has failed."""
    if isinstance(error, JournalMismatch):
        return False
    if isinstance(error, BudgetExhausted):
        return error.ask
    return isinstance(error, ModelError | JournalError | HomeError | TimeoutError | Conflict)


def _told(error: Exception) -> str:
    """Return an error's sentence for a run's row; of a budget with how it is raised, since that is what it asks for."""
    if isinstance(error, BudgetExhausted) and error.ask:
        return f"{error} To let it go on, {error.hint}; then resume it."
    return str(error)
