"""`oxios cron add`, `run`, `enable`, `disable` and `remove`: jobs are made, changed, and run at once."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import click
from oxios_kernel.conversation import check_folder
from oxios_kernel.domain.cron import CronJob, OnMissed, OnOverlap
from oxios_kernel.domain.job import Priority
from oxios_kernel.schedule import Cron, CronStatus

from oxios.assemble import open_cron
from oxios.commands.agent_start import PRIORITIES, follow_run, followed, refuse_both
from oxios.cron_view import job_json, slot_line
from oxios.inputs import read_prompt
from oxios.invocation import Invocation, answer_json, pass_invocation, say
from oxios.parameters import LABEL, TEXT

__all__ = ["add", "disable", "enable", "remove", "run"]


def changing(function: Callable[..., None]) -> click.Command:
    """Make a command of a function that changes one job."""
    with_json = click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")(
        pass_invocation(function)
    )
    return click.command()(click.argument("name")(with_json))


@click.command()
@click.argument("name", type=LABEL)
@click.option(
    "--schedule", required=True, metavar="EXPR", help="5 or 6 (with seconds) cron fields, or @daily and such."
)
@click.option("--goal", "--prompt", "goal", required=True, metavar="TEXT", help="What is to be done; `-` reads it.")
@click.option("--zone", metavar="ZONE", default="UTC", show_default=True, help="The IANA time zone of the schedule.")
@click.option(
    "--constraint", "constraints", type=TEXT, metavar="TEXT", multiple=True, help="What is to be kept to; repeatable."
)
@click.option("--criterion", "criteria", type=TEXT, metavar="TEXT", multiple=True, help="When it is done; repeatable.")
@click.option("--workdir", metavar="FOLDER", help="Work in this folder; a folder of its own when left out.")
@click.option(
    "--on-missed",
    type=click.Choice([choice.value for choice in OnMissed]),
    default="run_once",
    show_default=True,
    help="What is done about slots that passed while no host was at work.",
)
@click.option(
    "--on-overlap",
    type=click.Choice([choice.value for choice in OnOverlap]),
    default="skip",
    show_default=True,
    help="What a slot does while a run of the job is under way.",
)
@click.option(
    "--jitter",
    "jitter_seconds",
    type=click.IntRange(0, 3600),
    default=0,
    metavar="SECONDS",
    help="Begin up to so many seconds after the slot, so that not all jobs begin at once.",
)
@click.option(
    "--priority", type=click.Choice(PRIORITIES), default="normal", show_default=True, help="How urgent its runs are."
)
@click.option("--disabled", is_flag=True, help="Keep it without running it by the clock.")
@click.option("--json", "as_json", is_flag=True, help="Print the job as JSON.")
@pass_invocation
def add(invocation: Invocation, /, as_json: bool, disabled: bool, **fields: Any) -> None:
    """Keep a new job under NAME. Its runs are turns of the session `cron-ID`, and nobody is asked about them."""
    fields |= {
        "goal": read_prompt(fields["goal"]),
        "workdir": None if fields["workdir"] is None else str(check_folder(Path(fields["workdir"]))),
        "priority": Priority[fields["priority"].upper()],
        "acceptance_criteria": fields.pop("criteria"),
        "enabled": not disabled,
    }
    status, host = anyio.run(_changed, invocation, lambda cron: cron.add(fields))
    _tell(status, host, as_json=as_json, done="Added")


@changing
def enable(invocation: Invocation, name: str, as_json: bool) -> None:
    """Run a job by the clock again, from its next slot on."""
    status, host = anyio.run(_changed, invocation, lambda cron: cron.enable(name))
    _tell(status, host, as_json=as_json, done="Enabled")


@changing
def disable(invocation: Invocation, name: str, as_json: bool) -> None:
    """Run a job by the clock no more, until it is enabled. What is under way goes on."""
    status, host = anyio.run(_changed, invocation, lambda cron: cron.disable(name))
    _tell(status, host, as_json=as_json, done="Disabled")


@changing
def remove(invocation: Invocation, name: str, as_json: bool) -> None:
    """Remove a job with its history. What is under way goes on, and its session stays."""

    async def take() -> CronJob:
        async with open_cron(invocation) as (cron, _):
            return await cron.remove(name)

    job = anyio.run(take)
    if as_json:
        answer_json({"removed": job.id, "name": job.name})
    else:
        say(f"Removed {job.name}.")


@click.command()
@click.argument("name")
@followed
@pass_invocation
def run(invocation: Invocation, /, name: str, **follow: Any) -> int:
    """Run a job at once, enabled or not; its slots stay as they are.

    Who carries it out, and what is printed, is as with `oxios agent fork`.
    """
    refuse_both(follow)

    async def begin() -> int:
        async with open_cron(invocation, carry=not follow["detach"]) as (cron, agency):
            row = await cron.run_now(name)
            return await follow_run(agency, await agency.processes.table.get(row.run_id or ""), follow)

    return anyio.run(begin)


async def _changed(
    invocation: Invocation, change: Callable[[Cron], Awaitable[CronJob]]
) -> tuple[CronStatus, str | None]:
    async with open_cron(invocation) as (cron, agency):
        return await cron.get((await change(cron)).id), agency.host


def _tell(status: CronStatus, host: str | None, *, as_json: bool, done: str) -> None:
    job = status.job
    if as_json:
        answer_json(job_json(status))
        return
    coming = f", next at {slot_line(status.next_run, job.zone)}" if status.next_run else ""
    hint = (
        None if host or not job.enabled else "No host is at work, so it does not run by itself. Start one: oxios host"
    )
    say(f"{done} {job.name}{coming}.", hint=hint)
