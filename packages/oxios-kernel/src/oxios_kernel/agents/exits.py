"""How runs ended, read from their rows and journals: also of those that were killed or have failed, with what they had
said and spent until then."""

from collections.abc import Sequence

from oxios_kernel.agents.task import AgentOutcome
from oxios_kernel.domain.exit import Exit
from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.run import Entry, Run, RunKind, RunState
from oxios_kernel.domain.spend import Usage
from oxios_kernel.ports.journal import Journal
from oxios_kernel.ports.llm import LlmReply

__all__ = ["exit_of", "read_exit"]


async def read_exit(run: Run, journal: Journal) -> Exit:
    """Return how a run ended, reading its journal when its row does not say all.

    Raises:
        JournalError: the journal cannot be read.
    """
    whole = run.state is RunState.DONE and run.kind is RunKind.AGENT
    return exit_of(run, () if whole else await journal.replay(run.id))


def exit_of(run: Run, entries: Sequence[Entry]) -> Exit:
    """Return how a run ended.

    Args:
        run: its row.
        entries: its journal; may be empty for an agent that is done.
    """
    known = Exit(run_id=run.id, title=run.title, state=run.state, reason=run.reason)
    if run.state is RunState.DONE and run.kind is RunKind.AGENT:
        outcome = AgentOutcome.from_json(run.output)
        answered = outcome.ending == "answered"
        return known.model_copy(
            update={"passed": answered, "text": outcome.text, "steps": outcome.steps, "usage": outcome.usage}
        )
    replies = [LlmReply.from_json(entry.result) for entry in entries if entry.done and _is_reply(entry)]
    usage = sum((reply.usage for reply in replies), Usage())
    # What a turn's model says on the way is the protocol's, and no answer to anybody.
    words = replies if run.kind is RunKind.AGENT else []
    said = next((reply.text for reply in reversed(words) if reply.text.strip()), "")
    if run.state is RunState.DONE:
        return known.model_copy(update={"passed": True, "text": _answer(run.output, said), "usage": usage})
    passed = False if run.state.final else None
    return known.model_copy(update={"passed": passed, "text": said, "steps": len(replies), "usage": usage})


def _is_reply(entry: Entry) -> bool:
    return "/model" in entry.key or entry.key.startswith("protocol/")


def _answer(output: Json, otherwise: str) -> str:
    text = output.get("response") if isinstance(output, dict) else None
    return text if isinstance(text, str) else otherwise
