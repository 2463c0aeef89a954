"""`oxios persona`: the ways of working there are, own ones, and which one is active."""

from pathlib import Path

import anyio
import click
from oxios_kernel.domain.persona import Persona
from oxios_kernel.errors import InputError

from oxios.assemble import open_conversation
from oxios.invocation import Invocation, answer, answer_json, pass_invocation, say

__all__ = ["command"]


@click.group(name="persona")
def command() -> None:
    """Show, add and choose ways of working."""


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def list_personas(invocation: Invocation, as_json: bool) -> None:
    """List the personas; the active one has a star."""

    async def find() -> tuple[tuple[Persona, ...], str]:
        async with open_conversation(invocation) as conversation:
            return await conversation.personas.list(), (await conversation.personas.active()).id

    found, active = anyio.run(find)
    if as_json:
        answer_json([{**persona.to_json(), "active": persona.id == active} for persona in found])
        return
    for persona in found:
        answer(f"{'*' if persona.id == active else ' '} {persona.id:<12} {persona.name}: {persona.role}")


@command.command()
@click.argument("persona_id", metavar="ID")
@pass_invocation
def show(invocation: Invocation, persona_id: str) -> None:
    """Print a persona's prompt and what else is known of it."""

    async def find() -> Persona:
        async with open_conversation(invocation) as conversation:
            return await conversation.personas.get(persona_id)

    persona = anyio.run(find)
    origin = "comes with Oxios" if persona.shipped else "your own"
    answer(f"{persona.id}: {persona.name} ({origin})\n{persona.role}")
    answer(f"Model: {persona.model or 'the default one'}\n\n{persona.prompt}")


@command.command()
@click.argument("persona_id", metavar="ID")
@click.option("--name", help="Its name for lists. The id when left out.")
@click.option("--role", default="", help="What it is for, in one line.")
@click.option("--prompt", help="How it works: the text for the system prompt.")
@click.option("--prompt-file", metavar="PATH", help="A file with that text.")
@click.option("--model", metavar="PROVIDER/MODEL", help="The model it prefers.")
@click.option("--replace", is_flag=True, help="Take the place of one with the same id.")
@pass_invocation
def add(
    invocation: Invocation, /, persona_id: str, replace: bool, prompt_file: str | None, **given: str | None
) -> None:
    """Add a persona of your own."""
    fields = {name: value for name, value in given.items() if value is not None}
    fields |= {"id": persona_id, "name": given["name"] or persona_id}
    if prompt_file is not None:
        fields["prompt"] = _prompt(prompt_file)

    async def save() -> Persona:
        async with open_conversation(invocation) as conversation:
            return await conversation.personas.add(fields, replace=replace)

    say(f"Added. `oxios persona use {anyio.run(save).id}` makes it the active one.")


@command.command()
@click.argument("persona_id", metavar="ID")
@pass_invocation
def use(invocation: Invocation, persona_id: str) -> None:
    """Make a persona the active one, for every task that names none."""

    async def choose() -> Persona:
        async with open_conversation(invocation) as conversation:
            return await conversation.personas.use(persona_id)

    say(f"{anyio.run(choose).name} is the active persona now.")


def _prompt(path: str) -> str:
    try:
        return Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"The prompt file {path!r} is not UTF-8 text.", hint="Save it as UTF-8.") from error
    except OSError as error:
        sentence = f"The prompt file {path!r} cannot be read: {error.strerror}."
        raise InputError(sentence, hint="Name a UTF-8 text file.") from error
