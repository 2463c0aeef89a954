"""A thread with a connection of its own, to which tasks hand work: no SQL ever runs on the event loop.

The writing lane commits in groups: whatever was handed in while a commit was under way shares the next one, so that
sixty-four writers pay for one fsync. A piece of work that fails takes nothing else with it: then the group is done
again, each piece in a savepoint of its own.
The lane knows nothing of runs and entries. It is written for `JournalSqlite`, which has one to write and one to read.
"""

import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, Generic, TypeVar

import anyio
from anyio.lowlevel import current_token

from oxios_kernel.adapters.journal_sqlite_errors import explain, primary_code
from oxios_kernel.errors import JournalError

__all__ = ["Lane", "commit_together", "each_for_itself"]

T = TypeVar("T")

GROUP_MOST = 256
"""Jobs in one commit, so that a flood does not keep the first of them waiting for the last."""


class Job(Generic[T]):
    """A piece of work with its outcome. `done` is set on the event loop, all else is the lane's."""

    def __init__(self, work: Callable[[sqlite3.Connection], T], alone: bool) -> None:
        self.work = work
        self.alone = alone
        self.done = anyio.Event()
        self.error: Exception | None = None
        self.value: T

    def fail(self, error: Exception) -> None:
        self.error = explain(error) if isinstance(error, sqlite3.Error) else error

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return self.value


Jobs = Sequence[Job[Any]]


class Lane:
    """A thread that carries work out in the order in which it was handed in."""

    def __init__(self, connection: sqlite3.Connection, carry_out: Callable[[sqlite3.Connection, Jobs], None]) -> None:
        """Begin to work for the running event loop.

        Args:
            connection: from now on this lane's alone, which also closes it; made with `check_same_thread=False`.
            carry_out: gives each of a group of jobs its value or its error: `commit_together` or `each_for_itself`.
        """
        self._connection = connection
        self._carry_out = carry_out
        self._jobs: SimpleQueue[Job[Any] | None] = SimpleQueue()
        self._tell = _loop_door()
        self._finished: deque[anyio.Event] = deque()
        self._told = False
        self._ended: anyio.Event | None = None
        # A daemon: what was not acknowledged when the interpreter ends was never promised.
        threading.Thread(target=self._live, name=f"journal {carry_out.__name__}", daemon=True).start()

    async def do(self, work: Callable[[sqlite3.Connection], T], *, alone: bool = False) -> T:
        """Return what the work returns, or raise what it raises.

        The work is queued before this waits for the first time. A caller that is cancelled meanwhile does not learn the
        outcome; the work is done all the same, or fails, as a whole.

        Args:
            work: is called with the lane's connection, in its thread.
            alone: whether the work wants no transaction around it.

        Raises:
            JournalError: the store failed, or the lane is closed.
        """
        if self._ended is not None:
            raise JournalError("Expected an open journal, but it was closed: open it again.")
        job = Job(work, alone)
        self._jobs.put(job)
        await job.done.wait()
        return job.outcome()

    async def aclose(self) -> None:
        """Finish what was handed in and close the connection."""
        if self._ended is None:
            self._ended = anyio.Event()
            self._jobs.put(None)
        await self._ended.wait()

    def _live(self) -> None:
        going = True
        while going:
            group = self._next_group()
            going = group[-1] is not None
            jobs = [job for job in group if job is not None]
            self._carry_out(self._connection, jobs)
            # One call for the whole group: waking the loop costs more than most of the work does.
            self._wake([job.done for job in jobs])
        self._connection.close()
        if self._ended is not None:
            self._wake([self._ended])

    def _next_group(self) -> list[Job[Any] | None]:
        group = [self._jobs.get()]
        with suppress(Empty):
            while group[-1] is not None and len(group) < GROUP_MOST:
                group.append(self._jobs.get_nowait())
        return group

    def _wake(self, events: Sequence[anyio.Event]) -> None:
        self._finished.extend(events)
        if self._told:
            return  # the loop has not come round yet, and will find these too
        self._told = True
        # The loop may be gone when a program ends without closing; nobody waits then.
        with suppress(RuntimeError):
            self._tell(self._set_finished)

    def _set_finished(self) -> None:
        self._told = False  # before looking: what is finished from now on tells anew
        while self._finished:
            self._finished.popleft().set()


def commit_together(connection: sqlite3.Connection, jobs: Jobs) -> None:
    """Carry jobs out in one transaction. If it fails as a whole, each has one of its own, so that only the guilty fail.

    A job may therefore be called twice, after everything that it did the first time was rolled back.
    """
    _commit(connection, [job for job in jobs if not job.alone])
    each_for_itself(connection, [job for job in jobs if job.alone])


def each_for_itself(connection: sqlite3.Connection, jobs: Jobs) -> None:
    """Carry out jobs without a transaction around them, as those that only read need none."""
    for job in jobs:
        try:
            job.value = job.work(connection)
        except Exception as error:  # noqa: BLE001  (a request is answered: the caller gets it)
            job.fail(error)


def _commit(connection: sqlite3.Connection, jobs: Jobs) -> None:
    error = _try_together(connection, jobs) if jobs else None
    if error is None:
        return
    # A lock that others did not give up in time would keep each of them waiting for as long again.
    if len(jobs) == 1 or primary_code(error) == sqlite3.SQLITE_BUSY:
        for job in jobs:
            job.fail(error)
        return
    for job in jobs:
        job.error = None
        _commit(connection, [job])


def _try_together(connection: sqlite3.Connection, jobs: Jobs) -> sqlite3.Error | None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        if not _all_work(connection, jobs):
            connection.execute("ROLLBACK")
            connection.execute("BEGIN IMMEDIATE")
            for job in jobs:
                _attempt(connection, job)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        return error
    return None


def _all_work(connection: sqlite3.Connection, jobs: Jobs) -> bool:
    """Carry jobs out without a savepoint for each, which takes as long as most of them do; `False` when one fails."""
    try:
        for job in jobs:
            job.value = job.work(connection)
    except Exception:  # noqa: BLE001  (all are done again, each for itself, and the guilty one's caller gets its error)
        return False
    return True


def _attempt(connection: sqlite3.Connection, job: Job[Any]) -> None:
    connection.execute("SAVEPOINT job")
    try:
        job.value = job.work(connection)
    except Exception as error:
        # A full disk can make SQLite give the whole transaction up; then there is no savepoint to go back to.
        if not connection.in_transaction:
            raise
        job.fail(error)
        connection.execute("ROLLBACK TO job")
    connection.execute("RELEASE job")


def _loop_door() -> Callable[..., Any]:
    """Return the running loop's way of being told something by a thread that does not wait for it.

    `anyio.from_thread` has only calls that block the thread until the loop comes round, which would make every commit
    wait for the slowest task.
    """
    loop: Any = current_token().native_token
    door: Callable[..., Any] = loop.run_sync_soon if hasattr(loop, "run_sync_soon") else loop.call_soon_threadsafe
    return door
