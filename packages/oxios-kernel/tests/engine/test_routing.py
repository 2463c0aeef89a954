"""Model ids, and which model a request reaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_kernel.engine.catalog import PROVIDERS
from oxios_kernel.engine.routing import ModelId, Routed
from oxios_kernel.errors import ModelUnknown
from oxios_kernel.ports.llm import LlmRequest
from oxios_kernel.testing import ScriptedLlm

WORDS = st.text("abcXYZ019-_.:한글", min_size=1, max_size=12)


@given(provider=WORDS, name=st.lists(WORDS, min_size=1, max_size=3).map("/".join))
def test_a_model_id_survives_being_taken_apart_and_written(provider: str, name: str) -> None:
    model = ModelId.parse(f"{provider}/{name}")
    assert (model.provider, model.name) == (provider, name)
    assert str(model) == f"{provider}/{name}"


@pytest.mark.parametrize("text", ["", "gpt", "openai/", "/gpt", "openai/gpt 5", "open ai/gpt"])
def test_what_is_no_model_id_is_refused_with_the_form_it_should_have(text: str) -> None:
    with pytest.raises(ModelUnknown, match="expected a model as provider/model") as caught:
        ModelId.parse(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "meant"),
    [("claude-sonnet-5.5", "anthropic/claude-sonnet-5-5"), ("demo", "oxios/demo"), ("Anthropic", "anthropic/")],
)
def test_the_model_that_may_have_been_meant_is_offered(text: str, meant: str) -> None:
    with pytest.raises(ModelUnknown) as caught:
        ModelId.parse(text)
    assert meant in str(caught.value.hint)


@pytest.mark.anyio
async def test_the_demo_model_and_the_real_ones_are_told_apart() -> None:
    demo, real = ScriptedLlm(["demo"]), ScriptedLlm(["real", "real"])
    routed = Routed(demo=demo, real=real)
    answers = [
        (await routed.complete(LlmRequest(model=model, messages=()))).text
        for model in ("oxios/demo", "openai/demo", "ollama/oxios/demo")
    ]
    assert answers == ["demo", "real", "real"]


def test_the_table_names_each_provider_once_and_says_how_it_is_reached() -> None:
    assert len({provider.id for provider in PROVIDERS}) == len(PROVIDERS)
    assert all(provider.keys or provider.local for provider in PROVIDERS)
