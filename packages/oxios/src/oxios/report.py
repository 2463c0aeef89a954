"""A task's ending → what the person sees and what a script reads: the answer, the JSON object, the exit code."""

from typing import Any

from oxios_cli import ExitCode, TurnView
from oxios_gateway import Outgoing, ReplyMeta
from oxios_kernel.conversation import Reply

from oxios.converse import for_gateway, usage_json, verdicts_json
from oxios.invocation import answer_json, say
from oxios.task import Ending

__all__ = ["exit_code", "json_document", "report"]


def exit_code(ending: Ending, *, judged: bool) -> int:
    """Return the program's exit code; with `judged`, work that did not pass its checks is a failure."""
    reply = ending.reply
    if reply is None:
        return ending.failure.code if ending.failure else ExitCode.NOT_PASSED
    if reply.questions:
        return ExitCode.NEEDS_ANSWER
    if reply.denied is not None:
        return ExitCode.DENIED
    return ExitCode.NOT_PASSED if judged and reply.evaluation_passed is False else ExitCode.DONE


def json_document(ending: Ending, code: int) -> dict[str, Any]:
    """Return the one object that `--json` prints. Without an answer its fields say as much as is known."""
    reply, run = ending.reply, ending.run
    document: dict[str, Any] = {
        "response": reply.response if reply else "",
        "session_id": reply.session_id if reply else run.session_id if run else None,
        "space_id": reply.space_id if reply else None,
        "space_tag": None,
        "seed_id": reply.seed_id if reply else None,
        "agent_id": reply.agent_id if reply else None,
        "phase_reached": reply.phase if reply else ending.phase,
        "evaluation_passed": reply.evaluation_passed if reply else None,
        "exit_code": code,
        "duration_ms": ending.duration_ms,
        "usage": usage_json(reply) if reply else None,
        "verdicts": verdicts_json(reply) if reply else [],
        "model": reply.model if reply else None,
        "run_id": reply.run_id if reply else run.id if run else None,
    }
    if reply is not None and reply.questions:
        document["questions"] = list(reply.questions)
    return document


def report(ending: Ending, view: TurnView, code: int, *, as_json: bool, quiet: bool) -> None:
    """Show an ending: the answer on standard output, all else on standard error.

    Raises:
        BrokenPipeError: nobody reads the answer any more.
    """
    view.close()
    if as_json:
        answer_json(json_document(ending, code))
    if ending.reply is not None:
        view.finish(_message(ending.reply, ending.duration_ms, without_text=as_json))
        _explain(ending.reply, quiet=quiet)
    if ending.failure is not None:
        say(f"error: {ending.failure.message}", hint=ending.failure.hint)
    if ending.resumable and ending.run is not None:
        say("What was done so far is kept.", hint=f"oxios run --resume {ending.run.id}")


def _explain(reply: Reply, *, quiet: bool) -> None:
    if not quiet:
        for note in reply.notes:
            say(note)
    if reply.questions:
        say("It goes on with your answer:", hint=f'oxios run --session {reply.session_id} "…"')
    if reply.denied is not None:
        say(f"A tool call was refused: {reply.denied}")


def _message(reply: Reply, duration_ms: int, *, without_text: bool) -> Outgoing:
    meta = ReplyMeta.model_validate(for_gateway(reply, duration_ms=duration_ms))
    return Outgoing(channel="cli", user_id="local", content="" if without_text else reply.response, meta=meta)
