"""The port `RunControl` in memory: the half of `MemoryJournal` that acts on runs that others may be working on."""

from collections.abc import Sequence
from operator import itemgetter

from anyio.lowlevel import checkpoint

from oxios_kernel.domain.fact import JsonObject, Moment
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.job import Priority
from oxios_kernel.domain.letter import MAILBOX_LETTERS, Letter
from oxios_kernel.domain.run import Entry, Lease, Run, RunKind, RunState, Signal
from oxios_kernel.errors import Conflict, IllegalTransition, InputError, NotFound
from oxios_kernel.ports.clock import Clock
from oxios_kernel.testing.journal_store import Store

__all__ = ["MemoryControl"]


class MemoryControl:
    """One host's view of the runs of all hosts.

    A write is done before its call first waits, as in the real one: a cancelled caller finds it done.
    """

    def __init__(self, host: str, clock: Clock, store: Store) -> None:
        self.host = host
        self._clock = clock
        self._store = store

    async def tree(self, run_id: RunId) -> Sequence[Run]:
        await checkpoint()
        return self._store.tree(run_id)

    async def progress(self, run_id: RunId) -> Moment | None:
        await checkpoint()
        moments = []
        for run in self._store.tree(run_id):
            newest = next(reversed(self._store.entries.get(run.id, {}).values()), None)
            moments += [run.changed_at] if newest is None else [run.changed_at, newest.at]
        return max(moments, default=None)

    async def signal(self, run_id: RunId, signal: Signal, reason: str) -> Sequence[Run]:
        for run in self._store.tree(run_id):
            if not (run.state.final or (run.state is RunState.PAUSED and signal is Signal.PAUSE)):
                self._ask(run.id, signal, reason)
        await checkpoint()
        return self._store.tree(run_id)

    async def signalled(self) -> Sequence[Run]:
        await checkpoint()
        return [run for run in self._store.by_age() if run.owner == self.host and run.signal is not None]

    async def park(self, lease: Lease, waiting_for: Sequence[RunId], wake_at: Moment | None, letters: int) -> Run:
        run = self._store.leased(lease)
        if run.state is not RunState.RUNNING:
            raise IllegalTransition(f"Expected {run.id!r} to be running, but it is {run.state.value!r}: read it again.")
        now = self._clock.now()
        runs = self._store.runs
        ready = run.signal is not None or (wake_at is not None and wake_at <= now)
        ready = ready or any(child not in runs or runs[child].state.final for child in waiting_for)
        ready = ready or 0 <= letters < len(self._store.mail.get(run.id, ()))
        parked = self._store.save(
            run,
            state=RunState.QUEUED if ready else RunState.WAITING,
            reason=None if run.signal is None else run.reason,
            changed_at=now,
            waiting_for=tuple(waiting_for),
            wake_at=wake_at,
            owner=None,
        )
        await checkpoint()
        return parked

    async def wake(self, now: Moment) -> Sequence[RunId]:
        due = sorted([found for found in self._moments() if found[0] <= now], key=itemgetter(0))
        for _, run_id in due:
            self._store.queue_waiting(run_id, now)
        await checkpoint()
        return [run_id for _, run_id in due]

    async def next_moment(self) -> Moment | None:
        await checkpoint()
        return min((moment for moment, _ in self._moments()), default=None)

    async def resume(self, run_id: RunId) -> Run:
        run = self._store.known(run_id)
        if run.state.final:
            raise IllegalTransition(f"Expected a run that may go on, but {run_id!r} is {run.state.value!r}.")
        if run.state is RunState.PAUSED:
            run = self._store.save(run, state=RunState.QUEUED, reason=None, changed_at=self._clock.now())
        elif run.signal is Signal.PAUSE:
            run = self._store.save(run, signal=None, reason=None)
        await checkpoint()
        return run

    async def queued(self, limit: int) -> Sequence[Run]:
        await checkpoint()
        runs = [run for run in self._store.by_age() if run.state is RunState.QUEUED]
        free = [run for run in runs if run.owner not in self._store.living]
        return sorted(free, key=lambda run: -run.priority)[:limit]

    async def reprioritise(self, run_id: RunId, priority: int) -> Run:
        if priority not in set(Priority):
            raise InputError(f"Expected a priority from 0 (low) to 3 (critical), but came {priority!r}.")
        run = self._store.save(self._store.known(run_id), priority=priority)
        await checkpoint()
        return run

    async def amend(self, run_id: RunId, changes: JsonObject) -> Run:
        run = self._store.known(run_id)
        if run.state.final:
            raise IllegalTransition(f"Expected a run that may go on, but {run_id!r} is {run.state.value!r}.")
        run = self._store.save(run, input=run.input | changes)
        await checkpoint()
        return run

    async def post(self, letter: Letter) -> Letter:
        posted = self._posted(letter)
        await checkpoint()
        return posted

    async def letters(self, run_id: RunId, after: int = 0) -> Sequence[Letter]:
        await checkpoint()
        return [letter for letter in self._store.mail.get(run_id, ()) if letter.number > after]

    async def add_within(self, run: Run, crowd: int, children: int) -> bool:
        if run.id not in self._store.runs:
            self._check_room(run, crowd, children)
        new = self._store.add(run)
        await checkpoint()
        return new

    async def branch(self, source: RunId, run: Run, entries: Sequence[Entry]) -> bool:
        new = run.id not in self._store.runs
        if new:
            self._store.known(source)
            self._store.add(run)
            for entry in entries:
                self._store.put(run.id, entry)
        await checkpoint()
        return new

    async def version(self) -> int:
        await checkpoint()
        return self._store.writes

    async def crowd(self) -> int:
        await checkpoint()
        return len([run for run in self._store.going() if run.kind is RunKind.AGENT])

    def _ask(self, run_id: RunId, signal: Signal, reason: str | None) -> None:
        run = self._store.known(run_id)  # anew: the end of a relative may have queued it
        if run.signal is Signal.KILL:
            signal, reason = run.signal, run.reason
        if run.owner in self._store.living:
            self._store.save(run, signal=signal, reason=reason)
        else:
            self._store.obey(run, signal, reason, self._clock.now())

    def _moments(self) -> list[tuple[Moment, RunId]]:
        waiting = (run for run in self._store.runs.values() if run.state is RunState.WAITING)
        return [(run.wake_at, run.id) for run in waiting if run.wake_at is not None]

    def _posted(self, letter: Letter) -> Letter:
        box = self._store.mail.get(letter.to, [])
        for before in box:
            if before.key == letter.key:
                return before
        run = self._store.runs.get(letter.to)
        if run is None or run.state.final:
            error = NotFound if run is None else Conflict
            raise error(f"Expected a run that goes on as the reader, but came {letter.to!r}: list the runs.")
        if len(box) >= MAILBOX_LETTERS:
            raise Conflict(f"Expected room in the mailbox of {run.id!r}, but it holds {MAILBOX_LETTERS} letters.")
        posted = letter.model_copy(update={"number": len(box) + 1})
        self._store.mail[run.id] = [*box, posted]
        self._store.writes += 1
        self._store.queue_waiting(run.id, self._clock.now())
        return posted

    def _check_room(self, run: Run, crowd: int, children: int) -> None:
        parent = None if run.parent is None else self._store.runs.get(run.parent)
        if parent is not None and (parent.state is RunState.KILLED or parent.signal is Signal.KILL):
            raise Conflict(f"Expected a parent that may have children, but {parent.id!r} is killed: start none.")
        going = self._store.going()
        if len([other for other in going if other.kind is RunKind.AGENT]) >= crowd:
            raise Conflict(f"Expected room for one more agent, but agents.max_agents is {crowd}.")
        if run.parent is not None and len([other for other in going if other.parent == run.parent]) >= children:
            raise Conflict(f"Expected room for one more child, but agents.max_children is {children}.")
