"""`oxios agent`: the agents of a home as processes. Here is what is looked at; what starts, steers and reads them is in
the modules beside this one."""

from collections.abc import Sequence
from datetime import UTC, datetime

import anyio
import click
from oxios_kernel.domain.exit import Exit
from oxios_kernel.domain.run import Run, RunKind, RunState
from oxios_kernel.ports.journal import RunQuery

from oxios.agency import INTERRUPTED, MOST_ROWS
from oxios.agent_view import agent_json, outcome_json, row_line, tree_json, tree_lines
from oxios.assemble import open_agency
from oxios.commands.agent_journal import journal, logs
from oxios.commands.agent_start import branch, fork, resume, wait
from oxios.commands.agent_steer import kill, message, pause
from oxios.commands.host import say_when_nobody_works
from oxios.invocation import Invocation, answer, answer_json, pass_invocation, say
from oxios.parameters import LABEL

__all__ = ["command"]

STATES = [*(state.value for state in RunState), INTERRUPTED]


@click.group(name="agent")
def command() -> None:
    """Start, watch and steer agents.

    Wherever an ID is asked for, its first characters are enough (4 at least) when no other agent's id begins so.
    Agents are carried out by the host of the home (`oxios host`), or by the command that started them.
    """


@command.command(name="list")
@click.option("--all", "ended", is_flag=True, help="Also those that have ended.")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state. `interrupted`: its process died.")
@click.option("--group", type=LABEL, metavar="NAME", help="Only those of this group.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def list_agents(invocation: Invocation, ended: bool, state: str | None, group: str | None, as_json: bool) -> None:
    """List the agents that have not ended, the newest first."""

    async def find() -> tuple[Sequence[Run], dict[str, str], str | None]:
        async with open_agency(invocation) as agency:
            query = RunQuery(kinds={RunKind.AGENT}, states=_states(state, ended=ended), group=group, limit=MOST_ROWS)
            found = await agency.processes.table.find(query)
            return found, await agency.conditions(found), agency.host

    found, conditions, host = anyio.run(find)
    rows = [run for run in found if state in (None, conditions[run.id])]
    if as_json:
        answer_json([agent_json(run, conditions[run.id]) for run in rows])
        return
    now = datetime.now(UTC)
    for run in rows:
        answer(row_line(run, conditions[run.id], now))
    if not rows:
        say("There are no such agents.", hint='Start one: oxios agent fork "Count the files here".')
    if len(found) == MOST_ROWS:
        say(f"Only the newest {MOST_ROWS:,} were looked at.", hint="--state and --group narrow it down.")
    say_when_nobody_works(host, conditions.values())


@command.command()
@click.argument("agent_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def show(invocation: Invocation, agent_id: str, as_json: bool) -> None:
    """Print what is known of an agent: its row, its task, and its answer or the last it said."""

    async def find() -> tuple[Run, str, Exit]:
        async with open_agency(invocation) as agency:
            run = await agency.find(agent_id)
            return run, (await agency.conditions([run]))[run.id], await agency.processes.exit(run.id)

    run, condition, end = anyio.run(find)
    document = outcome_json(run, condition, end)
    document |= {"prompt": run.input.get("prompt"), "model": run.input.get("model"), "workdir": run.input.get("root")}
    if as_json:
        answer_json(document)
        return
    for name, value in document.items():
        if name not in ("text", "prompt", "usage") and value not in (None, []):
            answer(f"{name:<12} {', '.join(map(str, value)) if isinstance(value, list) else value}")
    answer(f"{'tokens':<12} {end.usage.input_tokens:,} in, {end.usage.output_tokens:,} out")
    answer(f"\n{document['prompt']}")
    if end.text.strip():
        answer(f"\n{end.text.strip()}")


@command.command()
@click.argument("agent_id", metavar="[ID]", required=False)
@click.option("--all", "ended", is_flag=True, help="Also trees in which all has ended.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, children inside their parents.")
@pass_invocation
def tree(invocation: Invocation, agent_id: str | None, ended: bool, as_json: bool) -> None:
    """Draw an agent (or all that have not ended) with everything that it started, turns of conversations included."""

    async def find() -> tuple[Sequence[Run], dict[str, str], str | None]:
        async with open_agency(invocation) as agency:
            if agent_id is None:
                rows = await agency.trees(ended=ended)
            else:
                rows = await agency.processes.table.tree((await agency.find(agent_id)).id)
            return rows, await agency.conditions(rows), agency.host

    rows, conditions, host = anyio.run(find)
    if as_json:
        answer_json(tree_json(rows, conditions))
        return
    for line in tree_lines(rows, conditions):
        answer(line)
    if not rows:
        say("No agent is under way.", hint="`oxios agent tree --all` shows those that have ended.")
    say_when_nobody_works(host, conditions.values())


for part in (fork, branch, wait, kill, pause, resume, message, logs, journal):
    command.add_command(part)


def _states(state: str | None, *, ended: bool) -> list[RunState] | None:
    if state is not None:
        return [RunState.RUNNING if state == INTERRUPTED else RunState(state)]
    return None if ended else [known for known in RunState if not known.final]
