"""What a channel is to the gateway: something that puts messages into an inbox and shows what comes back.

A channel never sees who answers. `oxios_gateway.testing.MemoryChannel` is the smallest one; installed ones are found by
`discovery.py`.
"""

from typing import Protocol, runtime_checkable

from anyio.abc import TaskStatus

from oxios_gateway.conversation import Progress
from oxios_gateway.message import Incoming, Outgoing

__all__ = ["Channel", "Inbox", "ShowsProgress"]


class Inbox(Protocol):
    """One channel's way into the gateway."""

    async def push(self, message: Incoming) -> bool:
        """Hand in a message; wait while the gateway has as many as it holds.

        Once it returns, the message gets exactly one reply or error through `Channel.send`.

        Returns:
            Whether the message is new. `False` for an id this person has sent before: it is not answered again.

        Raises:
            GatewayClosed: when the gateway is stopping. A channel goes on running then: answers still come.
        """
        ...

    def stop(self, message_id: str, *, user_id: str) -> bool:
        """Stop the work on a message of this channel; it is answered with an error of kind `Interrupted`.

        Returns:
            Whether that message of that person was still unanswered.
        """
        ...


class Channel(Protocol):
    """A way to talk to Oxios: a terminal, a chat service, a web page."""

    @property
    def name(self) -> str:
        """The name messages and answers carry; one channel per name."""
        ...

    async def run(self, inbox: Inbox, *, task_status: TaskStatus[None]) -> None:
        """Bring messages to the inbox until cancelled, or until there is nothing more to come.

        `task_status.started()` is called once `send` works. Returning unregisters the channel.

        Raises:
            Exception: when the channel cannot start or go on; others are not affected.
        """
        ...

    async def send(self, message: Outgoing) -> None:
        """Show a message. May be called by several tasks at once.

        Raises:
            Exception: when it could not be shown; the gateway tries again a few times.
        """
        ...


@runtime_checkable
class ShowsProgress(Channel, Protocol):
    """A channel that can show more than the answer; those that cannot leave this out."""

    async def progress(self, request_id: str, progress: Progress) -> None:
        """Show what happens while the message with that id is being answered."""
        ...
