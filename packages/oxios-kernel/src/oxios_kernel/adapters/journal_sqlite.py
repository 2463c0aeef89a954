"""The ports `Journal` and `Runs` on one SQLite file: an event-sourced journal with one writing thread.

A write is on the disk (WAL, `synchronous=FULL`) when its call returns, and writes that come together share one fsync.
Several processes may have the same file open, each as a host of its own. This module turns calls into work for two
threads, one that writes and one that reads; what the work is stands in `journal_sqlite_entries` and
`journal_sqlite_runs`. Its fake is `testing.MemoryJournal`; one conformance suite holds both.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
from anyio import to_thread

from oxios_kernel.adapters import journal_sqlite_entries as entries
from oxios_kernel.adapters import journal_sqlite_runs as runs
from oxios_kernel.adapters.hosts_flock import HostsFlock, doorway
from oxios_kernel.adapters.journal_sqlite_entries import Effect
from oxios_kernel.adapters.journal_sqlite_facts import encode
from oxios_kernel.adapters.journal_sqlite_file import connect, prepare
from oxios_kernel.adapters.journal_sqlite_lane import Lane, commit_together, each_for_itself
from oxios_kernel.domain.fact import Json, Moment
from oxios_kernel.domain.ids import RunId, is_id
from oxios_kernel.domain.run import Entry, Lease, Run, RunState
from oxios_kernel.errors import HomeError, InputError
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.journal import Intent, RunQuery

__all__ = ["JournalSqlite"]


class JournalSqlite:
    """The journal and the runs of a home, as one host.

    Attributes:
        host: this host's name, the owner in its leases.
        notices: sentences for the person about what happened at opening, such as a damaged file that was kept.
    """

    def __init__(self, opened: "_Opened", clock: Clock) -> None:
        self.host = opened.hosts.host
        self.notices = opened.notices
        self._hosts = opened.hosts
        self._clock = clock
        self._writer = Lane(opened.writer, commit_together)
        self._reader = Lane(opened.reader, each_for_itself)
        self._closed = False

    @classmethod
    async def open(cls, path: Path, host: str, clock: Clock) -> Self:
        """Open the journal of a home, making what is not there yet. Leave it with `aclose` or `async with`.

        Args:
            path: the database file; the locks of hosts are in `run/` beside it.
            host: a name for this opening, never used before: an identifier.
            clock: gives the moments in rows and entries.

        Raises:
            InputError: the host's name is not an identifier.
            Conflict: a living host has that name.
            HomeError: the file cannot be opened or written, or a newer program wrote it.
        """
        if not is_id(host):
            raise InputError(f"Expected an identifier as the host's name, but came {host!r}.")
        # Shielded, since a cancelled opening would leave a host that lives and belongs to nobody.
        with anyio.CancelScope(shield=True):
            opened = await to_thread.run_sync(_open, path, host)
        return cls(opened, clock)

    async def aclose(self) -> None:
        """Finish the writes that were handed in, close the file and stop being a living host."""
        with anyio.CancelScope(shield=True):
            await self._reader.aclose()
            await self._writer.aclose()
        if not self._closed:
            self._closed = True
            self._hosts.leave()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def replay(self, run_id: RunId) -> Sequence[Entry]:
        return await self._reader.do(partial(entries.replay, run_id=run_id))

    async def intend(self, lease: Lease, key: str, digest: str) -> Intent:
        effect = Effect(key=key, digest=digest, at=self._clock.now())
        return await self._writer.do(partial(entries.intend, lease=lease, effect=effect))

    async def record(self, lease: Lease, key: str, digest: str, result: Json) -> Entry:
        effect = Effect(key=key, digest=digest, at=self._clock.now(), result=result, stored=encode(result))
        return await self._writer.do(partial(entries.record, lease=lease, effect=effect))

    async def add(self, run: Run) -> bool:
        return await self._writer.do(partial(runs.add, run=run))

    async def get(self, run_id: RunId) -> Run | None:
        return await self._reader.do(partial(runs.get, run_id=run_id))

    async def find(self, query: RunQuery) -> Sequence[Run]:
        return await self._reader.do(partial(runs.find, query=query))

    async def claim(self, run_id: RunId) -> Lease | None:
        # Shielded, since a lease whose taker was cancelled would be held, by a living host, for ever.
        with anyio.CancelScope(shield=True):
            lease = await self._writer.do(partial(runs.claim, run_id=run_id, host=self.host, alive=self._hosts.alive))
        return lease  # noqa: RET504  (mypy: a scope may swallow its own cancellation, so `with` cannot return)

    async def release(self, lease: Lease) -> None:
        await self._writer.do(partial(runs.release, lease=lease))

    async def change(self, lease: Lease, state: RunState, *, output: Json = None, reason: str | None = None) -> Run:
        changes = {"state": state, "output": output, "reason": reason, "changed_at": self._clock.now()}
        return await self._writer.do(partial(runs.change, lease=lease, changes=changes))

    async def orphans(self) -> Sequence[Run]:
        return await self._reader.do(self._orphans)

    async def collect(self, keep: int, older_than: Moment) -> int:
        # Each chunk is a transaction of its own: the appends of running agents come in between.
        removed = 0
        while chunk := await self._writer.do(partial(runs.collect, keep=keep, older_than=older_than)):
            removed += chunk
        if removed:
            await self._writer.do(runs.drop_blobs)
            while await self._writer.do(runs.vacuum, alone=True):
                pass
        return removed

    def _orphans(self, connection: sqlite3.Connection) -> list[Run]:
        return [run for run in runs.running(connection) if run.owner is None or not self._hosts.alive(run.owner)]


@dataclass(frozen=True, kw_only=True)
class _Opened:
    hosts: HostsFlock
    writer: sqlite3.Connection
    reader: sqlite3.Connection
    notices: tuple[str, ...]


def _open(path: Path, host: str) -> _Opened:
    folder = path.parent / "run"
    try:
        with doorway(folder), ExitStack() as undo:
            notice = prepare(path)
            hosts = HostsFlock.enter(folder, host)
            undo.callback(hosts.leave)
            writer = undo.enter_context(closing(connect(path)))
            reader = connect(path)
            undo.pop_all()
    except (OSError, sqlite3.Error) as error:
        raise HomeError(
            f"Expected to read and write the database {path}, but: {error}.",
            hint="Look at the folder's rights and the disk's space, or set OXIOS_HOME to another folder.",
        ) from error
    return _Opened(hosts=hosts, writer=writer, reader=reader, notices=() if notice is None else (notice,))
