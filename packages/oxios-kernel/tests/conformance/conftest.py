"""The worlds in which journals are held to their promises: one of files and real processes, one in memory.

Each has a clock, and hosts that live and die on one store; the tests take either by its shape.
"""

import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import anyio
import pytest
from oxios_kernel.adapters.journal_sqlite import JournalSqlite
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Run, RunKind, RunState
from oxios_kernel.ports.control import RunControl
from oxios_kernel.ports.journal import Journal, Runs
from oxios_kernel.testing.clock import FakeClock
from oxios_kernel.testing.journal import MemoryJournal

CHILD = Path(__file__).with_name("journal_child.py")
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class Store(Journal, Runs, RunControl, Protocol):
    """The three ports of the one store."""


class SqliteWorld:
    def __init__(self, home: Path, stack: AsyncExitStack) -> None:
        self.clock = FakeClock(BEGAN)
        self._path = home / "oxios.db"
        self._stack = stack

    async def host(self, name: str) -> Store:
        return await self._stack.enter_async_context(await JournalSqlite.open(self._path, name, self.clock))

    async def dead(self, name: str, run_id: str) -> None:
        await anyio.to_thread.run_sync(self._hold_and_die, name, run_id)

    def _hold_and_die(self, name: str, run_id: str) -> None:
        command = [sys.executable, str(CHILD), "hold", str(self._path), name, run_id]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "held\n"
            child.kill()


class MemoryWorld:
    def __init__(self) -> None:
        self.clock = FakeClock(BEGAN)
        self._first = MemoryJournal("first", self.clock)

    async def host(self, name: str) -> Store:
        return self._first.beside(name)

    async def dead(self, name: str, run_id: str) -> None:
        journal = self._first.beside(name)
        run = Run(id=RunId(run_id), kind=RunKind.TURN, created_at=self.clock.now(), changed_at=self.clock.now())
        await journal.add(run)
        lease = await journal.claim(run.id)
        assert lease is not None
        await journal.change(lease, RunState.RUNNING)
        await journal.record(lease, "step/1/model", "asked", {"text": "paid"})
        await journal.intend(lease, "step/1/tool/1", "called")
        journal.die()


@pytest.fixture(params=["sqlite", "memory"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqliteWorld | MemoryWorld]:
    async with AsyncExitStack() as stack:
        yield SqliteWorld(tmp_path, stack) if request.param == "sqlite" else MemoryWorld()
