"""What 500 agents cost that live at the same time in one process, on a model and a tool that take no time.

Every step is a model answer with one tool call: recorded in the journal on disk, asked of the gate, told to the bus.
Against it stands the bare loop: as many tasks that ask the same model and do nothing else. It runs in a process of its
own (this module as a program), so that its memory is its own.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.lowlevel
from oxios_kernel.adapters.files_beneath import FilesBeneath
from oxios_kernel.agents import AgentTask, Supervisor
from oxios_kernel.config import SecuritySettings, ToolsSettings
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.run import Run, RunKind
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import Repeat, ToolCall
from oxios_kernel.domain.transcript import SystemMessage
from oxios_kernel.policy import Gate, rights_for
from oxios_kernel.ports.llm import Listen, LlmReply, LlmRequest
from oxios_kernel.ports.toolset import ToolContext
from oxios_kernel.testing import open_test_kernel
from oxios_kernel.tools import Arguments, FunctionTools, ToolCatalog, tool

from tests.benchmarks.row import Row

AGENTS = 500
STEPS = 20
ROOT = Path(__file__).parents[2]
MEGABYTE = 1e6


def bench() -> Iterable[Row]:
    """Yield the figures of a child process."""
    command = [sys.executable, "-m", "tests.benchmarks.crowd"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout)
    added = (figures["agents"] - figures["bare"]) / (AGENTS * STEPS) * 1e3
    yield Row(figure=f"a step of {AGENTS} agents at once, over a bare loop", goal=0.5, unit="ms", measured=added)
    yield Row(figure=f"memory of a process with {AGENTS} agents", goal=200, unit="MB", measured=figures["megabytes"])


class Number(Arguments):
    """The arguments of `look`."""

    number: int


async def look(arguments: Number, context: ToolContext) -> str:
    """Return a number."""
    return str(arguments.number)


class Quick:
    """A model that asks for one more look until it has answered `STEPS` times."""

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        await anyio.lowlevel.checkpoint()
        number = len(request.messages) // 2
        usage = Usage(input_tokens=100, output_tokens=10, calls=1)
        if number == STEPS:
            return LlmReply(text="done", usage=usage, model="test/quick")
        raw = f'{{"number": {number}}}'
        call = ToolCall(id=f"call_{number}", name="look", arguments={"number": number}, raw=raw)
        return LlmReply(tool_calls=(call,), finish="tools", usage=usage, model="test/quick")


async def measure() -> dict[str, float]:
    """Return the seconds of all agents and of the bare loop, and the most memory there was."""
    with tempfile.TemporaryDirectory() as folder:
        agents = await _agents(Path(folder))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return {"agents": agents, "bare": await _bare(), "megabytes": peak / MEGABYTE}


async def _agents(folder: Path) -> float:
    async with open_test_kernel(folder, Quick()) as kernel:
        tools = FunctionTools([tool(look, capability="files.read", repeat=Repeat.PURE)])
        catalog = ToolCatalog([tools], gate=Gate(SecuritySettings(), FilesBeneath()), settings=ToolsSettings())
        supervisor = replace(kernel.conversation.services.supervisor, tools_for=catalog.for_agent)
        parent = await kernel.table.fork("turn", RunKind.TURN, {})
        await _live(supervisor, parent, "first", folder)
        started = time.perf_counter()
        async with anyio.create_task_group() as tasks:
            for number in range(AGENTS):
                tasks.start_soon(_live, supervisor, parent, f"agent-{number}", folder)
        return time.perf_counter() - started


async def _live(supervisor: Supervisor, parent: Run, name: str, folder: Path) -> None:
    task = AgentTask(
        system="Look.",
        prompt="Look.",
        model="test/quick",
        root=str(folder),
        principal="bench",
        role=Role.USER,
        rights=rights_for(Role.USER),
    )
    outcome = await supervisor.start(name, task, parent=parent, title="look")
    assert (outcome.steps, outcome.ending) == (STEPS, "answered"), outcome


async def _bare() -> float:
    model, message = Quick(), SystemMessage(text="Look.")

    async def live() -> None:
        for step in range(1, STEPS + 1):
            await model.complete(LlmRequest(model="test/quick", messages=(message,) * (2 * step)))

    started = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(AGENTS):
            tasks.start_soon(live)
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.stdout.write(json.dumps(anyio.run(measure)))
