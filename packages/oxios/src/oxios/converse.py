"""The kernel's conversation as the doors use it: a turn is carried out, and what happens meanwhile is told as progress.

`oxios run` calls `carry_out` and `resume`; the gateway calls `handle`, which is the same with the gateway's own words
for request and reply. One path for both: the order of a session's turns is the kernel's, and errors pass through.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
from oxios_gateway import Listen, Progress, Request
from oxios_gateway import Reply as GatewayReply
from oxios_kernel.conversation import Conversation, Reply, TurnRequest
from oxios_kernel.domain.event import BudgetReached, Event, Noted, PhaseBegan, StepBegan, TextArrived, ToolBegan
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.run import Run
from oxios_kernel.domain.spend import dollars
from oxios_kernel.errors import ConfigError, ModelError, NotFound
from oxios_kernel.events import Bus, Listener

from oxios.failures import innermost

__all__ = ["KernelConverse", "for_gateway", "usage_json", "verdicts_json"]


class KernelConverse:
    """Carries turns out; an `oxios_gateway.Converse`.

    Args:
        conversation: the kernel's.
        bus: tells what happens.
        root: the folder for requests that name none.
    """

    def __init__(self, conversation: Conversation, bus: Bus, *, root: Path) -> None:
        self._conversation = conversation
        self._bus = bus
        self._root = root

    async def handle(self, request: Request, *, listen: Listen) -> GatewayReply:
        """Answer one message of a channel.

        Raises:
            KernelError: whatever stopped the turn.
        """
        run_id = self._conversation.new_id()
        turn = TurnRequest(
            prompt=request.content,
            root=Path(request.workdir) if request.workdir else self._root,
            session_id=request.session_id,
            persona=request.persona,
            model=request.model,
            principal=f"{request.channel}:{request.user_id}",
            space_id=request.space_id,
            run_id=run_id,
        )
        reply = await self.carry_out(turn, listen=listen)
        for note in reply.notes:
            listen(Progress(kind="note", phase=reply.phase, text=note))
        return for_gateway(reply)

    async def carry_out(self, turn: TurnRequest, *, listen: Listen) -> Reply:
        """Carry a new turn out. It must name its run.

        Raises:
            KernelError: see `Conversation.handle`.
        """
        async with self._told(turn.run_id, listen):
            return await self._conversation.handle(turn)

    async def resume(self, run_id: str, *, listen: Listen, model: str | None = None) -> Reply:
        """Take up a turn that was interrupted, with another model from here on if one is named.

        Raises:
            KernelError: see `Conversation.resume`.
        """
        async with self._told(run_id, listen):
            return await self._conversation.resume(run_id, model=model)

    async def interrupted(self) -> list[Run]:
        """Return the turns whose process died, oldest first."""
        return list(await self._conversation.interrupted())

    async def obstacle(self, run: Run) -> str | None:
        """Say why the model of a turn cannot be asked, `None` when it can. Nobody is asked for that."""
        model = run.input.get("model")
        try:
            await self._conversation.engine.resolve(model if isinstance(model, str) else None)
        except (ModelError, ConfigError) as error:
            return error.message
        return None

    async def find(self, run_id: str) -> Run | None:
        """Return the row of a run, `None` when it was never begun."""
        try:
            return await self._conversation.table.get(run_id)
        except NotFound:
            return None

    @asynccontextmanager
    async def _told(self, run_id: str | None, listen: Listen) -> AsyncIterator[None]:
        """Tell `listen` what happens in a turn and its agents while the block runs, to its end."""
        try:
            async with anyio.create_task_group() as telling:
                with self._bus.subscribe(lambda event: run_id in (event.turn_id, event.run_id)) as events:
                    telling.start_soon(_tell, events, listen)
                    yield
        except BaseExceptionGroup as failed:
            raise innermost(failed) from failed


async def _tell(events: Listener, listen: Listen) -> None:
    phase = ""
    async for event in events:
        phase = event.phase if isinstance(event, PhaseBegan) else phase
        progress = _progress(event, phase)
        if progress is not None:
            listen(progress)


def _progress(event: Event, phase: str) -> Progress | None:
    match event:
        case PhaseBegan():
            again = f"generation {event.generation}" if event.generation else ""
            return Progress(kind="phase", phase=event.phase, text=again)
        case StepBegan():
            return Progress(kind="step", phase=phase, step=event.step)
        case ToolBegan():
            return Progress(kind="tool", phase=phase, tool=event.tool)
        case TextArrived():
            return Progress(kind="text", phase=phase, text=event.text)
        case Noted():
            return Progress(kind="note", phase=phase, text=event.text)
        case BudgetReached():
            return Progress(kind="note", phase=phase, text=_reached(event))
        case _:
            return None


def _reached(event: BudgetReached) -> str:
    until = "" if event.resets_at is None else f" until {event.resets_at:%Y-%m-%dT%H:%M:%SZ}"
    return f"{event.percent} percent of the budget of {event.limit.scope}{until} are used up"


def usage_json(reply: Reply) -> JsonObject:
    """Return what a turn cost, for JSON; the cost is a decimal string of US dollars, `None` when a price is unknown."""
    usage = reply.usage
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cost_usd": dollars(usage.cost_micro_usd),
        "model_calls": usage.calls,
    }


def verdicts_json(reply: Reply) -> list[JsonObject]:
    """Return a turn's verdicts for JSON, one for each criterion."""
    return [verdict.model_dump(mode="json") for verdict in reply.verdicts]


def for_gateway(reply: Reply, *, duration_ms: int | None = None) -> GatewayReply:
    """Return a reply in the gateway's words; `duration_ms` is how long it took in milliseconds, where that is known."""
    return GatewayReply(
        content=reply.response,
        phase=reply.phase,
        session_id=reply.session_id,
        space_id=reply.space_id,
        seed_id=reply.seed_id,
        agent_id=reply.agent_id,
        run_id=reply.run_id,
        duration_ms=duration_ms,
        evaluation_passed=reply.evaluation_passed,
        questions=reply.questions,
        verdicts=tuple(verdicts_json(reply)),
        usage=usage_json(reply),
        model=reply.model,
    )
