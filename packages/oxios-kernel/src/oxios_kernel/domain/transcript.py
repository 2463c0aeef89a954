"""What a model was told and what it said, provider-neutral. `ports/llm.py` sends it, `agents/step.py` decides on it,
the journal keeps its parts."""

from typing import Annotated, Literal

from pydantic import Field

from oxios_kernel.domain.fact import Fact
from oxios_kernel.domain.tool import ToolCall

__all__ = ["AssistantMessage", "Message", "SystemMessage", "ToolMessage", "UserMessage", "message_characters"]


class SystemMessage(Fact):
    """Standing instructions."""

    role: Literal["system"] = "system"
    text: str


class UserMessage(Fact):
    """What a person, or the kernel on their behalf, says."""

    role: Literal["user"] = "user"
    text: str


class AssistantMessage(Fact):
    """What the model said and which tools it asks for."""

    role: Literal["assistant"] = "assistant"
    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()


class ToolMessage(Fact):
    """The answer to one tool call of the assistant message before."""

    role: Literal["tool"] = "tool"
    call_id: str
    name: str
    text: str


Message = Annotated[SystemMessage | UserMessage | AssistantMessage | ToolMessage, Field(discriminator="role")]
"""One message of a transcript."""


def message_characters(message: Message) -> int:
    """Return how many characters a message holds, the raw arguments of its tool calls included."""
    characters = len(message.text)
    if isinstance(message, AssistantMessage):
        for call in message.tool_calls:
            characters += len(call.name) + len(call.raw)
    return characters
