"""The journal of effects and the table of runs, on one store, so that a state and its effects commit together.

Rules for adapters: a write is on the disk when the call returns; an error in one operation fails that operation, not
those that share its commit; a write under a lease whose epoch is not the run's current one raises `LeaseLost` and
changes nothing. Nothing above this port may assume that the process that started a run is the one that carries it out.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from oxios_kernel.domain.fact import Json, Moment
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Entry, Lease, Run, RunKind, RunState

__all__ = ["Intent", "Journal", "RunQuery", "Runs"]


@dataclass(frozen=True, kw_only=True)
class Intent:
    """What `Journal.intend` found.

    Attributes:
        entry: the entry under that key now.
        new: whether this call wrote it; `False` means that the effect was begun (or done) before.
    """

    entry: Entry
    new: bool


@dataclass(frozen=True, kw_only=True)
class RunQuery:
    """Which runs to list; what is `None` does not restrict.

    Attributes:
        kinds: only these kinds.
        states: only these states.
        session_id: only of this conversation.
        parent: only children of this run.
        group: only members of this group.
        prefix: only those whose id begins so.
        limit: at most so many, newest first.
    """

    kinds: Collection[RunKind] | None = None
    states: Collection[RunState] | None = None
    session_id: str | None = None
    parent: RunId | None = None
    group: str | None = None
    prefix: str | None = None
    limit: int = 1000


class Journal(Protocol):
    """The effects of runs."""

    async def replay(self, run_id: RunId) -> Sequence[Entry]:
        """Return a run's entries in the order in which they were begun; empty for an unknown run.

        Raises:
            JournalError: the store cannot be read.
        """
        ...

    async def intend(self, lease: Lease, key: str, digest: str) -> Intent:
        """Write down that an effect is about to happen, unless the key has an entry already.

        Raises:
            JournalMismatch: the key has an entry with another digest.
            LeaseLost: the lease is not the run's current one.
            JournalError: the store cannot be written.
        """
        ...

    async def record(self, lease: Lease, key: str, digest: str, result: Json) -> Entry:
        """Write down an effect's result, with or without an intent before it.

        A key that is done already with the same digest is left as it is and returned.

        Raises:
            JournalMismatch: the key has an entry with another digest.
            LeaseLost: the lease is not the run's current one.
            JournalError: the store cannot be written.
        """
        ...


class Runs(Protocol):
    """The rows of runs and the leases on them."""

    async def add(self, run: Run) -> bool:
        """Add a row; `False` when that id exists already (the row is left as it is)."""
        ...

    async def get(self, run_id: RunId) -> Run | None:
        """Return a row, `None` when there is none."""
        ...

    async def find(self, query: RunQuery) -> Sequence[Run]:
        """Return the rows that a query names, newest first."""
        ...

    async def claim(self, run_id: RunId) -> Lease | None:
        """Take the lease on a run for this host, if nobody alive holds it and the run is not final.

        Taking it counts an attempt and begins a new epoch, and counts a crash when the host that held it died while the
        run was under way. `None` when another living host (or another task of this one) holds it, or the run is final.

        Raises:
            NotFound: no such run.
        """
        ...

    async def release(self, lease: Lease) -> None:
        """Give a lease back; no error when it was lost.

        A signal that was not obeyed takes effect now, since nobody works on the run any more.
        """
        ...

    async def change(self, lease: Lease, state: RunState, *, output: Json = None, reason: str | None = None) -> Run:
        """Bring a run into a state, with what came of it.

        An end takes the run's signal away and queues, in the same commit, its parent and those who have written to it,
        if they wait; a pause takes a pause signal away. A run under way waits for nothing any more. A signal that stays
        keeps its reason, unless another is given. A state that the run is in already changes nothing.

        Raises:
            IllegalTransition: the state may not follow the run's.
            LeaseLost: the lease is not the run's current one.
        """
        ...

    async def orphans(self) -> Sequence[Run]:
        """Return the runs in `RUNNING` that no living host holds (it died, or gave the lease back), oldest first."""
        ...

    async def collect(self, keep: int, older_than: Moment) -> int:
        """Remove final runs with their journals, little by little, and give the room back to the disk.

        A run whose parent is not final stays, since its parent may still ask for it.

        Args:
            keep: how many final runs stay at most; those that changed last do.
            older_than: final runs that changed last before this moment go in any case.

        Returns:
            How many runs were removed.
        """
        ...
