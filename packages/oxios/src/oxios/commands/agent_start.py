"""`oxios agent fork`, `branch`, `resume` and `wait`: agents begin or go on, and whoever wants to follows them to where
they stop. Who carries them out: the host of the home, else this command."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import anyio
import click
from oxios_cli import ExitCode
from oxios_kernel.domain.exit import Exit
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.job import Priority
from oxios_kernel.domain.run import Run, RunKind, RunState

from oxios.agency import Agency, Order
from oxios.agent_view import exit_line, outcome_json
from oxios.assemble import open_agency
from oxios.commands.host import say_when_nobody_works
from oxios.inputs import read_prompt, working_folder
from oxios.interrupts import stop_on_interrupt
from oxios.invocation import Invocation, answer, answer_json, pass_invocation, say
from oxios.parameters import LABEL, SECONDS

__all__ = ["PRIORITIES", "branch", "follow_run", "followed", "fork", "refuse_both", "resume", "wait"]

PRIORITIES = [priority.name.lower() for priority in Priority]


def followed(function: Callable[..., int]) -> Callable[..., int]:
    """Give a command the options that say whether it waits for the agent's end."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Print JSON."),
        click.option("--detach", is_flag=True, help="Only put it into the queue, for a host to carry out."),
        click.option("--wait", "waits", is_flag=True, help="Wait for its end also when a host carries it out."),
    ):
        function = option(function)
    return function


@click.command()
@click.argument("prompt")
@click.option(
    "--priority", type=click.Choice(PRIORITIES), default="normal", show_default=True, help="How urgent it is."
)
@click.option("--group", type=LABEL, metavar="NAME", help="A name to find several agents again by.")
@click.option("--model", type=LABEL, metavar="PROVIDER/MODEL", help="Ask this model; `oxios models` lists them.")
@click.option("--workdir", metavar="FOLDER", help="Work in this folder instead of the current one.")
@followed
@pass_invocation
def fork(
    invocation: Invocation,
    /,
    prompt: str,
    priority: str,
    group: str | None,
    model: str | None,
    workdir: str | None,
    **follow: Any,
) -> int:
    """Start an agent that does PROMPT in the current folder. `-` reads it from standard input.

    With a host it begins there, and its id is printed. Without one this command carries it out and prints its answer;
    with --detach it waits in the queue for a host.

    Exits with 1 when it waited and the agent did not answer by itself.
    """
    order = Order(
        prompt=read_prompt(prompt),
        root=working_folder(
            workdir,
            oxios_home=invocation.home.root,
            person_home=Path(invocation.environment.get("HOME") or Path.home()),
        ),
        model=model,
        priority=Priority[priority.upper()],
        group=group,
    )
    return anyio.run(_begin, invocation, follow, lambda agency: agency.start(order))


@click.command()
@click.argument("agent_id", metavar="ID")
@click.argument("step", type=click.IntRange(min=1))
@click.argument("instruction")
@followed
@pass_invocation
def branch(invocation: Invocation, /, agent_id: str, step: int, instruction: str, **follow: Any) -> int:
    """Start an agent with the first STEP steps of another one behind it, told INSTRUCTION after them.

    Those steps are not done again, and cost nothing. `oxios agent logs ID` shows them. Who carries it out, and what is
    printed, is as with `oxios agent fork`.
    """
    told = read_prompt(instruction)

    async def begin(agency: Agency) -> Run:
        source = await agency.find_agent(agent_id)
        return await agency.processes.branch(source.id, step, told)

    return anyio.run(_begin, invocation, follow, begin)


@click.command()
@click.argument("agent_id", metavar="ID")
@followed
@pass_invocation
def resume(invocation: Invocation, /, agent_id: str, **follow: Any) -> int:
    """Let an agent that is paused or interrupted go on, with everything that it started.

    Who carries it out, and what is printed, is as with `oxios agent fork`.
    """

    async def begin(agency: Agency) -> Run:
        run = await agency.find(agent_id)
        await agency.processes.resume(run.id)
        return await agency.processes.table.get(run.id)

    return anyio.run(_begin, invocation, follow, begin)


@click.command()
@click.argument("agent_ids", metavar="ID...", nargs=-1, required=True)
@click.option("--any", "first", is_flag=True, help="Wait for the first of them only.")
@click.option("--timeout", type=SECONDS, metavar="SECONDS", help="Wait no longer than this.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def wait(invocation: Invocation, agent_ids: tuple[str, ...], first: bool, timeout: float | None, as_json: bool) -> int:
    """Wait until agents have ended, and print how each did. One that is paused counts: it does not go on by itself.

    Exits with 1 when one of those that stopped did not answer by itself, and with 124 when the time was over first.
    """

    async def follow() -> tuple[Sequence[JsonObject], Sequence[str]]:
        async with open_agency(invocation) as agency:
            ids = [(await agency.find(agent_id)).id for agent_id in agent_ids]
            await _warn(agency, ids)
            with anyio.move_on_after(timeout):
                await agency.stopped(ids, first=first)
            ends = await agency.exits(ids)
            documents = [await _document(agency, end) for end in ends]
            lines = [exit_line(end, str(document["state"])) for end, document in zip(ends, documents, strict=True)]
            return documents, lines

    documents, lines = anyio.run(follow)
    if as_json:
        answer_json(documents)
    else:
        for line in lines:
            answer(line)
    stopped = [document for document in documents if document["passed"] is not None or document["state"] == "paused"]
    if not stopped or (len(stopped) < len(documents) and not first):
        going = len(documents) - len(stopped)
        say(f"{going} of {len(documents)} have not ended within {timeout:g} seconds; they go on.")
        return ExitCode.TIMEOUT
    return ExitCode.DONE if all(document["passed"] for document in stopped) else ExitCode.NOT_PASSED


async def _begin(invocation: Invocation, follow: Mapping[str, bool], begin: Callable[[Agency], Awaitable[Run]]) -> int:
    refuse_both(follow)
    async with open_agency(invocation, carry=not follow["detach"]) as agency:
        return await follow_run(agency, await begin(agency), follow)


def refuse_both(follow: Mapping[str, bool]) -> None:
    """Refuse options that contradict each other.

    Raises:
        click.UsageError: they do.
    """
    if follow["waits"] and follow["detach"]:
        raise click.UsageError("It is waited for or left to a host: --wait or --detach, not both.")


async def follow_run(agency: Agency, run: Run, follow: Mapping[str, bool]) -> int:
    """Wait for a run if that is asked for or needed, tell what became of it, and return the exit code.

    Args:
        agency: where it was started.
        run: the run.
        follow: the values of the options of `followed`.
    """
    if agency.carries or follow["waits"]:
        return await _to_its_end(agency, run, as_json=follow["as_json"])
    if follow["as_json"]:
        answer_json(await _document(agency, await agency.processes.exit(run.id)))
    else:
        answer(run.id)
    say_when_nobody_works(agency.host, [run.state])
    return ExitCode.DONE


async def _to_its_end(agency: Agency, run: Run, *, as_json: bool) -> int:
    name = "Agent" if run.kind is RunKind.AGENT else "Run"
    say(f"{name} {run.id}: {run.title}")
    ends: Sequence[Exit] = []
    async with stop_on_interrupt(code=ExitCode.INTERRUPTED, first=_stopping) as work:
        with work:
            ends = await agency.stopped([run.id])
    if not ends:
        here = f"`oxios agent resume {run.id}` goes on with it, `oxios host` with all there are."
        say("It goes on without this command." if agency.host else "It is in the queue again.", hint=here)
        return ExitCode.INTERRUPTED
    [end] = ends
    if as_json:
        answer_json(await _document(agency, end))
    elif end.text.strip():
        answer(end.text.strip())
    if not end.passed:
        hint = f"`oxios agent resume {run.id}` lets it go on." if end.state is RunState.PAUSED else None
        say(f"{name} {run.id} is {end.state}{f': {end.reason}' if end.reason else '.'}", hint=hint)
    return ExitCode.DONE if end.passed else ExitCode.NOT_PASSED


async def _document(agency: Agency, end: Exit) -> JsonObject:
    run = await agency.processes.table.get(end.run_id)
    return outcome_json(run, (await agency.conditions([run]))[run.id], end)


async def _warn(agency: Agency, run_ids: Sequence[str]) -> None:
    rows = [await agency.processes.table.get(run_id) for run_id in run_ids]
    say_when_nobody_works(agency.host, (await agency.conditions(rows)).values())


def _stopping() -> None:
    say("Stopping; press Ctrl-C again to leave at once.")
