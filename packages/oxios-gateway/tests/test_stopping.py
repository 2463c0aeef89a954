import anyio
import pytest
from oxios_gateway import ErrorKind, Gateway, GatewayClosed, GatewaySettings
from oxios_gateway.testing import EchoConverse, HeldConverse, MemoryChannel, running

pytestmark = pytest.mark.anyio


async def test_work_beyond_the_deadline_is_stopped_and_told() -> None:
    held, channel = HeldConverse(), MemoryChannel()
    async with running(Gateway(held, [channel], settings=GatewaySettings(deadline_seconds=0.01))):
        answer = await channel.ask("slow")

    assert answer.meta is not None
    assert answer.meta.error is not None
    assert answer.meta.error.kind is ErrorKind.TIMEOUT
    assert held.at_once == 0


async def test_a_stopped_message_is_answered_as_interrupted_and_the_next_one_goes_on() -> None:
    held, channel = HeldConverse(), MemoryChannel()
    async with running(Gateway(held, [channel])):
        at_work, waiting = await channel.say("at work"), await channel.say("waiting")
        last = await channel.say("last")
        await held.begun_count(1)
        assert channel.inbox.stop(at_work.id, user_id="somebody else") is False
        assert channel.inbox.stop(waiting.id, user_id="user") is True
        assert channel.inbox.stop(at_work.id, user_id="user") is True
        stopped = [await channel.answer_to(message) for message in (at_work, waiting)]
        assert channel.inbox.stop(at_work.id, user_id="user") is False
        held.release.set()
        answer = await channel.answer_to(last)

    assert [reply.meta.error.kind for reply in stopped if reply.meta and reply.meta.error] == [
        ErrorKind.INTERRUPTED,
        ErrorKind.INTERRUPTED,
    ]
    assert answer.content == "done last"
    assert held.done == ["last"]


async def test_stopping_lets_work_end_and_answers_everything_accepted() -> None:
    held, channel = HeldConverse(), MemoryChannel()
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            gateway = Gateway(held, [channel])
            await tasks.start(lambda *, task_status: gateway.run(task_status=task_status))
            messages = [await channel.say(f"m{n}") for n in range(3)]
            await held.begun_count(1)
            gateway.stop()
            await anyio.wait_all_tasks_blocked()
            with pytest.raises(GatewayClosed):
                await channel.say("too late")
            held.release.set()

    assert [answer.id for answer in channel.sent] == [message.id for message in messages]
    assert [answer.content for answer in channel.sent] == ["done m0", "done m1", "done m2"]


async def test_what_the_drain_leaves_undone_is_answered_once_as_interrupted() -> None:
    held, channel = HeldConverse(), MemoryChannel()
    settings = GatewaySettings(drain_seconds=0.01, concurrent=1)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            gateway = Gateway(held, [channel], settings=settings)
            await tasks.start(lambda *, task_status: gateway.run(task_status=task_status))
            messages = [
                await channel.say("at work"),
                await channel.say("in its lane"),
                await channel.say("without a permit", user_id="b"),
                await channel.say("in the inbox", user_id="c"),
            ]
            await held.begun_count(1)
            tasks.cancel_scope.cancel()

    assert sorted(answer.id for answer in channel.sent) == sorted(message.id for message in messages)
    kinds = {answer.meta.error.kind for answer in channel.sent if answer.meta and answer.meta.error}
    assert kinds == {ErrorKind.INTERRUPTED}


async def test_who_waits_to_push_when_the_gateway_stops_is_refused() -> None:
    held, channel = HeldConverse(), MemoryChannel()
    refused: list[str] = []

    async def push(name: str) -> None:
        with pytest.raises(GatewayClosed):
            await channel.say(name, user_id=name)
        refused.append(name)

    settings = GatewaySettings(inbox=1, concurrent=1, drain_seconds=0.01)
    async with running(Gateway(held, [channel], settings=settings)) as gateway:
        await channel.say("at work", user_id="a")
        await held.begun_count(1)
        await channel.say("without a permit", user_id="b")
        await anyio.wait_all_tasks_blocked()
        await channel.say("in the inbox", user_id="c")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(push, "x")
            tasks.start_soon(push, "y")
            await anyio.wait_all_tasks_blocked()
            gateway.stop()

    assert sorted(refused) == ["x", "y"]
    assert len(channel.sent) == 3


async def test_a_gateway_stopped_before_it_runs_ends_at_once() -> None:
    gateway = Gateway(EchoConverse(), [MemoryChannel()])
    gateway.stop()

    with anyio.fail_after(5):
        await gateway.run()

    assert gateway.channel_names == ()
