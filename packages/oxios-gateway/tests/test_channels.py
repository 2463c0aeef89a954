import anyio
import pytest
from anyio.abc import TaskStatus
from oxios_gateway import ChannelFailed, ChannelNameTaken, Gateway, GatewayClosed, GatewaySettings, Inbox, Outgoing
from oxios_gateway.testing import EchoConverse, MemoryChannel, running

pytestmark = pytest.mark.anyio


class Stubborn(MemoryChannel):
    """Fails to show a message as often as it is told to."""

    def __init__(self, failures: int) -> None:
        super().__init__("stubborn")
        self.failures = failures
        self.gave_up = anyio.Event()

    async def send(self, message: Outgoing) -> None:
        if self.failures:
            self.failures -= 1
            if not self.failures:
                self.gave_up.set()
            raise ConnectionError("the service is away")
        await super().send(message)


class Unstartable:
    """Fails before it is there."""

    name = "unstartable"

    async def run(self, inbox: Inbox, *, task_status: TaskStatus[None]) -> None:
        raise ConnectionError("no token")

    async def send(self, message: Outgoing) -> None:
        raise AssertionError("it was never there")


async def test_a_message_to_an_unknown_channel_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    message = Outgoing(channel="nope", user_id="u", content="c")
    async with running(Gateway(EchoConverse())) as gateway:
        assert await gateway.send_to("nope", message) is False

    assert "no channel 'nope'" in caplog.text


async def test_a_message_nobody_asked_for_reaches_its_channel() -> None:
    channel = MemoryChannel()
    message = Outgoing(channel="memory", user_id="u", content="the backup is done")
    async with running(Gateway(EchoConverse(), [channel])) as gateway:
        assert await gateway.send_to("memory", message) is True

    assert channel.sent == [message]


async def test_a_second_channel_of_one_name_is_refused_and_the_first_goes_on() -> None:
    first = MemoryChannel("web")
    async with running(Gateway(EchoConverse(), [first])) as gateway:
        with pytest.raises(ChannelNameTaken, match="'web'"):
            await gateway.register(MemoryChannel("web"))
        answer = await first.ask("still here?")

        assert gateway.channel_names == ("web",)
    assert answer.content == "still here?"
    with pytest.raises(ChannelNameTaken):
        Gateway(EchoConverse(), [MemoryChannel("web"), MemoryChannel("web")])


async def test_a_channel_can_come_go_and_come_back() -> None:
    async with running(Gateway(EchoConverse())) as gateway:
        await gateway.register(MemoryChannel("web"))
        await gateway.unregister("web")
        await gateway.unregister("never was")
        assert gateway.channel_names == ()
        again = MemoryChannel("web")
        await gateway.register(again)
        assert (await again.ask("hello")).content == "hello"


async def test_a_channel_that_cannot_start_is_reported_and_takes_nothing_down() -> None:
    channel = MemoryChannel()
    async with running(Gateway(EchoConverse(), [Unstartable(), channel])) as gateway:
        assert gateway.channel_names == ("memory",)
        with pytest.raises(ChannelFailed, match="no token") as failure:
            await gateway.register(Unstartable())
        with pytest.raises(ChannelFailed):
            await gateway.wait("unstartable")
        assert (await channel.ask("hello")).content == "hello"

    assert isinstance(failure.value.__cause__, ConnectionError)


async def test_registering_with_a_gateway_at_rest_is_refused() -> None:
    with pytest.raises(GatewayClosed, match="run"):
        await Gateway(EchoConverse()).register(MemoryChannel())


async def test_an_answer_is_sent_again_until_the_channel_shows_it() -> None:
    channel = Stubborn(failures=3)
    settings = GatewaySettings(send_pause_seconds=0)
    async with running(Gateway(EchoConverse(), [channel], settings=settings)) as gateway:
        answer = await channel.ask("hello")

        assert gateway.dead_letters == 0
    assert answer.content == "hello"


async def test_an_answer_that_cannot_be_shown_is_counted_and_the_next_one_arrives() -> None:
    channel = Stubborn(failures=4)
    settings = GatewaySettings(send_pause_seconds=0)
    async with running(Gateway(EchoConverse(), [channel], settings=settings)) as gateway:
        await channel.say("lost")
        await channel.gave_up.wait()
        answer = await channel.ask("found")

        assert gateway.dead_letters == 1
    assert [message.content for message in channel.sent] == ["found"]
    assert answer.content == "found"
