"""`oxios sessions`: the conversations that are kept, what was said in them, and what of them can still go on."""

from collections.abc import Sequence

import anyio
import click
from oxios_kernel.domain.run import Run
from oxios_kernel.domain.session import Session

from oxios.assemble import open_conversation
from oxios.invocation import Invocation, answer, answer_json, pass_invocation, say

__all__ = ["command"]


@click.group(name="sessions")
def command() -> None:
    """Show and delete conversations. `oxios run --session ID` goes on with one."""


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def list_sessions(invocation: Invocation, as_json: bool) -> None:
    """List the conversations, the one that changed last first."""

    async def find() -> Sequence[Session]:
        async with open_conversation(invocation) as conversation:
            return await conversation.sessions.list()

    found = anyio.run(find)
    if as_json:
        answer_json([_summary(session) for session in found])
        return
    for session in found:
        waits = "  (waits for an answer)" if session.interview else ""
        answer(f"{session.id}  {session.updated_at:%Y-%m-%d %H:%M}Z  {len(session.turns):>3}  {session.title}{waits}")
    if not found:
        say("There are no conversations yet.", hint='Begin one: oxios run "Count the files here".')


@command.command()
@click.argument("session_id", metavar="ID")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@pass_invocation
def show(invocation: Invocation, session_id: str, as_json: bool) -> None:
    """Print what was said in a conversation, and which of its runs can go on."""

    async def find() -> tuple[Session, Sequence[Run]]:
        async with open_conversation(invocation) as conversation:
            return await conversation.sessions.get(session_id), await conversation.paused(session_id)

    session, paused = anyio.run(find)
    if as_json:
        document = {**session.to_json(), "paused_runs": [run.id for run in paused]}
        answer_json(document)
        return
    for turn in session.turns:
        answer(f"{turn.at:%Y-%m-%d %H:%M}Z  run {turn.run_id}\n> {turn.request}\n\n{turn.response}\n")
    for run in paused:
        say(f"Not finished: {run.title} ({run.reason})", hint=f"oxios run --resume {run.id}")


@command.command()
@click.argument("session_ids", metavar="ID...", nargs=-1, required=True)
@pass_invocation
def delete(invocation: Invocation, session_ids: tuple[str, ...]) -> None:
    """Delete conversations; what was done in them stays done."""

    async def remove() -> None:
        async with open_conversation(invocation) as conversation:
            for session_id in session_ids:
                async with conversation.sessions.hold(conversation.sessions.name(session_id)):
                    await conversation.sessions.delete(session_id)
                say(f"Deleted {session_id}.")

    anyio.run(remove)


def _summary(session: Session) -> dict[str, object]:
    return {
        "id": session.id,
        "title": session.title,
        "created_at": session.to_json()["created_at"],
        "updated_at": session.to_json()["updated_at"],
        "turns": len(session.turns),
        "waits_for_answer": session.interview is not None,
    }
