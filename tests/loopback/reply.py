"""Turns an answer of the script into the bytes of a reply in one of the two wires; sends nothing itself.

A `Wire` spells a message. What both wires share (cutting, pausing, framing of a body) is decided here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from tests.loopback.answers import (
    Answer,
    Cut,
    Empty,
    Finish,
    Hang,
    Raw,
    Received,
    Slow,
    Status,
    Text,
    Tokens,
    TooLong,
    Tools,
)

PIECE_CHARS = 5
"""Characters in one piece of a stream: small, so that short texts still come in several."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a model says in one turn, before a wire spells it; `calls` are (id, name, arguments as text)."""

    model: str
    id: str
    text: str = ""
    calls: Sequence[tuple[str, str, str]] = ()
    usage: Tokens = (0, 0)
    finish: Finish = "stop"
    counts_usage: bool = True


class Wire(Protocol):
    """How one provider spells a message, a stream and an error."""

    def whole(self, message: Message) -> dict[str, Any]:
        """Return the JSON body of a reply that is not streamed."""

    def stream(self, message: Message) -> tuple[list[bytes], list[bytes]]:
        """Return the events that carry the message, and those that close it."""

    def error(self, code: int) -> dict[str, Any]:
        """Return the body the provider sends with an HTTP error."""

    def too_long(self) -> dict[str, Any]:
        """Return the body of the 400 for a prompt beyond the model's context."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """One HTTP reply: `pieces` are sent `pause` seconds apart; not `complete` = cut off after them."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    pieces: Sequence[bytes]
    length: int | None = None
    pause: float = 0.0
    complete: bool = True


def render(answer: Answer, request: Received, wire: Wire) -> Reply | None:
    """Return the reply that `answer` means for this request, or None when there is none to send."""
    match answer:
        case Hang():
            return None
        case Raw():
            return Reply(content_type=answer.content_type, pieces=[answer.body], length=len(answer.body))
        case Status():
            return _error(answer, wire)
        case TooLong():
            return _error(Status(400, wire.too_long()), wire)
        case Cut():
            return _cut(answer, request, wire)
        case _:
            pause = answer.seconds_per_chunk if isinstance(answer, Slow) else 0.0
            spoken = _spoken(_message(answer, request), request, wire, pause)
            return replace(spoken, headers=answer.headers) if isinstance(answer, Text) else spoken


def pieces_of(text: str) -> list[str]:
    """Return `text` in pieces of a few characters; no piece ends inside a character."""
    return [text[at : at + PIECE_CHARS] for at in range(0, len(text), PIECE_CHARS)]


def _message(answer: Text | Tools | Empty | Slow, request: Received) -> Message:
    calls = answer.calls if isinstance(answer, Tools) else ()
    spelt = [
        (
            f"call_{request.number}_{index}",
            name,
            arguments if isinstance(arguments, str) else json.dumps(arguments),
        )
        for index, (name, arguments) in enumerate(calls)
    ]
    return Message(
        model=str(request.body.get("model", "")),
        id=f"reply-{request.number}",
        text="" if isinstance(answer, Empty) else answer.text,
        calls=spelt,
        usage=answer.usage,
        finish=answer.finish if isinstance(answer, Text) else "stop",
        counts_usage=bool((request.body.get("stream_options") or {}).get("include_usage")),
    )


def _spoken(message: Message, request: Received, wire: Wire, pause: float) -> Reply:
    if request.streams:
        carrying, closing = wire.stream(message)
        return Reply(content_type="text/event-stream", pieces=[*carrying, *closing], pause=pause)
    body = _json(wire.whole(message))
    step = len(body) if not pause else 64
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    return Reply(pieces=pieces, length=len(body), pause=pause)


def _cut(answer: Cut, request: Received, wire: Wire) -> Reply:
    if request.streams:
        carrying, _ = wire.stream(_message(Text(answer.text[: answer.after_chars]), request))
        return Reply(content_type="text/event-stream", pieces=carrying, complete=False)
    body = _json(wire.whole(_message(Text(answer.text), request)))
    arrives = body.decode()[: answer.after_chars].encode()
    return Reply(pieces=[arrives], length=len(body), complete=False)


def _error(answer: Status, wire: Wire) -> Reply:
    body = wire.error(answer.code) if answer.body is None else answer.body
    raw = body.encode() if isinstance(body, str) else _json(body)
    return Reply(status=answer.code, headers=answer.headers, pieces=[raw], length=len(raw))


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
