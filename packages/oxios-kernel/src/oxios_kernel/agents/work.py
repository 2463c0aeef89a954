"""What carrying out an agent means: its tools, its models, its mail and its right to run, put around the loop."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from oxios_kernel.agents.effects import Effects
from oxios_kernel.agents.loop import AgentLoop, Slot, Surroundings
from oxios_kernel.agents.step import Limits
from oxios_kernel.agents.table import RunTable
from oxios_kernel.agents.task import AgentTask
from oxios_kernel.agents.tooling import ToolRunner
from oxios_kernel.domain.capability import CSpace
from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.job import Priority, QueuedRun
from oxios_kernel.domain.run import Run
from oxios_kernel.events import Bus
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.llm import Llm
from oxios_kernel.ports.toolset import ToolContext, Toolset
from oxios_kernel.schedule import Scheduler

__all__ = ["AgentWork", "LlmFor", "ToolsFor", "slot_for"]

LlmFor = Callable[[Run], Awaitable[Llm]]
"""Returns the models for one run: on its account, and with their notes told where they belong."""

ToolsFor = Callable[[CSpace], Toolset]
"""Builds the toolset of an agent that holds these capabilities."""


@dataclass(frozen=True, kw_only=True)
class AgentWork:
    """Carries agents out; its `__call__` is the `Work` of agents.

    Attributes:
        table: where their mail is.
        llm_for: returns what they think with.
        tools_for: builds what they work with.
        scheduler: gives them the right to run.
        clock: tells since when they wait for it.
        bus: is told what they do.
        limits: where they are stopped.
        outputs: the folder for tool output beyond the limit.
    """

    table: RunTable
    llm_for: LlmFor
    tools_for: ToolsFor
    scheduler: Scheduler
    clock: Clock
    bus: Bus
    limits: Limits
    outputs: Path

    async def __call__(self, run: Run, effects: Effects) -> Json:
        """Carry an agent out and return its outcome."""
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
        around = Surroundings(
            llm=await self.llm_for(run),
            tools=ToolRunner(self.tools_for(task.rights), effects, context, self.bus),
            letters=partial(self.table.letters, run.id),
            slot=slot_for(run, task.model, scheduler=self.scheduler, clock=self.clock),
            tool_slot=slot_for(run, None, scheduler=self.scheduler, clock=self.clock),
            bus=self.bus,
            limits=self.limits,
        )
        return (await AgentLoop(task, effects, around).run()).to_json()


def slot_for(run: Run, model: str | None, *, scheduler: Scheduler, clock: Clock) -> Slot:
    """Return the way for a run to hold the right to run, by its row and the provider it calls meanwhile, if any."""

    def slot() -> AbstractAsyncContextManager[None]:
        queued = QueuedRun(
            run_id=run.id,
            priority=Priority(run.priority),
            principal=run.principal,
            space_id=run.space_id,
            provider=None if model is None else model.partition("/")[0],
            submitted=clock.monotonic(),
        )
        return scheduler.slot(queued)

    return slot
