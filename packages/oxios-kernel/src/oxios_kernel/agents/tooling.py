"""The tool calls of one answer as recorded effects: side by side when all are pure, else one after the other in the
model's order. A call whose end is not known after a crash is told to the model, never run again."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import anyio

from oxios_kernel.agents.effects import Effects
from oxios_kernel.agents.step import CallTools
from oxios_kernel.domain.event import ToolBegan, ToolEnded
from oxios_kernel.domain.fact import Json, JsonObject
from oxios_kernel.domain.tool import Repeat, ToolCall, ToolResult, ToolSpec, ToolStatus
from oxios_kernel.errors import OutcomeUnknown
from oxios_kernel.events import Bus
from oxios_kernel.ports.toolset import ToolContext, Toolset

__all__ = ["UNKNOWN_OUTCOME", "ToolRunner"]

SIDE_BY_SIDE = 8
"""How many pure calls of one answer run at a time."""

UNKNOWN_OUTCOME = (
    "It is not known whether this call happened: the work was interrupted while it ran, and it must not simply be "
    "repeated. Look first whether its effect is there, then decide."
)
"""What the model is told about a call in doubt."""


class ToolRunner:
    """Runs the tool calls of one agent."""

    def __init__(self, tools: Toolset, effects: Effects, context: ToolContext, bus: Bus) -> None:
        self._tools = tools
        self._effects = effects
        self._context = context
        self._bus = bus
        self._repeat = {spec.name: spec.repeat for spec in tools.specs()}

    def specs(self) -> tuple[ToolSpec, ...]:
        """Return the tools on offer."""
        return self._tools.specs()

    async def run(self, step: CallTools, *, letters: int = 0) -> Sequence[ToolResult]:
        """Return the results of an answer's calls, in their order.

        Args:
            step: the calls.
            letters: the number of the last letter that the agent has read.

        Raises:
            Parked: a tool waits for something.
            Halted: the run was asked to stop.
            LeaseLost: another host works on the run now.
            JournalError: a result cannot be recorded.
        """
        asked_at = self._effects.recorded_at(f"step/{step.step}/model")
        context = replace(self._context, step=step.step, asked_at=asked_at, letters=letters)
        if not step.together or len(step.calls) == 1:
            return [await self._one(context, index, call) for index, call in enumerate(step.calls)]
        results: dict[int, ToolResult] = {}
        limiter = anyio.CapacityLimiter(SIDE_BY_SIDE)

        async def one(index: int, call: ToolCall) -> None:
            async with limiter:
                results[index] = await self._one(context, index, call)

        try:
            async with anyio.create_task_group() as group:
                for index, call in enumerate(step.calls):
                    group.start_soon(one, index, call)
        except BaseExceptionGroup as failed:
            raise _first(failed) from failed
        return [results[index] for index in range(len(step.calls))]

    async def _one(self, context: ToolContext, index: int, call: ToolCall) -> ToolResult:
        key = f"step/{context.step}/tool/{index}"
        asked: JsonObject = {"name": call.name, "raw": call.raw, "arguments": call.arguments}
        context = replace(context, key=f"{self._effects.lease.run_id}/{key}")
        repeat = self._repeat.get(call.name, Repeat.PURE)
        try:
            result = await self._effects.do(key, asked, partial(self._act, call, context), repeat)
        except OutcomeUnknown:
            unknown = ToolResult(text=UNKNOWN_OUTCOME, status=ToolStatus.UNKNOWN)
            result = await self._effects.record(key, asked, unknown.to_json())
        return ToolResult.from_json(result)

    async def _act(self, call: ToolCall, context: ToolContext) -> Json:
        about = {"run_id": context.agent_id, "turn_id": context.run_id}
        self._bus.publish(ToolBegan(**about, tool=call.name, arguments=call.arguments or {}))
        result = await self._tools.call(call, context)
        self._bus.publish(ToolEnded(**about, tool=call.name, status=result.status))
        return result.to_json()


def _first(failed: BaseExceptionGroup[BaseException]) -> BaseException:
    """Return the first error of a group: the calls beside it were cancelled because of it."""
    inner = failed.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
