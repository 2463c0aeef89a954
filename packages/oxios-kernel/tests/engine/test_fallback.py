"""Another model in the place of one that cannot answer."""

import pytest
from oxios_kernel.engine.fallback import REST_SECONDS, Fallback
from oxios_kernel.errors import (
    ContentRefused,
    ContextTooLong,
    CredentialsMissing,
    CredentialsRefused,
    ModelError,
    ModelMalformed,
    ModelTimeout,
    ModelUnavailable,
    ModelUnknown,
    RateLimited,
)
from oxios_kernel.ports.llm import LlmRequest
from oxios_kernel.testing import FakeClock, ScriptedLlm
from oxios_kernel.testing.llm import Script

pytestmark = pytest.mark.anyio

REQUEST = LlmRequest(model="openai/first", messages=(), deadline_seconds=90)
OTHERS = ("anthropic/second", "openai/first", "groq/third")


@pytest.mark.parametrize(
    "kind",
    [CredentialsMissing, CredentialsRefused, RateLimited, ModelTimeout, ModelUnavailable, ModelMalformed],
)
async def test_when_a_model_cannot_answer_the_next_one_is_asked_and_a_note_says_so(kind: type[ModelError]) -> None:
    model, notes = ScriptedLlm([kind("it is away"), "here"]), list[str]()
    reply = await Fallback(model, clock=FakeClock(), models=OTHERS, note=notes.append).complete(REQUEST)
    assert reply.text == "here"
    assert [request.model for request in model.requests] == ["openai/first", "anthropic/second"]
    assert notes == ["it is away; asking anthropic/second instead"]


@pytest.mark.parametrize("kind", [ContentRefused, ContextTooLong, ModelUnknown])
async def test_what_is_the_same_with_every_model_is_not_tried_elsewhere(kind: type[ModelError]) -> None:
    model = ScriptedLlm([kind("no")])
    with pytest.raises(kind):
        await Fallback(model, clock=FakeClock(), models=OTHERS, note=lambda _: None).complete(REQUEST)
    assert len(model.requests) == 1


async def test_when_none_answers_the_last_error_is_raised_and_each_was_asked_once() -> None:
    model = ScriptedLlm([ModelUnavailable("one"), RateLimited("two"), ModelTimeout("three")])
    with pytest.raises(ModelTimeout, match="three"):
        await Fallback(model, clock=FakeClock(), models=OTHERS, note=lambda _: None).complete(REQUEST)
    assert [request.model for request in model.requests] == ["openai/first", "anthropic/second", "groq/third"]


async def test_the_time_that_is_left_is_shared_by_the_models_that_are_left() -> None:
    model = ScriptedLlm([ModelUnavailable("one"), "two"])
    await Fallback(model, clock=FakeClock(), models=OTHERS, note=lambda _: None).complete(REQUEST)
    assert [request.deadline_seconds for request in model.requests] == [30, 45]


async def test_without_other_models_the_whole_time_is_the_first_ones() -> None:
    model = ScriptedLlm(["alone"])
    await Fallback(model, clock=FakeClock(), models=(), note=lambda _: None).complete(REQUEST)
    assert model.requests == [REQUEST]


async def test_a_model_in_whose_place_another_answered_is_asked_last_for_some_minutes() -> None:
    answers: Script = [ModelUnavailable("away"), "1", "2", ModelTimeout("slow"), RateLimited("full"), "3", "4"]
    model, clock = ScriptedLlm(answers), FakeClock()
    fallback = Fallback(model, clock=clock, models=("anthropic/second", "groq/third"), note=lambda _: None)
    await fallback.complete(REQUEST)
    await fallback.complete(REQUEST)
    await fallback.complete(REQUEST)
    await clock.advance(REST_SECONDS + 1)
    await fallback.complete(REQUEST)
    assert [request.model.partition("/")[2] for request in model.requests] == [
        *("first", "second"),
        "second",
        *("second", "third", "first"),
        "first",
    ]


async def test_models_none_of_which_answered_are_asked_in_their_order_the_next_time() -> None:
    model = ScriptedLlm([ModelUnavailable("one"), ModelUnavailable("two"), "here"])
    fallback = Fallback(model, clock=FakeClock(), models=("groq/second",), note=lambda _: None)
    with pytest.raises(ModelUnavailable):
        await fallback.complete(REQUEST)
    await fallback.complete(REQUEST)
    assert [request.model for request in model.requests] == ["openai/first", "groq/second", "openai/first"]
