"""What it costs to put a run in line and give it a slot, in memory: the slots alone, and through the scheduler's door.

Each round has all its runs in line before the first is let through, so that the line is as long as it gets.
"""

import time
from collections.abc import Iterable
from dataclasses import replace

import anyio
from oxios_kernel.adapters.clock_system import ClockSystem
from oxios_kernel.domain.job import Priority, QueuedRun
from oxios_kernel.schedule import Caps, Rates, Scheduler
from oxios_kernel.schedule.slots import Slots

from tests.benchmarks.row import Row

RUNS = 20_000
ROUNDS = 5
CAPS = Caps(concurrent=8, per_principal=8, per_provider=8, ageing_seconds=60)


def bench() -> Iterable[Row]:
    """Yield microseconds per run, each the best of some rounds; of the slots alone in processor time."""
    for principals in (1, 10, 100):
        runs = _runs(principals)
        best = min(_slots(runs) for _ in range(ROUNDS))
        figure = f"submit and dispatch, {principals} principals"
        yield Row(figure=figure, goal=10, unit="µs", measured=best / RUNS * 1e6)
    runs = [replace(run, submitted=run.submitted - 3600) for run in _runs(10)]
    best = min(_slots(runs) for _ in range(ROUNDS))
    yield Row(figure="the same with 10, all of them aged", goal=100, unit="µs", measured=best / RUNS * 1e6)
    best = min(anyio.run(_scheduler, _runs(1)) for _ in range(ROUNDS))
    yield Row(figure="slot taken and left by a task of its own", goal=200, unit="µs", measured=best / RUNS * 1e6)


def _runs(principals: int) -> list[QueuedRun]:
    return [
        QueuedRun(
            run_id=str(number),
            priority=Priority(number % 4),
            principal=str(number % principals),
            submitted=time.monotonic(),
        )
        for number in range(RUNS)
    ]


def _slots(runs: list[QueuedRun]) -> float:
    slots = Slots(Rates())
    started = time.process_time()
    for run in runs:
        slots.submit(run)
    running = slots.dispatch(CAPS, time.monotonic())
    while running:
        slots.leave(running.pop(0).run_id)
        running += slots.dispatch(CAPS, time.monotonic())
    return time.process_time() - started


async def _scheduler(runs: list[QueuedRun]) -> float:
    scheduler = Scheduler(ClockSystem(), lambda: CAPS, Rates())
    started = time.perf_counter()
    async with anyio.create_task_group() as group:
        for run in runs:
            group.start_soon(_pass_through, scheduler, run)
    return time.perf_counter() - started


async def _pass_through(scheduler: Scheduler, run: QueuedRun) -> None:
    async with scheduler.slot(run):
        pass
