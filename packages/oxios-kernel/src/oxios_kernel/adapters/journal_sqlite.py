"""The ports `Journal`, `Runs` and `RunControl` on one SQLite file: an event-sourced journal with one writing thread.

A write is on the disk (WAL, `synchronous=FULL`) when its call returns, and writes that come together share one fsync.
Several processes may have the same file open, each as a host of its own. This module turns calls into work for two
threads, one that writes and one that reads; what the work is stands in `journal_sqlite_entries`, `_runs`, `_control`
and `_mail`. Its fake is `testing.MemoryJournal`; one conformance suite holds both.
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

from oxios_kernel.adapters import journal_sqlite_control as control
from oxios_kernel.adapters import journal_sqlite_entries as effects
from oxios_kernel.adapters import journal_sqlite_mail as mail
from oxios_kernel.adapters import journal_sqlite_runs as runs
from oxios_kernel.adapters.hosts_flock import HostsFlock, doorway
from oxios_kernel.adapters.journal_sqlite_entries import Effect
from oxios_kernel.adapters.journal_sqlite_facts import encode
from oxios_kernel.adapters.journal_sqlite_file import connect, prepare
from oxios_kernel.adapters.journal_sqlite_lane import Lane, commit_together, each_for_itself
from oxios_kernel.domain.fact import Json, JsonObject, Moment
from oxios_kernel.domain.ids import RunId, is_id
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.run import Entry, Lease, Run, RunState, Signal
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

    def alive(self, host: str) -> bool:
        """Tell whether a host lives; it may be asked in any thread."""
        return self._hosts.alive(host)

    async def replay(self, run_id: RunId) -> Sequence[Entry]:
        return await self._reader.do(partial(effects.replay, run_id=run_id))

    async def intend(self, lease: Lease, key: str, digest: str) -> Intent:
        effect = Effect(key=key, digest=digest, at=self._clock.now())
        return await self._writer.do(partial(effects.intend, lease=lease, effect=effect))

    async def record(self, lease: Lease, key: str, digest: str, result: Json) -> Entry:
        effect = Effect(key=key, digest=digest, at=self._clock.now(), result=result, stored=encode(result))
        return await self._writer.do(partial(effects.record, lease=lease, effect=effect))

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
        await self._writer.do(partial(runs.release, lease=lease, at=self._clock.now()))

    async def change(self, lease: Lease, state: RunState, *, output: Json = None, reason: str | None = None) -> Run:
        changes = {"state": state, "output": output, "reason": reason, "changed_at": self._clock.now()}
        return await self._writer.do(partial(runs.change, lease=lease, changes=changes))

    async def orphans(self) -> Sequence[Run]:
        return await self._reader.do(partial(runs.orphans, alive=self._hosts.alive))

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

    async def tree(self, run_id: RunId) -> Sequence[Run]:
        return await self._reader.do(partial(control.tree, run_id=run_id))

    async def progress(self, run_id: RunId) -> Moment | None:
        return await self._reader.do(partial(control.progress, run_id=run_id))

    async def signal(self, run_id: RunId, signal: Signal, reason: str) -> Sequence[Run]:
        request = control.Request(signal=signal, reason=reason, at=self._clock.now())
        alive = self._hosts.alive
        return await self._writer.do(partial(control.signal, run_id=run_id, request=request, alive=alive))

    async def signalled(self) -> Sequence[Run]:
        return await self._reader.do(partial(control.signalled, host=self.host))

    async def park(self, lease: Lease, waiting_for: Sequence[RunId], wake_at: Moment | None, letters: int) -> Run:
        wait = control.Wait(children=tuple(waiting_for), wake_at=wake_at, letters=letters)
        return await self._writer.do(partial(control.park, lease=lease, wait=wait, at=self._clock.now()))

    async def wake(self, now: Moment) -> Sequence[RunId]:
        return await self._writer.do(partial(control.wake, now=now))

    async def next_moment(self) -> Moment | None:
        return await self._reader.do(control.next_moment)

    async def resume(self, run_id: RunId) -> Run:
        return await self._writer.do(partial(control.resume, run_id=run_id, at=self._clock.now()))

    async def queued(self, limit: int) -> Sequence[Run]:
        return await self._reader.do(partial(control.queued, limit=limit, alive=self._hosts.alive))

    async def reprioritise(self, run_id: RunId, priority: int) -> Run:
        return await self._writer.do(partial(control.reprioritise, run_id=run_id, priority=priority))

    async def amend(self, run_id: RunId, changes: JsonObject) -> Run:
        return await self._writer.do(partial(control.amend, run_id=run_id, changes=changes))

    async def post(self, letter: Letter) -> Letter:
        return await self._writer.do(partial(mail.post, letter=letter, at=self._clock.now()))

    async def letters(self, run_id: RunId, after: int = 0) -> Sequence[Letter]:
        return await self._reader.do(partial(mail.letters, run_id=run_id, after=after))

    async def add_within(self, run: Run, crowd: int, children: int) -> bool:
        return await self._writer.do(partial(control.add_within, run=run, most=crowd, most_children=children))

    async def branch(self, source: RunId, run: Run, entries: Sequence[Entry]) -> bool:
        return await self._writer.do(partial(control.branch, source=source, run=run, entries=entries))

    async def version(self) -> int:
        return await self._reader.do(control.version)

    async def crowd(self) -> int:
        return await self._reader.do(control.crowd)


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
            hint="Look at the folder's rights, the disk's space and what else has it open, or set another OXIOS_HOME.",
        ) from error
    return _Opened(hosts=hosts, writer=writer, reader=reader, notices=() if notice is None else (notice,))
