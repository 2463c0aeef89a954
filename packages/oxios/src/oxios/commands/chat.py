"""`oxios chat`: the chat of `oxios_cli` with the kernel behind the gateway."""

from pathlib import Path

import anyio
import click
from oxios_cli import Repl, Session, Terminal

from oxios.assemble import serve_program
from oxios.inputs import working_folder
from oxios.invocation import Invocation, pass_invocation, say_of_space
from oxios.parameters import LABEL

__all__ = ["command"]

USER = "local"


@click.command(name="chat")
@click.option("--session", metavar="ID", help="Go on with a conversation.")
@click.option("--model", type=LABEL, metavar="PROVIDER/MODEL", help="Begin with this model.")
@click.option("--persona", metavar="ID", help="Begin with this persona.")
@click.option("--space", type=LABEL, metavar="ID", help="Write down to which Space the conversation belongs.")
@click.option("--workdir", metavar="FOLDER", help="Work in this folder instead of the current one.")
@click.option("--quiet", is_flag=True, help="Show answers and errors, nothing else.")
@pass_invocation
def command(
    invocation: Invocation,
    session: str | None,
    model: str | None,
    persona: str | None,
    space: str | None,
    workdir: str | None,
    quiet: bool,
) -> int:
    """Talk in the current folder, with answers as they are written. /help lists what can be typed.

    Ctrl-C stops the answer. Ctrl-D, or Ctrl-C twice at an empty prompt, leaves.
    """
    folder = working_folder(
        workdir,
        oxios_home=invocation.home.root,
        person_home=Path(invocation.environment.get("HOME") or Path.home()),
    )
    say_of_space(space)
    begun = Session(
        user_id=USER,
        session_id=session,
        model=model,
        persona=persona,
        space_id=space,
        workdir=str(folder.absolute()),
    )
    terminal = Terminal.of_process(invocation.environment)
    repl = Repl(terminal, begun, history=invocation.home.root / "chat_history", quiet=quiet)
    return anyio.run(serve_program, invocation, repl.run)
