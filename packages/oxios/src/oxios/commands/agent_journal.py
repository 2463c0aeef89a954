"""`oxios agent logs` and `journal`: what an agent did, as a story for people and as the entries on the disk."""

from collections.abc import Sequence

import anyio
import click
from oxios_kernel.domain.run import Entry, Run, RunKind

from oxios.agent_steps import read_steps, step_lines
from oxios.assemble import open_agency
from oxios.invocation import Invocation, answer, answer_json, pass_invocation, say

__all__ = ["journal", "logs"]


@click.command()
@click.argument("agent_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with nothing cut.")
@pass_invocation
def logs(invocation: Invocation, agent_id: str, as_json: bool) -> None:
    """Print what an agent was told, said and did, step by step. `oxios agent branch` begins after any of the steps."""
    run, entries = anyio.run(_read, invocation, agent_id)
    steps = read_steps(entries)
    if as_json:
        answer_json([step.to_json() for step in steps])
        return
    for step in steps:
        answer("\n".join(step_lines(step)))
    if run.kind is RunKind.TURN:
        say(f"Run {run.id} is a turn of a conversation.", hint=f"`oxios agent tree {run.id}` has its agents.")
    elif not steps:
        say(f"Agent {run.id} has not begun.")


@click.command()
@click.argument("agent_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with the recorded results.")
@pass_invocation
def journal(invocation: Invocation, agent_id: str, as_json: bool) -> None:
    """Print the effects that are on the disk, in the order in which they were begun."""
    run, entries = anyio.run(_read, invocation, agent_id)
    if as_json:
        answer_json([entry.to_json() for entry in entries])
        return
    for entry in entries:
        answer(f"{entry.sequence:>5}  {entry.at:%Y-%m-%d %H:%M:%S}Z  {'done ' if entry.done else 'begun'}  {entry.key}")
    if not entries:
        say(f"Run {run.id} has done nothing yet.")


async def _read(invocation: Invocation, agent_id: str) -> tuple[Run, Sequence[Entry]]:
    async with open_agency(invocation) as agency:
        run = await agency.find(agent_id)
        return run, await agency.processes.journal.replay(run.id)
