"""Several hosts at one home: only one may be it, a stopped one keeps its runs, a dead one blocks nobody."""

import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from oxios_kernel.boot import open_kernel
from oxios_kernel.domain.run import RunState
from oxios_kernel.domain.transcript import ToolMessage
from oxios_kernel.errors import HomeHosted
from oxios_kernel.ports.llm import LlmReply, LlmRequest
from oxios_kernel.testing import ScriptedLlm, open_test_kernel, says, tool

from tests.e2e.faults.host import SETTINGS, fork, start, started

RACERS = 4


def racer(home: Path, told: Connection) -> None:
    """Try to be the host, say how that went, and stay until told to go."""

    async def race() -> None:
        try:
            async with open_kernel(home, settings=SETTINGS, host=True):
                told.send("host")
                await anyio.to_thread.run_sync(told.recv)
        except HomeHosted as error:
            told.send(error.message)

    anyio.run(race)


def test_of_hosts_that_race_for_a_home_one_wins_and_the_others_name_it(tmp_path: Path) -> None:
    doors = [multiprocessing.Pipe() for _ in range(RACERS)]
    racers = [start(racer, tmp_path / "home", there) for _, there in doors]
    words = {process.pid: here.recv() for process, (here, _) in zip(racers, doors, strict=True)}
    [winner] = [pid for pid, word in words.items() if word == "host"]
    assert all(f"process {winner}," in word for pid, word in words.items() if pid != winner)
    os.kill(int(winner or 0), signal.SIGKILL)
    for process in racers:
        process.join()
    here, there = multiprocessing.Pipe()
    heir = start(racer, tmp_path / "home", there)
    assert here.recv() == "host"
    here.send("go")
    heir.join()
    assert heir.exitcode == 0


def stepping(request: LlmRequest) -> LlmReply:
    """Say that the agent is under way, wait for a person to make a file, and answer."""
    if "other" in request.messages[1].text:
        return says("the other's answer")
    results = [message for message in request.messages if isinstance(message, ToolMessage)]
    command = "touch begun; until [ -e go ]; do sleep 0.02; done"
    return says("gone on") if results else tool("bash", command=command)


def stopped_host(home: Path, folder: Path) -> None:
    async def live() -> None:
        async with open_test_kernel(home, ScriptedLlm(stepping), SETTINGS, host=True) as kernel:
            await fork(kernel, folder, "mine", "mine")
            await kernel.processes.wait(["mine"])

    anyio.run(live)


@pytest.mark.anyio
async def test_nobody_takes_the_runs_of_a_host_that_is_only_stopped_and_it_goes_on_with_them(tmp_path: Path) -> None:
    with started(stopped_host, tmp_path / "home", tmp_path) as first:
        pid = int(first.pid or 0)
        async with open_test_kernel(tmp_path / "home", ScriptedLlm(stepping), SETTINGS, host=True) as kernel:
            with anyio.fail_after(60):
                while not (tmp_path / "begun").exists():  # noqa: ASYNC110  # made by another process
                    await anyio.sleep(0.01)
                os.kill(pid, signal.SIGSTOP)
                (tmp_path / "go").touch()
                await fork(kernel, tmp_path, "other", "other")
                assert [exit_.state for exit_ in await kernel.processes.wait(["other"])] == [RunState.DONE]
                row = await kernel.table.get("mine")
                assert (row.state, row.attempts) == (RunState.RUNNING, 1)
                os.kill(pid, signal.SIGCONT)
                (mine,) = await kernel.processes.wait(["mine"])
                await anyio.to_thread.run_sync(first.join)
            row = await kernel.table.get("mine")
    assert (mine.text, row.attempts, first.exitcode) == ("gone on", 1, 0)
