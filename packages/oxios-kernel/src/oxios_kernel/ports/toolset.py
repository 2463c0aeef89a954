"""Tools as the agent loop sees them. What holds for all tools (gate, audit, limits) is a wrapper of the same shape."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSpace
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.tool import ToolCall, ToolResult, ToolSpec

__all__ = ["Parked", "ToolContext", "Toolset"]


class Parked(Exception):  # not an error: the call has no result yet
    """Raised by a tool that may be repeated and has nothing to return before something else happens.

    The agent becomes a row until then, and the call is made again.

    Attributes:
        waiting_for: the runs one of which must end: children, or runs that the agent has written to.
        wake_at: the moment at which the call is made again in any case.
        letters: how many letters of its mailbox the agent has read; a further one wakes it, `None` when none does.
    """

    def __init__(
        self, waiting_for: Sequence[RunId] = (), wake_at: datetime | None = None, letters: int | None = None
    ) -> None:
        super().__init__("waiting")
        self.waiting_for = tuple(waiting_for)
        self.wake_at = wake_at
        self.letters = letters


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
        asked_at: when the model asked for the call, the same again after a crash; `None` outside an agent's step.
        root: the folder that the run works in, its only root.
        outputs: the folder where outputs beyond the limit are kept.
        letters: the number of the last letter that the agent had read when it asked for the call.
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
    asked_at: datetime | None = None
    letters: int = 0


class Toolset(Protocol):
    """A number of tools under unique names."""

    def specs(self) -> tuple[ToolSpec, ...]:
        """Return what the tools promise."""
        ...

    async def call(self, call: ToolCall, context: ToolContext, /) -> ToolResult:
        """Carry a call out. What went wrong in the tool's own business is a result, not an exception."""
        ...
