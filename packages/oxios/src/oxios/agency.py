"""The agents of a home as a person at a terminal deals with them: named by the beginning of an id, started from a
sentence, followed to where they stop. What they are and do is the kernel's; `commands/agent*.py` parse and show.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
from oxios_kernel.agents import AgentTask, Processes, Standing, system_prompt, task_prompt
from oxios_kernel.config import ScheduleSettings
from oxios_kernel.conversation import check_folder
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.exit import Exit
from oxios_kernel.domain.job import Priority
from oxios_kernel.domain.run import Run, RunKind, RunState
from oxios_kernel.engine import Engine
from oxios_kernel.errors import InputError, NotFound
from oxios_kernel.events import Bus
from oxios_kernel.personas import Personas
from oxios_kernel.policy import rights_for
from oxios_kernel.ports.journal import RunQuery

__all__ = ["INTERRUPTED", "MOST_ROWS", "Agency", "Order", "at_rest"]

SHORTEST_PREFIX = 4
"""How many characters of an id are enough to name an agent by."""

GROUP_CHARACTERS = 64

SHOWN = 10
"""How many agents are listed when a beginning fits several."""

MOST_ROWS = 1000
"""How many rows a list has at most; the newest are taken."""

INTERRUPTED = "interrupted"
"""The state, for people, of a run whose row says that it is running and whose process is dead."""

STUCK = "stuck"
"""The state, for people, of a run that is under way and makes no progress."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """An agent to be started.

    Attributes:
        prompt: what it is to do.
        root: the folder it works in.
        model: `provider/model`, `None` for the persona's or the default one.
        priority: how urgent it is.
        group: the group it belongs to, where there is one.
    """

    prompt: str
    root: Path
    model: str | None = None
    priority: Priority = Priority.NORMAL
    group: str | None = None


@dataclass(frozen=True, kw_only=True)
class Agency:
    """The agents of a home.

    Attributes:
        processes: starts and steers them.
        engine: names their models.
        personas: name their way of working.
        bus: tells what happens in this process.
        schedule: how many may run at a time.
        host: which process carries out everybody's agents and since when, `None` when none does.
        carries: whether this process carries out what it starts.
    """

    processes: Processes
    engine: Engine
    personas: Personas
    bus: Bus
    schedule: ScheduleSettings
    host: str | None
    carries: bool

    async def find(self, name: str) -> Run:
        """Return the run of an id, or the one agent whose id begins so.

        Raises:
            NotFound: there is none.
            InputError: several begin so.
        """
        found = await self.processes.table.find(RunQuery(prefix=name, limit=MOST_ROWS)) if name else []
        exact = [run for run in found if run.id == name]
        if exact:
            return exact[0]
        if len(name) < SHORTEST_PREFIX:
            raise NotFound(
                f"There is no run {name!r}.",
                hint=f"`oxios agent list` shows those there are; {SHORTEST_PREFIX} characters of an id can be enough.",
            )
        agents = [run for run in found if run.kind is RunKind.AGENT] or list(found)
        if not agents:
            raise NotFound(f"There is no run {name!r}.", hint="`oxios agent list` shows those there are.")
        if len(agents) > 1:
            lines = [f"{run.id}  {run.title}" for run in agents[:SHOWN]]
            more = [f"and {len(agents) - SHOWN:,} more"] if len(agents) > SHOWN else []
            raise InputError(
                f"{len(agents)} agents begin with {name!r}.", hint="\n  ".join(["Say more of the id:", *lines, *more])
            )
        return agents[0]

    async def find_agent(self, name: str) -> Run:
        """Return the agent of an id, or the one whose id begins so.

        Raises:
            NotFound: there is none.
            InputError: several begin so, or it is a turn of a conversation.
        """
        run = await self.find(name)
        if run.kind is not RunKind.AGENT:
            raise InputError(
                f"Run {run.id} is a turn of a conversation, not an agent.",
                hint=f"`oxios agent tree {run.id}` has its agents.",
            )
        return run

    async def trees(self, *, ended: bool) -> Sequence[Run]:
        """Return the trees in which something has not ended, each with all that belongs to it, the oldest tree first.

        Args:
            ended: whether those in which all has ended are wanted too.
        """
        states = None if ended else [state for state in RunState if not state.final]
        roots: dict[str, None] = {}
        for run in reversed(await self.processes.table.find(RunQuery(states=states, limit=MOST_ROWS))):
            roots[(await self._root(run)).id] = None
        return [row for root in roots for row in await self.processes.table.tree(root)]

    async def _root(self, run: Run) -> Run:
        while run.parent is not None:
            try:
                run = await self.processes.table.get(run.parent)
            except NotFound:  # it ended long ago, and its row is gone
                return run
        return run

    async def start(self, order: Order) -> Run:
        """Start an agent of its own, outside of any conversation.

        Raises:
            InputError: the folder or the group's name cannot be used.
            ModelError: no model can be asked.
            Conflict: there are too many agents.
        """
        if order.group is not None and not 0 < len(order.group.strip()) <= len(order.group) <= GROUP_CHARACTERS:
            raise InputError(
                f"Expected a group's name of 1 to {GROUP_CHARACTERS} characters, but came {order.group[:80]!r}.",
                hint="Give it a short name: --group reports.",
            )
        root = check_folder(order.root)
        persona = await self.personas.choose(None)
        task = AgentTask(
            system=system_prompt(persona=persona.prompt, folder=root.name or str(root)),
            prompt=task_prompt(goal=order.prompt, request=order.prompt, constraints=()),
            model=await self.engine.resolve(order.model, persona.model),
            root=str(root),
            principal="person",
            role=Role.USER,
            rights=rights_for(Role.USER),
        )
        standing = Standing(priority=order.priority, group=order.group)
        return await self.processes.fork(task, title=order.prompt, standing=standing)

    async def conditions(self, runs: Sequence[Run]) -> dict[str, str]:
        """Return where runs are, in a word each: their state, that their process died, or that nothing happens."""
        running = [run for run in runs if run.state is RunState.RUNNING]
        left = {run.id for run in await self.processes.table.orphans()} if running else set()
        stuck = {run.id for run in running if run.id not in left and await self.processes.is_stuck(run)}
        words = dict.fromkeys(stuck, STUCK) | dict.fromkeys(left, INTERRUPTED)
        return {run.id: words.get(run.id, run.state.value) for run in runs}

    async def stopped(self, run_ids: Sequence[str], *, first: bool = False) -> Sequence[Exit]:
        """Wait until runs have stopped (all, or the first of them), and return where each is then.

        A paused run has stopped: it does not go on by itself.

        Raises:
            NotFound: there is no such run.
        """

        async def reached() -> bool:
            rest = [at_rest(await self.processes.table.get(run_id)) for run_id in run_ids]
            return any(rest) if first else all(rest)

        await self._until(reached)
        return await self.exits(run_ids)

    async def exits(self, run_ids: Sequence[str]) -> Sequence[Exit]:
        """Return how runs ended, or where they are.

        Raises:
            NotFound: there is no such run.
        """
        return [await self.processes.exit(run_id) for run_id in run_ids]

    async def obeyed(self, run_id: str, is_obeyed: Callable[[Run], bool], *, seconds: float) -> Sequence[Run]:
        """Wait until every run of a tree has done what it was asked, at most so long, and return the rows then."""

        async def reached() -> bool:
            return all(is_obeyed(run) for run in await self.processes.table.tree(run_id))

        with anyio.move_on_after(seconds):
            await self._until(reached)
        return await self.processes.table.tree(run_id)

    async def _until(self, reached: Callable[[], Awaitable[bool]]) -> None:
        while True:
            changed = self.processes.supervisor.next_change()
            if await reached():
                return
            await changed.wait()


def at_rest(run: Run) -> bool:
    """Tell whether a run does not go on by itself: it has ended, or is paused."""
    return run.state.final or run.state is RunState.PAUSED
