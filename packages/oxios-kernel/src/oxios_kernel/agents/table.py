"""The process table: runs are added, carried out under a lease, and brought to an end that is always written down.

What a run does is not known here: whoever carries it out hands the work in. An interruption (a cancelled task, a
provider that is down, a full disk) pauses a run, so that it can go on; a fault ends it.
"""

from collections.abc import Awaitable, Callable, Sequence

import anyio

from oxios_kernel.agents.effects import Effects
from oxios_kernel.domain.event import RunChanged
from oxios_kernel.domain.fact import Json, JsonObject
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Lease, Run, RunKind, RunState
from oxios_kernel.errors import (
    Conflict,
    HomeError,
    JournalError,
    JournalMismatch,
    KernelError,
    LeaseLost,
    ModelError,
    NotFound,
)
from oxios_kernel.events import Bus
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.journal import Journal, RunQuery, Runs

__all__ = ["RunTable", "Work", "turn_of"]

Work = Callable[[Run, Effects], Awaitable[Json]]
"""Carries a run out and returns its output; called again from the start when the run is taken up again."""

TITLE_CHARACTERS = 120


class RunTable:
    """The runs of a home."""

    def __init__(self, *, runs: Runs, journal: Journal, clock: Clock, bus: Bus) -> None:
        self._runs = runs
        self._journal = journal
        self._clock = clock
        self._bus = bus

    async def fork(
        self,
        run_id: str,
        kind: RunKind,
        start: JsonObject,
        *,
        title: str = "",
        parent: RunId | None = None,
        session_id: str | None = None,
    ) -> Run:
        """Add a run that is queued, or return the one that has that id already.

        Args:
            run_id: the new run's id; a parent derives its children's ids so that a replay finds them again.
            kind: turn or agent.
            start: everything that is needed to carry it out in another process.
            title: one line for lists; cut to 120 characters.
            parent: the run that starts it.
            session_id: the conversation it belongs to.

        Raises:
            JournalError: it cannot be written.
        """
        now = self._clock.now()
        run = Run(
            id=RunId(run_id),
            kind=kind,
            parent=parent,
            session_id=session_id,
            title=" ".join(title.split())[:TITLE_CHARACTERS],
            input=start,
            created_at=now,
            changed_at=now,
        )
        return run if await self._runs.add(run) else await self.get(run_id)

    async def get(self, run_id: str) -> Run:
        """Return a run.

        Raises:
            NotFound: there is none of that id.
        """
        run = await self._runs.get(RunId(run_id))
        if run is None:
            raise NotFound(f"There is no run {run_id!r}.", hint="`oxios sessions list` shows what was done.")
        return run

    async def find(self, query: RunQuery) -> Sequence[Run]:
        """Return the runs that a query names, newest first."""
        return await self._runs.find(query)

    async def orphans(self) -> Sequence[Run]:
        """Return the turns and agents that were under way when their host died, oldest first."""
        return await self._runs.orphans()

    async def carry_out(self, run_id: str, work: Work) -> Json:
        """Carry a run out to its end, from wherever it is, and return its output.

        A run that is done already is not carried out again: its output is returned.

        Raises:
            NotFound: there is no such run.
            Conflict: another host works on it, or it was killed or has failed.
            KernelError: what the work raised; the run is paused when it may go on later, else it has failed.
        """
        run = await self.get(run_id)
        if run.state is RunState.DONE:
            return run.output
        if run.state.final:
            raise Conflict(f"Run {run_id} has {run.state.value} and cannot go on: {run.reason or 'no reason is known'}")
        lease = await self._runs.claim(run.id)
        if lease is None:
            raise Conflict(f"Another process works on run {run_id}.", hint="Wait for it to end, or stop it.")
        try:
            run = await self._enter(lease, run, RunState.RUNNING)
            return await self._finish(lease, run, work)
        finally:
            with anyio.CancelScope(shield=True):
                await self._runs.release(lease)

    async def _finish(self, lease: Lease, run: Run, work: Work) -> Json:
        try:
            output = await work(run, await Effects.open(self._journal, lease))
        except LeaseLost:
            raise
        except BaseException as error:
            with anyio.CancelScope(shield=True):
                await self._halt(lease, run, error)
            raise
        with anyio.CancelScope(shield=True):
            await self._enter(lease, run, RunState.DONE, output=output)
        return output

    async def _halt(self, lease: Lease, run: Run, error: BaseException) -> None:
        state = RunState.PAUSED if _may_go_on(error) else RunState.FAILED
        reason = str(error) if isinstance(error, KernelError | TimeoutError) else f"{type(error).__name__}: {error}"
        if not isinstance(error, Exception):
            reason = "interrupted"
        try:
            await self._enter(lease, run, state, reason=reason)
        except (JournalError, LeaseLost):
            return  # the first error is the one to tell; an unwritten end reads as a dead host and is taken up again

    async def _enter(
        self, lease: Lease, run: Run, state: RunState, *, output: Json = None, reason: str | None = None
    ) -> Run:
        changed = await self._runs.change(lease, state, output=output, reason=reason)
        self._bus.publish(RunChanged(run_id=run.id, session_id=run.session_id, turn_id=turn_of(run), state=state))
        return changed


def turn_of(run: Run) -> str:
    """Return the turn that is behind a run: itself, or the one its input names."""
    named = run.input.get("turn_id")
    return named if isinstance(named, str) else run.id


def _may_go_on(error: BaseException) -> bool:
    if isinstance(error, JournalMismatch):
        return False
    if not isinstance(error, Exception):
        return True
    return isinstance(error, ModelError | JournalError | HomeError | TimeoutError | Conflict)
