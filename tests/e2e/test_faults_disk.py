"""A journal that cannot be written for a while: the disk is full, or another process holds the database."""

import resource
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from oxios_kernel.domain.run import RunState
from oxios_kernel.domain.transcript import ToolMessage
from oxios_kernel.kernel import Kernel
from oxios_kernel.ports.llm import LlmReply, LlmRequest
from oxios_kernel.testing import ScriptedLlm, open_test_kernel, says, tool

from tests.e2e.faults.host import SETTINGS, fork, start
from tests.e2e.faults.script import LOG

AGENTS = 5
HELD_SECONDS = 1.0
UNLIMITED = resource.getrlimit(resource.RLIMIT_FSIZE)


def fill(file: Path) -> None:
    """Let no file of this process grow beyond a file's size."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size, UNLIMITED[1]))


def host_on_a_full_disk(home: Path, folder: Path) -> None:
    """Let the disk become full when all agents have done a step, and free it when all have been stopped by that."""
    arrived = set[str]()

    def act(request: LlmRequest) -> LlmReply:
        results = [message for message in request.messages if isinstance(message, ToolMessage)]
        if len(results) == 1 and len(arrived) < AGENTS:
            arrived.add(request.messages[1].text)
            if len(arrived) == AGENTS:
                fill(home / "oxios.db-wal")
        if len(results) == 2:
            return says("done")
        return tool("bash", command=f"echo '{request.messages[1].text} {len(results)}' >> {LOG}")

    async def live() -> int:
        async with open_test_kernel(home, ScriptedLlm(act), SETTINGS, host=True) as kernel:
            names = [f"agent{number}" for number in range(AGENTS)]
            for name in names:
                await fork(kernel, folder, name, name)
            await until_idle(kernel)
            stopped = [(await kernel.table.get(name)).state for name in names]
            resource.setrlimit(resource.RLIMIT_FSIZE, UNLIMITED)
            ends = await kernel.processes.wait(names)
            assert RunState.DONE not in stopped, stopped
            assert [end.text for end in ends] == ["done"] * AGENTS, ends
            return 0

    sys.exit(anyio.run(live))


async def until_idle(kernel: Kernel) -> None:
    """Wait until something was under way and nothing is any more."""
    while not kernel.supervisor.lives:
        await kernel.supervisor.next_change().wait()
    while kernel.supervisor.lives:
        await kernel.supervisor.next_change().wait()


def test_a_full_disk_stops_runs_and_they_go_on_by_themselves_when_there_is_room(tmp_path: Path) -> None:
    host = start(host_on_a_full_disk, tmp_path / "home", tmp_path)
    host.join(90)
    assert host.exitcode == 0
    assert len((tmp_path / LOG).read_text().splitlines()) == len(set((tmp_path / LOG).read_text().splitlines()))
    with closing(sqlite3.connect(tmp_path / "home" / "oxios.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.anyio
async def test_a_database_that_another_process_holds_for_a_while_loses_nothing(tmp_path: Path) -> None:
    async with open_test_kernel(tmp_path / "home", ScriptedLlm(lambda _: says("done")), SETTINGS, host=True) as kernel:
        names = [f"agent{number}" for number in range(AGENTS)]
        forked = anyio.Event()

        async def fork_one(name: str) -> None:
            await fork(kernel, tmp_path, "work", name)
            forked.set()

        with closing(sqlite3.connect(tmp_path / "home" / "oxios.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            async with anyio.create_task_group() as group:
                for name in names:
                    group.start_soon(fork_one, name)
                with anyio.move_on_after(HELD_SECONDS) as held:
                    await forked.wait()
                other.execute("ROLLBACK")
        assert held.cancelled_caught
        with anyio.fail_after(60):
            ends = await kernel.processes.wait(names)
    assert [end.state for end in ends] == [RunState.DONE] * AGENTS
