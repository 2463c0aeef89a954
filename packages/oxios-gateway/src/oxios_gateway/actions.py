"""Messages that change their conversation instead of asking something: another model, another persona.

The change holds for that one conversation and for nobody else. Whether a model or a persona exists is asked of the
`Actions` the product may hand in. Knows nothing of queues and channels; called by `turn.py`.
"""

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Protocol

from oxios_gateway.errors import GatewayError
from oxios_gateway.message import ErrorKind, Incoming, MetadataKey

__all__ = ["Actions", "Choice", "Choices", "ConversationKey", "InvalidAction", "conversation_of", "switch"]

ConversationKey = tuple[str, str, str]
"""Channel, user, and session; the session is empty until the conversation has one."""


class InvalidAction(GatewayError):
    """The action lacks what it needs; the message says what."""

    kind = ErrorKind.VALIDATION_ERROR


class Actions(Protocol):
    """Checks what a conversation wants to switch to."""

    async def check_model(self, model_id: str) -> str:
        """Return the model's full id.

        Raises:
            Exception: when it cannot be used; the sentence says why and names the nearest.
        """
        ...

    async def check_persona(self, persona_id: str) -> str:
        """Return the persona's full id.

        Raises:
            Exception: when there is none of that name; the sentence names the nearest.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The model and the persona of one conversation; `None` is the default."""

    model: str | None = None
    persona: str | None = None

    @property
    def metadata(self) -> dict[str, str]:
        """The choice as the metadata of a message."""
        named = {MetadataKey.MODEL_ID: self.model, MetadataKey.PERSONA_ID: self.persona}
        return {key.value: name for key, name in named.items() if name is not None}


class Choices:
    """What each conversation has chosen; the least recently changed is forgotten beyond `limit` conversations."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._chosen: OrderedDict[ConversationKey, Choice] = OrderedDict()

    def of(self, key: ConversationKey) -> Choice:
        """Return the choice of a conversation."""
        return self._chosen.get(key, Choice())

    def keep(self, key: ConversationKey, choice: Choice) -> None:
        """Remember the choice of a conversation."""
        self._chosen[key] = choice
        self._chosen.move_to_end(key)
        if len(self._chosen) > self._limit:
            self._chosen.popitem(last=False)

    def move(self, old: ConversationKey, new: ConversationKey) -> None:
        """Take the choice along when a conversation gets its session."""
        if old != new and old in self._chosen:
            self.keep(new, self._chosen.pop(old))


def conversation_of(message: Incoming, session_id: str | None = None) -> ConversationKey:
    """Name the conversation a message belongs to, or the one of the session it was given."""
    return message.channel, message.user_id, session_id or message.metadata.get(MetadataKey.SESSION_ID, "")


async def switch(action: str, message: Incoming, choice: Choice, actions: Actions | None) -> tuple[Choice, str] | None:
    """Carry out an action.

    Returns:
        The new choice and a sentence for the person; `None` when the action is not one of ours.

    Raises:
        InvalidAction: when the id of what to switch to is missing.
        Exception: what `actions` raises.
    """
    match action:
        case "switch_model":
            model = _required(message, MetadataKey.MODEL_ID)
            model = await actions.check_model(model) if actions else model
            return replace(choice, model=model), f"This conversation now uses the model {model}."
        case "switch_persona":
            persona = _required(message, MetadataKey.PERSONA_ID)
            persona = await actions.check_persona(persona) if actions else persona
            return replace(choice, persona=persona), f"This conversation now uses the persona {persona}."
        case _:
            return None


def _required(message: Incoming, key: MetadataKey) -> str:
    value = message.metadata.get(key, "").strip()
    if not value:
        raise InvalidAction(f"Expected {key.value} to name what to switch to, got nothing. Send the action with it.")
    return value
