"""One agent's life: decide the next step, do it as a recorded effect, tell the bus, and decide again.

Which steps there are is decided in `agents/step.py`; what is recorded and what may be repeated in `agents/effects.py`.
"""

from collections.abc import Sequence

from oxios_kernel.agents.compaction import SUMMARY_PROMPT, compacted, extract, middle
from oxios_kernel.agents.effects import Effects
from oxios_kernel.agents.step import AskModel, CallTools, Compact, Finish, Limits, next_step
from oxios_kernel.agents.task import AgentOutcome, AgentTask, Deed
from oxios_kernel.agents.tooling import ToolRunner
from oxios_kernel.agents.transcript import Transcript
from oxios_kernel.domain.event import About, ModelAnswered, StepBegan, TextArrived
from oxios_kernel.domain.fact import Json, JsonObject
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import Repeat, ToolCall, ToolSpec
from oxios_kernel.domain.transcript import AssistantMessage, SystemMessage, ToolMessage, UserMessage
from oxios_kernel.errors import ContextTooLong, ModelError
from oxios_kernel.events import Bus
from oxios_kernel.ports.llm import Llm, LlmReply, LlmRequest

__all__ = ["AgentLoop"]


class AgentLoop:
    """The life of one agent, from its task to its outcome."""

    def __init__(
        self, task: AgentTask, effects: Effects, *, llm: Llm, tools: ToolRunner, bus: Bus, limits: Limits
    ) -> None:
        self._task = task
        self._effects = effects
        self._llm = llm
        self._tools = tools
        self._bus = bus
        self._limits = limits
        self._transcript = Transcript([SystemMessage(text=task.system), UserMessage(text=task.prompt)])
        self._specs: dict[str, ToolSpec] = {spec.name: spec for spec in tools.specs()}
        self._usage = Usage()
        self._model = task.model
        self._deeds: list[Deed] = []

    async def run(self) -> AgentOutcome:
        """Live to the end and return what came of it.

        Raises:
            ModelError: the model cannot be asked; the run can go on later from here.
            JournalError: an effect cannot be recorded.
            LeaseLost: another host works on the run now.
        """
        while True:
            match next_step(self._transcript, self._specs, self._limits):
                case AskModel(step=step):
                    await self._ask(step)
                case CallTools() as calls:
                    await self._call(calls)
                case Compact(step=step):
                    await self._compact(step)
                case Finish(ending=ending, text=text):
                    return AgentOutcome(
                        text=text,
                        ending=ending,
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
        request = LlmRequest(
            model=self._task.model,
            messages=tuple(self._transcript.messages),
            tools=tuple(self._specs.values()),
            key=f"{self._effects.lease.run_id}/{key}",
        )
        return await self._recorded_reply(key, request, stream=True)

    async def _recorded_reply(self, key: str, request: LlmRequest, *, stream: bool) -> LlmReply:
        asked: JsonObject = {"model": request.model, "messages": len(request.messages)}
        about = self._about()

        async def act() -> Json:
            listen = (lambda text: self._bus.publish(TextArrived(**about, text=text))) if stream else None
            reply = await self._llm.complete(request, listen)
            self._bus.publish(ModelAnswered(**about, model=reply.model, usage=reply.usage))
            return reply.to_json()

        reply = LlmReply.from_json(await self._effects.do(key, asked, act, Repeat.IDEMPOTENT))
        self._usage += reply.usage
        return reply

    async def _call(self, step: CallTools) -> None:
        results = await self._tools.run(step)
        for call, result in zip(step.calls, results, strict=True):
            self._deeds.append(Deed(step=step.step, call=call, result=result))
            self._transcript.add(ToolMessage(call_id=call.id, name=call.name, text=result.text))
        for call in step.surplus:
            text = f"Not run: at most {self._limits.max_calls} calls in one answer (agents.max_calls)."
            self._transcript.add(ToolMessage(call_id=call.id, name=call.name, text=text))

    async def _compact(self, step: int) -> None:
        part = middle(self._transcript.messages)
        summary = await self._summary(f"step/{step}/compact", extract(part)) if part else ""
        self._transcript.replace(compacted(self._transcript.messages, summary))

    async def _summary(self, key: str, text: str) -> str:
        messages = (SystemMessage(text=SUMMARY_PROMPT), UserMessage(text=text))
        request = LlmRequest(model=self._task.model, messages=messages, key=f"{self._effects.lease.run_id}/{key}")
        try:
            reply = await self._recorded_reply(key, request, stream=False)
        except ModelError:
            asked: JsonObject = {"model": request.model, "messages": len(messages)}
            reply = LlmReply(text=text, model=self._task.model)
            await self._effects.record(key, asked, reply.to_json())
        return reply.text or text

    def _about(self) -> About:
        run_id = self._effects.lease.run_id
        return {"run_id": run_id, "session_id": self._task.session_id, "turn_id": self._task.turn_id or run_id}


def _distinct(calls: Sequence[ToolCall], step: int) -> tuple[ToolCall, ...]:
    """Give calls without an id of their own one: some providers send none, or the same twice."""
    ids = [call.id for call in calls]
    if all(ids) and len(set(ids)) == len(ids):
        return tuple(calls)
    return tuple(call.model_copy(update={"id": f"call_{step}_{index}"}) for index, call in enumerate(calls))
