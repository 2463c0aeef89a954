"""How things are named. Every identifier is globally unique text, made by a `NewId` that the assembly hands out, so
that replayed code never draws a new one by itself and a test can predict them."""

from collections.abc import Callable
from typing import NewType

__all__ = ["AgentId", "NewId", "RunId", "SeedId", "SessionId", "SpaceId", "is_id"]

RunId = NewType("RunId", str)
"""A durable run: one turn of a conversation, or one agent."""

AgentId = RunId
"""An agent is a run of its own: its identifier is the run's."""

SessionId = NewType("SessionId", str)
SeedId = NewType("SeedId", str)
SpaceId = NewType("SpaceId", str)

NewId = Callable[[], str]
"""Makes the next identifier: 1 to 64 characters of `[A-Za-z0-9._-]`, beginning with a letter or digit."""


def is_id(text: str) -> bool:
    """Tell whether a text may name a run, a session or a document.

    Names become file names and database keys, so nothing that a path could be made of is allowed.
    """
    if not 1 <= len(text) <= 64 or not text.isascii():
        return False
    return text[0].isalnum() and all(letter.isalnum() or letter in "._-" for letter in text)
