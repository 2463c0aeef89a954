import anyio
import pytest
from oxios_gateway import ErrorKind, Gateway, GatewaySettings, Incoming
from oxios_gateway.testing import EchoConverse, HeldConverse, MemoryChannel, running

pytestmark = pytest.mark.anyio


async def test_of_forty_slow_messages_thirty_two_run_and_all_are_answered() -> None:
    held, channel = HeldConverse(), MemoryChannel()
    async with running(Gateway(held, [channel])):
        messages = [await channel.say(f"m{n}", user_id=f"user-{n}") for n in range(40)]
        await held.begun_count(32)
        await anyio.wait_all_tasks_blocked()
        begun_before_the_first_ended = len(held.begun)
        held.release.set()
        answers = [await channel.answer_to(message) for message in messages]

    assert begun_before_the_first_ended == 32
    assert held.most_at_once == 32
    assert [answer.content for answer in answers] == [f"done m{n}" for n in range(40)]


async def test_messages_of_one_conversation_are_answered_one_after_the_other_in_order() -> None:
    held, channel = HeldConverse(), MemoryChannel()
    async with running(Gateway(held, [channel])):
        messages = [await channel.say(str(n), metadata={"session_id": "s"}) for n in range(5)]
        await held.begun_count(1)
        await anyio.wait_all_tasks_blocked()
        begun_first = list(held.begun)
        held.release.set()
        for message in messages:
            await channel.answer_to(message)

    assert begun_first == ["0"]
    assert [answer.content for answer in channel.sent] == [f"done {n}" for n in range(5)]
    assert held.most_at_once == 1


async def test_two_conversations_of_one_person_run_side_by_side() -> None:
    held, channel = HeldConverse(), MemoryChannel()
    async with running(Gateway(held, [channel])):
        await channel.say("one", metadata={"session_id": "s1"})
        await channel.say("two", metadata={"session_id": "s2"})
        await held.begun_count(2)
        assert held.at_once == 2
        held.release.set()


async def test_a_conversation_with_a_full_queue_is_told_so_and_others_are_not_held_up() -> None:
    held, channel = HeldConverse(), MemoryChannel()
    settings = GatewaySettings(conversation_queue=2)
    async with running(Gateway(held, [channel], settings=settings)):
        first = await channel.say("0")
        await held.begun_count(1)
        waiting = [await channel.say(str(n)) for n in (1, 2)]
        refused = await channel.ask("3")
        await channel.say("other", user_id="other")
        await held.begun_count(2)
        held.release.set()
        answers = [await channel.answer_to(message) for message in (first, *waiting)]

    assert refused.meta is not None
    assert refused.meta.error is not None
    assert refused.meta.error.kind is ErrorKind.BUSY
    assert [answer.content for answer in answers] == ["done 0", "done 1", "done 2"]


async def test_a_full_gateway_makes_its_channel_wait() -> None:
    held, channel = HeldConverse(), MemoryChannel()
    settings = GatewaySettings(inbox=1, concurrent=1)
    async with running(Gateway(held, [channel], settings=settings)), anyio.create_task_group() as tasks:
        await channel.say("at work", user_id="a")
        await held.begun_count(1)
        await channel.say("read, without a permit", user_id="b")
        await anyio.wait_all_tasks_blocked()
        await channel.say("in the inbox", user_id="c")
        pushed = anyio.Event()

        async def push_one_more() -> None:
            await channel.say("one too many", user_id="d")
            pushed.set()

        tasks.start_soon(push_one_more)
        await anyio.wait_all_tasks_blocked()
        waited = not pushed.is_set()
        held.release.set()
        await pushed.wait()
        await held.begun_count(4)

    assert waited


async def test_an_id_that_comes_twice_is_answered_once() -> None:
    converse, channel = EchoConverse(), MemoryChannel()
    message = Incoming(channel="memory", user_id="u", content="once", id="same")
    async with running(Gateway(converse, [channel])):
        first = await channel.inbox.push(message)
        await channel.answer_to(message)
        second = await channel.inbox.push(message)
        other = await channel.inbox.push(message.model_copy(update={"user_id": "another"}))
        await channel.ask("the end", user_id="last")

    assert (first, second, other) == (True, False, True)
    assert [request.user_id for request in converse.requests] == ["u", "another", "last"]
    assert [answer.id for answer in channel.sent].count("same") == 2
