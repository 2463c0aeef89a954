"""The question the gate is asked before every tool call, and its answer."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from oxios_kernel.domain.capability import CSpace
from oxios_kernel.domain.fact import Fact
from oxios_kernel.domain.tool import ToolCall, ToolSpec

__all__ = ["AccessRequest", "Decision", "Layer", "Role"]


class Role(StrEnum):
    """Who an agent acts as, from the least to the most trusted."""

    USER = "user"
    SUPERUSER = "superuser"
    ADMIN = "admin"
    SYSTEM = "system"


class Layer(StrEnum):
    """The layers of the gate, in the order in which they are asked."""

    CAPABILITY = "capability"
    ROLE = "role"
    PERMISSION = "permission"
    EXEC = "exec"


@dataclass(frozen=True, kw_only=True)
class AccessRequest:
    """Who wants what, and why.

    Attributes:
        principal: the person or program on whose behalf the run works.
        role: whom the agent acts as.
        rights: the capabilities it holds.
        agent_id: the agent.
        run_id: the run it works in.
        step: the step of the run.
        spec: the tool.
        call: the call, arguments included.
        root: the folder that the run works in.
        kept: the folder with the run's own kept outputs, which may be read.
    """

    principal: str
    role: Role
    rights: CSpace
    agent_id: str
    run_id: str
    step: int
    spec: ToolSpec
    call: ToolCall
    root: Path
    kept: Path


class Decision(Fact):
    """The gate's answer.

    Attributes:
        allowed: whether the call may happen.
        layer: the layer that decided; `None` when every layer allowed it.
        rule: the rule in one sentence, for the model and the person.
        remedy: the exact setting or command that would allow it, `None` when nothing would.
    """

    allowed: bool
    layer: Layer | None = None
    rule: str = ""
    remedy: str | None = None
