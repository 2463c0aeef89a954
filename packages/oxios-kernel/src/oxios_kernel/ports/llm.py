"""A model call: transcript in, reply out, with its usage. Wrappers (retry, fallback, metering) have the same shape, so
`engine` composes them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from oxios_kernel.domain.fact import Fact
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import ToolCall, ToolSpec
from oxios_kernel.domain.transcript import Message

__all__ = ["Finish", "Listen", "Llm", "LlmReply", "LlmRequest"]

Listen = Callable[[str], None]
"""Is told each piece of text as it streams. It must return at once; a restarted call begins again from the start."""

Finish = Literal["stop", "tools", "length", "refused"]
"""Why the model stopped: it had finished, asks for tools, reached the output limit, or the content was refused."""


@dataclass(frozen=True, kw_only=True)
class LlmRequest:
    """What a model is asked.

    Attributes:
        model: `provider/model`.
        messages: the transcript, oldest first.
        tools: the tools it may call.
        json_only: whether the answer must be one JSON object; a hint for providers that can promise it.
        max_output_tokens: the longest answer, `None` for the provider's default.
        temperature: 0–2, `None` for the provider's default.
        deadline_seconds: how long the call may take in all, tries included.
        key: the effect's stable name, as idempotency token for providers that take one.
    """

    model: str
    messages: tuple[Message, ...]
    tools: tuple[ToolSpec, ...] = ()
    json_only: bool = False
    max_output_tokens: int | None = None
    temperature: float | None = None
    deadline_seconds: float = 300.0
    key: str = ""


class LlmReply(Fact):
    """What the model answered.

    Attributes:
        text: its words, possibly empty when it calls tools.
        tool_calls: the tools it asks for, in its order.
        finish: why it stopped.
        usage: tokens and money of this call.
        model: the model that answered, `provider/model`; with fallback not always the one that was asked.
        request_id: the provider's name of the call, where it gives one.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    finish: Finish = "stop"
    usage: Usage = Usage()
    model: str = ""
    request_id: str | None = None


class Llm(Protocol):
    """Anything that answers a transcript."""

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the reply; pieces of its text are told to `listen` as they come.

        Cancelling the call closes the connection to the provider.

        Raises:
            ModelError: the subclass says what to do next.
        """
        ...
