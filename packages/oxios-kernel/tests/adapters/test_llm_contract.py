"""What every `Llm` promises, held for the real adapter, the demo model and the scripted fake alike."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from oxios_kernel.adapters.llm_demo import DemoLlm
from oxios_kernel.adapters.llm_litellm import LitellmLlm
from oxios_kernel.adapters.models_litellm import ModelsLitellm
from oxios_kernel.domain.transcript import SystemMessage, UserMessage
from oxios_kernel.ports.llm import Llm, LlmReply, LlmRequest
from oxios_kernel.ports.models import Connection
from oxios_kernel.testing import ScriptedLlm, says

from tests.loopback import ModelServer, Text

pytestmark = [
    pytest.mark.anyio,
    # litellm reads every attribute of pydantic models, those included that pydantic wants to take away.
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

HELLO = (SystemMessage(text="Be kind."), UserMessage(text="안녕하세요"))


@pytest.fixture
def anyio_backend() -> str:
    """Litellm lives on asyncio."""
    return "asyncio"


@asynccontextmanager
async def opened(name: str) -> AsyncIterator[tuple[Llm, str]]:
    if name == "demo":
        yield DemoLlm(), "oxios/demo"
        return
    if name == "scripted":
        yield ScriptedLlm(lambda _: says("반가워요 👋")), "test/model"
        return
    with ModelServer(Text("반가워요 👋")) as server:
        connection = Connection(api_key="k", api_base=server.openai_base)
        llm = LitellmLlm(connect=lambda _: connection, known=ModelsLitellm())
        try:
            yield llm, "openai/gpt-4o-mini"
        finally:
            await llm.aclose()


@pytest.mark.parametrize("name", ["demo", "scripted", "litellm"])
async def test_a_reply_is_what_was_told_while_it_came_and_it_is_one_paid_call(name: str) -> None:
    async with opened(name) as (llm, model):
        told: list[str] = []
        reply = await llm.complete(LlmRequest(model=model, messages=HELLO, deadline_seconds=30), told.append)
        assert reply.text
        assert "".join(told) == reply.text
        assert (reply.finish, reply.tool_calls, reply.model) == ("stop", (), model)
        assert reply.usage.calls == 1
        assert reply.usage.input_tokens > 0
        assert reply.usage.output_tokens > 0


@pytest.mark.parametrize("name", ["demo", "scripted", "litellm"])
async def test_a_reply_survives_being_written_down(name: str) -> None:
    async with opened(name) as (llm, model):
        reply = await llm.complete(LlmRequest(model=model, messages=HELLO, deadline_seconds=30))
        assert LlmReply.from_json(reply.to_json()) == reply
