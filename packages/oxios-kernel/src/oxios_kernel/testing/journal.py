"""The journal and the runs in memory: same promises as `adapters.journal_sqlite`, held by one conformance suite.

One object is one host's view; `beside` gives another host a view of the same store, and `die` ends a host, so that a
test can kill one without a process.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

from anyio.lowlevel import cancel_shielded_checkpoint, checkpoint

from oxios_kernel.domain.fact import Json, Moment
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Entry, Lease, Run, RunState, may_follow
from oxios_kernel.errors import Conflict, IllegalTransition, JournalMismatch, LeaseLost, NotFound
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.journal import Intent, RunQuery
from oxios_kernel.testing.clock import FakeClock

__all__ = ["MemoryJournal"]


@dataclass
class _Store:
    runs: dict[str, Run] = field(default_factory=dict)
    entries: dict[str, dict[str, Entry]] = field(default_factory=dict)
    living: set[str] = field(default_factory=set)


class MemoryJournal:
    """The ports `Journal` and `Runs` for tests.

    A write is done before its call first waits, as in the real one: a cancelled caller finds it done.
    """

    def __init__(self, host: str = "memory", clock: Clock | None = None) -> None:
        self.host = host
        self._clock = clock or FakeClock()
        self._store = _Store(living={host})

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
            entry = self._put(lease, Entry(key=key, digest=digest, done=False, sequence=1, at=self._clock.now()))
        await checkpoint()
        return Intent(entry=entry, new=new)

    async def record(self, lease: Lease, key: str, digest: str, result: Json) -> Entry:
        entry = self._entry(lease, key, digest)
        if entry is None or not entry.done:
            copy = json.loads(json.dumps(result))
            done = Entry(key=key, digest=digest, done=True, result=copy, sequence=1, at=self._clock.now())
            entry = self._put(lease, done)
        await checkpoint()
        return entry

    async def add(self, run: Run) -> bool:
        new = run.id not in self._store.runs
        if new:
            self._store.runs[run.id] = run
        await checkpoint()
        return new

    async def get(self, run_id: RunId) -> Run | None:
        await checkpoint()
        return self._store.runs.get(run_id)

    async def find(self, query: RunQuery) -> Sequence[Run]:
        await checkpoint()
        return [run for run in reversed(self._by_age()) if _matches(run, query)][: query.limit]

    async def claim(self, run_id: RunId) -> Lease | None:
        await cancel_shielded_checkpoint()
        run = self._store.runs.get(run_id)
        if run is None:
            raise NotFound(f"Expected a run, but there is none with the id {run_id!r}: list the runs to see their ids.")
        if run.state.final or run.owner in self._store.living:
            return None
        taken = {"owner": self.host, "epoch": run.epoch + 1, "attempts": run.attempts + 1}
        self._store.runs[run_id] = run.model_copy(update=taken)
        return Lease(run_id=run_id, owner=self.host, epoch=run.epoch + 1)

    async def release(self, lease: Lease) -> None:
        if self._holds(lease):
            run = self._store.runs[lease.run_id]
            self._store.runs[run.id] = run.model_copy(update={"owner": None})
        await checkpoint()

    async def change(self, lease: Lease, state: RunState, *, output: Json = None, reason: str | None = None) -> Run:
        self._check(lease)
        run = self._store.runs[lease.run_id]
        if not may_follow(run.state, state):
            raise IllegalTransition(
                f"Expected a state that may follow {run.state.value!r}, the run {run.id!r}'s, but came "
                f"{state.value!r}: read the run again before deciding."
            )
        if run.state is not state:
            changes = {"state": state, "output": output, "reason": reason, "changed_at": self._clock.now()}
            run = self._store.runs[run.id] = run.model_copy(update=changes)
        await checkpoint()
        return run

    async def orphans(self) -> Sequence[Run]:
        await checkpoint()
        running = (run for run in self._by_age() if run.state is RunState.RUNNING)
        return [run for run in running if run.owner not in self._store.living]

    async def collect(self, keep: int, older_than: Moment) -> int:
        await checkpoint()
        runs = self._store.runs
        final = sorted((run for run in runs.values() if run.state.final), key=lambda run: run.changed_at, reverse=True)
        gone = [run for place, run in enumerate(final) if place >= keep or run.changed_at < older_than]
        gone = [run for run in gone if run.parent not in runs or runs[run.parent].state.final]
        for run in gone:
            del runs[run.id]
            self._store.entries.pop(run.id, None)
        return len(gone)

    def _holds(self, lease: Lease) -> bool:
        run = self._store.runs.get(lease.run_id)
        return run is not None and (run.owner, run.epoch) == (lease.owner, lease.epoch)

    def _check(self, lease: Lease) -> None:
        if not self._holds(lease):
            raise LeaseLost(f"Expected the current lease of the run {lease.run_id!r}, but came {lease!r}: stop.")

    def _entry(self, lease: Lease, key: str, digest: str) -> Entry | None:
        self._check(lease)
        entry = self._store.entries.get(lease.run_id, {}).get(key)
        if entry is not None and entry.digest != digest:
            raise JournalMismatch(f"Expected {key!r} with the digest {entry.digest!r}, but came {digest!r}.")
        return entry

    def _put(self, lease: Lease, entry: Entry) -> Entry:
        entries = self._store.entries.setdefault(lease.run_id, {})
        before = entries.get(entry.key)
        sequence = len(entries) + 1 if before is None else before.sequence
        entries[entry.key] = entry.model_copy(update={"sequence": sequence})
        return entries[entry.key]

    def _by_age(self) -> list[Run]:
        return sorted(self._store.runs.values(), key=lambda run: run.created_at)


def _matches(run: Run, query: RunQuery) -> bool:
    return (
        (query.kinds is None or run.kind in query.kinds)
        and (query.states is None or run.state in query.states)
        and (query.session_id is None or run.session_id == query.session_id)
        and (query.parent is None or run.parent == query.parent)
    )
