"""`oxios agent kill`, `pause` and `message`: what is asked of agents, in whichever process they are. The command waits
until they obeyed, and shows how they are then."""

from collections.abc import Callable, Sequence

import anyio
import click
from oxios_cli import ExitCode
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.run import Run, Signal
from oxios_kernel.errors import InputError

from oxios.agency import Agency, at_rest
from oxios.agent_view import agent_json, tree_lines
from oxios.assemble import open_agency
from oxios.inputs import read_prompt
from oxios.invocation import Invocation, answer, answer_json, pass_invocation, say
from oxios.parameters import SECONDS

__all__ = ["kill", "message", "pause"]

GRACE_SECONDS = 10.0


def grace(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the option that says how long it waits until agents obeyed."""
    return click.option(
        "--grace",
        type=SECONDS,
        default=GRACE_SECONDS,
        show_default=True,
        metavar="SECONDS",
        help="How long to wait until they obeyed.",
    )(function)


@click.command()
@click.argument("agent_id", metavar="ID")
@grace
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def kill(invocation: Invocation, agent_id: str, grace: float, as_json: bool) -> int:
    """Kill an agent and everything that it started: its model calls, its commands, its agents.

    Exits with 124 when some of them have not obeyed in time; they are killed as soon as they can be.
    """
    rows, conditions = anyio.run(_ask, invocation, agent_id, Signal.KILL, grace)
    return _report(rows, conditions, [run for run in rows if not run.state.final], as_json=as_json)


@click.command()
@click.argument("agent_id", metavar="ID")
@grace
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def pause(invocation: Invocation, agent_id: str, grace: float, as_json: bool) -> int:
    """Let an agent and everything that it started stop before its next step. `oxios agent resume` lets it go on.

    Exits with 124 when some of them are still in the middle of a step; they pause at its end.
    """
    rows, conditions = anyio.run(_ask, invocation, agent_id, Signal.PAUSE, grace)
    return _report(rows, conditions, [run for run in rows if not at_rest(run)], as_json=as_json)


@click.command()
@click.argument("agent_id", metavar="ID")
@click.argument("text")
@click.option("--json", "as_json", is_flag=True, help="Print the letter as JSON.")
@pass_invocation
def message(invocation: Invocation, agent_id: str, text: str, as_json: bool) -> None:
    """Tell an agent TEXT; it reads it before its next step. `-` reads it from standard input."""
    told = read_prompt(text) if text == "-" else text

    async def post() -> Letter:
        async with open_agency(invocation) as agency:
            run = await agency.find_agent(agent_id)
            return await agency.processes.message(run.id, told)

    letter = anyio.run(post)
    if as_json:
        answer_json(letter.to_json())
    else:
        say(f"Agent {letter.to} reads it before its next step.")


async def _ask(
    invocation: Invocation, agent_id: str, signal: Signal, seconds: float
) -> tuple[Sequence[Run], dict[str, str]]:
    async with open_agency(invocation) as agency:
        run = await agency.find(agent_id)
        await _refuse_ended(agency, run)
        if signal is Signal.KILL:
            await agency.processes.kill(run.id, grace_seconds=0)
            rows = await agency.obeyed(run.id, lambda row: row.state.final, seconds=seconds)
        else:
            await agency.processes.pause(run.id)
            rows = await agency.obeyed(run.id, at_rest, seconds=seconds)
        return rows, await agency.conditions(rows)


async def _refuse_ended(agency: Agency, run: Run) -> None:
    if all(row.state.final for row in await agency.processes.table.tree(run.id)):
        raise InputError(f"Agent {run.id} has ended already: it is {run.state}.", hint=f"oxios agent show {run.id}")


def _report(rows: Sequence[Run], conditions: dict[str, str], still: Sequence[Run], *, as_json: bool) -> int:
    if as_json:
        answer_json([agent_json(run, conditions[run.id]) for run in rows])
    else:
        for line in tree_lines(rows, conditions):
            answer(line)
    if still:
        say(f"{len(still)} of {len(rows)} have not obeyed yet; they are asked to, and do it as soon as they can.")
        return ExitCode.TIMEOUT
    return ExitCode.DONE
