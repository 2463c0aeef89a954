"""Agents as processes on a whole kernel: real journal, real files, a scripted model."""

from collections.abc import Sequence
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from oxios_kernel.agents import AgentOutcome, AgentTask, Standing
from oxios_kernel.boot import open_kernel
from oxios_kernel.config import AgentsSettings, EngineSettings, ScheduleSettings, Settings
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSPACE_ALL, CSpace
from oxios_kernel.domain.run import Run, RunState
from oxios_kernel.domain.transcript import ToolMessage, UserMessage
from oxios_kernel.errors import Conflict, HomeHosted, InputError, NotFound
from oxios_kernel.kernel import Kernel
from oxios_kernel.ports.llm import LlmReply, LlmRequest
from oxios_kernel.testing import HANG, ScriptedLlm, open_test_kernel, says, tool
from oxios_kernel.testing.llm import Answer

pytestmark = pytest.mark.anyio

SETTINGS = Settings(engine=EngineSettings(max_retries=0))


def task_for(root: Path, prompt: str, rights: CSpace = CSPACE_ALL) -> AgentTask:
    return AgentTask(
        system="rules",
        prompt=prompt,
        model="oxios/demo",
        root=str(root),
        principal="person",
        role=Role.USER,
        rights=rights,
    )


async def fork(kernel: Kernel, root: Path, prompt: str, parent: Run | None = None, **standing: object) -> Run:
    placed = Standing(**standing)  # type: ignore[arg-type]  # priority and group by name
    return await kernel.processes.fork(task_for(root, prompt), title=prompt, parent=parent, standing=placed)


async def ended(kernel: Kernel, *run_ids: str) -> list[RunState]:
    with anyio.fail_after(20):
        return [exit_.state for exit_ in await kernel.processes.wait(run_ids)]


def told(request: LlmRequest) -> Sequence[str]:
    return [message.text for message in request.messages if isinstance(message, ToolMessage | UserMessage)]


def prompt_of(request: LlmRequest) -> str:
    return request.messages[1].text


async def test_a_forked_agent_runs_by_itself_and_whoever_waits_gets_its_exit(tmp_path: Path) -> None:
    async with open_test_kernel(tmp_path / "home", ScriptedLlm([says("forty-two")])) as kernel:
        run = await fork(kernel, tmp_path, "the answer")
        with anyio.fail_after(20):
            (exit_,) = await kernel.processes.wait([run.id])
    assert (exit_.state, exit_.passed, exit_.text, exit_.steps) == (RunState.DONE, True, "forty-two", 1)
    assert exit_.usage.calls == 1


async def test_waiting_is_over_when_any_has_ended_or_the_time_is(tmp_path: Path) -> None:
    def answer(request: LlmRequest) -> Answer:
        return says("done") if "quick" in prompt_of(request) else HANG

    async with open_test_kernel(tmp_path / "home", ScriptedLlm(answer)) as kernel:
        slow, quick = await fork(kernel, tmp_path, "slow"), await fork(kernel, tmp_path, "quick")
        with anyio.fail_after(20):
            first, second = await kernel.processes.wait([slow.id, quick.id], mode="any")
            (still,) = await kernel.processes.wait([slow.id], timeout_seconds=0.01)
        assert (first.state.final, second.state) == (False, RunState.DONE)
        assert still.passed is None


async def test_a_kill_reaches_a_hanging_model_call_and_the_whole_tree(tmp_path: Path) -> None:
    def answer(request: LlmRequest) -> Answer:
        if "child" in prompt_of(request):
            return HANG
        return tool("fork", goal="child") if len(request.messages) == 2 else tool("wait")

    llm = ScriptedLlm(answer)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        parent = await fork(kernel, tmp_path, "parent")
        with anyio.fail_after(20):
            await llm.hanging.wait()
            rows = await kernel.processes.kill(parent.id, reason="enough")
        assert [row.state for row in rows] == [RunState.KILLED, RunState.KILLED]
        assert {row.reason for row in rows} == {"enough"}
        assert llm.cancelled == 1
        assert kernel.supervisor.lives == {}
        with pytest.raises(NotFound):
            await kernel.processes.kill("nobody")


async def test_a_kill_ends_a_command_and_its_processes(tmp_path: Path) -> None:
    script = [tool("bash", command="touch begun; while :; do touch alive; sleep 0.05; done"), says("never")]
    async with open_test_kernel(tmp_path / "home", ScriptedLlm(script)) as kernel:
        run = await fork(kernel, tmp_path, "loop")
        with anyio.fail_after(20):
            while not (tmp_path / "begun").exists():  # noqa: ASYNC110  # the command is another process
                await anyio.sleep(0.01)
            await kernel.processes.kill(run.id, grace_seconds=10)
        (tmp_path / "alive").unlink(missing_ok=True)
        exit_ = await kernel.processes.exit(run.id)
        assert (exit_.state, exit_.steps) == (RunState.KILLED, 1)
        assert not (tmp_path / "alive").exists()


async def test_a_parent_is_a_row_while_it_waits_and_learns_how_its_children_ended(tmp_path: Path) -> None:
    def answer(request: LlmRequest) -> Answer:
        if "child" in prompt_of(request):
            return HANG if "stuck" in prompt_of(request) else says("the child's answer")
        match len(request.messages):
            case 2:
                return tool("fork", goal="child one")
            case 4:
                return tool("fork", goal="child stuck")
            case 6:
                return tool("wait")
        return says(told(request)[-1])

    llm = ScriptedLlm(answer)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        parent = await fork(kernel, tmp_path, "parent")
        with anyio.fail_after(20):
            await llm.hanging.wait()
            while True:
                changed = kernel.supervisor.next_change()
                above, first, stuck = await kernel.table.tree(parent.id)
                asleep = above.state is RunState.WAITING and parent.id not in kernel.supervisor.lives
                if first.state.final and asleep:
                    break
                await changed.wait()
            await kernel.processes.kill(stuck.id, reason="it was stuck")
            (exit_,) = await kernel.processes.wait([parent.id])
    assert "the child's answer" in exit_.text
    assert "it was stuck" in exit_.text


async def test_a_message_reaches_an_agent_before_its_next_step_even_at_the_end(tmp_path: Path) -> None:
    seen: list[LlmRequest] = []

    def answer(request: LlmRequest) -> Answer:
        seen.append(request)
        return says("blue, then") if "make it blue" in told(request)[-1] else tool("ls")

    llm = ScriptedLlm(answer)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        run = await fork(kernel, tmp_path, "paint")
        await kernel.processes.message(run.id, "make it blue")
        with anyio.fail_after(20):
            (exit_,) = await kernel.processes.wait([run.id])
        assert exit_.text == "blue, then"
        with pytest.raises(Conflict):
            await kernel.processes.message(run.id, "too late")
    assert "[Message from person]\nmake it blue" in told(seen[-1])


async def test_a_paused_agent_stops_at_its_next_step_and_goes_on_where_it_was(tmp_path: Path) -> None:
    reached, go = anyio.Event(), anyio.Event()

    class Stepping(ScriptedLlm):
        async def complete(self, request: LlmRequest, /, listen: object = None) -> LlmReply:
            if len(request.messages) == 4:
                reached.set()
                await go.wait()
            return await super().complete(request)

    llm = Stepping([tool("ls"), tool("ls", path="."), says("done")])
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        run = await fork(kernel, tmp_path, "work")
        with anyio.fail_after(20):
            await reached.wait()
            await kernel.processes.pause(run.id, reason="lunch")
            go.set()
            while (await kernel.table.get(run.id)).state is not RunState.PAUSED:
                await kernel.supervisor.next_change().wait()
            assert (await kernel.table.get(run.id)).reason == "lunch"
            assert len(llm.requests) == 2
            await kernel.processes.resume(run.id)
            (exit_,) = await kernel.processes.wait([run.id])
    assert (exit_.text, len(llm.requests)) == ("done", 3)


async def test_rights_only_shrink_and_forks_have_limits(tmp_path: Path) -> None:
    limits = SETTINGS.model_copy(update={"agents": AgentsSettings(max_depth=1, max_children=2)})
    async with open_test_kernel(tmp_path / "home", ScriptedLlm(lambda request: HANG), limits) as kernel:
        reader = await kernel.processes.fork(
            task_for(tmp_path, "read", CSpace(held=frozenset({"files.read"}))), title="reader"
        )
        child = await fork(kernel, tmp_path, "child", parent=reader)
        assert AgentTask.from_json(child.input).rights.held == {"files.read"}
        with pytest.raises(Conflict, match="above one another"):
            await fork(kernel, tmp_path, "grandchild", parent=child)
        await fork(kernel, tmp_path, "second", parent=reader)
        with pytest.raises(Conflict, match="max_children"):
            await fork(kernel, tmp_path, "third", parent=reader)


async def test_a_branch_begins_with_the_others_steps_and_pays_none_of_them(tmp_path: Path) -> None:
    def answer(request: LlmRequest) -> Answer:
        if "other way" in told(request)[-1]:
            return says("the other way")
        return says("one way") if len(request.messages) >= 8 else tool("ls", path=".")

    llm = ScriptedLlm(answer)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        source = await fork(kernel, tmp_path, "walk", group="walkers")
        assert await ended(kernel, source.id) == [RunState.DONE]
        asked = len(llm.requests)
        branch = await kernel.processes.branch(source.id, 2, "take the other way")
        with anyio.fail_after(20):
            (exit_,) = await kernel.processes.wait([branch.id])
        assert exit_.text == "the other way"
        assert len(llm.requests) == asked + 1
        assert len(AgentOutcome.from_json((await kernel.table.get(branch.id)).output).deeds) == 2
        assert {one.run_id for one in await kernel.processes.group("walkers")} == {source.id, branch.id}
        with pytest.raises(InputError, match="50 steps"):
            await kernel.processes.branch(source.id, 50, "too far")


async def test_the_urgent_go_first_and_no_more_run_than_may(tmp_path: Path) -> None:
    order: list[str] = []
    gate = anyio.Event()

    class Counting(ScriptedLlm):
        async def complete(self, request: LlmRequest, /, listen: object = None) -> LlmReply:
            order.append(prompt_of(request))
            await gate.wait()
            return says("done")

    one = SETTINGS.model_copy(update={"schedule": ScheduleSettings(concurrent=1)})
    async with open_test_kernel(tmp_path / "home", Counting([]), one) as kernel:
        first = await fork(kernel, tmp_path, "first", priority=0)
        with anyio.fail_after(20):
            while not order:
                await kernel.supervisor.next_change().wait()
        runs = [await fork(kernel, tmp_path, name, priority=level) for name, level in (("low", 0), ("critical", 3))]
        while len(kernel.scheduler.queue()) < 2:
            await anyio.lowlevel.checkpoint()
        assert order == ["first"]
        gate.set()
        await ended(kernel, first.id, *(run.id for run in runs))
    assert order == ["first", "critical", "low"]


async def test_a_host_takes_up_what_another_kernel_left_and_is_the_only_one(tmp_path: Path) -> None:
    llm = ScriptedLlm([HANG, says("done")])
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        run = await fork(kernel, tmp_path, "work")
        with anyio.fail_after(20):
            await llm.hanging.wait()
    async with open_test_kernel(tmp_path / "home", ScriptedLlm([says("taken up")]), host=True) as kernel:
        assert await ended(kernel, run.id) == [RunState.DONE]


async def test_a_second_host_is_refused_and_told_who_the_first_is(tmp_path: Path) -> None:
    async with open_kernel(tmp_path / "home", settings=SETTINGS, host=True):
        with pytest.raises(HomeHosted, match=r"process \d+, since 20"):
            async with open_kernel(tmp_path / "home", settings=SETTINGS, host=True):
                pass
    async with open_kernel(tmp_path / "home", settings=SETTINGS, host=True):
        pass


@pytest.mark.parametrize("text", ["", " \n", "x" * 100_001, "half a pair: \ud83d"])
async def test_a_message_that_is_no_text_or_too_long_is_refused(tmp_path: Path, text: str) -> None:
    async with open_test_kernel(tmp_path / "home", ScriptedLlm(lambda _: HANG)) as kernel:
        run = await fork(kernel, tmp_path, "listen")
        with pytest.raises(InputError, match="message"):
            await kernel.processes.message(run.id, text)
        assert await kernel.table.letters(run.id) == []


async def test_resuming_a_tree_in_a_kernel_that_is_not_the_host_carries_all_of_it_out(tmp_path: Path) -> None:
    async with open_test_kernel(tmp_path / "home", ScriptedLlm(lambda _: HANG)) as kernel:
        parent = await fork(kernel, tmp_path, "parent")
        child = await fork(kernel, tmp_path, "child", parent=parent)
        await kernel.processes.pause(parent.id)
    async with open_test_kernel(tmp_path / "home", ScriptedLlm(lambda _: says("done"))) as kernel:
        await kernel.processes.resume(parent.id)
        assert await ended(kernel, parent.id, child.id) == [RunState.DONE, RunState.DONE]


async def test_a_kill_from_another_kernel_ends_also_what_swallows_it(tmp_path: Path) -> None:
    stuck, let_go = anyio.Event(), anyio.Event()

    class Stubborn(ScriptedLlm):
        async def complete(self, request: LlmRequest, /, listen: object = None) -> LlmReply:
            stuck.set()
            with anyio.CancelScope(shield=True):
                await let_go.wait()
            return says("too late")

    home = tmp_path / "home"
    async with open_test_kernel(home, Stubborn([])) as one, open_test_kernel(home, ScriptedLlm([])) as other:
        run = await fork(one, tmp_path, "never end")
        with anyio.fail_after(20):
            await stuck.wait()
            await other.processes.kill(run.id, reason="enough")
            while (await one.table.get(run.id)).state is not RunState.KILLED:
                await one.supervisor.next_change().wait()
            let_go.set()
            while run.id in one.supervisor.lives:
                await one.supervisor.next_change().wait()
        assert (await one.table.get(run.id)).state is RunState.KILLED
