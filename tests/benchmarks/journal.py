"""What the journal on SQLite costs: fsynced appends alone and in a group, replay, and a collection beside appends; and
its table of runs: adding, and looking for work while ten thousand wait.

On the disk of the system's temporary folder; set TMPDIR to measure another one.
"""

import statistics
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
from oxios_kernel.adapters.clock_system import ClockSystem
from oxios_kernel.adapters.journal_sqlite import JournalSqlite
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Lease, Run, RunKind, RunState

from tests.benchmarks.row import Row

APPENDS = 2_000
GROUP = 64
GROUPS = 40
STEPS = 1_000
REPLAYS = 15
COLLECTED_RUNS = 200
COLLECTED_STEPS = 100
WAITING = 10_000
QUEUED = 50
LEFT = 1_000
LOOKS = 200

RESULT: JsonObject = {"text": "x" * 500, "tokens": 120}
LARGER: JsonObject = {"text": "x" * 2_000}


def bench() -> Iterable[Row]:
    """Yield the journal's figures."""
    with tempfile.TemporaryDirectory() as folder:
        return anyio.run(_measure, Path(folder) / "oxios.db")


async def _measure(path: Path) -> list[Row]:
    async with await JournalSqlite.open(path, "bench", ClockSystem()) as journal:
        appends = await _append_alone(journal)
        grouped = await _append_together(journal)
        replayed = await _replay(journal)
        beside = await _append_beside_a_collection(journal)
        added = await _add_waiting(journal)
        looked, woken = await _look_for_work(journal)
        found = await _find_orphans(journal)
    last = statistics.quantiles(beside, n=100)[-1]
    return [
        Row(figure="journal append, fsynced, p50", goal=0.25, unit="ms", measured=statistics.median(appends)),
        Row(figure="journal append in a group of 64, each", goal=0.05, unit="ms", measured=statistics.median(grouped)),
        Row(figure="replay of a 1,000-step run, p50", goal=15, unit="ms", measured=statistics.median(replayed)),
        Row(figure="append while 20,000 steps are collected, p99", goal=50, unit="ms", measured=last),
        Row(figure="agent added within limits, in a group of 64, each", goal=0.2, unit="ms", measured=added),
        Row(figure="50 queued runs listed beside 10,000 waiting, p50", goal=2, unit="ms", measured=looked),
        Row(figure="nobody woken of 10,000 waiting, p50", goal=1, unit="ms", measured=woken),
        Row(figure="1,000 orphans found, p50", goal=50, unit="ms", measured=found),
    ]


async def _append_alone(journal: JournalSqlite) -> list[float]:
    lease, taken = await _begin(journal, "alone"), []
    for number in range(APPENDS):
        started = time.perf_counter()
        await journal.record(lease, f"step/{number}/model", "d" * 64, RESULT)
        taken.append(_milliseconds_since(started))
    return taken


async def _append_together(journal: JournalSqlite) -> list[float]:
    lease, taken = await _begin(journal, "together"), []
    for group in range(GROUPS):
        started = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for number in range(GROUP):
                tasks.start_soon(journal.record, lease, f"step/{group}/tool/{number}", "d" * 64, RESULT)
        taken.append(_milliseconds_since(started) / GROUP)
    return taken


async def _replay(journal: JournalSqlite) -> list[float]:
    lease, taken = await _begin(journal, "replayed"), []
    for number in range(STEPS):
        await journal.record(lease, f"step/{number}/model", "d" * 64, RESULT)
    for _ in range(REPLAYS):
        started = time.perf_counter()
        await journal.replay(lease.run_id)
        taken.append(_milliseconds_since(started))
    return taken


async def _append_beside_a_collection(journal: JournalSqlite) -> list[float]:
    for number in range(COLLECTED_RUNS):
        lease = await _begin(journal, f"collected-{number}")
        async with anyio.create_task_group() as tasks:
            for step in range(COLLECTED_STEPS):
                tasks.start_soon(journal.record, lease, f"step/{step}", "d" * 64, LARGER)
        await journal.change(lease, RunState.DONE)
    working, taken = await _begin(journal, "working"), []

    async def append() -> None:
        for number in range(1_000_000):
            started = time.perf_counter()
            await journal.record(working, f"step/{number}", "d" * 64, RESULT)
            taken.append(_milliseconds_since(started))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(append)
        await journal.collect(0, datetime.min.replace(tzinfo=UTC))
        tasks.cancel_scope.cancel()
    return taken


async def _add_waiting(journal: JournalSqlite) -> float:
    """Add the crowd, and return what each of the last agents took."""
    taken = []
    for first in range(0, WAITING, GROUP):
        started = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for number in range(first, first + GROUP):
                run = _agent(f"waiting-{number}", RunState.WAITING)
                tasks.start_soon(journal.add_within, run, 2 * WAITING, 1)
        taken.append(_milliseconds_since(started) / GROUP)
    return statistics.median(taken[-GROUPS:])


async def _look_for_work(journal: JournalSqlite) -> tuple[float, float]:
    for number in range(QUEUED):
        await journal.add(_agent(f"queued-{number}", RunState.QUEUED))
    looks, wakes = [], []
    for _ in range(LOOKS):
        started = time.perf_counter()
        await journal.queued(QUEUED)
        looks.append(_milliseconds_since(started))
        started = time.perf_counter()
        await journal.wake(datetime.now(UTC))
        wakes.append(_milliseconds_since(started))
    return statistics.median(looks), statistics.median(wakes)


async def _find_orphans(journal: JournalSqlite) -> float:
    async with anyio.create_task_group() as tasks:
        for number in range(LEFT):
            tasks.start_soon(journal.add, _agent(f"left-{number}", RunState.RUNNING))
    taken = []
    for _ in range(REPLAYS):
        started = time.perf_counter()
        await journal.orphans()
        taken.append(_milliseconds_since(started))
    return statistics.median(taken)


def _agent(name: str, state: RunState) -> Run:
    now = datetime.now(UTC)
    wake_at = now + timedelta(hours=1) if state is RunState.WAITING else None
    owner = "dead" if state is RunState.RUNNING else None
    fields = {"id": name, "kind": RunKind.AGENT, "created_at": now, "changed_at": now, "input": {"task": "x" * 500}}
    return Run.model_validate(fields | {"state": state, "wake_at": wake_at, "owner": owner})


async def _begin(journal: JournalSqlite, name: str) -> Lease:
    now = datetime.now(UTC)
    await journal.add(Run(id=RunId(name), kind=RunKind.AGENT, created_at=now, changed_at=now))
    lease = await journal.claim(RunId(name))
    assert lease is not None
    await journal.change(lease, RunState.RUNNING)
    return lease


def _milliseconds_since(started: float) -> float:
    return (time.perf_counter() - started) * 1e3
