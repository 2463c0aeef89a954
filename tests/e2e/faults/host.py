"""A host of a home with the mixed load, as a process of its own that can be killed at any moment.

Its processes are forked from a server that has imported the kernel once.
"""

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import anyio
from oxios_kernel.adapters.processes_posix_strays import kernel_name
from oxios_kernel.agents import AgentTask
from oxios_kernel.config import EngineSettings, Settings
from oxios_kernel.domain.access import Role
from oxios_kernel.kernel import Kernel
from oxios_kernel.policy import rights_for
from oxios_kernel.testing import ScriptedLlm, open_test_kernel

from tests.e2e.faults.script import act

SETTINGS = Settings(engine=EngineSettings(max_retries=0))
SECONDS = 100.0
"""How long a host may take to bring everything to an end on a loaded machine."""

STRAYS, LATE = 3, 4
"""Exit codes: processes of a dead host were alive; the end did not come in time."""


@contextmanager
def started(target: Callable[..., None], *arguments: object) -> Iterator[BaseProcess]:
    """Run a function in a process of its own, which is killed at the end of the block."""
    process = start(target, *arguments)
    try:
        yield process
    finally:
        process.kill()
        process.join()


def start(target: Callable[..., None], *arguments: object) -> BaseProcess:
    """Start a function in a process of its own."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=target, args=arguments)
    process.start()
    return process


def host(home: Path, folder: Path, waves: int, to_the_end: bool) -> None:
    """Be the host: fork what is not there yet of some waves of agents, and leave when all have ended, if ever."""
    sys.exit(anyio.run(_live, home, folder, waves, to_the_end))


async def _live(home: Path, folder: Path, waves: int, to_the_end: bool) -> int:
    async with open_test_kernel(home, ScriptedLlm(act), SETTINGS, host=True) as kernel:
        if strays_of(folder):
            return STRAYS
        for label, kind in load(waves):
            await fork(kernel, folder, f"{kind} {label}", label)
        if not to_the_end:
            await anyio.sleep_forever()
        with anyio.move_on_after(SECONDS):
            await until_all_ended(kernel)
            return 0
        return LATE


async def until_all_ended(kernel: Kernel) -> None:
    """Wait until no agent of the home is without an end."""
    while True:
        changed = kernel.supervisor.next_change()
        if not await kernel.processes.control.crowd():
            return
        await changed.wait()


def load(waves: int) -> list[tuple[str, str]]:
    """Return label and kind of the agents that some waves bring."""
    kinds = ("append", "parent", "append")
    return [(f"wave{wave}-{place}", kind) for wave in range(waves) for place, kind in enumerate(kinds)]


async def fork(kernel: Kernel, folder: Path, prompt: str, run_id: str, model: str = "test/scripted") -> None:
    """Fork an agent by a name; the same again is the same agent."""
    task = AgentTask(
        system="rules",
        prompt=prompt,
        model=model,
        root=str(folder),
        principal="person",
        role=Role.USER,
        rights=rights_for(Role.USER),
    )
    await kernel.processes.forks.fork(task, title=prompt, run_id=run_id)


def strays_of(folder: Path) -> list[str]:
    """Return the marks of living commands in a folder that are not this process's own."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        mark = next((value for value in environment if value.startswith("OXIOS_CALL=")), "")
        if f"HOME={folder}" in environment and mark and kernel_name() not in mark:
            found.append(mark)
    return found
