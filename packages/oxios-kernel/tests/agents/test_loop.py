"""One agent's life on a scripted model and real recorded effects."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import anyio
import pytest
from oxios_kernel.agents import AgentOutcome, AgentTask, AgentWork, Carrier, Life, Limits, RunTable
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSPACE_ALL
from oxios_kernel.domain.event import Event, StepBegan, TextArrived, ToolEnded
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Run, RunKind, RunState
from oxios_kernel.domain.tool import Repeat, ToolCall, ToolResult, ToolSpec, ToolStatus
from oxios_kernel.domain.transcript import ToolMessage, UserMessage
from oxios_kernel.errors import Conflict, ContextTooLong, ModelUnavailable
from oxios_kernel.events import Bus
from oxios_kernel.ports.llm import Llm, LlmRequest
from oxios_kernel.ports.toolset import ToolContext
from oxios_kernel.schedule import Caps, Rates, Scheduler
from oxios_kernel.testing import HANG, FakeClock, MemoryJournal, ScriptedLlm, calls, says
from oxios_kernel.testing.llm import Script

pytestmark = pytest.mark.anyio

Answers = Callable[[ToolCall], ToolResult]


@dataclass
class Bench:
    """Two tools: `look` changes nothing, `do` happens once. Both keep what was called."""

    called: list[str] = field(default_factory=list)
    answer: Answers = field(default=lambda call: ToolResult(text=f"result of {call.raw}"))
    meeting: anyio.Event | None = None

    def specs(self) -> tuple[ToolSpec, ...]:
        def spec(name: str, repeat: Repeat) -> ToolSpec:
            return ToolSpec(
                name=name, description="", parameters={"type": "object"}, repeat=repeat, capability="files.read"
            )

        return spec("look", Repeat.PURE), spec("do", Repeat.ONCE)

    async def call(self, call: ToolCall, context: ToolContext, /) -> ToolResult:
        self.called.append(f"{call.name} {call.raw}")
        if call.raw == "meet" and self.meeting is not None:
            await self.meeting.wait()
        if call.raw == "open" and self.meeting is not None:
            self.meeting.set()
        return self.answer(call)


@dataclass
class World:
    """The work of agents on a memory journal: one agent, carried out in the test's own task."""

    llm: ScriptedLlm
    tools: Bench = field(default_factory=Bench)
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    limits: Limits = field(default_factory=Limits)
    bus: Bus = field(default_factory=Bus)
    scheduler: Scheduler = field(default_factory=lambda: Scheduler(FakeClock(), lambda: CAPS, Rates()))

    async def live(self) -> AgentOutcome:
        clock = FakeClock()
        table = RunTable(runs=self.journal, control=self.journal, clock=clock)
        work = AgentWork(
            table=table,
            llm_for=self._llm_for,
            tools_for=lambda rights: self.tools,
            scheduler=self.scheduler,
            clock=clock,
            bus=self.bus,
            limits=self.limits,
            outputs=Path("/nowhere"),
        )
        await table.add(table.fresh("turn.g0", RunKind.AGENT, TASK.to_json(), title="test"))
        carrier = Carrier(runs=self.journal, control=self.journal, journal=self.journal, bus=self.bus)
        run = await carrier.carry_out(Life(run_id="turn.g0"), work)
        if run.state is RunState.FAILED:
            raise Conflict(f"it has failed: {run.reason}")
        return AgentOutcome.from_json(run.output)

    async def _llm_for(self, run: Run) -> Llm:
        return self.llm

    async def state(self) -> RunState:
        run = await self.journal.get(RunId("turn.g0"))
        assert run is not None
        return run.state


CAPS: Caps = Caps(concurrent=4, per_principal=4, per_provider=4, ageing_seconds=30)

TASK = AgentTask(
    system="rules",
    prompt="task",
    model="test/model",
    root="/nowhere",
    principal="person",
    role=Role.USER,
    rights=CSPACE_ALL,
    turn_id="turn",
)


def world(script: Script, **parts: object) -> World:
    return World(ScriptedLlm(script), **parts)  # type: ignore[arg-type]  # parts of World by name


def call(name: str, raw: str, call_id: str = "") -> ToolCall:
    return ToolCall(id=call_id or raw, name=name, arguments={}, raw=raw)


async def test_an_agent_calls_tools_and_answers_with_what_it_cost() -> None:
    it = world([calls(call("look", "a"), call("do", "b")), says("done")])
    outcome = await it.live()
    assert (outcome.text, outcome.ending, outcome.steps) == ("done", "answered", 2)
    assert (outcome.usage.calls, outcome.usage.input_tokens, outcome.usage.cost_micro_usd) == (2, 20, 60)
    assert [deed.result.text for deed in outcome.deeds] == ["result of a", "result of b"]
    assert await it.state() is RunState.DONE


async def test_the_model_sees_each_result_under_its_own_call() -> None:
    it = world([calls(call("look", "a"), call("look", "b")), says("done")])
    await it.live()
    told = [message for message in it.llm.requests[1].messages if isinstance(message, ToolMessage)]
    assert [(message.call_id, message.text) for message in told] == [("a", "result of a"), ("b", "result of b")]


async def test_calls_that_change_nothing_run_side_by_side() -> None:
    it = world([calls(call("look", "meet"), call("look", "open")), says("done")])
    it.tools.meeting = anyio.Event()
    with anyio.fail_after(5):
        outcome = await it.live()
    assert [deed.call.raw for deed in outcome.deeds] == ["meet", "open"]


async def test_calls_that_change_something_run_in_the_models_order() -> None:
    it = world([calls(*(call("do", str(number)) for number in range(5))), says("done")])
    await it.live()
    assert it.tools.called == [f"do {number}" for number in range(5)]


async def test_calls_with_the_same_id_are_told_apart() -> None:
    it = world([calls(call("look", "a", "same"), call("look", "b", "same")), says("done")])
    await it.live()
    told = [message for message in it.llm.requests[1].messages if isinstance(message, ToolMessage)]
    assert len({message.call_id for message in told}) == 2


async def test_an_agent_whose_host_died_goes_on_without_asking_or_doing_anything_twice() -> None:
    script: Script = [calls(call("do", "a")), ModelUnavailable("down"), says("done")]
    it = world(script)
    with pytest.raises(ModelUnavailable):
        await it.live()
    assert await it.state() is RunState.PAUSED
    it.journal.die()
    it.journal = it.journal.beside("heir")
    outcome = await it.live()
    assert (outcome.text, outcome.usage.calls) == ("done", 2)
    assert it.tools.called == ["do a"]
    assert len(it.llm.requests) == 3


async def test_what_is_recorded_is_walked_again_without_the_right_to_run() -> None:
    it = world([calls(call("look", "a")), ModelUnavailable("down"), says("done")])
    with pytest.raises(ModelUnavailable):
        await it.live()
    before = it.scheduler.stats().submitted
    await it.live()
    assert (before, it.scheduler.stats().submitted) == (3, 4)


async def test_a_call_in_doubt_is_told_to_the_model_and_not_repeated() -> None:
    def cut(_: ToolCall) -> ToolResult:
        raise ConnectionError("the process was killed here")

    it = world([calls(call("do", "a")), says("looked first")])
    it.tools.answer = cut
    with pytest.raises(ConnectionError):
        await it.live()
    heir = World(it.llm, journal=await orphaned(it.journal))
    outcome = await heir.live()
    assert outcome.deeds[0].result.status is ToolStatus.UNKNOWN
    assert heir.tools.called == []
    assert "not known" in it.llm.requests[1].messages[-1].text


async def orphaned(journal: MemoryJournal) -> MemoryJournal:
    """Return another host's view in which the run was under way when its host died: a failure was never written."""
    run = await journal.get(RunId("turn.g0"))
    assert run is not None
    fresh = MemoryJournal()
    await fresh.add(run.model_copy(update={"state": RunState.QUEUED, "owner": None, "epoch": 0}))
    lease = await fresh.claim(run.id)
    assert lease is not None
    for entry in await journal.replay(run.id):
        if entry.done:
            await fresh.record(lease, entry.key, entry.digest, entry.result)
        else:
            await fresh.intend(lease, entry.key, entry.digest)
    fresh.die()
    return fresh.beside("heir")


async def test_a_cancelled_agent_is_paused_and_can_go_on() -> None:
    it = world([HANG, says("done")])
    async with anyio.create_task_group() as group:

        async def live() -> None:
            await it.live()

        group.start_soon(live)
        with anyio.fail_after(5):
            await it.llm.hanging.wait()
        group.cancel_scope.cancel()
    assert it.llm.cancelled == 1
    assert await it.state() is RunState.PAUSED
    assert (await it.live()).text == "done"


async def test_a_finished_agent_gives_its_outcome_again_and_a_failed_one_does_not_go_on() -> None:
    it = world([says("done")])
    first = await it.live()
    assert await it.live() == first
    broken = world([ValueError("a fault of the program")])
    with pytest.raises(ValueError, match="fault"):
        await broken.live()
    with pytest.raises(Conflict, match="failed"):
        await broken.live()


async def test_the_same_call_for_ever_is_stopped_with_a_sentence() -> None:
    it = world(lambda request: calls(call("do", "same", f"c{len(request.messages)}")), limits=Limits(loop_repeats=3))
    outcome = await it.live()
    assert outcome.ending == "loop"
    assert len(it.tools.called) == 3


async def test_fifty_calls_at_once_all_run_and_those_beyond_the_most_are_refused() -> None:
    wanted = [call("look", str(number)) for number in range(50)]
    it = world([calls(*wanted), says("done")], limits=Limits(max_calls=40))
    await it.live()
    told = [message.text for message in it.llm.requests[1].messages if isinstance(message, ToolMessage)]
    assert len(told) == 50
    assert all("max_calls" in text for text in told[40:])
    assert len(it.tools.called) == 40


async def test_a_long_transcript_is_summarised_by_the_model_and_the_task_stays() -> None:
    def answer(request: LlmRequest) -> object:
        if "Summarise" in request.messages[0].text:
            return says("the files were counted")
        return says("done") if len(it.tools.called) > 9 else calls(call("look", f"{len(it.tools.called)}"))

    it = world(answer, limits=Limits(compact_at_characters=4_000))  # type: ignore[arg-type]  # answers are Answer
    it.tools.answer = lambda call: ToolResult(text="x" * 500 + call.raw)
    outcome = await it.live()
    assert outcome.text == "done"
    last = it.llm.requests[-1].messages
    assert isinstance(last[1], UserMessage)
    assert last[1].text == "task"
    assert any("the files were counted" in message.text for message in last)


async def test_a_transcript_that_the_provider_finds_too_long_is_shortened_once() -> None:
    steps = [calls(call("look", str(number))) for number in range(6)]
    it = world([*steps, ContextTooLong("too long"), says("summary"), says("done")])
    outcome = await it.live()
    assert outcome.text == "done"
    assert len(it.llm.requests[-1].messages) < len(it.llm.requests[6].messages)


async def test_listeners_are_told_steps_text_and_tools() -> None:
    it = world([calls(call("look", "a"), text="looking"), says("done")])
    with it.bus.subscribe() as listener:
        await it.live()
        it.bus.close()
        told: list[Event] = [event async for event in listener]
    assert [event.step for event in told if isinstance(event, StepBegan)] == [1, 2]
    assert [event.text for event in told if isinstance(event, TextArrived)] == ["looking", "done"]
    assert [event.tool for event in told if isinstance(event, ToolEnded)] == ["look"]
    assert {event.turn_id for event in told} == {"turn"}
