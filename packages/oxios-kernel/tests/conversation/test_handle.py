"""A message becomes a reply: the whole kernel on real files, a real journal and a scripted model."""

from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from oxios_kernel.config import EngineSettings, Settings
from oxios_kernel.conversation import Reply, TurnRequest
from oxios_kernel.domain.run import RunState
from oxios_kernel.errors import CredentialsRefused, InputError, ModelUnavailable, ModelUnknown, NotFound
from oxios_kernel.kernel import Kernel
from oxios_kernel.ports.llm import LlmRequest
from oxios_kernel.testing import (
    HANG,
    ProtocolScript,
    ScriptedLlm,
    chat,
    evolved,
    open_test_kernel,
    reviewed,
    says,
    task,
    tool,
    unclear,
)
from oxios_kernel.testing.llm import Answer

pytestmark = pytest.mark.anyio

AT_ONCE = Settings(engine=EngineSettings(max_retries=0))
HELLO = {"kind": "file", "path": "hello.txt", "equals": "hello"}
JUDGED = {"kind": "judged", "statement": "the greeting is friendly"}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


async def say(
    tmp_path: Path, script: ProtocolScript, prompt: str = "write hello to hello.txt", session_id: str | None = None
) -> Reply:
    async with open_test_kernel(tmp_path / "home", ScriptedLlm(script), AT_ONCE) as kernel:
        request = TurnRequest(prompt=prompt, root=tmp_path / "work", session_id=session_id)
        return await kernel.conversation.handle(request)


def last_prompt(requests: Sequence[LlmRequest]) -> str:
    return requests[-1].messages[-1].text


async def test_talk_is_answered_with_one_model_call(tmp_path: Path, root: Path) -> None:
    script = ProtocolScript(assess=[chat("Good morning!")])
    reply = await say(tmp_path, script, "good morning")
    assert (reply.response, reply.phase, reply.evaluation_passed) == ("Good morning!", "chat", None)
    assert script.asked == ["assess"]


async def test_work_that_its_check_confirms_passes_without_asking_a_judge(tmp_path: Path, root: Path) -> None:
    script = ProtocolScript([tool("write", path="hello.txt", content="hello")], assess=[task("greet", HELLO)])
    reply = await say(tmp_path, script)
    assert reply.evaluation_passed is True
    assert (root / "hello.txt").read_text() == "hello"
    assert [verdict.status for verdict in reply.verdicts] == ["verified"]
    assert script.asked == ["assess", "agent", "agent"]
    assert (reply.usage.calls, reply.usage.input_tokens, reply.usage.cost_micro_usd) == (3, 30, 90)


async def test_an_agent_that_only_says_so_fails(tmp_path: Path, root: Path) -> None:
    script = ProtocolScript([says("I wrote hello to hello.txt.")], assess=[task("greet", HELLO)], evolve=["no"])
    reply = await say(tmp_path, script)
    assert reply.evaluation_passed is False
    assert {verdict.status for verdict in reply.verdicts} == {"failed"}


@pytest.mark.parametrize("exists", [True, False])
async def test_a_folder_in_the_place_of_a_file_is_told_as_that(tmp_path: Path, root: Path, exists: bool) -> None:
    (root / "hello").mkdir()
    check = {"kind": "file", "path": "hello", "exists": exists}
    reply = await say(tmp_path, ProtocolScript([says("done")], assess=[task("greet", check)], evolve=["no"]))
    assert [(verdict.status, verdict.evidence) for verdict in reply.verdicts] == [
        ("failed", "hello is a folder, not a file")
    ]


async def test_the_checks_are_withheld_from_the_agent(tmp_path: Path, root: Path) -> None:
    check = {"kind": "command", "command": "test -e secret-of-the-check"}
    llm = ScriptedLlm(ProtocolScript([says("done")], assess=[task("greet", check)], evolve=["no"]))
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        await kernel.conversation.handle(TurnRequest(prompt="greet", root=root))
    agents = [request for request in llm.requests if not request.messages[0].text.startswith("oxios-ouroboros/")]
    assert agents
    assert not any("secret-of-the-check" in message.text for message in agents[0].messages)


async def test_a_failed_check_is_evolved_and_passes_in_generation_one(tmp_path: Path, root: Path) -> None:
    def agent(request: LlmRequest) -> Answer:
        told = request.messages[1].text
        content = "hello" if "exactly" in told else "hi"
        return says("done") if len(request.messages) > 2 else tool("write", path="hello.txt", content=content)

    script = ProtocolScript(agent, assess=[task("greet", HELLO)], evolve=[evolved("exactly the word hello")])
    reply = await say(tmp_path, script)
    assert (reply.evaluation_passed, reply.generation, reply.phase) == (True, 1, "evolve")
    assert reply.agent_id == f"{reply.run_id}.g1"


async def test_what_cannot_pass_ends_after_three_evolutions_with_the_best_kept(tmp_path: Path, root: Path) -> None:
    never = {"kind": "file", "path": "never.txt"}

    def agent(request: LlmRequest) -> Answer:
        first = "one more" not in request.messages[1].text
        if len(request.messages) == 2 and first:
            return tool("write", path="hello.txt", content="hello")
        if len(request.messages) == 2:
            return tool("bash", command="rm -f hello.txt")
        return says("the first try" if first else "a later try")

    changes = [evolved(f"one more {word}") for word in ("constraint", "sentence about care", "word of warning")]
    script = ProtocolScript(agent, assess=[task("greet", HELLO, never)], evolve=changes)
    reply = await say(tmp_path, script)
    assert script.asked.count("evolve") == 3
    assert (reply.evaluation_passed, reply.generation, reply.response) == (False, 0, "the first try")
    assert [verdict.status for verdict in reply.verdicts] == ["verified", "failed"]


async def test_an_interview_over_three_kernels_keeps_the_first_request(tmp_path: Path, root: Path) -> None:
    first = ProtocolScript(assess=[unclear("Which file?", "Which words?")])
    reply = await say(tmp_path, first, "write a greeting")
    assert reply.questions == ("Which file?", "Which words?")
    assert reply.phase == "interview"
    second = ProtocolScript(interview=[unclear("Which language?")])
    reply = await say(tmp_path, second, "hello.txt, the word hello", reply.session_id)
    assert reply.questions == ("Which language?",)
    third = ProtocolScript([tool("write", path="hello.txt", content="hello")], interview=[task("greet", HELLO)])
    reply = await say(tmp_path, third, "English", reply.session_id)
    assert reply.evaluation_passed is True
    async with open_test_kernel(tmp_path / "home", ScriptedLlm([])) as kernel:
        session = await kernel.sessions.get(reply.session_id)
        agent = await kernel.table.get(reply.agent_id or "")
    assert session.turns[0].request == "write a greeting"
    assert session.interview is None
    assert "write a greeting" in str(agent.input["prompt"])


async def test_an_unreadable_assessment_still_becomes_a_task_that_never_passes_by_words(
    tmp_path: Path, root: Path
) -> None:
    script = ProtocolScript([says("All done, every criterion is met.")], assess=["{broken"], evolve=["nonsense"])
    reply = await say(tmp_path, script, "create hello.txt with the word hello")
    assert reply.evaluation_passed is not True
    assert all(verdict.status == "unverified" for verdict in reply.verdicts)


async def test_a_judge_that_is_away_leaves_the_work_unverified_and_kept(tmp_path: Path, root: Path) -> None:
    script = ProtocolScript(
        [tool("write", path="hello.txt", content="hello")],
        assess=[task("greet", JUDGED)],
        evaluate=[ModelUnavailable("the provider is down")],
    )
    reply = await say(tmp_path, script)
    assert reply.evaluation_passed is False
    assert [verdict.status for verdict in reply.verdicts] == ["unverified"]
    assert (root / "hello.txt").exists()
    assert script.asked.count("agent") == 2


async def test_a_judge_decides_what_no_check_can(tmp_path: Path, root: Path) -> None:
    script = ProtocolScript(
        [tool("write", path="hello.txt", content="hello")],
        assess=[task("greet", JUDGED)],
        evaluate=[reviewed("verified")],
    )
    assert (await say(tmp_path, script)).evaluation_passed is True


async def test_a_provider_that_is_down_pauses_the_turn_and_resume_pays_nothing_twice(
    tmp_path: Path, root: Path
) -> None:
    def agent(request: LlmRequest) -> Answer:
        if len(request.messages) == 2:
            return tool("bash", command="echo once >> log.txt")
        return says("done") if away == [] else away.pop()

    away: list[Answer] = [CredentialsRefused("the key is wrong")]
    log = {"kind": "command", "command": "test $(wc -l < log.txt) -eq 1"}
    llm = ScriptedLlm(ProtocolScript(agent, assess=[task("log", log)]))
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        with pytest.raises(CredentialsRefused):
            await kernel.conversation.handle(TurnRequest(prompt="log", root=root, run_id="turn-1"))
        assert (await kernel.table.get("turn-1")).state is RunState.PAUSED
        assert [run.id for run in await kernel.conversation.paused()] == ["turn-1"]
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        reply = await kernel.conversation.resume("turn-1")
        again = await kernel.conversation.resume("turn-1.g0")
    assert reply.evaluation_passed is True
    assert again == reply
    assert reply.usage.calls == 3
    assert len(llm.requests) == 4
    assert (root / "log.txt").read_text() == "once\n"


async def test_a_stopped_turn_goes_on_with_another_model_and_keeps_what_the_first_one_answered(
    tmp_path: Path, root: Path
) -> None:
    def agent(request: LlmRequest) -> Answer:
        if len(request.messages) == 2:
            return tool("write", path="hello.txt", content="hello")
        return away.pop() if away else says("done")

    away: list[Answer] = [ModelUnavailable("still away"), CredentialsRefused("the key is wrong")]
    llm = ScriptedLlm(ProtocolScript(agent, assess=[task("greet", HELLO)]))
    async with open_test_kernel(tmp_path / "home", llm, AT_ONCE) as kernel:
        with pytest.raises(CredentialsRefused):
            await kernel.conversation.handle(TurnRequest(prompt="greet", root=root, run_id="turn-1"))
        with pytest.raises(ModelUnknown):
            await kernel.conversation.resume("turn-1", model="no model")
        with pytest.raises(ModelUnavailable):
            await kernel.conversation.resume("turn-1", model="ollama/qwen")
        reply = await kernel.conversation.resume("turn-1")
    assert reply.evaluation_passed is True
    assert [request.model for request in llm.requests] == [*["oxios/demo"] * 3, *["ollama/qwen"] * 2]


async def test_a_refused_path_is_told_and_reported(tmp_path: Path, root: Path) -> None:
    script = ProtocolScript([tool("read", path="/proc/self/environ")], assess=[task("greet", HELLO)], evolve=["no"])
    reply = await say(tmp_path, script)
    assert reply.evaluation_passed is False
    assert reply.denied is not None
    assert "/proc/self/environ" in reply.denied


async def test_two_turns_of_one_session_come_one_after_the_other(tmp_path: Path, root: Path) -> None:
    llm = ScriptedLlm(ProtocolScript([HANG], assess=[task("greet", HELLO), chat("second")]))
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        async with anyio.create_task_group() as group:
            group.start_soon(handle, kernel, "first", root)
            with anyio.fail_after(20):
                await llm.hanging.wait()
            group.start_soon(handle, kernel, "second", root)
            await anyio.wait_all_tasks_blocked()
            assert llm.requests[-1].messages[-1].text != "second"
            asked = len(llm.requests)
            group.cancel_scope.cancel()
        assert len(llm.requests) == asked


async def handle(kernel: Kernel, prompt: str, root: Path) -> None:
    await kernel.conversation.handle(TurnRequest(prompt=prompt, root=root, session_id="same"))


async def test_the_persona_and_the_earlier_turns_reach_the_model(tmp_path: Path, root: Path) -> None:
    llm = ScriptedLlm(ProtocolScript(assess=[chat("blue"), chat("still blue")]))
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        first = await kernel.conversation.handle(TurnRequest(prompt="my colour is blue", root=root))
        again = TurnRequest(prompt="which colour?", root=root, session_id=first.session_id, persona="review")
        await kernel.conversation.handle(again)
        persona = await kernel.personas.get("review")
    assert "my colour is blue" in last_prompt(llm.requests)
    assert persona.prompt[:40] in last_prompt(llm.requests)


@pytest.mark.parametrize("prompt", ["", "  \n", "\ud800", "x" * (1024 * 1024 + 1)])
async def test_a_prompt_that_cannot_be_worked_on_is_refused_before_anything_happens(
    prompt: str, tmp_path: Path, root: Path
) -> None:
    llm = ScriptedLlm([])
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        with pytest.raises(InputError):
            await kernel.conversation.handle(TurnRequest(prompt=prompt, root=root))
        with pytest.raises(InputError, match="missing"):
            await kernel.conversation.handle(TurnRequest(prompt="hi", root=root / "missing"))
        with pytest.raises(NotFound):
            await kernel.conversation.handle(TurnRequest(prompt="hi", root=root, persona="nobody"))
    assert llm.requests == []
