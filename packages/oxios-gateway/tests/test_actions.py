import logging

import pytest
from oxios_gateway import ErrorKind, Gateway, Outgoing, ReplyMeta
from oxios_gateway.testing import EchoConverse, MemoryChannel, running

pytestmark = pytest.mark.anyio


class UnknownName(Exception):
    kind = ErrorKind.VALIDATION_ERROR


class Known:
    """Knows one model and one persona."""

    async def check_model(self, model_id: str) -> str:
        if model_id != "m":
            raise UnknownName(f"there is no model {model_id!r}; the nearest is 'oxios/m'")
        return "oxios/m"

    async def check_persona(self, persona_id: str) -> str:
        raise ConnectionError("the store of personas is away")


def meta_of(answer: Outgoing) -> ReplyMeta:
    assert answer.meta is not None
    return answer.meta


async def test_a_switch_is_confirmed_without_asking_the_conversation() -> None:
    converse, channel = EchoConverse(), MemoryChannel()
    async with running(Gateway(converse, [channel], actions=Known())):
        answer = await channel.ask("", metadata={"action": "switch_model", "model_id": "m", "session_id": "s"})

    assert (meta_of(answer).phase, meta_of(answer).evaluation_passed) == ("action", True)
    assert "oxios/m" in answer.content
    assert answer.metadata["model_id"] == "oxios/m"
    assert converse.requests == []


async def test_a_switch_holds_for_its_conversation_and_no_other() -> None:
    converse, channel = EchoConverse(), MemoryChannel()
    async with running(Gateway(converse, [channel])):
        await channel.ask("", metadata={"action": "switch_model", "model_id": "m", "session_id": "s"})
        await channel.ask("", metadata={"action": "switch_persona", "persona_id": "dev", "session_id": "s"})
        await channel.ask("here", metadata={"session_id": "s"})
        await channel.ask("once", metadata={"session_id": "s", "model_id": "other"})
        await channel.ask("elsewhere", metadata={"session_id": "t"})
        await channel.ask("somebody else", user_id="kim", metadata={"session_id": "s"})

    assert [(request.model, request.persona) for request in converse.requests] == [
        ("m", "dev"),
        ("other", "dev"),
        (None, None),
        (None, None),
    ]


async def test_a_switch_before_the_first_message_goes_with_the_session_that_begins() -> None:
    converse, channel = EchoConverse(), MemoryChannel()
    async with running(Gateway(converse, [channel])):
        await channel.ask("", metadata={"action": "switch_model", "model_id": "m"})
        begun = await channel.ask("first")
        await channel.ask("second", metadata={"session_id": begun.metadata["session_id"]})
        await channel.ask("a new conversation")

    assert [request.model for request in converse.requests] == ["m", "m", None]


@pytest.mark.parametrize(
    ("metadata", "kind", "words"),
    [
        ({"action": "switch_model", "model_id": "x"}, ErrorKind.VALIDATION_ERROR, "nearest is 'oxios/m'"),
        ({"action": "switch_model"}, ErrorKind.VALIDATION_ERROR, "model_id"),
        ({"action": "switch_persona", "persona_id": " "}, ErrorKind.VALIDATION_ERROR, "persona_id"),
        ({"action": "switch_persona", "persona_id": "dev"}, ErrorKind.INTERNAL, "reference"),
    ],
)
async def test_a_switch_that_fails_says_why_and_changes_nothing(
    metadata: dict[str, str], kind: ErrorKind, words: str
) -> None:
    converse, channel = EchoConverse(), MemoryChannel()
    async with running(Gateway(converse, [channel], actions=Known())):
        answer = await channel.ask("", metadata=metadata)
        await channel.ask("and now?")

    error = meta_of(answer).error
    assert error is not None
    assert error.kind is kind
    assert words in error.message
    assert error.suggestion
    assert (converse.requests[0].model, converse.requests[0].persona) == (None, None)


async def test_an_unknown_action_is_a_message_like_any_other(caplog: pytest.LogCaptureFixture) -> None:
    channel = MemoryChannel()
    with caplog.at_level(logging.WARNING):
        async with running(Gateway(EchoConverse(), [channel])):
            answer = await channel.ask("let us", metadata={"action": "dance"})

    assert answer.content == "let us"
    assert "'dance'" in caplog.text
