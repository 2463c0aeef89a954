"""Many channels in, one conversation at a time for each person, answers back through the channel they came from.

    channel ─ Inbox ─► Intake ─► Lanes ─► Turns ─► Delivery ─► channel

Promises: each accepted message gets exactly one reply or error, also when the gateway stops in the middle; messages
of one conversation are answered in order; one id is answered once. Assembled and run by the product.
"""

import logging
from collections.abc import Sequence

import anyio
from anyio.abc import TaskGroup, TaskStatus

from oxios_gateway.actions import Actions
from oxios_gateway.channel import Channel
from oxios_gateway.conversation import Converse
from oxios_gateway.delivery import Delivery
from oxios_gateway.errors import ChannelFailed, ChannelNameTaken, GatewayClosed
from oxios_gateway.faults import Faults, fault
from oxios_gateway.intake import Intake, Ticket
from oxios_gateway.lanes import Lanes
from oxios_gateway.message import ErrorKind, Incoming, Outgoing, UserFacingError
from oxios_gateway.registry import Registry
from oxios_gateway.settings import GatewaySettings
from oxios_gateway.turn import Turns, error_reply

__all__ = ["Gateway"]

logger = logging.getLogger(__name__)


class Gateway:
    """Routes messages between channels and a `Converse`; runs once.

    Args:
        converse: answers the messages.
        channels: started by `run`; one that does not start is logged and left out.
        settings: limits and times.
        faults: what exceptions mean to a person.
        actions: checks what a conversation switches to; without it every name is taken as it is.

    Raises:
        ChannelNameTaken: when two channels have one name.
    """

    def __init__(
        self,
        converse: Converse,
        channels: Sequence[Channel] = (),
        *,
        settings: GatewaySettings | None = None,
        faults: Faults | None = None,
        actions: Actions | None = None,
    ) -> None:
        names = [channel.name for channel in channels]
        if len(set(names)) < len(names):
            raise ChannelNameTaken(f"Expected each channel to have a name of its own, got {names!r}. Rename one.")
        self._settings = settings or GatewaySettings()
        self._at_start = tuple(channels)
        self._registry = Registry()
        self._intake = Intake(capacity=self._settings.inbox, remembered=self._settings.remembered)
        self._turns = Turns(converse, faults=faults or Faults(), actions=actions, settings=self._settings)
        self._lanes = Lanes(
            answer=self._answer,
            refuse=self._refuse,
            permits=self._settings.concurrent,
            room=self._settings.conversation_queue,
        )
        self._delivery = Delivery(self._registry.find, self._settings)
        self._ready = anyio.Event()
        self._stopping = anyio.Event()
        self._channel_tasks: TaskGroup | None = None

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Work until `stop` or until cancelled; either way what was accepted is answered first.

        Work may go on for `drain_seconds` then; what is still undone is answered with `Interrupted`.
        """
        work = anyio.CancelScope()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._serve, work)
            try:
                await self._ready.wait()
                task_status.started()
                await self._stopping.wait()
            finally:
                self._intake.close()
                self._delivery.hurry()
                work.deadline = anyio.current_time() + self._settings.drain_seconds

    def stop(self) -> None:
        """Let `run` finish. Called before `run`, it makes it finish at once."""
        self._stopping.set()

    async def _serve(self, work: anyio.CancelScope) -> None:
        """Run channels and lanes. Shielded: cancelling `run` begins the drain and does not cut the work off."""
        with anyio.CancelScope(shield=True):
            async with anyio.create_task_group() as self._channel_tasks:
                with work:
                    await self._start_channels()
                    await self._lanes.run(self._intake)
                await self._answer_the_rest()
                self._channel_tasks.cancel_scope.cancel()
            self._channel_tasks = None

    async def _start_channels(self) -> None:
        for channel in self._at_start:
            try:
                await self.register(channel)
            except ChannelFailed:
                logger.exception("the gateway goes on without channel %r", channel.name)
        self._ready.set()

    async def _answer(self, ticket: Ticket) -> None:
        outgoing = await self._turns.answer(ticket, self._registry.find(ticket.message.channel))
        await self._deliver(ticket, outgoing)

    async def _refuse(self, ticket: Ticket) -> None:
        waiting = self._settings.conversation_queue
        busy = fault(ErrorKind.BUSY, f"This conversation has {waiting} messages waiting already.")
        await self._deliver(ticket, error_reply(ticket, busy))

    async def _answer_the_rest(self) -> None:
        """Answer what the drain left undone."""
        async with anyio.create_task_group() as tasks:
            for ticket in self._intake.unanswered():
                tasks.start_soon(self._deliver, ticket, error_reply(ticket, _stopped()))

    async def _deliver(self, ticket: Ticket, outgoing: Outgoing) -> None:
        # Claimed and sent in one go: a message cut off between the two would get no answer or two.
        with anyio.CancelScope(shield=True):
            if self._intake.claim(ticket):
                await self._delivery.deliver(ticket.message.channel, outgoing)

    async def register(self, channel: Channel) -> None:
        """Start a channel while the gateway runs, and wait until it can send.

        Raises:
            GatewayClosed: when the gateway does not run.
            ChannelNameTaken: when a channel of that name is at work.
            ChannelFailed: when the channel did not start.
        """
        if self._channel_tasks is None:
            raise GatewayClosed(f"Expected a running gateway to register {channel.name!r} with. Call run() first.")
        await self._registry.start(channel, _Door(channel.name, self._intake), self._channel_tasks)

    async def unregister(self, name: str) -> None:
        """Stop a channel and wait for its end, at most `drain_seconds`. An unknown name is no error."""
        await self._registry.stop(name, seconds=self._settings.drain_seconds)

    async def wait(self, name: str) -> None:
        """Wait until a channel has ended. An unknown name has.

        Raises:
            ChannelFailed: when it did not start, or ended by an error.
        """
        await self._registry.wait(name)

    async def send_to(self, name: str, message: Outgoing) -> bool:
        """Show a message nobody asked for. `False`, and a warning in the log, when it cannot be shown."""
        return await self._delivery.deliver(name, message)

    @property
    def channel_names(self) -> tuple[str, ...]:
        """The channels at work, in the order they were registered."""
        return self._registry.names

    @property
    def dead_letters(self) -> int:
        """How many messages could not be shown since the start."""
        return self._delivery.dead_letters


class _Door:
    """The inbox of one channel: whatever comes through it carries that channel's name."""

    def __init__(self, name: str, intake: Intake) -> None:
        self._name = name
        self._intake = intake

    async def push(self, message: Incoming) -> bool:
        return await self._intake.accept(message.model_copy(update={"channel": self._name}))

    def stop(self, message_id: str, *, user_id: str) -> bool:
        return self._intake.stop((self._name, user_id, message_id))


def _stopped() -> UserFacingError:
    return fault(ErrorKind.INTERRUPTED, "Oxios was stopped before the message was answered.")
