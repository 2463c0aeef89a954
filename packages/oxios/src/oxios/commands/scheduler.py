"""`oxios scheduler`: how many agents run, wait and are queued, and which is next, as the table of runs has it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import anyio
import click
from oxios_kernel.config import ScheduleSettings
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.job import Priority
from oxios_kernel.domain.run import Run, RunState
from oxios_kernel.ports.journal import RunQuery

from oxios.agency import INTERRUPTED
from oxios.agent_view import age, agent_json, row_line
from oxios.assemble import open_agency
from oxios.commands.host import say_when_nobody_works
from oxios.invocation import Invocation, answer, answer_json, pass_invocation, say
from oxios.machine import look_at_machine, machine_lines

__all__ = ["command"]

GOING = [state for state in RunState if not state.final]

CONDITIONS = [*(state.value for state in GOING), INTERRUPTED]

MOST_ROWS = 100_000
"""How many rows are counted; more agents than that are not allowed to be under way."""


@click.group(name="scheduler")
def command() -> None:
    """Show who may run.

    Numbers come from the home's table, which all processes share. How a host divides its slots among the agents that
    are running is known inside of that host only: an agent that waits for a slot there counts as running here.
    """


@command.command()
@click.option("--vitals", is_flag=True, help="Also look at the machine, which takes a fifth of a second.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def stats(invocation: Invocation, vitals: bool, as_json: bool) -> None:
    """Count the runs that have not ended, by state and priority, with how long the oldest of each has been there."""

    async def find() -> tuple[Sequence[Run], Mapping[str, str], ScheduleSettings, str | None]:
        async with open_agency(invocation) as agency:
            rows = await agency.processes.table.find(RunQuery(states=GOING, limit=MOST_ROWS))
            return rows, await agency.conditions(rows), agency.schedule, agency.host

    rows, conditions, settings, host = anyio.run(find)
    machine = anyio.run(look_at_machine, invocation) if vitals else None
    now = datetime.now(UTC)
    slots: JsonObject = {
        "concurrent": settings.concurrent,
        "per_principal": settings.per_principal,
        "per_provider": settings.per_provider,
    }
    if as_json:
        runs: JsonObject = {name: _count(_of(rows, conditions, name), now) for name in CONDITIONS}
        answer_json({"host": host, "runs": runs, "slots": slots, **({"vitals": machine} if machine else {})})
        return
    answer(f"{'':<12}" + "".join(f"{priority.name.lower():>10}" for priority in Priority) + f"{'oldest':>10}")
    for name in CONDITIONS:
        found = _of(rows, conditions, name)
        counts = [sum(run.priority == priority for run in found) for priority in Priority]
        oldest = age(min(run.changed_at for run in found), now) if found else "-"
        answer(f"{name:<12}" + "".join(f"{count:>10,}" for count in counts) + f"{oldest:>10}")
    answer(
        f"At most {settings.concurrent} run at a time: {settings.per_principal} for one person or program, "
        f"{settings.per_provider} for one provider."
    )
    answer(f"Host: {host or 'none'}")
    for line in machine_lines(machine) if machine else ():
        answer(line)
    say_when_nobody_works(host, set(conditions.values()))


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def queue(invocation: Invocation, as_json: bool) -> None:
    """List the queued runs in the order in which a host takes them: the most urgent first, of equals the oldest."""

    async def find() -> tuple[Sequence[Run], str | None]:
        async with open_agency(invocation) as agency:
            return await agency.processes.control.queued(MOST_ROWS), agency.host

    rows, host = anyio.run(find)
    if as_json:
        answer_json([agent_json(run, run.state.value) for run in rows])
        return
    now = datetime.now(UTC)
    for run in rows:
        answer(row_line(run, run.state.value, now))
    if not rows:
        say("Nothing is queued.")
    say_when_nobody_works(host, [run.state.value for run in rows])


def _of(rows: Sequence[Run], conditions: Mapping[str, str], name: str) -> list[Run]:
    return [run for run in rows if conditions[run.id] == name]


def _count(found: Sequence[Run], now: datetime) -> JsonObject:
    by_priority = {priority.name.lower(): sum(run.priority == priority for run in found) for priority in Priority}
    oldest = min((run.changed_at for run in found), default=None)
    return {
        **by_priority,
        "total": len(found),
        "oldest_seconds": None if oldest is None else round((now - oldest).total_seconds(), 3),
    }
