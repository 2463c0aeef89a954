"""Tickets in the order they came → one lane per conversation: in order inside it, side by side with the others.

A permit is taken before a task begins, so there are never more tasks than permits, and when all are out nothing more is
read: the intake fills up and the channels wait. Knows nothing of what answering means; called by `gateway.py`.
"""

from collections import deque
from collections.abc import Awaitable, Callable

import anyio
from anyio.abc import TaskGroup

from oxios_gateway.actions import ConversationKey, conversation_of
from oxios_gateway.intake import Intake, Ticket

__all__ = ["Lanes"]

Answer = Callable[[Ticket], Awaitable[None]]


class Lanes:
    """Gives tickets to their conversations.

    Args:
        answer: answers one ticket; called for one ticket of a conversation at a time.
        refuse: answers one ticket for which its conversation has no room.
        permits: tasks at once.
        room: tickets that may wait in one conversation.
    """

    def __init__(self, *, answer: Answer, refuse: Answer, permits: int, room: int) -> None:
        self._answer = answer
        self._refuse = refuse
        self._permits = anyio.Semaphore(permits)
        self._room = room
        self._queues: dict[ConversationKey, deque[Ticket]] = {}

    async def run(self, intake: Intake) -> None:
        """Work until the intake is closed and everything in it is answered."""
        async with anyio.create_task_group() as tasks:
            while (ticket := await intake.next()) is not None:
                await self._admit(ticket, tasks)

    async def _admit(self, ticket: Ticket, tasks: TaskGroup) -> None:
        key = conversation_of(ticket.message)
        if self._joined(key, ticket):
            return
        await self._permits.acquire()
        # The lane may have ended, or moved on, while we waited for the permit.
        if self._joined(key, ticket):
            self._permits.release()
        elif key in self._queues:
            tasks.start_soon(self._turn_away, ticket)
        else:
            self._queues[key] = deque([ticket])
            tasks.start_soon(self._lane, key)

    def _joined(self, key: ConversationKey, ticket: Ticket) -> bool:
        """Put the ticket into its lane, if there is one with room."""
        queue = self._queues.get(key)
        if queue is None or len(queue) >= self._room:
            return False
        queue.append(ticket)
        return True

    async def _lane(self, key: ConversationKey) -> None:
        queue = self._queues[key]
        try:
            while queue:
                await self._answer(queue.popleft())
        finally:
            # No await between the last look at the queue and this: nobody can join a lane that is ending.
            del self._queues[key]
            self._permits.release()

    async def _turn_away(self, ticket: Ticket) -> None:
        try:
            await self._refuse(ticket)
        finally:
            self._permits.release()
