"""The transcript of one agent as it grows, with the few sums that `agents/step.py` decides on."""

from collections.abc import Iterable, Sequence

from oxios_kernel.domain.transcript import AssistantMessage, Message, ToolMessage, message_characters

__all__ = ["Transcript"]


class Transcript:
    """Messages, oldest first; the first two are the system prompt and the task.

    Attributes:
        steps: how often the model answered.
        characters: how long all messages are together.
        rounds: for each answered round of tool calls, what was called and what came of it, oldest first.
        compacted_at: the number of steps when it was last made shorter, -1 when it never was.
    """

    def __init__(self, opening: Iterable[Message] = ()) -> None:
        self._messages: list[Message] = []
        self._round: list[tuple[str, str]] = []
        self._open: dict[str, str] = {}
        self.steps = 0
        self.characters = 0
        self.rounds: list[tuple[tuple[str, str], ...]] = []
        self.compacted_at = -1
        for message in opening:
            self.add(message)

    @property
    def messages(self) -> Sequence[Message]:
        """The messages, oldest first."""
        return self._messages

    @property
    def last(self) -> Message:
        """The newest message."""
        return self._messages[-1]

    def add(self, message: Message) -> None:
        """Add a message."""
        self._messages.append(message)
        self.characters += message_characters(message)
        match message:
            case AssistantMessage(tool_calls=calls):
                self.steps += 1
                self._round = []
                self._open = {call.id: f"{call.name} {call.raw}" for call in calls}
            case ToolMessage(call_id=call_id, text=text):
                self._round.append((self._open.pop(call_id, ""), text))
                if not self._open:
                    self.rounds.append(tuple(self._round))

    def replace(self, messages: Iterable[Message]) -> None:
        """Put a shorter transcript in the place of this one; the counts of steps and rounds go on."""
        self._messages = list(messages)
        self.characters = sum(message_characters(message) for message in self._messages)
        self.compacted_at = self.steps
