"""New agents: below a parent, within limits and never with more rights than it has; or branched from another's step."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from oxios_kernel.agents.effects import digest_of
from oxios_kernel.agents.supervisor import Supervisor
from oxios_kernel.agents.table import RunTable
from oxios_kernel.agents.task import AgentTask
from oxios_kernel.budget import Budgets
from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.ids import NewId, RunId
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.run import Entry, Run, RunKind
from oxios_kernel.errors import Conflict, InputError
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.control import RunControl
from oxios_kernel.ports.journal import Journal

__all__ = ["ForkLimits", "Forks", "Standing", "child_id"]


@dataclass(frozen=True, kw_only=True)
class ForkLimits:
    """How large a crowd may become.

    Attributes:
        depth: agents above one another.
        children: agents of one parent that have not ended.
        agents: agents of the home that have not ended.
    """

    depth: int = 5
    children: int = 50
    agents: int = 20_000


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How an agent stands among others.

    Attributes:
        priority: 0 (low) to 3 (critical).
        group: the group it belongs to.
        share: the part of each limit of its parent that it may spend at most, above 0 and at most 1. `None`: it has no
            limit of its own, and spends from its parent's.

    Raises:
        InputError: the share is not such a number.
    """

    priority: int = 1
    group: str | None = None
    share: float | None = None

    def __post_init__(self) -> None:
        if self.share is not None and not 0 < self.share <= 1:
            raise InputError(f"Expected a share above 0 and at most 1, but came {self.share!r}.")


def child_id(key: str) -> str:
    """Return the id of the child that an effect forks: the same again after a crash."""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, key))


@dataclass(frozen=True, kw_only=True)
class Forks:
    """Makes new agents.

    Attributes:
        table: makes rows.
        control: adds them within limits.
        journal: what branches begin with.
        supervisor: carries them out.
        budgets: hands parts of limits on.
        clock: dates them.
        new_id: names those that nobody has named.
        limits: how many there may be.
    """

    table: RunTable
    control: RunControl
    journal: Journal
    supervisor: Supervisor
    budgets: Budgets
    clock: Clock
    new_id: NewId
    limits: ForkLimits

    async def fork(
        self,
        task: AgentTask,
        *,
        title: str,
        run_id: str | None = None,
        parent: Run | None = None,
        standing: Standing | None = None,
    ) -> Run:
        """Add an agent; it is carried out as soon as it may run. One of that id that is there already is returned.

        Args:
            task: what it is to do. Below a parent that is an agent its rights are cut to the parent's.
            title: one line for lists.
            run_id: its id, `None` to have one made.
            parent: the run that starts it.
            standing: priority, group and share of the parent's budget.

        Raises:
            Conflict: there are too many agents, or too many above one another; the sentence names the setting.
        """
        depth = 0
        if parent is not None and parent.kind is RunKind.AGENT:
            depth = parent.depth + 1
            task = task.model_copy(update={"rights": AgentTask.from_json(parent.input).rights.shrunk_to(task.rights)})
        if depth > self.limits.depth:
            raise Conflict(
                f"Agents may stand {self.limits.depth} above one another, and this one would be deeper.",
                hint="Do the work in this agent, or raise agents.max_depth.",
            )
        standing = standing or Standing()
        row = self._row(run_id or self.new_id(), task, title, parent, standing)
        row = row.model_copy(update={"depth": depth})
        new = await self.control.add_within(row, crowd=self.limits.agents, children=self.limits.children)
        if parent is not None and standing.share is not None:
            await self.budgets.subdivide(parent.id, row.id, standing.share)
        self.supervisor.adopt(row.id)
        return row if new else await self.table.get(row.id)

    async def branch(self, source_id: str, step: int, instruction: str, *, run_id: str | None = None) -> Run:
        """Add an agent that begins with the first steps of another, and then is told something else.

        Args:
            source_id: the agent whose steps it begins with.
            step: how many of them, at least 1.
            instruction: what it is told after them.
            run_id: its id, `None` to have one made.

        Raises:
            NotFound: there is no such run.
            InputError: it is no agent, or has not done so many steps.
        """
        source = await self.table.get(source_id)
        if source.kind is not RunKind.AGENT:
            raise InputError(f"Run {source_id} is no agent.", hint="`oxios agent list` shows the agents.")
        kept = _up_to(await self.journal.replay(source.id), step)
        if not any(entry.key == f"step/{step}/model" for entry in kept):
            raise InputError(f"Agent {source_id} has not done {step} steps.", hint="`oxios agent journal` shows them.")
        row = self._row(run_id or self.new_id(), AgentTask.from_json(source.input), instruction, None, Standing())
        row = row.model_copy(
            update={"priority": source.priority, "group": source.group, "session_id": source.session_id}
        )
        entries = [*kept, self._told(row.id, step + 1, instruction, kept)]
        await self.control.branch(source.id, row, entries)
        self.supervisor.adopt(row.id)
        return await self.table.get(row.id)

    def _row(self, run_id: str, task: AgentTask, title: str, parent: Run | None, standing: Standing) -> Run:
        row = self.table.fresh(run_id, RunKind.AGENT, task.to_json(), title=title)
        return row.model_copy(
            update={
                "parent": None if parent is None else parent.id,
                "session_id": task.session_id,
                "principal": task.principal,
                "space_id": None if parent is None else parent.space_id,
                "priority": standing.priority,
                "group": standing.group,
            }
        )

    def _told(self, run_id: RunId, step: int, instruction: str, kept: Sequence[Entry]) -> Entry:
        """Return the entry in which the branch is told its instruction, as if a letter had come before that step."""
        read = max((_last_letter(entry.result) for entry in kept if entry.key.endswith("/letters")), default=0)
        letter = Letter(to=run_id, sender="person", text=instruction, key="branch", number=read, at=self.clock.now())
        return Entry(
            key=f"step/{step}/letters",
            digest=digest_of({"after": read}),
            done=True,
            result=[letter.to_json()],
            sequence=len(kept) + 1,
            at=letter.at,
        )


def _up_to(entries: Sequence[Entry], step: int) -> list[Entry]:
    """Return the finished effects of an agent's first steps."""
    return [entry for entry in entries if entry.done and _step_of(entry.key) <= step]


def _step_of(key: str) -> int:
    parts = key.split("/")
    return int(parts[1]) if parts[0] == "step" and len(parts) > 1 and parts[1].isdigit() else 0


def _last_letter(result: Json) -> int:
    return Letter.from_json(result[-1]).number if isinstance(result, list) and result else 0
