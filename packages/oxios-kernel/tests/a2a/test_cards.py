"""Cards on a whole kernel: who is shown to whom, and as what."""

from pathlib import Path

import anyio
import pytest
from oxios_kernel.agents import AgentTask
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSPACE_ALL, CSpace
from oxios_kernel.domain.card import AgentCard
from oxios_kernel.domain.run import Run, RunState
from oxios_kernel.kernel import Kernel
from oxios_kernel.ports.llm import LlmRequest
from oxios_kernel.testing import HANG, ScriptedLlm, open_test_kernel, says, tool
from oxios_kernel.testing.llm import Answer

pytestmark = pytest.mark.anyio


async def start(kernel: Kernel, name: str, **fields: object) -> Run:
    task = AgentTask(
        system="rules",
        prompt=name,
        model="oxios/demo",
        root="/",
        principal="person",
        role=Role.USER,
        rights=CSPACE_ALL,
        session_id="talk",
    )
    return await kernel.processes.forks.fork(task.model_copy(update=fields), title=name, run_id=name)


async def test_the_living_agents_of_the_same_work_that_can_answer_are_peers(tmp_path: Path) -> None:
    async with open_test_kernel(tmp_path / "home", ScriptedLlm(lambda _: HANG)) as kernel:
        me = await start(kernel, "me")
        await start(kernel, "peer", skills=("painting", "Latin"))
        await start(kernel, "ended")
        await kernel.processes.kill("ended")
        await start(kernel, "of somebody else", principal="another")
        await start(kernel, "of another talk", session_id="other")
        await start(kernel, "of no talk", session_id=None)
        await start(kernel, "without the right", rights=CSpace(held=frozenset({"files.read"})))
        (card,) = await kernel.cards.peers(me)
        assert card == AgentCard(run_id=card.run_id, title="peer", skills=("painting", "Latin"), state=card.state)
        assert [card.run_id for card in await kernel.cards.peers(me, "LATIN")] == ["peer"]
        assert await kernel.cards.peers(me, "paint") == []
        await kernel.processes.pause("peer")
        assert [card.run_id for card in await kernel.cards.peers(me)] == ["peer"]


async def test_an_agent_finds_a_peer_by_the_skill_that_it_was_started_with(tmp_path: Path) -> None:
    def answer(request: LlmRequest) -> Answer:
        last = request.messages[-1].text
        if request.messages[1].text.startswith("Task: child"):
            return HANG
        match len(request.messages):
            case 2:
                return tool("fork", goal="child at the easel", skills=["painting"])
            case 4:
                return tool("fork", goal="child without skills")
            case 6:
                return tool("peers", skill="Painting")
            case 8:
                return tool("peers")
        return says("\n".join([request.messages[-3].text, last]))

    async with open_test_kernel(tmp_path / "home", ScriptedLlm(answer)) as kernel:
        await start(kernel, "me", skills=("leading",), root=str(tmp_path))
        with anyio.fail_after(20):
            (exit_,) = await kernel.processes.wait(["me"])
        _, painter, other = await kernel.table.tree("me")
    lines = exit_.text.splitlines()
    assert [line.split(" ", 1)[0] for line in lines] == [painter.id, other.id, painter.id]
    assert lines[0].endswith(" [painting]: child at the easel")
    assert lines[1].endswith(": child without skills")
    assert "[" not in lines[1]
    assert exit_.state is RunState.DONE
