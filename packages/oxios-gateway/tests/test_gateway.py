import pytest
from oxios_gateway import ErrorKind, Faults, Gateway, GatewaySettings, Listen, Reply, Request
from oxios_gateway.testing import EchoConverse, MemoryChannel, ScriptedConverse, running

pytestmark = pytest.mark.anyio


def replying(reply: Reply) -> ScriptedConverse:
    async def answer(request: Request, listen: Listen) -> Reply:
        return reply

    return ScriptedConverse(answer)


def raising(error: Exception) -> ScriptedConverse:
    async def answer(request: Request, listen: Listen) -> Reply:
        raise error

    return ScriptedConverse(answer)


async def test_a_reply_has_the_id_and_the_metadata_of_its_message() -> None:
    channel = MemoryChannel()
    async with running(Gateway(EchoConverse(), [channel])):
        message = await channel.say("안녕 🎉", metadata={"chat_id": "7", "message_id": "9"})
        answer = await channel.answer_to(message)

    assert (answer.id, answer.content, answer.user_id, answer.channel) == (message.id, "안녕 🎉", "user", "memory")
    assert answer.metadata == {"chat_id": "7", "message_id": "9", "session_id": "session-1"}
    assert answer.meta is not None
    assert answer.meta.duration_ms is not None
    assert answer.meta.duration_ms >= 0
    assert "error" not in answer.meta.model_dump(mode="json")


async def test_everything_a_reply_knows_reaches_the_channel() -> None:
    reply = Reply(
        content="c",
        phase="evaluate",
        session_id="s",
        space_id="p",
        space_tag="📦",
        seed_id="d",
        agent_id="a",
        run_id="r",
        evaluation_passed=True,
        duration_ms=12,
        questions=("Which?",),
        verdicts=({"criterion": "x", "status": "verified", "evidence": "e"},),
        usage={"model_calls": 2},
        model="oxios/demo",
    )
    channel = MemoryChannel()
    async with running(Gateway(replying(reply), [channel])):
        answer = await channel.ask("go")

    assert answer.meta is not None
    told = answer.meta.model_dump(mode="python")
    assert told == {
        "session_id": "s",
        "space_id": "p",
        "space_tag": "📦",
        "seed_id": "d",
        "agent_id": "a",
        "run_id": "r",
        "phase": "evaluate",
        "evaluation_passed": True,
        "duration_ms": 12,
        "questions": ("Which?",),
        "verdicts": ({"criterion": "x", "status": "verified", "evidence": "e"},),
        "usage": {"model_calls": 2},
        "model": "oxios/demo",
    }


async def test_a_request_carries_what_the_channel_knows() -> None:
    converse, channel = EchoConverse(), MemoryChannel()
    said = {"session_id": "s", "space_id": "p", "persona_id": "dev", "model_id": "m", "workdir": "/w"}
    async with running(Gateway(converse, [channel])):
        answer = await channel.ask("hi", user_id="kim", metadata=said)

    (request,) = converse.requests
    assert (request.content, request.user_id, request.channel, request.request_id) == ("hi", "kim", "memory", answer.id)
    assert (request.session_id, request.space_id, request.persona, request.model, request.workdir) == (
        "s",
        "p",
        "dev",
        "m",
        "/w",
    )


async def test_an_error_is_told_in_its_own_session() -> None:
    channel = MemoryChannel()
    faults = Faults({ConnectionError: (ErrorKind.PROVIDER_ERROR, None)})
    async with running(Gateway(raising(ConnectionError("no route to the model")), [channel], faults=faults)):
        answer = await channel.ask("hi", metadata={"session_id": "s1"})

    assert answer.metadata["session_id"] == "s1"
    assert answer.content == "no route to the model"
    assert answer.meta is not None
    assert answer.meta.phase == ""
    assert answer.meta.error is not None
    assert answer.meta.error.kind is ErrorKind.PROVIDER_ERROR
    assert answer.meta.error.message == answer.content


@pytest.mark.parametrize("content", ["", " \n\t", "가" * 11])
async def test_a_message_without_content_or_with_too_much_is_refused_unasked(content: str) -> None:
    converse, channel = EchoConverse(), MemoryChannel()
    async with running(Gateway(converse, [channel], settings=GatewaySettings(content_bytes=32))):
        answer = await channel.ask(content)

    assert answer.meta is not None
    assert answer.meta.error is not None
    assert answer.meta.error.kind is ErrorKind.VALIDATION_ERROR
    assert converse.requests == []
