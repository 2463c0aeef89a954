"""What a test can make the model server say, and what the server tells the test it was asked.

The answers know nothing of a wire format: `openai_wire` and `anthropic_wire` spell them, `server` sends them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Finish: TypeAlias = Literal["stop", "length", "refused"]
Arguments: TypeAlias = Mapping[str, Any] | str
Tokens: TypeAlias = tuple[int, int]
WireName: TypeAlias = Literal["openai", "anthropic"]

USAGE: Tokens = (12, 7)
"""Input and output tokens of an answer that names no usage."""


@dataclass(frozen=True)
class Text:
    """Plain text, in pieces when the client asked for a stream; `usage` is (input, output) tokens."""

    text: str
    usage: Tokens = USAGE
    finish: Finish = "stop"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Tools:
    """Tool calls by name, after `text`; arguments given as a string are sent as they are, JSON or not."""

    calls: Sequence[tuple[str, Arguments]]
    text: str = ""
    usage: Tokens = USAGE


@dataclass(frozen=True)
class Empty:
    """A well-formed reply that says nothing."""

    usage: Tokens = (12, 0)


@dataclass(frozen=True)
class Slow:
    """Text whose pieces come `seconds_per_chunk` apart."""

    text: str
    seconds_per_chunk: float
    usage: Tokens = USAGE


@dataclass(frozen=True)
class Cut:
    """The connection closes after `after_chars` characters of `text` (of the JSON, when not streaming)."""

    after_chars: int
    text: str = "This sentence is longer than what will arrive of it."


@dataclass(frozen=True)
class Status:
    """An HTTP error; without a `body` the wire's own error shape for that status is sent."""

    code: int
    body: Mapping[str, Any] | str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TooLong:
    """The 400 with which the wire's provider refuses a prompt longer than the model's context."""


@dataclass(frozen=True)
class Raw:
    """Status 200 with these bytes for a body, whatever they are."""

    body: bytes
    content_type: str = "application/json"


@dataclass(frozen=True)
class Hang:
    """No answer at all until the client leaves."""


Answer: TypeAlias = Text | Tools | Empty | Slow | Cut | Status | TooLong | Raw | Hang


@dataclass(frozen=True)
class Received:
    """One request for a completion, as it came in.

    `headers` have lower-case names. `number` counts from 0. `body` is the parsed JSON.
    """

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    wire: WireName
    number: int

    @property
    def streams(self) -> bool:
        """Whether the client asked for a stream."""
        return bool(self.body.get("stream"))

    @property
    def text(self) -> str:
        """Every text the model was given: system prompt, messages and tool results, a line break between."""
        return "\n".join(_texts([self.body.get("system"), self.body.get("messages")]))

    @property
    def last(self) -> str:
        """The text of the last message (a tool result, if that is what came last)."""
        messages = self.body.get("messages") or [{}]
        return "\n".join(_texts(messages[-1]))


Step: TypeAlias = Answer | Callable[[Received], Answer]
Script: TypeAlias = Sequence[Step] | Step
"""One step a request; a single step (not in a list) answers every request."""


def _texts(node: object) -> Iterator[str]:
    match node:
        case str():
            yield node
        case list():
            for item in node:
                yield from _texts(item)
        case dict():
            yield from _texts(node.get("content"))
            yield from _texts(node.get("text"))
