"""A specification carried out by an agent, and what its tools did as lines of evidence."""

from collections.abc import Sequence
from pathlib import Path

from anyio import get_cancelled_exc_class
from oxios_ouroboros import Seed

from oxios_kernel.agents import (
    AgentOutcome,
    AgentTask,
    Deed,
    Forks,
    Standing,
    system_prompt,
    task_prompt,
)
from oxios_kernel.conversation.request import TurnInput
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSpace
from oxios_kernel.domain.run import Run, RunState, Signal
from oxios_kernel.domain.tool import ToolStatus
from oxios_kernel.errors import AgentStopped
from oxios_kernel.ports.toolset import ToolContext

__all__ = ["agent_context", "agent_name", "agent_task", "denial", "evidence", "execute"]


EVIDENCE_CHARACTERS = 12_000
"""How much of what the tools did a reviewer is shown."""

DEED_CHARACTERS = 600
"""How much of one call and of one result a reviewer is shown."""


def agent_name(turn_id: str, generation: int) -> str:
    """Return the id of the agent that carries out a generation: the same on every replay."""
    return f"{turn_id}.g{generation}"


def agent_task(start: TurnInput, seed: Seed, turn_id: str, *, rights: CSpace, lessons: str) -> AgentTask:
    """Return what an agent is started with for a specification; its checks are withheld."""
    return AgentTask(
        system=system_prompt(persona=start.persona, folder=Path(start.root).name or start.root),
        prompt=task_prompt(
            goal=seed.goal,
            request=seed.original_request,
            constraints=seed.constraints,
            context=start.context,
            lessons=lessons,
        ),
        model=start.model,
        root=start.root,
        principal=start.principal,
        role=Role.USER,
        rights=rights,
        turn_id=turn_id,
        session_id=start.session_id,
        seed_id=seed.id,
    )


async def execute(forks: Forks, turn: Run, task: AgentTask, seed: Seed) -> AgentOutcome:
    """Start the agent of a generation, or let it go on, and return what came of it.

    An interrupted turn pauses its agent, and both can go on.

    Raises:
        AgentStopped: it was killed, or has failed by a fault.
        KernelError: what paused it.
    """
    agent_id = agent_name(turn.id, seed.generation)
    standing = Standing(priority=turn.priority, group=turn.group)
    run = await forks.fork(task, title=seed.goal, run_id=agent_id, parent=turn, standing=standing)
    # The turn goes on, so its agent does: also one whose process died between being asked to pause and doing so.
    if run.state is RunState.PAUSED or run.signal is Signal.PAUSE:
        await forks.supervisor.resume(agent_id)
    try:
        ended = await forks.supervisor.settled(agent_id)
    except get_cancelled_exc_class():
        await forks.supervisor.interrupt(agent_id)
        raise
    if ended.state is not RunState.DONE:
        reason = (ended.reason or "no reason is known").rstrip(".")
        raise AgentStopped(f"Agent {agent_id} has {_word(ended.state)}: {reason}.")
    return AgentOutcome.from_json(ended.output)


def _word(state: RunState) -> str:
    return "been killed" if state is RunState.KILLED else "failed"


def agent_context(task: AgentTask, agent_id: str, outputs: Path) -> ToolContext:
    """Return the context in which a generation's checks run: the agent's own."""
    return ToolContext(
        principal=task.principal,
        role=task.role,
        rights=task.rights,
        agent_id=agent_id,
        run_id=task.turn_id or agent_id,
        step=0,
        key=f"{agent_id}/check",
        root=Path(task.root),
        outputs=outputs,
    )


def evidence(deeds: Sequence[Deed]) -> str:
    """Return what the tools did, a call a paragraph; when it is too long, the oldest are left out."""
    kept: list[str] = []
    room = EVIDENCE_CHARACTERS
    for deed in reversed(deeds):
        text = f"{deed.call.name} {_cut(deed.call.raw)}\n-> {deed.result.status}: {_cut(deed.result.text)}"
        room -= len(text)
        if room < 0:
            kept.append("[earlier calls left out]")
            break
        kept.append(text)
    return "\n\n".join(reversed(kept))


def denial(deeds: Sequence[Deed]) -> str | None:
    """Return what was said of the last refused call, the rule and what would allow it; `None` when none was refused."""
    refused = [deed.result for deed in deeds if deed.result.status is ToolStatus.DENIED]
    return refused[-1].text if refused else None


def _cut(text: str) -> str:
    half = DEED_CHARACTERS // 2
    return text if len(text) <= DEED_CHARACTERS else f"{text[:half]} […] {text[-half:]}"
