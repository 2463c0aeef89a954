"""A long transcript made short: the system prompt, the task, a summary of the middle, and the newest messages as they
are. Pure, except that the summary comes from a model; without one an extract takes its place."""

from collections.abc import Sequence

from oxios_kernel.domain.transcript import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage

__all__ = ["SUMMARY_PROMPT", "compacted", "extract", "middle"]

OPENING = 2
"""The messages that always stay: the system prompt and the task."""

KEPT_STEPS = 4
"""How many of the newest answers stay with their tool results as they are."""

EXCERPT_CHARACTERS = 400
"""How much of each message an extract and the request for a summary keep at each end."""

SUMMARY_PROMPT = (
    "Summarise the work so far for the one who goes on with it: what was found out (exact names, numbers, paths), "
    "what was changed, what failed and why, what is still to do. At most 600 words. No advice; do not repeat the task."
)
"""What the model is asked when a transcript has become too long."""


def middle(messages: Sequence[Message]) -> Sequence[Message]:
    """Return the part of a transcript that a summary may replace; empty when there is nothing to gain."""
    answers = [index for index, message in enumerate(messages) if isinstance(message, AssistantMessage)]
    if len(answers) <= KEPT_STEPS:
        return ()
    return messages[OPENING : answers[-KEPT_STEPS]]


def compacted(messages: Sequence[Message], summary: str) -> list[Message]:
    """Return the transcript with its middle replaced by a summary, and no message too long to fit."""
    tail = messages[OPENING + len(middle(messages)) :]
    note = UserMessage(text=f"[Earlier steps, summarised by the kernel]\n{summary}")
    return [*messages[:OPENING], note, *(_shortened(message) for message in tail)]


def extract(messages: Sequence[Message]) -> str:
    """Return the beginnings and ends of messages, one a paragraph: the summary when no model makes one."""
    return "\n".join(f"{_label(message)}: {_excerpt(message.text)}" for message in messages)


def _label(message: Message) -> str:
    match message:
        case ToolMessage(name=name):
            return f"result of {name}"
        case AssistantMessage(tool_calls=calls) if calls:
            return "called " + ", ".join(f"{call.name}({_excerpt(call.raw)})" for call in calls)
        case SystemMessage() | UserMessage() | AssistantMessage():
            return message.role


def _excerpt(text: str) -> str:
    if len(text) <= 2 * EXCERPT_CHARACTERS:
        return text
    left_out = len(text) - 2 * EXCERPT_CHARACTERS
    return f"{text[:EXCERPT_CHARACTERS]} […{left_out} characters…] {text[-EXCERPT_CHARACTERS:]}"


def _shortened(message: Message) -> Message:
    if isinstance(message, ToolMessage):
        return message.model_copy(update={"text": _excerpt(message.text)})
    return message
