"""`oxios cron`: jobs that run by the clock. Here is what is looked at; what makes, changes and runs them is in the
module beside this one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice

import anyio
import click
from oxios_kernel.domain.cron import CronHistory
from oxios_kernel.errors import InputError
from oxios_kernel.schedule import CronStatus, Timetable

from oxios.assemble import open_cron
from oxios.commands.cron_change import add, disable, enable, remove, run
from oxios.cron_view import history_json, job_json, job_line, job_lines, row_line, slot_line
from oxios.invocation import Invocation, answer, answer_json, pass_invocation, say

__all__ = ["command"]


@click.group(name="cron")
def command() -> None:
    """Have tasks done by the clock, again and again.

    Jobs run as long as a host is at work in the home (`oxios host`). What passed while there was none is caught up
    with as the job says (`--on-missed`). Wherever NAME is asked for, an id will do.
    """


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def list_jobs(invocation: Invocation, as_json: bool) -> None:
    """List the jobs: name, schedule, next run, how the last one ended, goal."""

    async def find() -> tuple[Sequence[CronStatus], str | None]:
        async with open_cron(invocation) as (cron, agency):
            return await cron.list(), agency.host

    found, host = anyio.run(find)
    if as_json:
        answer_json([job_json(status) for status in found])
        return
    for status in found:
        answer(job_line(status))
    if not found:
        say("There are no jobs.", hint='Add one: oxios cron add morning --schedule "0 9 * * MON-FRI" --goal "…"')
    elif host is None:
        say("No host is at work, so no job runs by itself.", hint="Start one: oxios host")


@command.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def show(invocation: Invocation, name: str, as_json: bool) -> None:
    """Print all that is known of a job."""
    status = anyio.run(_status, invocation, name)
    if as_json:
        answer_json(job_json(status))
    else:
        answer("\n".join(job_lines(status)))


@command.command()
@click.argument("name", required=False)
@click.option("--schedule", metavar="EXPR", help="Show the slots of this schedule instead of a job's.")
@click.option("--zone", metavar="ZONE", default="UTC", show_default=True, help="The time zone that --schedule means.")
@click.option("-n", "count", type=click.IntRange(1, 1000), default=5, show_default=True, help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def preview(
    invocation: Invocation, /, name: str | None, schedule: str | None, zone: str, count: int, as_json: bool
) -> None:
    """Print when a job, or --schedule, is due next, by the clocks of its time zone."""
    if (name is None) == (schedule is None):
        raise click.UsageError("Give the name of a job or --schedule, and not both.")
    if name is not None:
        job = anyio.run(_status, invocation, name).job
        schedule, zone = job.schedule, job.zone
    slots = list(islice(Timetable.parse(schedule or "", zone).slots(datetime.now(UTC)), count))
    if not slots:
        raise InputError(f"The schedule {schedule!r} never comes before the year 2100.", hint="Give a day that exists.")
    if as_json:
        answer_json([slot.isoformat().replace("+00:00", "Z") for slot in slots])
        return
    for slot in slots:
        answer(slot_line(slot, zone))


@command.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def history(invocation: Invocation, name: str, as_json: bool) -> None:
    """Print what became of a job's slots, the newest last: when, how it ended, its run.

    `oxios agent tree RUN` shows what a run did, `oxios sessions show cron-ID` what it answered.
    """

    async def find() -> tuple[CronStatus, CronHistory]:
        async with open_cron(invocation) as (cron, _):
            return await cron.get(name), await cron.history(name)

    status, found = anyio.run(find)
    if as_json:
        answer_json(history_json(found))
        return
    for row in found.rows:
        answer(row_line(row, status.job))
    if not found.rows:
        say(f"{status.job.name} has not been due yet.")


for part in (add, run, enable, disable, remove):
    command.add_command(part)


async def _status(invocation: Invocation, name: str) -> CronStatus:
    async with open_cron(invocation) as (cron, _):
        return await cron.get(name)
