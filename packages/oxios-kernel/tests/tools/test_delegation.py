"""Work that is handed on, on a whole kernel: real journal, real files, a scripted model."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import pytest
from oxios_kernel.agents import AgentTask
from oxios_kernel.config import AgentsSettings, Settings
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSPACE_ALL
from oxios_kernel.domain.run import Run, RunState
from oxios_kernel.domain.transcript import ToolMessage, UserMessage
from oxios_kernel.kernel import Kernel
from oxios_kernel.ports.llm import LlmRequest
from oxios_kernel.testing import HANG, ScriptedLlm, open_test_kernel, says, tool
from oxios_kernel.testing.llm import Answer

pytestmark = pytest.mark.anyio

GOAL = "Paint the door"


def texts(request: LlmRequest) -> Sequence[str]:
    return [message.text for message in request.messages if isinstance(message, ToolMessage | UserMessage)]


class Crew(ScriptedLlm):
    """The parent delegates with these arguments and says what came of it; the children say what `child` does.

    Attributes:
        tasks: the tasks of the children, as often as one of them was asked for its first answer.
    """

    def __init__(self, child: Callable[[Sequence[str]], Answer], **arguments: object) -> None:
        super().__init__(self._play)
        self._child = child
        self._arguments = arguments
        self.tasks: list[str] = []

    def _play(self, request: LlmRequest) -> Answer:
        told = texts(request)
        if told[0] != "parent":
            if len(request.messages) == 2:
                self.tasks.append(told[0])
            return self._child(told)
        return says(told[-1]) if len(told) > 1 else tool("delegate", goal=GOAL, **self._arguments)


async def start(kernel: Kernel, root: Path) -> Run:
    task = AgentTask(
        system="rules",
        prompt="parent",
        model="oxios/demo",
        root=str(root),
        principal="person",
        role=Role.USER,
        rights=CSPACE_ALL,
        skills=("leading",),
    )
    return await kernel.processes.forks.fork(task, title="parent", run_id="parent")


async def result(kernel: Kernel) -> str:
    with anyio.fail_after(20):
        (exit_,) = await kernel.processes.wait(["parent"])
    return exit_.text


async def children(kernel: Kernel) -> Sequence[Run]:
    return (await kernel.table.tree("parent"))[1:]


async def test_work_is_done_by_a_fresh_agent_of_that_skill(tmp_path: Path) -> None:
    llm = Crew(lambda told: says("it is blue"), skill="painting")
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        await start(kernel, tmp_path)
        text = await result(kernel)
        (child,) = await children(kernel)
    assert text == f"Attempt 1 of 2 succeeded: {child.id} done: it is blue"
    assert AgentTask.from_json(child.input).skills == ("painting",)
    assert llm.tasks == [f"Task: {GOAL}"]


async def test_another_agent_tries_what_one_did_not_manage_and_is_told_why(tmp_path: Path) -> None:
    def child(told: Sequence[str]) -> Answer:
        return says("it is blue") if "The model gave an empty answer" in told[0] else says(" ")

    llm = Crew(child, attempts=3)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        await start(kernel, tmp_path)
        text = await result(kernel)
    assert text.startswith("Attempt 2 of 3 succeeded: ")
    assert text.endswith("it is blue")
    assert [GOAL in task for task in llm.tasks] == [True, True]


async def test_another_agent_tries_when_one_was_killed(tmp_path: Path) -> None:
    llm = Crew(lambda told: says("it is blue") if "fell off the ladder" in told[0] else HANG)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        await start(kernel, tmp_path)
        with anyio.fail_after(20):
            await llm.hanging.wait()
            (child,) = await children(kernel)
            await kernel.processes.kill(child.id, reason="fell off the ladder")
        text = await result(kernel)
    assert text.startswith("Attempt 2 of 2 succeeded: ")


async def test_when_no_attempt_is_left_the_reasons_are_told(tmp_path: Path) -> None:
    llm = Crew(lambda told: says(" "), attempts=3)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        await start(kernel, tmp_path)
        text = await result(kernel)
        rows = await children(kernel)
    assert text.startswith("Nobody has done it, and no attempt is left.\n")
    assert [row.id in text for row in rows] == [True, True, True]


async def test_when_the_time_is_over_the_agent_is_killed_and_no_other_tries(tmp_path: Path) -> None:
    llm = Crew(lambda told: HANG, attempts=3, timeout_seconds=0.2)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        await start(kernel, tmp_path)
        text = await result(kernel)
        states = [row.state for row in await children(kernel)]
    assert text.startswith("Nobody has done it, and the time is over.")
    assert states in ([RunState.KILLED], [])  # a slow machine may spend the time before the first attempt


async def test_an_agent_that_may_not_start_others_is_told_so(tmp_path: Path) -> None:
    settings = Settings(agents=AgentsSettings(max_depth=0))
    async with open_test_kernel(tmp_path / "home", Crew(lambda told: HANG), settings) as kernel:
        await start(kernel, tmp_path)
        assert "agents.max_depth" in await result(kernel)


async def test_what_a_child_has_finished_is_not_done_again_after_a_crash(tmp_path: Path) -> None:
    llm = Crew(lambda told: HANG)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        await start(kernel, tmp_path)
        with anyio.fail_after(20):
            await llm.hanging.wait()
            (child,) = await children(kernel)
    # A kernel that knows of the child only brings it to its end: nobody has told the parent when the next one opens.
    async with open_test_kernel(tmp_path / "home", Crew(lambda told: says("it is blue"))) as kernel:
        kernel.supervisor.adopt(child.id)
        with anyio.fail_after(20):
            await kernel.processes.wait([child.id])
        assert not (await kernel.table.get("parent")).state.final
    llm = Crew(lambda told: says("it is black"))
    async with open_test_kernel(tmp_path / "home", llm, host=True) as kernel:
        assert await result(kernel) == f"Attempt 1 of 2 succeeded: {child.id} done: it is blue"
        assert [row.id for row in await children(kernel)] == [child.id]
    assert llm.tasks == []


async def test_a_child_can_ask_its_parent_while_that_waits_for_it(tmp_path: Path) -> None:
    class Curious(ScriptedLlm):
        def __init__(self) -> None:
            super().__init__(self._play)

        def _play(self, request: LlmRequest) -> Answer:
            told = texts(request)
            if told[0] == "parent":
                return self._parent(told)
            return says(told[-1]) if len(told) > 1 else tool("ask", agent="parent", question="Which colour?")

        def _parent(self, told: Sequence[str]) -> Answer:
            if len(told) == 1:
                return tool("delegate", goal=GOAL)
            if (key := re.search(r"to_letter=(\S+)\]", told[-1])) is not None:
                return tool("reply", to_letter=key[1], text="blue")
            return tool("wait") if told[-1].startswith("Answered") else says(told[-1])

    async with open_test_kernel(tmp_path / "home", Curious()) as kernel:
        await start(kernel, tmp_path)
        text = await result(kernel)
        (child,) = await children(kernel)
    assert text == f"{child.id} done: parent answers: blue"
