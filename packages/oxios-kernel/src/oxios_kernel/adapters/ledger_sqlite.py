"""The port `Ledger` in the journal's SQLite file, on connections of its own: tables beside the journal's.

A decision and what it reserves are one transaction that no other process comes between. The work is in
`ledger_sqlite_calls`, the threads are the journal's kind of lanes. Its fake is `testing.MemoryLedger`; one conformance
suite holds both.
"""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from datetime import datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

import anyio
from anyio import to_thread

from oxios_kernel.adapters import ledger_sqlite_calls as ledger
from oxios_kernel.adapters.hosts_flock import doorway
from oxios_kernel.adapters.journal_sqlite_file import connect, prepare
from oxios_kernel.adapters.journal_sqlite_lane import Lane, commit_together, each_for_itself
from oxios_kernel.adapters.ledger_sqlite_rows import migrate
from oxios_kernel.domain.budget import Limit, Scope, Spent
from oxios_kernel.domain.meter import Granted, Meter, Refused, Settled
from oxios_kernel.domain.spend import Usage
from oxios_kernel.errors import HomeError
from oxios_kernel.ports.ledger import ModelCall, Paid

__all__ = ["LedgerSqlite"]


class LedgerSqlite:
    """The ledger of a home, as one host.

    Attributes:
        host: the host whose calls these are.
    """

    def __init__(self, host: str, *, writer: sqlite3.Connection, reader: sqlite3.Connection) -> None:
        self.host = host
        self._writer = Lane(writer, commit_together)
        self._reader = Lane(reader, each_for_itself)

    @classmethod
    async def open(cls, path: Path, host: str) -> Self:
        """Open the ledger of a home, making what is not there yet. Leave it with `aclose` or `async with`.

        Args:
            path: the database file, which is the journal's too.
            host: this host's name, the same as the journal's, so that `recover` knows whether it lives.

        Raises:
            HomeError: the file cannot be opened or written, or a newer program wrote it.
        """
        with anyio.CancelScope(shield=True):
            writer, reader = await to_thread.run_sync(_open, path)
        return cls(host, writer=writer, reader=reader)

    async def aclose(self) -> None:
        """Finish what was handed in and close the file."""
        with anyio.CancelScope(shield=True):
            await self._reader.aclose()
            await self._writer.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def reserve(self, call: ModelCall, estimate: Usage, now: datetime) -> Granted | Refused:
        need = Spent.of(estimate)
        return await self._writer.do(partial(ledger.reserve, call=call, need=need, now=now, host=self.host))

    async def settle(self, call: ModelCall, usage: Usage, now: datetime) -> Settled:
        return await self._writer.do(partial(ledger.settle, call=call, usage=usage, now=now))

    async def release(self, call_id: str) -> None:
        await self._writer.do(partial(ledger.release, call_id=call_id))

    async def recover(self, alive: Callable[[str], bool]) -> int:
        return await self._writer.do(partial(ledger.recover, alive=alive))

    async def spent(self, scope: Scope, since: datetime | None = None) -> Spent:
        return await self._reader.do(partial(ledger.spent, scope=scope, since=since))

    async def meters(self, scopes: Sequence[Scope], now: datetime) -> Sequence[Meter]:
        return await self._reader.do(partial(ledger.meters, scopes=scopes, now=now))

    async def paid(self, run_id: str | None = None, limit: int = 1000) -> Sequence[Paid]:
        return await self._reader.do(partial(ledger.paid, run_id=run_id, limit=limit))

    async def set_limit(self, limit: Limit, now: datetime) -> None:
        await self._writer.do(partial(ledger.set_limit, limit=limit, now=now))

    async def remove_limit(self, scope: Scope, window_seconds: int | None = None) -> bool:
        return await self._writer.do(partial(ledger.remove_limit, scope=scope, window_seconds=window_seconds))

    async def limits(self) -> Sequence[Limit]:
        return await self._reader.do(ledger.limits)


def _open(path: Path) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    try:
        with doorway(path.parent / "run"), ExitStack() as undo:
            # The journal's tables first, whoever comes first: some settings of a file must precede all tables.
            prepare(path)
            writer = undo.enter_context(closing(connect(path)))
            migrate(writer)
            # A reply is written to the journal, in the same write-ahead log and with an fsync, after its call is paid
            # here; so this needs none of its own to be there whenever the reply is.
            writer.execute("PRAGMA synchronous = NORMAL")
            reader = connect(path)
            undo.pop_all()
    except (OSError, sqlite3.Error) as error:
        raise HomeError(
            f"Expected to read and write the database {path}, but: {error}.",
            hint="Look at the folder's rights, the disk's space and what else has it open, or set another OXIOS_HOME.",
        ) from error
    return writer, reader
