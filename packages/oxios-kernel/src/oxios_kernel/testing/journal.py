"""The journal and the runs in memory: same promises as `adapters.journal_sqlite`, held by one conformance suite.

The half that acts on others' runs is `testing.control`, the rows of both are in `testing.journal_store`. One object is
one host's view; `beside` gives another host a view of the same store, and `die` ends a host, so that a test can kill
one without a process.
"""

import json
from collections.abc import Sequence
from typing import Any, Self

from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint

from oxios_kernel.domain.fact import Json, Moment
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Entry, Lease, Run, RunState, Signal, may_follow
from oxios_kernel.errors import Conflict, IllegalTransition, JournalMismatch
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.journal import Intent, RunQuery
from oxios_kernel.testing.clock import FakeClock
from oxios_kernel.testing.control import MemoryControl
from oxios_kernel.testing.journal_store import Store

__all__ = ["MemoryJournal"]


class MemoryJournal(MemoryControl):
    """The ports `Journal`, `Runs` and `RunControl` for tests.

    A write is done before its call first waits, as in the real one: a cancelled caller finds it done.
    """

    def __init__(self, host: str = "memory", clock: Clock | None = None) -> None:
        super().__init__(host, clock or FakeClock(), Store(living={host}))

    def beside(self, host: str) -> Self:
        """Return another host's view of the same store.

        Raises:
            Conflict: a living host has that name.
        """
        if host in self._store.living:
            raise Conflict(f"Expected a host name that nobody uses, but {host!r} is alive: begin with a new name.")
        view = type(self)(host, self._clock)
        view._store = self._store
        self._store.living.add(host)
        return view

    def die(self) -> None:
        """End this host as `kill -9` would: its leases stay in the rows, and nobody alive holds them."""
        self._store.living.discard(self.host)

    async def replay(self, run_id: RunId) -> Sequence[Entry]:
        await checkpoint()
        return list(self._store.entries.get(run_id, {}).values())

    async def intend(self, lease: Lease, key: str, digest: str) -> Intent:
        entry = self._entry(lease, key, digest)
        new = entry is None
        if entry is None:
            entry = self._store.put(
                lease.run_id, Entry(key=key, digest=digest, done=False, sequence=1, at=self._clock.now())
            )
        await checkpoint()
        return Intent(entry=entry, new=new)

    async def record(self, lease: Lease, key: str, digest: str, result: Json) -> Entry:
        entry = self._entry(lease, key, digest)
        if entry is None or not entry.done:
            copy = json.loads(json.dumps(result))
            done = Entry(key=key, digest=digest, done=True, result=copy, sequence=1, at=self._clock.now())
            entry = self._store.put(lease.run_id, done)
        await checkpoint()
        return entry

    async def add(self, run: Run) -> bool:
        new = self._store.add(run)
        await checkpoint()
        return new

    async def get(self, run_id: RunId) -> Run | None:
        await checkpoint()
        return self._store.runs.get(run_id)

    async def find(self, query: RunQuery) -> Sequence[Run]:
        await checkpoint()
        return [run for run in reversed(self._store.by_age()) if _matches(run, query)][: query.limit]

    async def claim(self, run_id: RunId) -> Lease | None:
        await cancel_shielded_checkpoint()
        run = self._store.known(run_id)
        if run.state.final or run.owner in self._store.living:
            return None
        crashes = self._store.crashes_of(run)
        self._store.save(run, owner=self.host, epoch=run.epoch + 1, attempts=run.attempts + 1, crashes=crashes)
        return Lease(run_id=run_id, owner=self.host, epoch=run.epoch + 1)

    async def release(self, lease: Lease) -> None:
        if self._store.holds(lease):
            run = self._store.save(self._store.known(lease.run_id), owner=None)
            if run.signal is not None:
                self._store.obey(run, run.signal, run.reason, self._clock.now())
        await checkpoint()

    async def change(self, lease: Lease, state: RunState, *, output: Json = None, reason: str | None = None) -> Run:
        run = self._store.leased(lease)
        if not may_follow(run.state, state):
            raise IllegalTransition(
                f"Expected a state that may follow {run.state.value!r}, the run {run.id!r}'s, but came "
                f"{state.value!r}: read the run again before deciding."
            )
        if run.state is not state:
            now = self._clock.now()
            changes = _changes(run, state, reason)
            run = self._store.save(run, state=state, output=output, changed_at=now, **changes)
            if state.final:
                self._store.queue_waiters(run, now)
        await checkpoint()
        return run

    async def orphans(self) -> Sequence[Run]:
        await checkpoint()
        running = (run for run in self._store.by_age() if run.state is RunState.RUNNING)
        return [run for run in running if run.owner not in self._store.living]

    async def collect(self, keep: int, older_than: Moment) -> int:
        await checkpoint()
        runs = self._store.runs
        final = [run for run in reversed(runs.values()) if run.state.final]
        final.sort(key=lambda run: run.changed_at, reverse=True)
        gone = [run for place, run in enumerate(final) if place >= keep or run.changed_at < older_than]
        gone = [run for run in gone if run.parent not in runs or runs[run.parent].state.final]
        for run in gone:
            self._store.remove(run)
        return len(gone)

    def _entry(self, lease: Lease, key: str, digest: str) -> Entry | None:
        self._store.leased(lease)
        entry = self._store.entries.get(lease.run_id, {}).get(key)
        if entry is not None and entry.digest != digest:
            raise JournalMismatch(f"Expected {key!r} with the digest {entry.digest!r}, but came {digest!r}.")
        return entry


def _changes(run: Run, state: RunState, reason: str | None) -> dict[str, Any]:
    """Return what changes with a state besides the state."""
    obeyed = state.final or (state is RunState.PAUSED and run.signal is Signal.PAUSE)
    signal = None if obeyed else run.signal
    waits: dict[str, Any] = {"waiting_for": (), "wake_at": None} if state is RunState.RUNNING else {}
    return waits | {"signal": signal, "reason": run.reason if reason is None and signal is not None else reason}


def _matches(run: Run, query: RunQuery) -> bool:
    return (
        (query.kinds is None or run.kind in query.kinds)
        and (query.states is None or run.state in query.states)
        and (query.session_id is None or run.session_id == query.session_id)
        and (query.parent is None or run.parent == query.parent)
        and (query.group is None or run.group == query.group)
        and (query.prefix is None or run.id.startswith(query.prefix))
    )
