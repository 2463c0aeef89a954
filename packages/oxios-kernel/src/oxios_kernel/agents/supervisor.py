"""Carries agents out: gives each its tools, its model and its folder, and lets it live under the table's care."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from oxios_kernel.agents.effects import Effects
from oxios_kernel.agents.loop import AgentLoop
from oxios_kernel.agents.step import Limits
from oxios_kernel.agents.table import RunTable
from oxios_kernel.agents.task import AgentOutcome, AgentTask
from oxios_kernel.agents.tooling import ToolRunner
from oxios_kernel.domain.capability import CSpace
from oxios_kernel.domain.event import About
from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.run import Run, RunKind
from oxios_kernel.events import Bus
from oxios_kernel.ports.llm import Llm
from oxios_kernel.ports.toolset import ToolContext, Toolset

__all__ = ["LlmFor", "Supervisor", "ToolsFor"]

LlmFor = Callable[[About], Llm]
"""Returns the models for one run, told about it so that retries and fallbacks can be noted where they belong."""

ToolsFor = Callable[[CSpace], Toolset]
"""Builds the toolset of an agent that holds these capabilities."""


@dataclass(frozen=True, kw_only=True)
class Supervisor:
    """Carries agents out.

    Attributes:
        table: where agents are rows.
        llm_for: returns what they think with.
        tools_for: builds what they work with.
        bus: is told what they do.
        limits: where they are stopped.
        outputs: the folder for tool output beyond the limit.
    """

    table: RunTable
    llm_for: LlmFor
    tools_for: ToolsFor
    bus: Bus
    limits: Limits
    outputs: Path

    async def start(self, agent_id: str, task: AgentTask, *, parent: Run, title: str) -> AgentOutcome:
        """Add an agent below a turn and carry it out; an agent of that id that is there already goes on.

        Raises:
            Conflict: another host carries it out, or it was killed or has failed.
            KernelError: what stopped it; see `RunTable.carry_out`.
        """
        await self.table.fork(
            agent_id,
            RunKind.AGENT,
            task.to_json(),
            title=title,
            parent=parent.id,
            session_id=parent.session_id,
        )
        return AgentOutcome.from_json(await self.table.carry_out(agent_id, self._live))

    async def _live(self, run: Run, effects: Effects) -> Json:
        task = AgentTask.from_json(run.input)
        context = ToolContext(
            principal=task.principal,
            role=task.role,
            rights=task.rights,
            agent_id=run.id,
            run_id=task.turn_id or run.id,
            step=0,
            key="",
            root=Path(task.root),
            outputs=self.outputs,
        )
        tools = ToolRunner(self.tools_for(task.rights), effects, context, self.bus)
        about = About(run_id=run.id, session_id=run.session_id, turn_id=task.turn_id or run.id)
        loop = AgentLoop(task, effects, llm=self.llm_for(about), tools=tools, bus=self.bus, limits=self.limits)
        return (await loop.run()).to_json()
