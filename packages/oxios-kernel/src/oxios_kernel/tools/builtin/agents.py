"""The tools that start and steer agents: fork, wait, kill, ps, message.

An agent reaches its own children and what is below them, and may write to its parent; nothing else is in its hands.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from oxios_kernel.agents import AgentTask, Processes, Standing, child_id
from oxios_kernel.domain.job import Priority
from oxios_kernel.domain.run import Run, RunKind
from oxios_kernel.domain.tool import Repeat
from oxios_kernel.errors import Conflict, InputError, LeaseLost, ToolFailed
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.toolset import Parked, ToolContext
from oxios_kernel.tools.builtin.waiting import INTERRUPTED, end_of_wait, exit_line, is_asked, last_number
from oxios_kernel.tools.function import Arguments, FunctionTools, tool

__all__ = ["AgentTools"]


class Fork(Arguments):
    """The arguments of `fork`."""

    goal: str = Field(min_length=1, max_length=20_000, description="What the new agent is to do, complete in itself")
    priority: Literal["low", "normal", "high", "critical"] | None = Field(
        default=None, description="How urgent it is; at most your own, which is the default"
    )
    group: str | None = Field(default=None, max_length=64, description="A name to find several agents again by")
    skills: list[Annotated[str, Field(min_length=1, max_length=64)]] = Field(
        default_factory=list, max_length=10, description="What it is good at, for agents that look for somebody to ask"
    )
    budget_share: float | None = Field(
        default=None, gt=0, le=1, description="The part of your budget that it may spend at most; default: all of it"
    )


class Wait(Arguments):
    """The arguments of `wait`."""

    agents: list[str] = Field(default_factory=list, max_length=1_000, description="Their ids; empty: all your agents")
    mode: Literal["all", "any"] = Field(default="all", description="Wait until all of them have ended, or any")
    timeout_seconds: float | None = Field(default=None, gt=0, le=86_400, description="How long at most")


class Kill(Arguments):
    """The arguments of `kill`."""

    agent: str = Field(description="The id of one of your agents; what it started is killed too")


class Ps(Arguments):
    """The arguments of `ps`: none."""


class Message(Arguments):
    """The arguments of `message`."""

    agent: str = Field(description="The id of one of your agents, or `parent`")
    text: str = Field(min_length=1, max_length=20_000, description="What it is told before its next step")


class AgentTools(FunctionTools):
    """The tools that start and steer agents.

    Args:
        processes: the agents of the home.
        clock: ends waiting in time.
    """

    def __init__(self, processes: Processes, clock: Clock) -> None:
        self._processes = processes
        self._clock = clock
        need = "agents.fork"
        super().__init__(
            [
                tool(self.fork, capability=need, repeat=Repeat.IDEMPOTENT),
                tool(self.wait, capability=need, repeat=Repeat.PURE, timeout_seconds=60),
                tool(self.kill, capability=need, repeat=Repeat.IDEMPOTENT),
                tool(self.ps, capability=need, repeat=Repeat.PURE),
                tool(self.message, capability=need, repeat=Repeat.IDEMPOTENT),
            ]
        )

    async def fork(self, arguments: Fork, context: ToolContext) -> str:
        """Start another agent in the same folder. It works beside you; use wait to get its answer."""
        me = await self._processes.table.get(context.agent_id)
        task = AgentTask.from_json(me.input).model_copy(
            update={"prompt": f"Task: {arguments.goal}", "seed_id": None, "skills": tuple(arguments.skills)}
        )
        wanted = me.priority if arguments.priority is None else Priority[arguments.priority.upper()]
        urgency, group = min(wanted, me.priority), arguments.group or me.group
        standing = Standing(priority=urgency, group=group, share=arguments.budget_share)
        try:
            child = await self._processes.forks.fork(
                task, title=arguments.goal, run_id=child_id(context.key), parent=me, standing=standing
            )
        except LeaseLost:
            raise
        except Conflict as error:
            raise ToolFailed(error.message, hint=error.hint) from error
        return f"Started agent {child.id}."

    async def wait(self, arguments: Wait, context: ToolContext) -> str:
        """Wait for agents that you started and return how each ended, with its answer."""
        ids = arguments.agents or [row.id for row in await self._below(context) if row.parent == context.agent_id]
        if not ids:
            return "You have started no agents."
        rows = [await self._mine(run_id, context) for run_id in ids]
        ended = [row.state.final for row in rows]
        told: Sequence[str] = ()
        if not (all(ended) or (arguments.mode == "any" and any(ended))):
            told = await self._park(arguments, context, [row for row in rows if not row.state.final])
        return "\n\n".join([*[exit_line(await self._processes.exit(row.id)) for row in rows], *told])

    async def _park(self, arguments: Wait, context: ToolContext, missing: Sequence[Run]) -> Sequence[str]:
        """Let the agent wait, unless its time is over or it is asked something; return what it is told then.

        Raises:
            Parked: always but then.
        """
        letters = await self._processes.table.letters(context.agent_id, context.letters)
        if is_asked(letters):
            return (f"{INTERRUPTED}, then wait again.",)
        end = end_of_wait(context, self._clock, arguments.timeout_seconds)
        if end is None or end > self._clock.now():
            raise Parked([row.id for row in missing], end, last_number(letters, context))
        return ()

    async def kill(self, arguments: Kill, context: ToolContext) -> str:
        """Kill an agent that you started, and everything that it started."""
        await self._mine(arguments.agent, context)
        rows = await self._processes.kill(arguments.agent, reason=f"killed by its parent {context.agent_id}")
        return f"Killed {len(rows)} agent{'s' * (len(rows) != 1)}."

    async def ps(self, arguments: Ps, context: ToolContext) -> str:
        """List the agents that you started and those that they started."""
        rows = await self._below(context)
        return "\n".join(f"{row.id} {row.state}: {row.title}" for row in rows) or "You have started no agents."

    async def message(self, arguments: Message, context: ToolContext) -> str:
        """Tell one of your agents, or your parent agent, something."""
        me = await self._processes.table.get(context.agent_id)
        to = me.parent if arguments.agent == "parent" else (await self._mine(arguments.agent, context)).id
        reader = None if to is None else await self._processes.table.get(to)
        if reader is None or reader.kind is not RunKind.AGENT:
            raise ToolFailed("You have no parent agent: your answer goes to the person.")
        try:
            await self._processes.message(reader.id, arguments.text, sender=context.agent_id, key=context.key)
        except (Conflict, InputError) as error:
            raise ToolFailed(error.message, hint=error.hint) from error
        return f"Told {reader.id}."

    async def _below(self, context: ToolContext) -> Sequence[Run]:
        return (await self._processes.table.tree(context.agent_id))[1:]

    async def _mine(self, run_id: str, context: ToolContext) -> Run:
        found = next((row for row in await self._below(context) if row.id == run_id), None)
        if found is None:
            raise ToolFailed(f"{run_id!r} is not an agent that you started.", hint="ps lists yours.")
        return found
