"""Crowds: a thousand forks at once, and an agent that forks without end."""

from pathlib import Path

import anyio
import pytest
from oxios_kernel.config import AgentsSettings
from oxios_kernel.domain.run import RunState
from oxios_kernel.domain.transcript import ToolMessage
from oxios_kernel.ports.journal import RunQuery
from oxios_kernel.ports.llm import LlmReply, LlmRequest
from oxios_kernel.testing import ScriptedLlm, open_test_kernel, says, tool

from tests.e2e.faults.host import SETTINGS, fork, until_all_ended

pytestmark = pytest.mark.anyio

FORKS = 1000
BOUNDS = AgentsSettings(max_agents=40, max_children=6, max_depth=3, max_steps=20)


async def test_a_thousand_agents_forked_at_once_all_run_and_each_once(tmp_path: Path) -> None:
    llm = ScriptedLlm(lambda request: says(request.messages[1].text))
    names = [f"agent{number}" for number in range(FORKS)]
    async with open_test_kernel(tmp_path / "home", llm, SETTINGS, host=True) as kernel:
        with anyio.fail_after(90):
            async with anyio.create_task_group() as group:
                for name in names:
                    group.start_soon(fork, kernel, tmp_path, name, name)
            ends = await kernel.processes.wait(names)
    assert [end.text for end in ends] == names
    assert len(llm.requests) == FORKS


async def test_an_agent_that_forks_without_end_is_refused_at_the_limits_and_told_so(tmp_path: Path) -> None:
    told = set[str]()

    def bomb(request: LlmRequest) -> LlmReply:
        results = [message.text for message in request.messages if isinstance(message, ToolMessage)]
        told.update(limit for limit in ("max_agents", "max_children", "max_depth") if f"agents.{limit}" in str(results))
        if results and "Started" not in results[-1]:
            return says("I was refused.")
        return tool("fork", goal=f"fork {len(results)}")

    bounds = SETTINGS.model_copy(update={"agents": BOUNDS})
    async with open_test_kernel(tmp_path / "home", ScriptedLlm(bomb), bounds, host=True) as kernel:
        await fork(kernel, tmp_path, "bomb", "bomb")
        with anyio.fail_after(90):
            await until_all_ended(kernel)
        rows = await kernel.table.find(RunQuery(limit=1000))
    assert {row.state for row in rows} == {RunState.DONE}
    assert max(row.depth for row in rows) == BOUNDS.max_depth
    assert "max_depth" in told
    assert told & {"max_agents", "max_children"}
