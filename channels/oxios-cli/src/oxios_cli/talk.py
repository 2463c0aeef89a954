"""Ask and wait: a message into the gateway, its progress to a callback, its one answer as the result.

Made by `channel.py`, which brings it what comes back; used by whatever program runs in the terminal.
"""

import logging
from dataclasses import dataclass, field

import anyio
from oxios_gateway import Inbox, Incoming, Listen, Outgoing, Progress

__all__ = ["Talk"]

logger = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class _Turn:
    show: Listen
    answered: anyio.Event = field(default_factory=anyio.Event)
    answer: Outgoing | None = None


class Talk:
    """The conversation of one terminal with the gateway."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox
        self._turns: dict[str, _Turn] = {}

    async def ask(self, message: Incoming, show: Listen) -> Outgoing:
        """Send a message and wait for its answer.

        Args:
            show: called with each piece of progress until the answer is there.

        Raises:
            GatewayClosed: when the gateway is stopping.
        """
        turn = self._turns[message.id] = _Turn(show=show)
        try:
            await self._inbox.push(message)
            while turn.answer is None:
                await turn.answered.wait()
            return turn.answer
        finally:
            del self._turns[message.id]

    def stop(self, message: Incoming) -> None:
        """Stop the work on a message; its `ask` still returns an answer, of kind `Interrupted`."""
        self._inbox.stop(message.id, user_id=message.user_id)

    def take_answer(self, answer: Outgoing) -> None:
        """Give an answer to whoever waits for it."""
        turn = self._turns.get(answer.id)
        if turn is None:
            logger.info("nobody waits for message %r any more", answer.id)
            return
        turn.answer = answer
        turn.answered.set()

    def take_progress(self, request_id: str, progress: Progress) -> None:
        """Give a piece of progress to whoever waits for the answer."""
        turn = self._turns.get(request_id)
        if turn is not None:
            turn.show(progress)
