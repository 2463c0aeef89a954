"""Conversation: message in, reply out. The main flow of the product: open the session, write the run down, walk the
turn, keep what came of it. A turn that was interrupted is walked again from its journal."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from oxios_kernel.agents import Effects, RunTable, Supervisor
from oxios_kernel.conversation.reply import Reply
from oxios_kernel.conversation.request import TurnInput, TurnRequest, check_folder, check_prompt
from oxios_kernel.conversation.sessions import Sessions
from oxios_kernel.conversation.turn import Services, TurnFlow
from oxios_kernel.domain.fact import Json, JsonObject
from oxios_kernel.domain.ids import NewId
from oxios_kernel.domain.run import Run, RunKind, RunState
from oxios_kernel.domain.session import Session, Turn
from oxios_kernel.engine import Engine
from oxios_kernel.errors import Conflict, InputError
from oxios_kernel.personas import Personas
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.journal import RunQuery

__all__ = ["Conversation"]

HISTORY_CHARACTERS = 4_000
"""How much of an earlier request or answer a model is shown."""


@dataclass(frozen=True, kw_only=True)
class Conversation:
    """The conversations of a home.

    Attributes:
        sessions: where they are kept.
        table: where their turns are runs.
        supervisor: carries them out.
        services: what turns work with.
        engine: names the model.
        personas: names the way of working.
        clock: dates the turns.
        new_id: names the runs.
        history_turns: how many earlier turns a model is shown.
    """

    sessions: Sessions
    table: RunTable
    supervisor: Supervisor
    services: Services
    engine: Engine
    personas: Personas
    clock: Clock
    new_id: NewId
    history_turns: int

    async def handle(self, request: TurnRequest) -> Reply:
        """Return the reply to a message, after everything that it asks for was done, asked or refused.

        Turns of one session come one after the other, whichever process they are in.

        Raises:
            InputError: the prompt or the folder cannot be worked with.
            NotFound: there is no such persona.
            ModelError: no model can be asked; the run is paused and can be taken up again.
            KernelError: anything else that stopped the turn.
        """
        check_prompt(request.prompt)
        root = check_folder(request.root)
        session_id = self.sessions.name(request.session_id)
        async with self.sessions.hold(session_id):
            session = await self.sessions.open(session_id)
            row = await self._row(request, session, root)
            await self.table.add(row)
            return await self._carry_out(row.id)

    async def draft(self, request: TurnRequest) -> Run:
        """Return the row of a turn that nobody waits for, not yet added; whoever adds it leaves it to the supervisor.

        It knows nothing of earlier turns of its session and waits for none. The folder is looked at when it begins.

        Raises:
            InputError: the prompt or the session's id cannot be worked with.
            ModelError: no model can be asked.
        """
        check_prompt(request.prompt)
        now = self.clock.now()
        session = Session(id=self.sessions.name(request.session_id), created_at=now, updated_at=now)
        return await self._row(request, session, request.root)

    async def resume(self, run_id: str, *, model: str | None = None) -> Reply:
        """Take up a turn where it was interrupted, and return its reply. A turn that is done returns its reply again.

        Args:
            run_id: the turn, or an agent of it.
            model: whom it asks from here on, `None` for the model that it began with.

        Raises:
            NotFound: there is no such run.
            ModelError: the model cannot be asked.
            Conflict: another process works on it, or it was killed or has failed.
            KernelError: what stopped it this time.
        """
        run = await self.table.get(run_id)
        while run.kind is RunKind.AGENT and run.parent is not None:
            run = await self.table.get(run.parent)
        if run.kind is not RunKind.TURN:
            raise InputError(f"Run {run_id} is an agent of its own, not a turn of a conversation.")
        chosen = await self.engine.resolve(model) if model is not None else None
        async with self.sessions.hold(self.sessions.name(run.session_id)):
            if chosen is not None:
                await self.table.amend(run.id, {"model": chosen})
            return await self._carry_out(run.id)

    async def interrupted(self) -> Sequence[Run]:
        """Return the turns that were under way when their process died, oldest first."""
        return [run for run in await self.table.orphans() if run.kind is RunKind.TURN]

    async def paused(self, session_id: str | None = None) -> Sequence[Run]:
        """Return the turns that were halted and can go on, newest first."""
        return await self.table.find(
            RunQuery(kinds={RunKind.TURN}, states={RunState.PAUSED}, session_id=session_id, limit=100)
        )

    async def apart(self, run: Run, effects: Effects) -> Json:
        """Carry a turn out for nobody who waits: the supervisor's work for turns that were queued or interrupted."""
        async with self.sessions.hold(self.sessions.name(run.session_id)):
            return await self._turn(run, effects)

    async def _carry_out(self, run_id: str) -> Reply:
        run = await self.supervisor.here(run_id, self._turn)
        if run.state is not RunState.DONE:
            raise Conflict(f"Run {run_id} is {run.state.value}: {run.reason or 'no reason is known'}.")
        return Reply.from_json(run.output)

    async def _row(self, request: TurnRequest, session: Session, root: Path) -> Run:
        start = await self._start(request, session, root)
        row = self.table.fresh(request.run_id or self.new_id(), RunKind.TURN, start.to_json(), title=request.prompt)
        return row.model_copy(
            update={
                "session_id": session.id,
                "principal": request.principal,
                "space_id": request.space_id,
                "priority": request.priority,
            }
        )

    async def _start(self, request: TurnRequest, session: Session, root: Path) -> TurnInput:
        persona = await self.personas.choose(request.persona)
        recent = session.turns[-self.history_turns :] if self.history_turns else ()
        return TurnInput(
            prompt=request.prompt,
            root=str(root),
            session_id=session.id,
            persona=persona.prompt,
            model=await self.engine.resolve(request.model, persona.model),
            context=request.context,
            history=tuple((_cut(turn.request), _cut(turn.response)) for turn in recent),
            interview=session.interview,
            principal=request.principal,
            space_id=request.space_id,
            ask=request.ask,
        )

    async def _turn(self, run: Run, effects: Effects) -> Json:
        llm = await self.services.llm_for(run)
        reply, interview = await TurnFlow(run, effects, llm, self.services).walk()
        session = await self.sessions.open(reply.session_id)
        turn = Turn(
            run_id=run.id,
            request=TurnInput.from_json(run.input).prompt,
            response=reply.response,
            at=self.clock.now(),
            phase=reply.phase,
            evaluation_passed=reply.evaluation_passed,
            seed_id=reply.seed_id,
            agent_id=reply.agent_id,
        )
        open_interview: JsonObject | None = interview.model_dump(mode="json") if interview else None
        await self.sessions.keep(session, turn, interview=open_interview)
        return reply.to_json()


def _cut(text: str) -> str:
    return text if len(text) <= HISTORY_CHARACTERS else f"{text[:HISTORY_CHARACTERS]}…"
