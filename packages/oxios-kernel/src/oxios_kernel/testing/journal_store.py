"""The rows of `MemoryJournal`, shared by the views of all its hosts. Every change of a row goes through here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from oxios_kernel.domain.fact import Moment
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.run import PROGRESS, Entry, Lease, Run, RunState, Signal
from oxios_kernel.errors import LeaseLost, NotFound

__all__ = ["Store"]


@dataclass
class Store:
    """Runs, journals and mailboxes by the id of their run, the hosts that live, and a count of the writes."""

    runs: dict[str, Run] = field(default_factory=dict)
    entries: dict[str, dict[str, Entry]] = field(default_factory=dict)
    mail: dict[str, list[Letter]] = field(default_factory=dict)
    living: set[str] = field(default_factory=set)
    begun_with: dict[str, int] = field(default_factory=dict)
    writes: int = 0

    def add(self, run: Run) -> bool:
        """Add a row unless its id exists."""
        if run.id in self.runs:
            return False
        self.runs[run.id] = run
        self.writes += 1
        return True

    def save(self, run: Run, **changes: Any) -> Run:
        """Change fields of a row."""
        self.writes += 1
        self.runs[run.id] = changed = run.model_copy(update=changes)
        return changed

    def put(self, run_id: RunId, entry: Entry) -> Entry:
        """Write an entry, at its old place or at the end."""
        entries = self.entries.setdefault(run_id, {})
        before = entries.get(entry.key)
        sequence = len(entries) + 1 if before is None else before.sequence
        entries[entry.key] = placed = entry.model_copy(update={"sequence": sequence})
        self.writes += 1
        return placed

    def remove(self, run: Run) -> None:
        """Forget a run with all that is its."""
        del self.runs[run.id]
        self.entries.pop(run.id, None)
        self.mail.pop(run.id, None)
        self.writes += 1

    def known(self, run_id: RunId) -> Run:
        """Return a row; raises `NotFound` when there is none."""
        if run_id not in self.runs:
            raise NotFound(f"Expected a run, but there is none with the id {run_id!r}: list the runs to see their ids.")
        return self.runs[run_id]

    def holds(self, lease: Lease) -> bool:
        """Tell whether a lease is its run's current one."""
        run = self.runs.get(lease.run_id)
        return run is not None and (run.owner, run.epoch) == (lease.owner, lease.epoch)

    def leased(self, lease: Lease) -> Run:
        """Return the row of a lease; raises `LeaseLost` when that is over."""
        if not self.holds(lease):
            raise LeaseLost(f"Expected the current lease of the run {lease.run_id!r}, but came {lease!r}: stop.")
        return self.runs[lease.run_id]

    def crashed(self, run: Run) -> bool:
        """Tell whether a run's host died while it was under way."""
        return run.state is RunState.RUNNING and run.owner is not None and run.owner not in self.living

    def crashes_of(self, run: Run) -> int:
        """Return the crashes to write into a row that is being taken, and remember how many effects it has."""
        had, has = self.begun_with.get(run.id, 0), len(self.entries.get(run.id, {}))
        self.begun_with[run.id] = has
        if not self.crashed(run):
            return run.crashes
        return 1 if has - had >= PROGRESS else run.crashes + 1

    def by_age(self) -> list[Run]:
        """Return all rows, oldest first."""
        return sorted(self.runs.values(), key=lambda run: run.created_at)

    def tree(self, run_id: RunId) -> Sequence[Run]:
        """Return a run and its descendants, level by level."""
        level = [run for run in self.runs.values() if run.id == run_id]
        found: list[Run] = []
        while level:
            found += level
            parents = {run.id for run in level}
            level = [run for run in self.by_age() if run.parent in parents]
        return found

    def going(self) -> list[Run]:
        """Return the rows that are not final."""
        return [run for run in self.runs.values() if not run.state.final]

    def queue_waiting(self, run_id: RunId | None, at: Moment) -> None:
        """Let a run go on if it waits."""
        run = None if run_id is None else self.runs.get(run_id)
        if run is not None and run.state is RunState.WAITING:
            self.save(run, state=RunState.QUEUED, changed_at=at)

    def queue_waiters(self, ended: Run, at: Moment) -> None:
        """Let those go on that may wait for a run's end: its parent, and who has written to it."""
        for run_id in {ended.parent, *(letter.sender for letter in self.mail.get(ended.id, ()))}:
            self.queue_waiting(None if run_id is None else RunId(run_id), at)

    def obey(self, run: Run, signal: Signal, reason: str | None, at: Moment) -> None:
        """Do to a run on which nobody works what it is asked."""
        state = RunState.KILLED if signal is Signal.KILL else RunState.PAUSED
        crashes = run.crashes + self.crashed(run)
        self.save(run, state=state, reason=reason, changed_at=at, crashes=crashes, signal=None, owner=None)
        if state.final:
            self.queue_waiters(run, at)
