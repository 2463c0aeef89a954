"""Which conversation this terminal is in: what is typed → messages that belong to it.

Learns the conversation's id from its first answer, and its model and persona from the answers to switches.
"""

from dataclasses import dataclass, replace

from oxios_gateway import Incoming, MetadataKey, Outgoing

__all__ = ["Session"]

CHANNEL = "cli"


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What every message of one conversation carries; `None`: nothing said."""

    session_id: str | None = None
    model: str | None = None
    persona: str | None = None
    space_id: str | None = None
    workdir: str | None = None


class Session:
    """The conversation this terminal is in.

    Args:
        user_id: who types.
        session_id: the conversation to go on with, `None` for a new one.
        model, persona: chosen at the start; each new conversation begins with them.
        space_id, workdir: where the work happens.
    """

    def __init__(
        self,
        *,
        user_id: str,
        session_id: str | None = None,
        model: str | None = None,
        persona: str | None = None,
        space_id: str | None = None,
        workdir: str | None = None,
    ) -> None:
        self.user_id = user_id
        self._first = Scene(model=model, persona=persona, space_id=space_id, workdir=workdir)
        self._scene = replace(self._first, session_id=session_id)

    @property
    def session_id(self) -> str | None:
        """The conversation's id, `None` before its first answer."""
        return self._scene.session_id

    @property
    def model(self) -> str | None:
        """The conversation's model, `None` for the default."""
        return self._scene.model

    @property
    def persona(self) -> str | None:
        """The conversation's persona, `None` for the default."""
        return self._scene.persona

    def begin(self, session_id: str | None = None) -> None:
        """Go on with another conversation, or begin a new one."""
        self._scene = replace(self._first, session_id=session_id)

    def message(self, content: str) -> Incoming:
        """Return what was typed as a message of this conversation."""
        return Incoming(channel=CHANNEL, user_id=self.user_id, content=content, metadata=self._metadata())

    def switch(self, action: str, key: MetadataKey, name: str) -> Incoming:
        """Return the message that asks for another model or persona."""
        metadata = {**self._metadata(), MetadataKey.ACTION.value: action, key.value: name}
        return Incoming(channel=CHANNEL, user_id=self.user_id, content="", metadata=metadata)

    def heard(self, answer: Outgoing) -> None:
        """Learn from an answer which conversation it belongs to, and what was switched to."""
        meta = answer.meta
        if meta is None or meta.error is not None:
            return
        self._scene = replace(self._scene, session_id=meta.session_id or self._scene.session_id)
        if meta.phase == "action":
            said = answer.metadata
            self._scene = replace(
                self._scene,
                model=said.get(MetadataKey.MODEL_ID, self._scene.model),
                persona=said.get(MetadataKey.PERSONA_ID, self._scene.persona),
            )

    def _metadata(self) -> dict[str, str]:
        scene = self._scene
        said = {
            MetadataKey.SESSION_ID: scene.session_id,
            MetadataKey.MODEL_ID: scene.model,
            MetadataKey.PERSONA_ID: scene.persona,
            MetadataKey.SPACE_ID: scene.space_id,
            MetadataKey.WORKDIR: scene.workdir,
        }
        return {key.value: value for key, value in said.items() if value}
