"""Parts for tests and examples: a channel in memory, conversations that echo, wait or follow a script, and a gateway
that runs as long as a block.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskStatus

from oxios_gateway.channel import Inbox
from oxios_gateway.conversation import Listen, Progress, Reply, Request
from oxios_gateway.errors import GatewayClosed
from oxios_gateway.gateway import Gateway
from oxios_gateway.message import Incoming, Outgoing

__all__ = ["EchoConverse", "HeldConverse", "MemoryChannel", "ScriptedConverse", "running"]


@asynccontextmanager
async def running(gateway: Gateway, *, seconds: float = 5.0) -> AsyncIterator[Gateway]:
    """Run a gateway as long as the block, which has that many seconds; leaving it stops the gateway.

    Raises:
        TimeoutError: when the block and the stop together took longer.
    """
    with anyio.fail_after(seconds):
        async with anyio.create_task_group() as tasks:
            await tasks.start(lambda *, task_status: gateway.run(task_status=task_status))
            yield gateway
            gateway.stop()


class MemoryChannel:
    """A channel whose person is the test.

    Attributes:
        sent: every message shown, in order.
        shown: every piece of progress, with the id of its message, in order.
    """

    def __init__(self, name: str = "memory") -> None:
        self.name = name
        self.sent: list[Outgoing] = []
        self.shown: list[tuple[str, Progress]] = []
        self._news = anyio.Event()
        self._inbox: Inbox | None = None

    async def run(self, inbox: Inbox, *, task_status: TaskStatus[None]) -> None:
        self._inbox = inbox
        task_status.started()
        await anyio.sleep_forever()

    async def send(self, message: Outgoing) -> None:
        self.sent.append(message)
        self._news.set()

    async def progress(self, request_id: str, progress: Progress) -> None:
        self.shown.append((request_id, progress))

    async def say(self, content: str, *, user_id: str = "user", metadata: Mapping[str, str] | None = None) -> Incoming:
        """Hand a message in and return it, without waiting for the answer."""
        message = Incoming(channel=self.name, user_id=user_id, content=content, metadata=metadata or {})
        await self.inbox.push(message)
        return message

    async def answer_to(self, message: Incoming) -> Outgoing:
        """Wait for the answer to a message."""
        while True:
            for answer in self.sent:
                if answer.id == message.id:
                    return answer
            self._news = anyio.Event()
            await self._news.wait()

    async def ask(self, content: str, *, user_id: str = "user", metadata: Mapping[str, str] | None = None) -> Outgoing:
        """Hand a message in and wait for its answer."""
        return await self.answer_to(await self.say(content, user_id=user_id, metadata=metadata))

    @property
    def inbox(self) -> Inbox:
        """The way into the gateway.

        Raises:
            GatewayClosed: before the channel runs.
        """
        if self._inbox is None:
            raise GatewayClosed(f"Channel {self.name!r} does not run. Register it with a running gateway.")
        return self._inbox


class EchoConverse:
    """Answers each message with its own words, streamed word by word.

    Attributes:
        requests: every request, in the order they were begun.
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []

    async def handle(self, request: Request, *, listen: Listen) -> Reply:
        self.requests.append(request)
        for word in request.content.split(" "):
            listen(Progress(kind="text", phase="chat", text=word))
            await anyio.lowlevel.checkpoint()
        session_id = request.session_id or f"session-{len(self.requests)}"
        return Reply(content=request.content, phase="chat", session_id=session_id, model=request.model)


class ScriptedConverse:
    """Answers by a function."""

    def __init__(self, answer: Callable[[Request, Listen], Awaitable[Reply]]) -> None:
        self._answer = answer

    async def handle(self, request: Request, *, listen: Listen) -> Reply:
        return await self._answer(request, listen)


class HeldConverse:
    """Answers when `release` is set; until then each request is under way.

    Attributes:
        begun: the contents of the requests begun, in order.
        done: the contents of the requests answered, in order.
        most_at_once: how many were under way at most.
    """

    def __init__(self) -> None:
        self.release = anyio.Event()
        self.begun: list[str] = []
        self.done: list[str] = []
        self.at_once = 0
        self.most_at_once = 0
        self._news = anyio.Event()

    async def handle(self, request: Request, *, listen: Listen) -> Reply:
        self.begun.append(request.content)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self._news.set()
        try:
            await self.release.wait()
        finally:
            self.at_once -= 1
        self.done.append(request.content)
        return Reply(content=f"done {request.content}", phase="chat", session_id=request.session_id)

    async def begun_count(self, count: int) -> None:
        """Wait until that many requests have begun."""
        while len(self.begun) < count:
            self._news = anyio.Event()
            await self._news.wait()
