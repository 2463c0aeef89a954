"""An answer → its channel, with a few more tries when the channel cannot show it at once.

An answer that reaches nobody is counted and logged with its id, never dropped in silence. Called by `gateway.py`.
"""

import logging
from collections.abc import Callable

import anyio

from oxios_gateway.channel import Channel
from oxios_gateway.message import Outgoing
from oxios_gateway.settings import GatewaySettings

__all__ = ["Delivery"]

logger = logging.getLogger(__name__)


class Delivery:
    """Sends messages through channels found by name.

    Attributes:
        dead_letters: messages that could not be shown, since the start.
    """

    def __init__(self, find: Callable[[str], Channel | None], settings: GatewaySettings) -> None:
        self._find = find
        self._settings = settings
        self._tries = 1 + settings.send_retries
        self.dead_letters = 0

    def hurry(self) -> None:
        """Try each further message once only."""
        self._tries = 1

    async def deliver(self, name: str, message: Outgoing) -> bool:
        """Show a message. `False`: there is no such channel, or it failed each time."""
        channel = self._find(name)
        if channel is None:
            logger.warning("there is no channel %r to show message %r", name, message.id)
        elif await self._sent(channel, message):
            return True
        self.dead_letters += 1
        return False

    async def _sent(self, channel: Channel, message: Outgoing) -> bool:
        tried = 0
        while True:
            tried += 1
            try:
                with anyio.fail_after(self._settings.send_seconds):
                    await channel.send(message)
                return True
            except Exception as error:  # noqa: BLE001 - a channel may fail in any way
                logger.warning(
                    "channel %r did not show message %r at try %d: %r", channel.name, message.id, tried, error
                )
            if tried >= self._tries:
                return False
            await anyio.sleep(self._settings.send_pause_seconds * tried)
