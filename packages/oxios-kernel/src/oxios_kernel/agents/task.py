"""What an agent is started with and what comes of it, as documents: the input and the output of its run."""

from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSpace
from oxios_kernel.domain.fact import Fact
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import ToolCall, ToolResult

__all__ = ["AgentOutcome", "AgentTask", "Deed"]


class AgentTask(Fact):
    """Everything that another process needs to carry an agent out.

    Attributes:
        system: the system prompt, complete.
        prompt: the task.
        model: `provider/model`.
        root: the folder that it works in, its only root.
        principal: on whose behalf.
        role: whom it acts as.
        rights: the capabilities it holds.
        turn_id: the turn that it works for, `None` for an agent of its own.
        session_id: the conversation, where there is one.
        seed_id: the specification, where there is one.
        skills: what it is good at, for those that look for somebody to ask.
    """

    system: str
    prompt: str
    model: str
    root: str
    principal: str
    role: Role
    rights: CSpace
    turn_id: str | None = None
    session_id: str | None = None
    seed_id: str | None = None
    skills: tuple[str, ...] = ()


class Deed(Fact):
    """One tool call and what came of it: evidence, other than words."""

    step: int
    call: ToolCall
    result: ToolResult


class AgentOutcome(Fact):
    """What came of an agent.

    Attributes:
        text: its answer, or why there is none.
        ending: `answered`, `step_limit`, `loop` or `empty`.
        steps: how often the model answered.
        usage: what all its model calls cost, those before an interruption included.
        model: the model that answered last.
        deeds: its tool calls in order.
    """

    text: str
    ending: str
    steps: int
    usage: Usage
    model: str
    deeds: tuple[Deed, ...] = ()
