"""Hosts that are killed at any instant, in the middle of a mixed load or by one of their own agents."""

import sqlite3
from contextlib import closing
from pathlib import Path

import anyio
import pytest
from oxios_kernel.domain.run import RunState
from oxios_kernel.domain.transcript import ToolMessage
from oxios_kernel.ports.llm import LlmReply, LlmRequest
from oxios_kernel.testing import ScriptedLlm, open_test_kernel, says, tool

from tests.e2e.faults.host import SETTINGS, fork, start
from tests.e2e.faults.ordeal import ordeal

KILLS = 15


def test_whatever_the_instant_of_a_kill_each_effect_happens_once_and_every_run_ends(tmp_path: Path) -> None:
    assert ordeal(tmp_path, KILLS, seed=1) == []


def deadly(request: LlmRequest) -> LlmReply:
    """Kill the host, again and again; an innocent agent answers."""
    if "innocent" in request.messages[1].text:
        return says("done")
    results = [message for message in request.messages if isinstance(message, ToolMessage)]
    return tool("bash", command=f"kill -9 $PPID # {len(results)}")


def host_with_a_killer(home: Path, folder: Path) -> None:
    async def live() -> None:
        async with open_test_kernel(home, ScriptedLlm(deadly), SETTINGS, host=True) as kernel:
            await fork(kernel, folder, "kill", "killer")
            await anyio.sleep_forever()

    anyio.run(live)


@pytest.mark.anyio
async def test_a_run_under_which_three_hosts_have_died_is_put_into_quarantine_and_the_others_go_on(
    tmp_path: Path,
) -> None:
    for _ in range(3):
        victim = start(host_with_a_killer, tmp_path / "home", tmp_path)
        await anyio.to_thread.run_sync(victim.join)
        assert victim.exitcode == -9
    async with open_test_kernel(tmp_path / "home", ScriptedLlm(deadly), SETTINGS, host=True) as kernel:
        await fork(kernel, tmp_path, "innocent", "innocent")
        with anyio.fail_after(60):
            killer, innocent = await kernel.processes.wait(["killer", "innocent"])
    assert (killer.state, innocent.state) == (RunState.FAILED, RunState.DONE)
    assert killer.reason == "quarantine: its host died 3 times while it was under way"
    with closing(sqlite3.connect(tmp_path / "home" / "oxios.db")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
