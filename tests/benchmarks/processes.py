"""What agents as processes cost: a fork, a crowd, a kill, a recovery, and how long the urgent wait.

Each figure is taken in a process of its own (this module as a program, with the figure's name), so that its memory is
its own and nothing that came before slows it down.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import anyio.lowlevel
from oxios_kernel.adapters.clock_system import ClockSystem
from oxios_kernel.adapters.journal_sqlite import JournalSqlite
from oxios_kernel.agents import Standing
from oxios_kernel.config import ScheduleSettings, Settings
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Run, RunKind, RunState
from oxios_kernel.kernel import Kernel
from oxios_kernel.ports.llm import Listen, LlmReply, LlmRequest
from oxios_kernel.testing import open_test_kernel, says, tool

from tests.benchmarks.row import Row
from tests.e2e.faults.rude import rude_command
from tests.e2e.faults.table import TASK

ROOT = Path(__file__).parents[2]
FORKS, PARKED, RUNNING, INTERRUPTED, LOW, URGENT = 2_000, 10_000, 500, 1_000, 1_500, 30
THINKING_SECONDS = 5.0
"""How long a model of the crowd thinks, as real ones do about a step."""
STEP_SECONDS = 0.1
Figures = dict[str, float]


def bench() -> Iterable[Row]:
    """Yield the figures, each from a process of its own."""
    yield Row(figure="fork with its row, amortised", goal=200, unit="µs", measured=_measured("fork")["µs"])
    crowd = _measured("crowd")
    name = f"{PARKED} parked and {RUNNING} running agents"
    yield Row(figure=f"{name}: memory", goal=400, unit="MB", measured=crowd["MB"])
    yield Row(figure=f"{name}: a critical one starts", goal=50, unit="ms", measured=crowd["ms"])
    kill = _measured("kill")
    yield Row(figure="kill to gone, deaf command and daemon", goal=1_000, unit="ms", measured=kill["rude"])
    yield Row(figure="kill to gone, hanging model, p99", goal=1_000, unit="ms", measured=kill["hang"])
    figure = f"{INTERRUPTED} interrupted runs have all gone on"
    yield Row(figure=figure, goal=5, unit="s", measured=_measured("recovery")["s"])
    figure = f"urgent start beside {LOW} low ones, p99"
    yield Row(figure=figure, goal=STEP_SECONDS * 1e3, unit="ms", measured=_measured("urgent")["ms"])


def _measured(name: str) -> Figures:
    command = [sys.executable, "-m", "tests.benchmarks.processes", name]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    figures: Figures = json.loads(done.stdout)
    return figures


class Model:
    """Answers what it is told to after a while, and notes when each run asked it first."""

    def __init__(self, seconds: float, answer: Callable[[LlmRequest], LlmReply]) -> None:
        self.asked: dict[str, float] = {}
        self._seconds = seconds
        self._answer = answer
        self.changed = anyio.Event()

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        self.asked.setdefault(request.key.split("/", 1)[0], time.perf_counter())
        self.changed.set()
        self.changed = anyio.Event()
        await (anyio.sleep(self._seconds) if self._seconds else anyio.lowlevel.checkpoint())
        return self._answer(request)

    async def first(self, run_id: str) -> float:
        """Return when a run asked first, as soon as it does."""
        while run_id not in self.asked:
            await self.changed.wait()
        return self.asked[run_id]


def _look(request: LlmRequest) -> LlmReply:
    return tool("ls", path=".", limit=len(request.messages))


@asynccontextmanager
async def _kernel(place: Path, model: Model, *, concurrent: int = 16) -> AsyncIterator[Kernel]:
    caps = ScheduleSettings(concurrent=concurrent, per_principal=concurrent, per_provider=concurrent)
    async with open_test_kernel(place / "home", model, Settings(schedule=caps), host=True) as kernel:
        yield kernel


async def _fork(kernel: Kernel, place: Path, priority: int = 1) -> Run:
    task = TASK.model_copy(update={"root": str(place)})
    return await kernel.processes.fork(task, title="agent", standing=Standing(priority=priority))


async def fork(place: Path) -> Figures:
    """Fork many agents at once while one slot is busy with another, and none of them can run."""
    model = Model(600, lambda _: says("done"))
    async with _kernel(place, model, concurrent=1) as kernel:
        await model.first((await _fork(kernel, place)).id)
        kernel.supervisor.works(RunKind.AGENT, _never)
        started = time.perf_counter()
        async with anyio.create_task_group() as group:
            for _ in range(FORKS):
                group.start_soon(_fork, kernel, place)
        return {"µs": (time.perf_counter() - started) / FORKS * 1e6}


async def _never(*_: object) -> None:
    await anyio.sleep_forever()


async def crowd(place: Path) -> Figures:
    """Let many wait as rows and some run, and start a critical agent again and again."""
    model = Model(THINKING_SECONDS, _look)
    async with _kernel(place, model, concurrent=RUNNING + URGENT) as kernel:
        later = datetime.now(UTC) + timedelta(days=1)
        async with anyio.create_task_group() as group:
            for number in range(PARKED):
                row = kernel.table.fresh(f"parked{number}", RunKind.AGENT, TASK.to_json(), title="parked")
                row = row.model_copy(update={"state": RunState.WAITING, "wake_at": later})
                group.start_soon(kernel.table.add, row)
        for _ in range(RUNNING):
            await _fork(kernel, place)
        while len(model.asked) < RUNNING:
            await model.changed.wait()
        starts = [await _start(kernel, model, place, 3) for _ in range(URGENT)]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return {"MB": peak / 1e6, "ms": statistics.quantiles(starts, n=100)[98] * 1e3}


async def _start(kernel: Kernel, model: Model, place: Path, priority: int) -> float:
    """Return how long it takes until a new agent asks its model."""
    started = time.perf_counter()
    run = await _fork(kernel, place, priority)
    taken = await model.first(run.id) - started
    await kernel.processes.kill(run.id)
    return taken


async def kill(place: Path) -> Figures:
    """Kill agents whose command is deaf, and agents whose model hangs."""
    rude = Model(0, lambda _: tool("bash", command=rude_command()))
    async with _kernel(place, rude) as kernel:
        deaf = [await _kill_deaf(kernel, place) for _ in range(10)]
    hanging = Model(600, lambda _: says("never"))
    async with _kernel(place, hanging) as kernel:
        silent = [await _kill_silent(kernel, hanging, place) for _ in range(100)]
    return {"rude": max(deaf) * 1e3, "hang": statistics.quantiles(silent, n=100)[98] * 1e3}


async def _kill_deaf(kernel: Kernel, place: Path) -> float:
    names = [place / "outer", place / "inner"]
    run = await _fork(kernel, place)
    while not all(name.exists() for name in names):  # noqa: ASYNC110  # other processes make them
        await anyio.sleep(0.01)
    started = time.perf_counter()
    await kernel.processes.kill(run.id, grace_seconds=30)
    taken = time.perf_counter() - started
    for name in names:
        name.unlink()
    return taken


async def _kill_silent(kernel: Kernel, model: Model, place: Path) -> float:
    run = await _fork(kernel, place)
    await model.first(run.id)
    started = time.perf_counter()
    await kernel.processes.kill(run.id, grace_seconds=30)
    return time.perf_counter() - started


async def recovery(place: Path) -> Figures:
    """Open a home in which a host died with many runs under way, and let each of them ask its model."""
    await anyio.run_process([sys.executable, "-m", "tests.benchmarks.processes", "interrupted", str(place)])
    model = Model(0, lambda _: says("done"))
    started = time.perf_counter()
    async with _kernel(place, model):
        while len(model.asked) < INTERRUPTED:
            await model.changed.wait()
        taken = time.perf_counter() - started
    return {"s": taken}


async def interrupted(place: Path) -> Figures:
    """Be a host that dies with runs under way."""
    clock = ClockSystem()
    journal = await JournalSqlite.open(place / "home" / "oxios.db", "victim", clock)
    start = TASK.model_copy(update={"root": str(place)}).to_json()

    async def begin(number: int) -> None:
        now, run_id = clock.now(), RunId(f"run{number}")
        await journal.add(Run(id=run_id, kind=RunKind.AGENT, input=start, created_at=now, changed_at=now))
        lease = await journal.claim(run_id)
        if lease is not None:
            await journal.change(lease, RunState.RUNNING)

    async with anyio.create_task_group() as group:
        for number in range(INTERRUPTED):
            group.start_soon(begin, number)
    os._exit(0)


async def urgent(place: Path) -> Figures:
    """Start agents of a high priority while many more of a low one are queued than may run."""
    model = Model(STEP_SECONDS, _look)
    async with _kernel(place, model) as kernel:
        for _ in range(LOW):
            await _fork(kernel, place, priority=0)
        while len(kernel.supervisor.lives) < RUNNING:
            await kernel.supervisor.next_change().wait()
        starts = [await _start(kernel, model, place, 2) for _ in range(URGENT)]
    return {"ms": statistics.quantiles(starts, n=100)[98] * 1e3}


MEASURES: dict[str, Callable[[Path], Awaitable[Figures]]] = {
    measure.__name__: measure for measure in (fork, crowd, kill, recovery, interrupted, urgent)
}


def main(name: str, place: str | None = None) -> None:
    """Print a figure's values."""
    with tempfile.TemporaryDirectory() as fresh:
        sys.stdout.write(json.dumps(anyio.run(MEASURES[name], Path(place or fresh))))


if __name__ == "__main__":
    main(*sys.argv[1:])
