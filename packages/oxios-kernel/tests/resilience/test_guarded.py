"""Models behind circuit breakers: which failures shut one, what the others see, and a real server that falls ill."""

from collections.abc import Mapping, Sequence

import anyio
import pytest
from oxios_kernel.adapters.llm_litellm import LitellmLlm
from oxios_kernel.domain.event import CircuitChanged, CircuitState
from oxios_kernel.domain.transcript import UserMessage
from oxios_kernel.engine.fallback import Fallback
from oxios_kernel.engine.guarded import Guarded
from oxios_kernel.engine.retry import Retry
from oxios_kernel.errors import (
    CircuitOpen,
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
from oxios_kernel.ports.llm import Llm, LlmReply, LlmRequest
from oxios_kernel.ports.models import Connection
from oxios_kernel.resilience import Breakers, Permit
from oxios_kernel.testing.clock import FakeClock
from oxios_kernel.testing.llm import HANG, ScriptedLlm, says

from tests.loopback import Answer, ModelServer, Received, Status, Text

pytestmark = pytest.mark.anyio

A, B = "openai/a", "openai/b"


class World:
    """Breakers on a clock that stands still, and what they told."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.told: list[CircuitChanged] = []
        self.breakers = Breakers(clock=self.clock, tell=self.told.append, share=lambda: 0.0)

    def guarded(self, inner: Llm, run_id: str = "r") -> Guarded:
        return Guarded(inner, breakers=self.breakers, run_id=run_id)

    def state(self, model: str = A) -> CircuitState:
        return self.breakers.states()[model].state


def request(model: str = A) -> LlmRequest:
    return LlmRequest(model=model, messages=(UserMessage(text="hello"),), deadline_seconds=60.0)


async def fail(llm: Llm, times: int, model: str = A) -> None:
    for _ in range(times):
        with pytest.raises(ModelError):
            await llm.complete(request(model))


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ModelUnavailable("503"), CircuitState.OPEN),
        (ModelTimeout("silent"), CircuitState.OPEN),
        (ModelError("400"), CircuitState.CLOSED),
        (ModelUnknown("404"), CircuitState.CLOSED),
        (ModelMalformed("nonsense"), CircuitState.CLOSED),
        (ContentRefused("no"), CircuitState.CLOSED),
        (ContextTooLong("long"), CircuitState.CLOSED),
        (CredentialsMissing("key"), CircuitState.CLOSED),
        (CredentialsRefused("401"), CircuitState.CLOSED),
        (RateLimited("429"), CircuitState.CLOSED),
        (RateLimited("429", retry_after_seconds=9.0), CircuitState.CLOSED),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, ModelError) else str(value),
)
async def test_only_errors_that_say_the_provider_is_ill_shut_a_model(error: ModelError, state: CircuitState) -> None:
    world = World()
    await fail(world.guarded(ScriptedLlm(lambda _: error)), 30)
    assert world.state() is state


async def test_a_shut_model_is_not_asked_and_says_when_and_why() -> None:
    world = World()
    inner = ScriptedLlm(lambda _: ModelUnavailable("503 from openai"))
    await fail(world.guarded(inner), 5)
    await world.clock.advance(10)

    with pytest.raises(CircuitOpen) as shut:
        await world.guarded(inner, "other").complete(request())

    assert len(inner.requests) == 5
    assert (shut.value.model, shut.value.retry_after_seconds, shut.value.retry) == (A, 20.0, False)
    assert shut.value.message == (
        "Expected openai/a to be well, but it failed again and again and it is asked again in 20 s; the last failure: "
        "503 from openai."
    )


async def test_models_of_one_provider_are_shut_each_for_itself() -> None:
    world = World()
    await fail(world.guarded(ScriptedLlm(lambda _: ModelUnavailable("503"))), 5)
    assert (await world.guarded(ScriptedLlm(["fine"])).complete(request(B))).text == "fine"
    assert (world.state(A), world.state(B)) == (CircuitState.OPEN, CircuitState.CLOSED)


async def test_the_next_model_is_asked_at_once_while_one_is_shut() -> None:
    world = World()
    notes: list[str] = []

    def answer(asked: LlmRequest) -> LlmReply | Exception:
        return ModelUnavailable("503") if asked.model == A else says("from b")

    inner = ScriptedLlm(answer)
    retry = Retry(world.guarded(inner), clock=world.clock, max_retries=9, note=notes.append)
    fallback = Fallback(retry, clock=world.clock, models=[B], note=notes.append)
    await fail(world.guarded(inner), 5)

    reply = await fallback.complete(request())

    assert reply.text == "from b"
    assert [asked.model for asked in inner.requests] == [A] * 5 + [B]
    assert len(notes) == 1
    assert world.clock.slept == []


async def test_each_change_of_state_is_told_with_the_run_that_caused_it() -> None:
    world = World()
    inner = ScriptedLlm([*[ModelUnavailable("503")] * 6, says("well")])
    await fail(world.guarded(inner, "one"), 5)
    await world.clock.advance(30)
    await fail(world.guarded(inner, "two"), 1)
    await world.clock.advance(60)
    await world.guarded(inner, "three").complete(request())

    probe = "its pause is over: one call tries whether it is well"
    assert [(event.run_id, event.name, event.state.value, event.reason) for event in world.told] == [
        ("one", A, "open", "503"),
        ("two", A, "half_open", probe),
        ("two", A, "open", "503"),
        ("three", A, "half_open", probe),
        ("three", A, "closed", "the call went well"),
    ]


async def test_states_show_how_every_circuit_stands() -> None:
    world = World()
    await fail(world.guarded(ScriptedLlm(lambda _: ModelUnavailable("503"))), 5)
    await world.guarded(ScriptedLlm(["fine"])).complete(request(B))
    await world.clock.advance(5)

    ill, well = world.breakers.states()[A], world.breakers.states()[B]
    assert (ill.failures_in_a_row, ill.failures_in_window, ill.retry_after_seconds, ill.reason) == (5, 5, 25.0, "503")
    assert (well.failures_in_a_row, well.failures_in_window, well.retry_after_seconds, well.reason) == (0, 0, 0.0, "")


async def test_one_probe_passes_while_the_others_are_told_to_come_back() -> None:
    world = World()
    await fail(world.guarded(ScriptedLlm(lambda _: ModelUnavailable("503"))), 5)
    await world.clock.advance(30)
    hanging = ScriptedLlm([HANG])
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.guarded(hanging).complete, request())
            await hanging.hanging.wait()
            with pytest.raises(CircuitOpen) as shut:
                await world.guarded(ScriptedLlm([])).complete(request())
            tasks.cancel_scope.cancel()

    assert shut.value.retry_after_seconds == 1.0
    assert world.state() is CircuitState.HALF_OPEN


async def test_a_cancelled_probe_leaves_room_for_the_next() -> None:
    world = World()
    await fail(world.guarded(ScriptedLlm(lambda _: ModelUnavailable("503"))), 5)
    await world.clock.advance(30)
    hanging = ScriptedLlm([HANG])
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.guarded(hanging).complete, request())
            await hanging.hanging.wait()
            tasks.cancel_scope.cancel()

    assert (await world.guarded(ScriptedLlm(["well"])).complete(request())).text == "well"
    assert world.state() is CircuitState.CLOSED


async def test_what_is_no_model_is_guarded_alike() -> None:
    world = World()
    assert isinstance(world.breakers.ask("mcp/files"), Permit)


class Names:
    def by_provider(self) -> Mapping[str, Sequence[str]]:
        return {"openai": ("a", "b")}


# litellm reads every attribute of pydantic models, those included that pydantic wants to take away.
@pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning")
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_real_server_that_falls_ill_is_left_alone_and_found_well_again() -> None:
    world = World()
    ill = True

    def answer(_: Received) -> Answer:
        return Status(500) if ill else Text("well again")

    with ModelServer(answer) as server:
        connection = Connection(api_key="k", api_base=server.openai_base)
        litellm = LitellmLlm(connect=lambda _: connection, known=Names())
        try:
            llm = world.guarded(litellm)
            await fail(llm, 7)
            while_ill = len(server.requests)
            ill = False
            with pytest.raises(CircuitOpen):
                await llm.complete(request())
            await world.clock.advance(30)
            reply: LlmReply = await llm.complete(request())
        finally:
            await litellm.aclose()

    assert (while_ill, len(server.requests), reply.text) == (5, 6, "well again")
    assert world.state() is CircuitState.CLOSED
