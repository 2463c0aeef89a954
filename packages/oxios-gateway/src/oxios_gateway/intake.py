"""Messages accepted and not yet answered: one bounded queue in front of all conversations.

Accepting is one step without a wait inside: a message is either refused or has a ticket, and a ticket stays open until
somebody takes it to answer it. So `unanswered()` is never wrong, and nothing is answered twice. Knows nothing of lanes
and replies.
"""

import logging
from collections import OrderedDict, deque
from dataclasses import dataclass, field

import anyio

from oxios_gateway.errors import GatewayClosed
from oxios_gateway.message import Incoming

__all__ = ["Intake", "Ticket"]

logger = logging.getLogger(__name__)

TicketKey = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Ticket:
    """One accepted message, the moment it was accepted, and the scope that stops the work on it."""

    message: Incoming
    accepted_at: float = field(default_factory=anyio.current_time)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    @property
    def key(self) -> TicketKey:
        return self.message.channel, self.message.user_id, self.message.id


class Intake:
    """Takes messages in until it is closed.

    Args:
        capacity: messages waiting for their conversation; one more makes its channel wait.
        remembered: ids remembered to know a message that comes a second time.
    """

    def __init__(self, *, capacity: int, remembered: int) -> None:
        self._places = anyio.Semaphore(capacity)
        self._waiting: deque[Ticket] = deque()
        self._news = anyio.Event()
        self._remembered = remembered
        self._seen: OrderedDict[TicketKey, None] = OrderedDict()
        self._open: dict[TicketKey, Ticket] = {}
        self._closed = False

    async def accept(self, message: Incoming) -> bool:
        """Take a message in, waiting for a place. `False`: it came before.

        Raises:
            GatewayClosed: when nothing is accepted any more.
        """
        await self._places.acquire()
        ticket = Ticket(message=message)
        if self._closed or ticket.key in self._seen:
            self._places.release()  # to the next who waits, who will find it closed too
            if self._closed:
                raise GatewayClosed(f"The gateway is stopping; message {message.id!r} was not accepted.")
            logger.debug("message %r of channel %r came again", message.id, message.channel)
            return False
        self._remember(ticket)
        self._waiting.append(ticket)
        self._news.set()
        return True

    def _remember(self, ticket: Ticket) -> None:
        self._open[ticket.key] = ticket
        self._seen[ticket.key] = None
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)

    async def next(self) -> Ticket | None:
        """Wait for the next ticket, oldest first; `None` when the intake is closed and empty."""
        while not self._waiting:
            if self._closed:
                return None
            self._news = anyio.Event()
            await self._news.wait()
        self._places.release()
        return self._waiting.popleft()

    def claim(self, ticket: Ticket) -> bool:
        """Take on the duty to answer. `False`: somebody has."""
        return self._open.pop(ticket.key, None) is not None

    def stop(self, key: TicketKey) -> bool:
        """Cancel the work on a message. `False`: it is answered, or was never here."""
        ticket = self._open.get(key)
        if ticket is not None:
            ticket.scope.cancel()
        return ticket is not None

    def unanswered(self) -> list[Ticket]:
        """Return the tickets nobody has claimed, oldest first."""
        return list(self._open.values())

    def close(self) -> None:
        """Accept nothing more; whoever waits for a place is refused."""
        if not self._closed:
            self._closed = True
            self._news.set()
            self._places.release()
