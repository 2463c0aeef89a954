"""Acting on runs that somebody else may be working on: signals, parking, waking, mail.

The second half of the table of runs, on the same store as `ports/journal.py` and with the same promises: durable when
the call returns, atomic, fenced.
"""

from collections.abc import Sequence
from typing import Protocol

from oxios_kernel.domain.fact import JsonObject, Moment
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.run import Entry, Lease, Run, Signal

__all__ = ["RunControl"]


class RunControl(Protocol):
    """What one run, or a person, does to others."""

    async def tree(self, run_id: RunId) -> Sequence[Run]:
        """Return a run and all its descendants, parents before their children; empty for an unknown run."""
        ...

    async def progress(self, run_id: RunId) -> Moment | None:
        """Return when something of a run or of a descendant of it happened last: an effect was begun or recorded, or a
        state changed. `None` for an unknown run.
        """
        ...

    async def signal(self, run_id: RunId, signal: Signal, reason: str) -> Sequence[Run]:
        """Ask a whole tree to be killed or paused, in one commit, and return the rows as they are then, as `tree` does.

        Runs that no living host works on enter the state at once, with the reason. The others keep signal and reason in
        their row until their host obeys, or gives the lease back; a kill replaces a pause, a pause does not replace a
        kill. Final runs stay as they are, and paused ones when the signal is a pause. Who waits for a run that it ends
        is queued; see `wake`.
        """
        ...

    async def signalled(self) -> Sequence[Run]:
        """Return the runs that this host works on and that carry a signal."""
        ...

    async def park(self, lease: Lease, waiting_for: Sequence[RunId], wake_at: Moment | None, letters: int) -> Run:
        """Let a running run wait, and give its lease back, in one commit.

        Args:
            lease: its lease, over afterwards.
            waiting_for: runs, one of which must end: its children, or runs that it has written to. One that does not
                exist counts as ended.
            wake_at: when it goes on in any case, `None` for never.
            letters: how many letters of its mailbox it has read; a further one wakes it. -1 when it asks for none: then
                those that are there already do not, but the next one does.

        Returns:
            The row: `WAITING`, or `QUEUED` when what it waits for is there already or it carries a signal.

        Raises:
            IllegalTransition: the run is not running.
            LeaseLost: the lease is not the run's current one.
        """
        ...

    async def wake(self, now: Moment) -> Sequence[RunId]:
        """Queue the waiting runs whose moment is there, and return them.

        Ends and letters wake by themselves: what makes a run final queues, in the same commit, its parent and those who
        have written to it, if they wait; posting a letter queues its waiting reader.
        """
        ...

    async def next_moment(self) -> Moment | None:
        """Return the earliest moment for which a run waits, `None` when none does."""
        ...

    async def resume(self, run_id: RunId) -> Run:
        """Queue a paused run, and take a pause that was not obeyed yet back.

        Raises:
            NotFound: no such run.
            IllegalTransition: the run is final.
        """
        ...

    async def queued(self, limit: int) -> Sequence[Run]:
        """Return runs in `QUEUED` that nobody holds: the most urgent first, of equals the oldest."""
        ...

    async def reprioritise(self, run_id: RunId, priority: int) -> Run:
        """Change how urgent a run is.

        Raises:
            InputError: the priority is not from 0 to 3.
            NotFound: no such run.
        """
        ...

    async def amend(self, run_id: RunId, changes: JsonObject) -> Run:
        """Replace fields of what a run was started with; they count when it is taken up the next time.

        Raises:
            IllegalTransition: the run is final.
            NotFound: no such run.
        """
        ...

    async def post(self, letter: Letter) -> Letter:
        """Put a letter into a mailbox, and queue its reader if that waits. The same key again changes nothing.

        Raises:
            NotFound: no such run.
            Conflict: the reader is final, or its mailbox is full.
        """
        ...

    async def letters(self, run_id: RunId, after: int = 0) -> Sequence[Letter]:
        """Return the letters to a run with a number above `after`, oldest first."""
        ...

    async def add_within(self, run: Run, crowd: int, children: int) -> bool:
        """Add an agent's row if there is room, in one commit; `False` when that id exists already, room or not.

        Args:
            run: the row.
            crowd: how many agents of this store may be without an end, this one included: `agents.max_agents`.
            children: how many children of its parent may be: `agents.max_children`.

        Raises:
            Conflict: there is no room (the message names the setting), or its parent is killed or about to be.
        """
        ...

    async def branch(self, source: RunId, run: Run, entries: Sequence[Entry]) -> bool:
        """Add a run whose journal begins with these done entries, in one commit; `False` when its id exists already.

        Raises:
            NotFound: there is no source.
        """
        ...

    async def version(self) -> int:
        """Return a number that is another one after another host has written; cheap enough for ten times a second.

        It may also be another one after this host has written, so it says when to look, not what is there.
        """
        ...

    async def crowd(self) -> int:
        """Return how many agents are not final: the size of the crowd that `agents.max_agents` bounds."""
        ...
