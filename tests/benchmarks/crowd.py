"""What 500 agents cost that live at the same time in one process, on a model that takes no time.

Every step is a model answer with one tool call: scheduled, recorded in the journal on disk, told to the bus. Once the
call names no tool, so that nothing is done for it; once it reads a small file, which the gate and the fence around the
folder are asked about. Against that stands the bare loop: as many tasks that ask the same model (and read the same file
in a thread), and do nothing else. Each runs in a process of its own (this module as a program): its memory is its own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
from oxios_kernel.agents import AgentTask
from oxios_kernel.config import ScheduleSettings, Settings
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import ToolCall
from oxios_kernel.domain.transcript import SystemMessage
from oxios_kernel.policy import rights_for
from oxios_kernel.ports.llm import Listen, LlmReply, LlmRequest
from oxios_kernel.testing import open_test_kernel

from tests.benchmarks.row import Row

AGENTS = 500
STEPS = 20
ROUNDS = 3
ROOT = Path(__file__).parents[2]
MEGABYTE = 1e6

FILE = "note.txt"
SETTINGS = Settings(schedule=ScheduleSettings(concurrent=AGENTS, per_principal=AGENTS, per_provider=AGENTS))


def bench() -> Iterable[Row]:
    """Yield the figures of child processes: the least time of some rounds, since a neighbour only ever adds to it."""
    megabytes = 0.0
    for tool, what in [("none", "no tool work"), ("read", "reading a file")]:
        rounds = [_child(tool) for _ in range(ROUNDS)]
        added = min(figures["agents"] - figures["bare"] for figures in rounds) / (AGENTS * STEPS) * 1e3
        megabytes = max(megabytes, *(figures["megabytes"] for figures in rounds))
        yield Row(figure=f"a step of {AGENTS} agents, {what}, over a bare loop", goal=0.5, unit="ms", measured=added)
    yield Row(figure=f"memory of a process with {AGENTS} agents", goal=200, unit="MB", measured=megabytes)


def _child(tool: str) -> dict[str, float]:
    command = [sys.executable, "-m", "tests.benchmarks.crowd", tool]
    figures: dict[str, float] = json.loads(subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    return figures


class Quick:
    """A model that asks for one more look at the file until it has answered `STEPS` times."""

    def __init__(self, tool: str) -> None:
        self._tool = tool

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        await anyio.lowlevel.checkpoint()
        number = len(request.messages) // 2
        usage = Usage(input_tokens=100, output_tokens=10, calls=1)
        if number == STEPS:
            return LlmReply(text="done", usage=usage, model=request.model)
        raw = f'{{"path": "{FILE}", "limit": {number}}}'
        call = ToolCall(id=f"call_{number}", name=self._tool, arguments=json.loads(raw), raw=raw)
        return LlmReply(tool_calls=(call,), finish="tools", usage=usage, model=request.model)


async def measure(tool: str) -> dict[str, float]:
    """Return the seconds of all agents and of the bare loop, and the most memory there was, in megabytes."""
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as work:
        await anyio.Path(work, FILE).write_text("one\ntwo\n", encoding="utf-8")
        agents = await _agents(Path(home), work, Quick(tool))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return {"agents": agents, "bare": await _bare(Path(work, FILE), tool), "megabytes": peak / MEGABYTE}


async def _agents(home: Path, work: str, model: Quick) -> float:
    task = AgentTask(
        system="Look.",
        prompt="Look.",
        model="test/quick",
        root=work,
        principal="bench",
        role=Role.USER,
        rights=rights_for(Role.USER),
    )
    async with open_test_kernel(home, model, SETTINGS) as kernel:
        processes = kernel.processes
        await processes.wait([(await processes.fork(task, title="first")).id])
        started = time.perf_counter()
        forked = [(await processes.fork(task, title="look")).id for _ in range(AGENTS)]
        ends = await processes.wait(forked)
        taken = time.perf_counter() - started
    assert {end.state.value for end in ends} == {"done"}, ends
    return taken


async def _bare(file: Path, tool: str) -> float:
    model, message = Quick(tool), SystemMessage(text="Look.")

    async def live() -> None:
        for step in range(1, STEPS + 1):
            await model.complete(LlmRequest(model="test/quick", messages=(message,) * (2 * step)))
            if tool == "read":
                await anyio.to_thread.run_sync(file.read_text)

    started = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(AGENTS):
            tasks.start_soon(live)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.stdout.write(json.dumps(anyio.run(measure, sys.argv[1])))
