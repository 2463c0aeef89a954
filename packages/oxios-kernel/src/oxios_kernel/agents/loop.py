"""One agent's life: decide the next step, do it as a recorded effect, tell the bus, and decide again.

Which steps there are is decided in `agents/step.py`; what is recorded and what may be repeated in `agents/effects.py`.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

from anyio.lowlevel import checkpoint

from oxios_kernel.agents.compaction import SUMMARY_PROMPT, compacted, extract, middle
from oxios_kernel.agents.effects import Effects
from oxios_kernel.agents.prompt import letter_prompt
from oxios_kernel.agents.step import AskModel, CallTools, Compact, Finish, Limits, next_step
from oxios_kernel.agents.task import AgentOutcome, AgentTask, Deed
from oxios_kernel.agents.tooling import ToolRunner
from oxios_kernel.agents.transcript import Transcript
from oxios_kernel.domain.event import About, ModelAnswered, StepBegan, TextArrived
from oxios_kernel.domain.fact import Json, JsonObject
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import Repeat, ToolCall, ToolSpec
from oxios_kernel.domain.transcript import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
from oxios_kernel.errors import ContextTooLong, ModelError
from oxios_kernel.events import Bus
from oxios_kernel.ports.llm import Llm, LlmReply, LlmRequest

__all__ = ["AgentLoop", "Letters", "Slot", "Surroundings"]


Letters = Callable[[int], Awaitable[Sequence[Letter]]]
"""Returns the letters to the agent with a number above the one given, oldest first."""

Slot = Callable[[], AbstractAsyncContextManager[None]]
"""Holds the right to run for the length of a block."""


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What an agent lives on.

    Attributes:
        llm: what it thinks with.
        tools: what it works with.
        letters: what others tell it while it works.
        slot: its right to run, held while it asks a model.
        tool_slot: the same while its tools work, which no provider has a part in.
        bus: is told what it does.
        limits: where it is stopped.
    """

    llm: Llm
    tools: ToolRunner
    letters: Letters
    slot: Slot
    tool_slot: Slot
    bus: Bus
    limits: Limits


class AgentLoop:
    """The life of one agent, from its task to its outcome."""

    def __init__(self, task: AgentTask, effects: Effects, around: Surroundings) -> None:
        self._task = task
        self._effects = effects
        self._around = around
        self._bus = around.bus
        self._transcript = Transcript([SystemMessage(text=task.system), UserMessage(text=task.prompt)])
        self._specs: dict[str, ToolSpec] = {spec.name: spec for spec in around.tools.specs()}
        self._usage = Usage()
        self._model = task.model
        self._deeds: list[Deed] = []
        self._letters = 0
        self._letters_step = 0
        self._told: set[int] = set()

    async def run(self) -> AgentOutcome:
        """Live to the end and return what came of it.

        Raises:
            Parked: it waits for something else; the run can go on when that is there.
            Halted: it was asked to stop.
            ModelError: the model cannot be asked; the run can go on later from here.
            JournalError: an effect cannot be recorded.
            LeaseLost: another host works on the run now.
        """
        while True:
            match next_step(self._transcript, self._specs, self._around.limits):
                case AskModel(step=step):
                    await self._read_letters(step)
                    async with self._slot(self._around.slot, [f"step/{step}/model"]):
                        await self._ask(step)
                case CallTools(step=step) as calls:
                    keys = [f"step/{step}/tool/{index}" for index in range(len(calls.calls))]
                    async with self._slot(self._around.tool_slot, keys):
                        await self._call(calls)
                case Compact(step=step):
                    async with self._around.slot():
                        await self._compact(step)
                case Finish() as finish:
                    if finish.ending != "answered" or not await self._read_letters(self._transcript.steps + 1):
                        return self._outcome(finish)

    def _slot(self, slot: Slot, keys: Sequence[str]) -> AbstractAsyncContextManager[None]:
        """Hold the right to run for effects that are still to be carried out; what is recorded needs none."""
        return _passing() if all(map(self._effects.recorded, keys)) else slot()

    async def _read_letters(self, step: int) -> bool:
        """Tell the agent what was written to it since its last step and no tool has told it; `False` when nothing was.

        Letters are read before the model is asked, and recorded only when there are some: a step whose model was asked
        without them had none.
        """
        if step == self._letters_step:
            return False  # they came when it was about to end, and kept it from that
        key = f"step/{step}/letters"
        if not self._effects.begun(key):
            if self._effects.begun(f"step/{step}/model"):
                return False
            new = [one for one in await self._around.letters(self._letters) if one.number not in self._told]
            if not new:
                return False
            await self._effects.record(key, {"after": self._letters}, [letter.to_json() for letter in new])
        recorded = await self._effects.do(key, {"after": self._letters}, _nothing, Repeat.PURE)
        for letter in map(Letter.from_json, recorded if isinstance(recorded, list) else []):
            self._letters = letter.number
            self._transcript.add(UserMessage(text=letter_prompt(letter)))
        self._letters_step = step
        return True

    def _outcome(self, finish: Finish) -> AgentOutcome:
        return AgentOutcome(
            text=finish.text,
            ending=finish.ending,
            steps=self._transcript.steps,
            usage=self._usage,
            model=self._model,
            deeds=tuple(self._deeds),
        )

    async def _ask(self, step: int) -> None:
        if not self._effects.recorded(f"step/{step}/model"):
            self._bus.publish(StepBegan(**self._about(), step=step))
        if self._effects.recorded(f"step/{step}/compact"):
            await self._compact(step)
        try:
            reply = await self._complete(f"step/{step}/model")
        except ContextTooLong:
            if self._transcript.compacted_at == step - 1:
                raise
            await self._compact(step)
            reply = await self._complete(f"step/{step}/model/shorter")
        self._model = reply.model
        self._transcript.add(AssistantMessage(text=reply.text, tool_calls=_distinct(reply.tool_calls, step)))

    async def _complete(self, key: str) -> LlmReply:
        return await self._recorded_reply(key, self._transcript.messages, self._specs.values())

    async def _recorded_reply(
        self, key: str, messages: Sequence[Message], tools: Iterable[ToolSpec], *, stream: bool = True
    ) -> LlmReply:
        asked: JsonObject = {"messages": len(messages)}  # not the model: a resumed run may have another one

        async def act() -> Json:
            about, name = self._about(), f"{self._effects.lease.run_id}/{key}"
            request = LlmRequest(model=self._task.model, messages=tuple(messages), tools=tuple(tools), key=name)
            listen = (lambda text: self._bus.publish(TextArrived(**about, text=text))) if stream else None
            reply = await self._around.llm.complete(request, listen)
            self._bus.publish(ModelAnswered(**about, model=reply.model, usage=reply.usage))
            return reply.to_json()

        reply = LlmReply.from_json(await self._effects.do(key, asked, act, Repeat.IDEMPOTENT, intend=True))
        self._usage += reply.usage
        return reply

    async def _call(self, step: CallTools) -> None:
        results = await self._around.tools.run(step, letters=max(self._letters, *self._told, 0))
        for call, result in zip(step.calls, results, strict=True):
            self._deeds.append(Deed(step=step.step, call=call, result=result))
            self._told.update(result.letters)
            self._transcript.add(ToolMessage(call_id=call.id, name=call.name, text=result.text))
        for call in step.surplus:
            text = f"Not run: at most {self._around.limits.max_calls} calls in one answer (agents.max_calls)."
            self._transcript.add(ToolMessage(call_id=call.id, name=call.name, text=text))

    async def _compact(self, step: int) -> None:
        part = middle(self._transcript.messages)
        summary = await self._summary(f"step/{step}/compact", extract(part)) if part else ""
        self._transcript.replace(compacted(self._transcript.messages, summary))

    async def _summary(self, key: str, text: str) -> str:
        messages = (SystemMessage(text=SUMMARY_PROMPT), UserMessage(text=text))
        try:
            reply = await self._recorded_reply(key, messages, (), stream=False)
        except ModelError:
            asked: JsonObject = {"messages": len(messages)}
            reply = LlmReply(text=text, model=self._task.model)
            await self._effects.record(key, asked, reply.to_json())
        return reply.text or text

    def _about(self) -> About:
        run_id = self._effects.lease.run_id
        return {"run_id": run_id, "session_id": self._task.session_id, "turn_id": self._task.turn_id or run_id}


@asynccontextmanager
async def _passing() -> AsyncIterator[None]:
    """Let others have their turn: a long life that is walked again waits for nothing else."""
    await checkpoint()
    yield


async def _nothing() -> Json:
    return None


def _distinct(calls: Sequence[ToolCall], step: int) -> tuple[ToolCall, ...]:
    """Give calls without an id of their own one: some providers send none, or the same twice."""
    ids = [call.id for call in calls]
    if all(ids) and len(set(ids)) == len(ids):
        return tuple(calls)
    return tuple(call.model_copy(update={"id": f"call_{step}_{index}"}) for index, call in enumerate(calls))
