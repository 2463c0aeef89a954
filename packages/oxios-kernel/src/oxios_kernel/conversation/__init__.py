"""Conversations: a message becomes a specification, the specification a run with a verdict, and that a reply."""

from oxios_kernel.conversation.handle import Conversation
from oxios_kernel.conversation.reply import Reply
from oxios_kernel.conversation.request import TurnInput, TurnRequest, check_folder, check_prompt
from oxios_kernel.conversation.sessions import Sessions
from oxios_kernel.conversation.turn import Services

__all__ = [
    "Conversation",
    "Reply",
    "Services",
    "Sessions",
    "TurnInput",
    "TurnRequest",
    "check_folder",
    "check_prompt",
]
