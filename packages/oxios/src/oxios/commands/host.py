"""`oxios host`: this process carries out everybody's agents until it is stopped, those too whose process died: what
one host was in the middle of, the next one finds."""

import gc
from collections.abc import Iterable
from datetime import UTC, datetime

import anyio
import click
from oxios_cli import ExitCode
from oxios_kernel.domain.event import RunChanged
from oxios_kernel.events import Bus

from oxios.agency import INTERRUPTED, Agency
from oxios.assemble import open_agency
from oxios.interrupts import stop_on_interrupt
from oxios.invocation import Invocation, pass_invocation, say

__all__ = ["command", "say_when_nobody_works"]

GARBAGE_AFTER = (10_000, 20, 20)
"""How many new values make the collector look among the young, and how many looks make it look among the older ones.
Python's own 700 and 10 cost a host with hundreds of agents a sixth of its time, for cycles that hardly arise."""


@click.command(name="host")
@click.option("--quiet", is_flag=True, help="Say only who is the host, not what becomes of each run.")
@pass_invocation
def command(invocation: Invocation, quiet: bool) -> int:
    """Carry out everything that is queued or interrupted in this home, and go on until stopped.

    Ctrl-C or SIGTERM hands what is under way back to the queue, for the next host; a second one leaves at once. After a
    crash, or `kill -9`, the next host goes on where this one was. A home has one host: a second one exits with 3.
    """
    return anyio.run(_serve, invocation, quiet)


def say_when_nobody_works(host: str | None, states: Iterable[str]) -> None:
    """Tell a person what keeps agents from beginning, when that is because no host is there.

    Args:
        host: who is the host, `None` when nobody is.
        states: where the agents are that were asked about.
    """
    if host is None and {"queued", INTERRUPTED} & set(states):
        say(
            "No host is at work, so what is queued or interrupted does not go on by itself.",
            hint="Start one: oxios host",
        )


async def _serve(invocation: Invocation, quiet: bool) -> int:
    async with (
        stop_on_interrupt(code=ExitCode.INTERRUPTED, first=_stopping) as work,
        open_agency(invocation, host=True) as agency,
    ):
        gc.freeze()  # what is here by now stays as long as the host does
        gc.set_threshold(*GARBAGE_AFTER)
        say(f"Host of {invocation.home.root}: {agency.host}. Ctrl-C stops it.")
        with work:
            if quiet:
                await anyio.sleep_forever()
            await _tell(agency.bus, agency)
    say("Stopped. What was under way is in the queue again.")
    return ExitCode.DONE


async def _tell(bus: Bus, agency: Agency) -> None:
    with bus.subscribe(lambda event: isinstance(event, RunChanged)) as events:
        async for event in events:
            if isinstance(event, RunChanged) and event.run_id is not None:
                title = (await agency.processes.table.get(event.run_id)).title
                say(f"{datetime.now(UTC):%H:%M:%S}Z  {event.run_id}  {event.state}  {title}")


def _stopping() -> None:
    say("Stopping; press Ctrl-C again to leave at once.")
