"""The worlds in which journals are held to their promises: one of files and real processes, one in memory.

Each has a clock, and hosts that live and die on one store. A test's own fixture opens either by its name.
"""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import anyio
from oxios_kernel.adapters.journal_sqlite import JournalSqlite
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Lease, Run, RunKind, RunState
from oxios_kernel.ports.control import RunControl
from oxios_kernel.ports.journal import Journal, Runs
from oxios_kernel.testing.clock import FakeClock
from oxios_kernel.testing.journal import MemoryJournal

WORLDS = ("sqlite", "memory")
CHILD = Path(__file__).parents[1] / "packages/oxios-kernel/tests/conformance/journal_child.py"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Store(Journal, Runs, RunControl, Protocol):
    """The three ports of the one store."""


class World(Protocol):
    """A store, and hosts that live and die on it."""

    clock: FakeClock

    async def host(self, name: str) -> Store:
        """Return a living host's view."""
        ...

    async def dead(self, name: str, run_id: str, more: int = 0) -> None:
        """Let a host take a run, record `step/1/model` and `more` effects, intend `step/1/tool/1`, and be killed."""
        ...


class SqliteWorld:
    """Files, and a real process for who is to die."""

    def __init__(self, home: Path, stack: AsyncExitStack) -> None:
        self.clock = FakeClock(BEGAN)
        self._path = home / "oxios.db"
        self._stack = stack

    async def host(self, name: str) -> Store:
        return await self._stack.enter_async_context(await JournalSqlite.open(self._path, name, self.clock))

    async def dead(self, name: str, run_id: str, more: int = 0) -> None:
        await anyio.to_thread.run_sync(self._hold_and_die, name, run_id, more)

    def _hold_and_die(self, name: str, run_id: str, more: int) -> None:
        command = [sys.executable, str(CHILD), "hold", str(self._path), name, run_id, str(more)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            child.kill()


class MemoryWorld:
    """Views of one object."""

    def __init__(self) -> None:
        self.clock = FakeClock(BEGAN)
        self._first = MemoryJournal("first", self.clock)

    async def host(self, name: str) -> Store:
        return self._first.beside(name)

    async def dead(self, name: str, run_id: str, more: int = 0) -> None:
        journal = self._first.beside(name)
        lease = await begin(journal, run_id)
        await journal.record(lease, "step/1/model", "asked", {"text": "paid"})
        for number in range(more):
            await journal.record(lease, f"{name}/{number}", "asked", "done")
        await journal.intend(lease, "step/1/tool/1", "called")
        journal.die()


@asynccontextmanager
async def a_world(name: str, home: Path) -> AsyncIterator[World]:
    """Open a world, one of `WORLDS`, with its files in a folder."""
    async with AsyncExitStack() as stack:
        yield SqliteWorld(home, stack) if name == "sqlite" else MemoryWorld()


def agent(run_id: str, parent: str | None = None, *, age: int = 0, **fields: object) -> Run:
    """Return an agent's row that was written `age` seconds after the beginning."""
    at = BEGAN + timedelta(seconds=age)
    document = {"id": run_id, "kind": RunKind.AGENT, "parent": parent, "created_at": at, "changed_at": at} | fields
    return Run.model_validate(document)


async def begin(store: Store, run_id: str, parent: str | None = None) -> Lease:
    """Have an agent under way."""
    await store.add(agent(run_id, parent))
    lease = await store.claim(RunId(run_id))
    assert lease is not None
    await store.change(lease, RunState.RUNNING)
    return lease
