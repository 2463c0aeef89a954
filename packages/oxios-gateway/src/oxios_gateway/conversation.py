"""The one protocol the gateway needs from whatever thinks: a request in, progress on the way, a reply at the end.

It knows no channel and no kernel; the product hands in an object that fits `Converse`. The smallest one is
`oxios_gateway.testing.EchoConverse`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from oxios_gateway.message import UserFacingError

__all__ = ["Converse", "Listen", "Progress", "Reply", "ReplyLike", "Request"]


@dataclass(frozen=True, kw_only=True)
class Request:
    """One message, ready to be answered.

    Attributes:
        session_id: the conversation it belongs to, `None` to begin one.
        persona: the persona chosen for this conversation, `None` for the default.
        model: the model chosen for this conversation, `None` for the default.
        request_id: the id of the message; its answer and its progress carry it.
        workdir: the folder the work is about, `None` where the channel has none.
    """

    content: str
    user_id: str
    channel: str
    request_id: str
    session_id: str | None = None
    persona: str | None = None
    model: str | None = None
    space_id: str | None = None
    workdir: str | None = None


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Something a person may want to see before the answer is there.

    Attributes:
        kind: what is new: the phase, the step or the tool; a piece of streamed text; a remark.
        phase: the phase the work is in.
        step: the number of the step, from 1.
        tool: the tool at work.
        text: the piece of streamed text, or the remark.
    """

    kind: Literal["phase", "step", "tool", "text", "note"]
    phase: str
    step: int | None = None
    tool: str | None = None
    text: str = ""


Listen = Callable[[Progress], None]
"""Takes progress at once and never waits; it is called in the event loop's own thread."""


class ReplyLike(Protocol):
    """What an answer has at least. Each further attribute named like a field of `ReplyMeta` is taken over from it."""

    @property
    def content(self) -> str: ...

    @property
    def phase(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer: its text, and the fields of `ReplyMeta`."""

    content: str
    phase: str
    session_id: str | None = None
    space_id: str | None = None
    space_tag: str | None = None
    seed_id: str | None = None
    agent_id: str | None = None
    run_id: str | None = None
    evaluation_passed: bool | None = None
    duration_ms: int | None = None
    error: UserFacingError | None = None
    questions: tuple[str, ...] = ()
    verdicts: tuple[Mapping[str, Any], ...] = ()
    usage: Mapping[str, Any] | None = None
    model: str | None = None


class Converse(Protocol):
    """Answers requests."""

    async def handle(self, request: Request, *, listen: Listen) -> ReplyLike:
        """Answer one request; called for one request of a conversation at a time.

        Args:
            request: what was asked.
            listen: told about progress; of progress after the return nothing is shown.

        Raises:
            Exception: whatever went wrong; the gateway turns it into words for the person (`Faults`).
        """
        ...
