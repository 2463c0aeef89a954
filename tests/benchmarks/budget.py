"""What budgets and circuit breakers cost a model call, and whether a hundred racers overspend a budget.

The ledger is the real one on SQLite. A call alone waits for two commits; racers share them.
"""

import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import anyio
from oxios_kernel.adapters.clock_system import ClockSystem
from oxios_kernel.adapters.ledger_sqlite import LedgerSqlite
from oxios_kernel.domain.budget import EVERYBODY, Limit, payers
from oxios_kernel.domain.meter import Granted
from oxios_kernel.domain.spend import Usage
from oxios_kernel.ports.ledger import ModelCall
from oxios_kernel.resilience import Breakers, Outcome, Permit

from tests.benchmarks.row import Row

RACERS = 100
ROUNDS = 1_000
ALONE = 500
GUARDED = 100_000

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
USAGE = Usage(input_tokens=900, output_tokens=100, calls=1, cost_micro_usd=30)
SCOPES = payers(["child", "parent"], principal="p", space="s")


def bench() -> Iterable[Row]:
    """Yield the figures of budgets and breakers."""
    with tempfile.TemporaryDirectory() as folder:
        yield from anyio.run(_budgets, Path(folder) / "oxios.db")
    yield Row(figure="ask a circuit and report to it", goal=10, unit="µs", measured=_guarded() * 1e6)


async def _budgets(path: Path) -> list[Row]:
    async with await LedgerSqlite.open(path, "bench") as ledger:
        for scope in SCOPES:
            await ledger.set_limit(Limit(scope=scope, tokens=10**12, window_seconds=3600), NOON)
        await ledger.set_limit(Limit(scope=EVERYBODY, calls=ALONE + RACERS * ROUNDS // 2), NOON)
        numbers = count()

        async def spend(rounds: int) -> None:
            for _ in range(rounds):
                call = ModelCall(id=f"c{next(numbers)}", run_id="child", model="test/model", scopes=SCOPES)
                if isinstance(await ledger.reserve(call, USAGE, NOON), Granted):
                    await ledger.settle(call, USAGE, NOON)

        started = time.perf_counter()
        await spend(ALONE)
        alone = (time.perf_counter() - started) / ALONE
        started = time.perf_counter()
        async with anyio.create_task_group() as racers:
            for _ in range(RACERS):
                racers.start_soon(spend, ROUNDS)
        together = (time.perf_counter() - started) / (RACERS * ROUNDS)
        limit, _ = await ledger.meters([EVERYBODY], NOON)
        spent = 100 * limit.spent.calls / (limit.limit.calls or 1)
    return [
        Row(figure="reserve and settle a call alone, five payers", goal=5_000, unit="µs", measured=alone * 1e6),
        Row(figure=f"the same among {RACERS} racers × {ROUNDS:,}", goal=1_000, unit="µs", measured=together * 1e6),
        Row(figure="spent of the budget they race for", goal=100, unit="%", measured=spent),
    ]


def _guarded() -> float:
    breakers = Breakers(clock=ClockSystem(), tell=lambda _: None)
    started = time.perf_counter()
    for _ in range(GUARDED):
        permit = breakers.ask("test/model")
        if isinstance(permit, Permit):
            breakers.report("test/model", permit, Outcome.WELL)
    return (time.perf_counter() - started) / GUARDED
