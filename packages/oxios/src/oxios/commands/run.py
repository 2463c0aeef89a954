"""`oxios run`: one task in, one answer out, as text or as one JSON object, with an exit code that says how it went."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import anyio
import click
from oxios_cli import Terminal, TurnView
from oxios_kernel.conversation import TurnRequest

from oxios.failures import explain
from oxios.inputs import read_context, read_prompt, working_folder
from oxios.invocation import Invocation, pass_invocation, say_of_space
from oxios.parameters import LABEL
from oxios.report import exit_code, report
from oxios.task import Ending, Order, carry_out

__all__ = ["command"]


@dataclass(frozen=True, kw_only=True)
class Options:
    """What was typed after `oxios run`."""

    prompt: str | None
    as_json: bool
    context_file: str | None
    session: str | None
    judged: bool
    model: str | None
    persona: str | None
    space: str | None
    workdir: str | None
    timeout: float | None
    quiet: bool
    resume: str | None


def _seconds(context: click.Context, option: click.Parameter, seconds: float | None) -> float | None:
    """Return a time that can be waited for; `inf` and `nan` cannot."""
    if seconds is not None and not 0 < seconds < math.inf:
        raise click.BadParameter(f"{seconds:g} is not a number of seconds above 0; leave it out for no limit.")
    return seconds


@click.command(name="run")
@click.argument("prompt", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of the answer's text.")
@click.option("--context-file", metavar="PATH|-", help="Hand over a text file (at most 10 MiB) with the prompt.")
@click.option("--session", metavar="ID", help="Go on with a conversation, or begin one of that name.")
@click.option("--exit-code", "judged", is_flag=True, help="Exit with 1 when the result did not pass its checks.")
@click.option("--model", type=LABEL, metavar="PROVIDER/MODEL", help="Ask this model; `oxios models` lists them.")
@click.option("--persona", metavar="ID", help="Work this way; `oxios persona list` lists them.")
@click.option("--space", type=LABEL, metavar="ID", help="Write down to which Space the task belongs.")
@click.option("--workdir", metavar="FOLDER", help="Work in this folder instead of the current one.")
@click.option("--timeout", type=float, callback=_seconds, metavar="SECONDS", help="Stop after so many seconds.")
@click.option("--quiet", is_flag=True, help="Print the answer and errors, nothing else.")
@click.option("--resume", metavar="RUN_ID", help="Go on with a run that was stopped, also with another --model.")
@pass_invocation
def command(invocation: Invocation, /, **typed: Any) -> int:
    """Have PROMPT done in the current folder and print the answer. `-` reads it from standard input.

    \b
    Exit codes:
      0    done                          5    needs an answer: --session
      1    not passed (--exit-code)      6    denied by policy
      2    wrong usage                   124  out of time
      3    configuration, credentials    130  interrupted
      4    provider unavailable          70   a fault in Oxios
    """
    options = Options(**typed)
    _check(options)
    if not options.quiet:
        say_of_space(options.space)
    view = TurnView(Terminal.of_process(invocation.environment), quiet=options.quiet)
    try:
        order = _order(invocation, options)
    except Exception as error:  # the request is answered
        if invocation.debug:
            raise
        ending = Ending(failure=explain(error))
    else:
        ending = anyio.run(carry_out, invocation, order, view)
    code = exit_code(ending, judged=options.judged)
    report(ending, view, code, as_json=options.as_json, quiet=options.quiet)
    return code


def _check(options: Options) -> None:
    if options.resume is None:
        if options.prompt is None:
            raise click.UsageError("Say what is to be done, or which run goes on with --resume.")
        if options.prompt == options.context_file == "-":
            raise click.UsageError("Standard input can be the prompt or the context, not both.")
        return
    fixed = {
        "a prompt": options.prompt,
        "--context-file": options.context_file,
        "--session": options.session,
        "--persona": options.persona,
        "--space": options.space,
        "--workdir": options.workdir,
    }
    for name, value in fixed.items():
        if value is not None:
            raise click.UsageError(f"A run that goes on keeps what it began with: leave {name} out with --resume.")


def _order(invocation: Invocation, options: Options) -> Order:
    if options.resume is not None:
        return Order(run_id=options.resume, turn=None, model=options.model, timeout_seconds=options.timeout)
    run_id = str(uuid4())
    turn = TurnRequest(
        prompt=read_prompt(options.prompt or ""),
        root=working_folder(
            options.workdir,
            oxios_home=invocation.home.root,
            person_home=Path(invocation.environment.get("HOME") or Path.home()),
        ),
        session_id=options.session,
        persona=options.persona,
        model=options.model,
        context=read_context(options.context_file) if options.context_file is not None else "",
        space_id=options.space,
        run_id=run_id,
    )
    return Order(run_id=run_id, turn=turn, timeout_seconds=options.timeout)
