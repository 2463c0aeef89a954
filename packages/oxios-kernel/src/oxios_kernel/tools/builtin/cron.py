"""The tool with which an agent has work done by the clock: it keeps jobs of its own, and no others.

Runs that cron started keep none: a job would multiply itself. What a job does later is a turn on behalf of the same
principal, in the same folder, with the rights of every turn; so whoever holds less than these makes none either.
"""

from typing import Literal

from pydantic import Field

from oxios_kernel.agents import RunTable
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.cron import job_of_key
from oxios_kernel.domain.tool import Repeat
from oxios_kernel.errors import Conflict, Denied, NotFound, ToolFailed
from oxios_kernel.policy import rights_for
from oxios_kernel.ports.toolset import ToolContext
from oxios_kernel.schedule import Cron, CronStatus
from oxios_kernel.tools.function import Arguments, FunctionTools, tool

__all__ = ["CronTools"]


class CronCall(Arguments):
    """The arguments of `cron`."""

    action: Literal["add", "list", "remove"] = Field(description="add a job, list yours, remove one of yours")
    name: str | None = Field(default=None, max_length=120, description="The job; for add and remove")
    schedule: str | None = Field(
        default=None, max_length=200, description="When, for add: 5 or 6 (with seconds) cron fields, or @daily"
    )
    goal: str | None = Field(default=None, max_length=20_000, description="What is to be done each time, for add")
    zone: str = Field(default="UTC", max_length=64, description="The IANA time zone that the schedule means")


class CronTools(FunctionTools):
    """The tool that keeps jobs.

    Args:
        cron: the jobs.
        table: who started whom.
    """

    def __init__(self, cron: Cron, table: RunTable) -> None:
        self._cron = cron
        self._table = table
        super().__init__([tool(self.cron, capability="cron", repeat=Repeat.IDEMPOTENT)])

    async def cron(self, arguments: CronCall, context: ToolContext) -> str:
        """Have something done in this folder by the clock, again and again: add, list and remove jobs of your own."""
        if arguments.action == "add":
            return await self._add(arguments, context)
        mine = [status for status in await self._cron.list() if status.job.agent_id == context.agent_id]
        if arguments.action == "list":
            return "\n".join(map(_line, mine)) or "You have no jobs."
        found = next((status.job for status in mine if arguments.name in (status.job.name, status.job.id)), None)
        if found is None:
            return f"You have no job {arguments.name!r}."
        await self._cron.remove(found.id)
        return f"Removed the job {found.name!r}."

    async def _add(self, arguments: CronCall, context: ToolContext) -> str:
        me = await self._table.get(context.agent_id)
        if any(job_of_key(run_id) for run_id in await self._table.lineage(me)):
            raise ToolFailed("You were started by a cron job, and jobs make no jobs.")
        rights = rights_for(Role.USER)
        if context.rights.shrunk_to(rights) != rights:
            raise ToolFailed("A job may do more than you may, so you make none.")
        if kept := await self._kept(arguments, context):
            return f"Kept already: {_line(kept)}"
        fields = {**arguments.model_dump(exclude={"action"}, exclude_none=True), "workdir": str(context.root)}
        try:
            job = await self._cron.add(fields, principal=context.principal, agent_id=context.agent_id)
        except (Conflict, Denied) as error:
            raise ToolFailed(error.message, hint=error.hint) from error
        return f"Kept: {_line(await self._cron.get(job.id))}"

    async def _kept(self, arguments: CronCall, context: ToolContext) -> CronStatus | None:
        """Return the job that this call has made already, before a crash."""
        try:
            status = await self._cron.get(arguments.name or "")
        except NotFound:
            return None
        job = status.job
        same = (job.agent_id, job.schedule, job.goal, job.zone)
        return status if same == (context.agent_id, arguments.schedule, arguments.goal, arguments.zone) else None


def _line(status: CronStatus) -> str:
    """Return a job as a line: `report: 0 9 * * * (UTC), next 2026-01-02T09:00:00Z`."""
    job = status.job
    coming = "never" if status.next_run is None else f"{status.next_run:%Y-%m-%dT%H:%M:%SZ}"
    return f"{job.name}: {job.schedule} ({job.zone}), next {coming}: {job.goal[:80]}"
