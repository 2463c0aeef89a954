"""The channels at work: started, found by name, stopped, waited for. A channel that fails takes nothing else down.

Knows nothing of messages; called by `gateway.py`.
"""

import logging
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup, TaskStatus

from oxios_gateway.channel import Channel, Inbox
from oxios_gateway.errors import ChannelFailed, ChannelNameTaken

__all__ = ["Registry"]

logger = logging.getLogger(__name__)


@dataclass(kw_only=True, eq=False)
class _Entry:
    channel: Channel
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ended: anyio.Event = field(default_factory=anyio.Event)
    error: Exception | None = None

    async def run(self, inbox: Inbox, *, task_status: TaskStatus[None]) -> None:
        try:
            with self.scope:
                await self.channel.run(inbox, task_status=task_status)
        except Exception as error:
            logger.exception("channel %r ended by an error", self.channel.name)
            self.error = error
        finally:
            self.ended.set()

    def failure(self, what: str) -> ChannelFailed:
        return ChannelFailed(f"Channel {self.channel.name!r} {what}: {self.error or 'it returned at once'!r}")


class Registry:
    """Channels by name."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the channels at work, in the order they came."""
        return tuple(name for name, entry in self._entries.items() if not entry.ended.is_set())

    def find(self, name: str) -> Channel | None:
        """Return the channel of that name if it is at work."""
        entry = self._entries.get(name)
        return entry.channel if entry is not None and not entry.ended.is_set() else None

    async def start(self, channel: Channel, inbox: Inbox, tasks: TaskGroup) -> None:
        """Start a channel and wait until it can send.

        Raises:
            ChannelNameTaken: when one of that name is at work.
            ChannelFailed: when it did not start.
        """
        if self.find(channel.name) is not None:
            raise ChannelNameTaken(
                f"Expected a new channel name, got {channel.name!r}, which is at work. Unregister that one first."
            )
        entry = self._entries[channel.name] = _Entry(channel=channel)
        try:
            await tasks.start(entry.run, inbox)
        except RuntimeError:  # the task group's word for a task that ended before it said it had started
            if not entry.ended.is_set():
                raise
            raise entry.failure("did not start") from entry.error

    async def stop(self, name: str, *, seconds: float) -> None:
        """Cancel a channel and wait for its end; an unknown one is stopped already."""
        entry = self._entries.get(name)
        if entry is not None:
            entry.scope.cancel()
            with anyio.move_on_after(seconds):
                await entry.ended.wait()

    async def wait(self, name: str) -> None:
        """Wait until a channel has ended; an unknown one has.

        Raises:
            ChannelFailed: when it did not start, or ended by an error.
        """
        entry = self._entries.get(name)
        if entry is not None:
            await entry.ended.wait()
            if entry.error is not None:
                raise entry.failure("ended by an error") from entry.error
