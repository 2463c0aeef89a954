"""Tools as the agent loop sees them. What holds for all tools (gate, audit, limits) is a wrapper of the same shape."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSpace
from oxios_kernel.domain.tool import ToolCall, ToolResult, ToolSpec

__all__ = ["ToolContext", "Toolset"]


@dataclass(frozen=True, kw_only=True)
class ToolContext:
    """On whose behalf and where a call happens.

    Attributes:
        principal: the person or program behind the run.
        role: whom the agent acts as.
        rights: the capabilities it holds.
        agent_id: the agent's run.
        run_id: the turn's run (the agent's own when it has no turn).
        step: the step of the agent, from 1.
        key: the effect's stable name, the same again after a crash: an idempotency token.
        root: the folder that the run works in, its only root.
        outputs: the folder where outputs beyond the limit are kept.
    """

    principal: str
    role: Role
    rights: CSpace
    agent_id: str
    run_id: str
    step: int
    key: str
    root: Path
    outputs: Path


class Toolset(Protocol):
    """A number of tools under unique names."""

    def specs(self) -> tuple[ToolSpec, ...]:
        """Return what the tools promise."""
        ...

    async def call(self, call: ToolCall, context: ToolContext, /) -> ToolResult:
        """Carry a call out. What went wrong in the tool's own business is a result, not an exception."""
        ...
