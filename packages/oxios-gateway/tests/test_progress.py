import anyio
import pytest
from anyio.abc import TaskStatus
from oxios_gateway import Gateway, GatewaySettings, Inbox, Listen, Outgoing, Progress, Reply, Request
from oxios_gateway.feed import KEPT
from oxios_gateway.testing import EchoConverse, MemoryChannel, ScriptedConverse, running

pytestmark = pytest.mark.anyio


async def test_progress_is_shown_in_order_and_before_the_answer() -> None:
    async def work(request: Request, listen: Listen) -> Reply:
        listen(Progress(kind="phase", phase="execute"))
        listen(Progress(kind="text", phase="execute", text="가"))
        listen(Progress(kind="text", phase="execute", text="나"))
        listen(Progress(kind="tool", phase="execute", step=1, tool="bash"))
        return Reply(content="done", phase="execute")

    channel = Watching()
    async with running(Gateway(ScriptedConverse(work), [channel])):
        answer = await channel.ask("go")

    assert [(piece.kind, piece.text or piece.tool) for _, piece in channel.shown] == [
        ("phase", None),
        ("text", "가나"),
        ("tool", "bash"),
    ]
    assert {request_id for request_id, _ in channel.shown} == {answer.id}
    assert channel.shown_before_the_answer == 3


class Watching(MemoryChannel):
    """Remembers how much it had shown when the answer came."""

    shown_before_the_answer = 0

    async def send(self, message: Outgoing) -> None:
        self.shown_before_the_answer = len(self.shown)
        await super().send(message)


async def test_no_text_is_lost_on_a_channel_that_shows_nothing_for_a_while() -> None:
    async def work(request: Request, listen: Listen) -> Reply:
        for step in range(KEPT * 2):
            listen(Progress(kind="step", phase="execute", step=step))
            listen(Progress(kind="text", phase="execute", text=f"{step} "))
        return Reply(content="done", phase="execute")

    channel = MemoryChannel()
    async with running(Gateway(ScriptedConverse(work), [channel])):
        await channel.ask("go")

    text = "".join(piece.text for _, piece in channel.shown if piece.kind == "text")
    assert text.split() == [str(step) for step in range(KEPT * 2)]
    assert len([piece for _, piece in channel.shown if piece.kind == "step"]) < KEPT


class Stuck(MemoryChannel):
    """Never comes back from showing progress."""

    async def progress(self, request_id: str, progress: Progress) -> None:
        await anyio.sleep_forever()


async def test_a_channel_stuck_in_progress_gets_its_answer() -> None:
    channel = Stuck()
    async with running(Gateway(EchoConverse(), [channel], settings=GatewaySettings(send_seconds=0.05))):
        answer = await channel.ask("hello there")

    assert answer.content == "hello there"


class Plain:
    """A channel that shows answers and nothing else."""

    name = "plain"

    def __init__(self) -> None:
        self.inside = MemoryChannel("plain")

    async def run(self, inbox: Inbox, *, task_status: TaskStatus[None]) -> None:
        await self.inside.run(inbox, task_status=task_status)

    async def send(self, message: Outgoing) -> None:
        await self.inside.send(message)


async def test_a_channel_needs_to_show_no_progress() -> None:
    channel = Plain()
    async with running(Gateway(EchoConverse(), [channel])):
        answer = await channel.inside.ask("hello there")

    assert answer.content == "hello there"
