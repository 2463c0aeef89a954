"""Real models, over real sockets: the loopback model server in OpenAI's and in Anthropic's wire."""

import json
import traceback
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.to_thread
import pytest
from anyio.abc import SocketAttribute, SocketStream
from oxios_kernel.adapters.llm_litellm import LitellmLlm
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import Repeat, ToolCall, ToolSpec
from oxios_kernel.domain.transcript import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
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
from oxios_kernel.ports.llm import LlmReply, LlmRequest
from oxios_kernel.ports.models import Connection

from tests.loopback import Answer, Arguments, Cut, Empty, Hang, ModelServer, Raw, Slow, Status, Text, TooLong, Tools

pytestmark = [
    pytest.mark.anyio,
    # litellm reads every attribute of pydantic models, those included that pydantic wants to take away.
    pytest.mark.filterwarnings("ignore:Accessing the 'model_:DeprecationWarning"),
]

KEY = "sk-very-secret-0123456789"
MODELS = {"openai": "openai/gpt-4o-mini", "anthropic": "anthropic/claude-haiku-4-5"}
HELLO: tuple[Message, ...] = (SystemMessage(text="Be brief."), UserMessage(text="안녕 👋"))
LS = ToolSpec(
    name="ls",
    description="List a folder",
    parameters={"type": "object", "properties": {"path": {"type": "string"}}},
    repeat=Repeat.PURE,
    capability="files.read",
)


@pytest.fixture
def anyio_backend() -> str:
    """Litellm lives on asyncio."""
    return "asyncio"


@pytest.fixture(params=["openai", "anthropic"])
def wire(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


class Names:
    def by_provider(self) -> Mapping[str, Sequence[str]]:
        return {"openai": ("gpt-4o-mini", "gpt-4o"), "anthropic": ("claude-haiku-4-5", "claude-sonnet-4-5")}


@dataclass
class Call:
    """How a call is made: where to, with which limits."""

    api_base: str | None = None
    free: bool = False
    told: list[str] = field(default_factory=list)
    learned: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[LitellmLlm]:
        connection = Connection(api_key=KEY, api_base=self.api_base, free=self.free)
        llm = LitellmLlm(connect=lambda _: connection, known=Names(), learn=lambda *told: self.learned.append(told))
        try:
            yield llm
        finally:
            await llm.aclose()


async def ask(
    answer: Answer,
    wire: str,
    *,
    messages: tuple[Message, ...] = HELLO,
    tools: tuple[ToolSpec, ...] = (),
    told: list[str] | None = None,
    free: bool = False,
    model: str | None = None,
) -> tuple[LlmReply, Mapping[str, object]]:
    """Return the reply to one request, and the body that the server received."""
    with ModelServer([answer]) as server:
        base = server.openai_base if wire == "openai" else server.anthropic_base
        async with Call(api_base=base, free=free).open() as llm:
            request = LlmRequest(
                model=model or MODELS[wire], messages=messages, tools=tools, deadline_seconds=30, max_output_tokens=99
            )
            reply = await llm.complete(request, (told if told is not None else []).append)
        return reply, server.requests[0].body


async def failure(answer: Answer, wire: str, **more: str) -> ModelError:
    with pytest.raises(ModelError) as caught:
        await ask(answer, wire, **more)  # type: ignore[arg-type]
    return caught.value


async def unreachable(base: str, wire: str) -> ModelError:
    async with Call(api_base=base).open() as llm:
        with pytest.raises(ModelUnavailable) as caught:
            await llm.complete(LlmRequest(model=MODELS[wire], messages=HELLO, deadline_seconds=30))
    return caught.value


async def test_a_text_streams_in_and_comes_with_its_usage_and_its_price(wire: str) -> None:
    told: list[str] = []
    reply, body = await ask(Text("안녕하세요 🌍 세계", usage=(1000, 500)), wire, told=told)
    price = {"openai": 450, "anthropic": 3500}[wire]
    assert reply.text == "안녕하세요 🌍 세계"
    assert "".join(told) == reply.text
    assert len(told) > 1
    assert reply.usage == Usage(input_tokens=1000, output_tokens=500, calls=1, cost_micro_usd=price)
    assert (reply.finish, reply.model, reply.tool_calls) == ("stop", MODELS[wire], ())
    assert reply.request_id
    assert body["stream"] is True
    assert 99 in (body.get("max_tokens"), body.get("max_completion_tokens"))


async def test_tool_calls_are_put_together_and_broken_arguments_are_kept_as_they_came(wire: str) -> None:
    calls: list[tuple[str, Arguments]] = [("ls", {"path": "문서/a b"}), ("ls", '{"path": '), ("ls", "[1]")]
    reply, body = await ask(Tools(calls, text="Let me look."), wire, tools=(LS,))
    assert [(call.name, call.arguments) for call in reply.tool_calls] == [
        ("ls", {"path": "문서/a b"}),
        ("ls", None),
        ("ls", None),
    ]
    assert reply.tool_calls[1].raw == '{"path": '
    assert len({call.id for call in reply.tool_calls}) == 3
    assert (reply.text, reply.finish) == ("Let me look.", "tools")
    assert len(body["tools"]) == 1  # type: ignore[arg-type]


async def test_fifty_calls_in_one_answer_stay_apart_and_in_order(wire: str) -> None:
    reply, _ = await ask(Tools([("ls", {"path": str(number)}) for number in range(50)]), wire, tools=(LS,))
    assert [call.arguments for call in reply.tool_calls] == [{"path": str(number)} for number in range(50)]


async def test_a_whole_transcript_reaches_the_provider_broken_calls_included(wire: str) -> None:
    broken = ToolCall(id="call_1", name="ls", arguments=None, raw='{"path')
    good = ToolCall(id="call_2", name="ls", arguments={"path": "a"}, raw='{"path": "a"}')
    messages = (
        *HELLO,
        AssistantMessage(tool_calls=(broken, good)),
        ToolMessage(call_id="call_1", name="ls", text="not JSON"),
        ToolMessage(call_id="call_2", name="ls", text="파일.txt"),
    )
    reply, body = await ask(Text("Done."), wire, messages=messages, tools=(LS,))
    assert reply.text == "Done."
    assert all(word in str(body) for word in ("Be brief.", "안녕 👋", "not JSON", "파일.txt", "call_2"))


@pytest.mark.parametrize(("said", "finish"), [("length", "length"), ("refused", "refused"), ("stop", "stop")])
async def test_why_the_model_stopped_is_told(said: str, finish: str, wire: str) -> None:
    reply, _ = await ask(Text("As far as", finish=said), wire)  # type: ignore[arg-type]
    assert reply.finish == finish


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
async def test_anthropics_base_url_may_name_the_version_or_not(ending: str) -> None:
    with ModelServer([Text("hi")]) as server:
        async with Call(api_base=server.url + ending).open() as llm:
            await llm.complete(LlmRequest(model=MODELS["anthropic"], messages=HELLO, deadline_seconds=30))
        assert server.requests[0].path == "/v1/messages"


async def test_a_price_that_is_not_known_is_not_zero() -> None:
    reply, _ = await ask(Text("hi"), "openai", model="openai/nobody-knows-me")
    assert reply.usage.cost_micro_usd is None
    reply, _ = await ask(Text("hi"), "openai", model="fireworks_ai/nobody-knows-me")
    assert reply.usage.cost_micro_usd is None


async def test_a_server_of_ones_own_costs_nothing() -> None:
    reply, _ = await ask(Text("hi"), "openai", model="hosted_vllm/any", free=True)
    assert reply.usage == Usage(input_tokens=12, output_tokens=7, calls=1, cost_micro_usd=0)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (Status(401), CredentialsRefused, "refuses the key"),
        (Status(403), CredentialsRefused, "does not allow this"),
        (Status(404), ModelUnknown, "has no model"),
        (Status(400), ModelError, "does not accept the request (400)"),
        (Status(500), ModelUnavailable, "answers with an error (500)"),
        (Status(503), ModelUnavailable, "answers with an error (503)"),
        (TooLong(), ContextTooLong, "too long"),
        (Cut(10), ModelUnavailable, "was cut off"),
        (Empty(), ModelMalformed, "empty or unreadable"),
        (Raw(b"\x00garbage"), ModelMalformed, "empty or unreadable"),
        (Raw(b"data: {not json\n\n", content_type="text/event-stream"), ModelError, ""),
        (Raw(b""), ModelMalformed, "empty or unreadable"),
    ],
    ids=str,
)
async def test_each_failure_has_its_class_and_its_sentence(
    answer: Answer, kind: type[ModelError], words: str, wire: str
) -> None:
    error = await failure(answer, wire)
    assert type(error) is kind or kind is ModelError
    assert words in error.message
    assert error.model == MODELS[wire]
    assert "litellm" not in error.message.lower()
    assert "\n" not in error.message


async def test_a_rate_limit_tells_how_long_to_wait(wire: str) -> None:
    error = await failure(Status(429, headers={"retry-after": "7"}), wire)
    assert isinstance(error, RateLimited)
    assert (error.retry_after_seconds, error.retry) == (7, True)
    assert "rate" in error.message
    later = await failure(Status(429), wire)
    assert isinstance(later, RateLimited)
    assert later.retry_after_seconds is None


async def test_a_quota_that_is_used_up_is_not_worth_waiting_for(wire: str) -> None:
    body = {"error": {"message": "You exceeded your quota", "type": "insufficient_quota", "code": "insufficient_quota"}}
    error = await failure(Status(429, body), wire)
    assert isinstance(error, RateLimited)
    assert error.retry is False
    assert "no quota left" in error.message


async def test_refused_content_is_told_apart_from_a_wrong_request() -> None:
    body = {"error": {"message": "Not this.", "type": "invalid_request_error", "code": "content_policy_violation"}}
    assert isinstance(await failure(Status(400, body), "openai"), ContentRefused)


async def test_for_a_model_that_does_not_exist_the_nearest_names_are_offered(wire: str) -> None:
    wanted = {"openai": "openai/gpt-4o-mimi", "anthropic": "anthropic/claude-haiku-45"}[wire]
    error = await failure(Status(404), wire, model=wanted)
    assert MODELS[wire] in str(error.hint)


async def test_nothing_listening_and_a_host_without_address_each_have_their_sentence(wire: str) -> None:
    refused = await unreachable("http://127.0.0.1:9/v1", wire)
    assert "nothing answers at 127.0.0.1:9" in refused.message
    unknown = await unreachable("http://oxios-test.invalid/v1", wire)
    assert "the host oxios-test.invalid is not known" in unknown.message


async def test_a_server_that_does_not_speak_tls_is_told_as_that(wire: str) -> None:
    with ModelServer([]) as server:
        error = await unreachable(server.openai_base.replace("http:", "https:"), wire)
    assert "TLS" in error.message
    assert "http://" in str(error.hint)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not speak HTTP; it said: 'SSH-2.0-OpenSSH_9.6'"),
        (b"HTTP/1.1 banana\r\n\r\n", "does not speak HTTP; it said: 'HTTP/1.1 banana'"),
        (b"", "closed the connection without an answer"),
    ],
)
async def test_what_does_not_speak_http_is_told_with_what_it_said(said: bytes, told: str, wire: str) -> None:
    async def answer(stream: SocketStream) -> None:
        async with stream:
            await stream.receive()
            if said:
                await stream.send(said)

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener, anyio.create_task_group() as tasks:
        tasks.start_soon(listener.serve, answer)
        port = listener.extra(SocketAttribute.local_port)
        error = await unreachable(f"http://127.0.0.1:{port}/v1", wire)
        tasks.cancel_scope.cancel()
    assert f"127.0.0.1:{port}" in error.message
    assert told in error.message


async def test_a_silent_server_is_left_at_the_deadline(wire: str) -> None:
    with ModelServer([Hang()]) as server:
        base = server.openai_base if wire == "openai" else server.anthropic_base
        async with Call(api_base=base).open() as llm:
            with pytest.raises(ModelTimeout, match=r"no answer within 0\.4 s"):
                await llm.complete(LlmRequest(model=MODELS[wire], messages=HELLO, deadline_seconds=0.4))


@pytest.mark.parametrize("answer", [Hang(), Slow("a word and a word and so on " * 20, 0.1)], ids=["silent", "speaking"])
async def test_cancelling_closes_the_connection_before_and_during_the_answer(answer: Answer, wire: str) -> None:
    heard = anyio.Event()
    with ModelServer([answer]) as server:
        base = server.openai_base if wire == "openai" else server.anthropic_base
        request = LlmRequest(model=MODELS[wire], messages=HELLO)
        async with Call(api_base=base).open() as llm, anyio.create_task_group() as tasks:
            tasks.start_soon(llm.complete, request, lambda _: heard.set())
            await anyio.to_thread.run_sync(server.wait_for, 1)
            if isinstance(answer, Slow):
                await heard.wait()
            tasks.cancel_scope.cancel()
        await anyio.to_thread.run_sync(server.wait_for_disconnects, 1)


@pytest.mark.parametrize("answer", [Status(401), Status(400), Status(429), Status(500), Cut(3)], ids=str)
async def test_the_key_is_in_no_error_and_no_traceback(answer: Answer, wire: str) -> None:
    if isinstance(answer, Status):
        answer = Status(answer.code, {"error": {"message": f"Bad key {KEY} or sk-very***6789", "type": "x"}})
    error = await failure(answer, wire)
    printed = "".join(traceback.format_exception(error)) + repr(error) + str(error.hint)
    assert KEY not in printed
    assert "sk-very" not in printed


async def test_calls_that_all_claim_the_first_place_are_told_apart_by_their_ids() -> None:
    pieces: list[dict[str, Any]] = [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "ls", "arguments": '{"path": '}},
        {"index": 0, "function": {"arguments": '"x"}'}},
        {"index": 0, "id": "b", "type": "function", "function": {"name": "ls", "arguments": '{"path": "y"}'}},
    ]
    choices: list[dict[str, Any]] = [
        {"index": 0, "delta": {"tool_calls": [piece]}, "finish_reason": None} for piece in pieces
    ]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    events = [
        f"data: {json.dumps({'id': 'c', 'object': 'chat.completion.chunk', 'created': 1, 'choices': [choice]})}\n\n"
        for choice in choices
    ]
    stream = Raw("".join([*events, "data: [DONE]\n\n"]).encode(), content_type="text/event-stream")
    reply, _ = await ask(stream, "openai", tools=(LS,))
    assert [(call.id, call.arguments) for call in reply.tool_calls] == [("a", {"path": "x"}), ("b", {"path": "y"})]
    assert reply.finish == "tools"


async def test_a_provider_that_litellm_does_not_know_is_no_model() -> None:
    async with Call().open() as llm:
        with pytest.raises(ModelUnknown):
            await llm.complete(LlmRequest(model="nonsense/x", messages=HELLO))


async def test_a_missing_key_is_told_with_the_model_that_wanted_it() -> None:
    def connect(provider: str) -> Connection:
        raise CredentialsMissing(f"there is no key for {provider}")

    llm = LitellmLlm(connect=connect, known=Names())
    with pytest.raises(CredentialsMissing) as caught:
        await llm.complete(LlmRequest(model="openai/gpt", messages=HELLO))
    assert caught.value.model == "openai/gpt"


async def test_nothing_is_printed_by_a_call_or_its_failure(wire: str, capfd: pytest.CaptureFixture[str]) -> None:
    await ask(Text("hi"), wire)
    await failure(Status(500), wire)
    assert capfd.readouterr() == ("", "")


def test_another_event_loop_gets_a_clear_sentence() -> None:
    async def call() -> None:
        llm = LitellmLlm(connect=lambda _: Connection(), known=Names())
        with pytest.raises(ModelError, match="asyncio"):
            await llm.complete(LlmRequest(model="openai/gpt", messages=HELLO))

    anyio.run(call, backend="trio")


LIMITS = {
    "openai": {"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "59"},
    "anthropic": {
        "anthropic-ratelimit-requests-limit": "60",
        "anthropic-ratelimit-requests-remaining": "59",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:01Z",
        "date": "Thu, 01 Jan 2026 00:00:00 GMT",
    },
}


async def test_what_an_answer_and_a_refusal_say_of_limits_is_told_under_the_providers_own_names(wire: str) -> None:
    refusal = {**LIMITS[wire], "retry-after": "7"}
    with ModelServer([Text("Hi.", headers=LIMITS[wire]), Status(429, headers=refusal)]) as server:
        call = Call(api_base=server.openai_base if wire == "openai" else server.anthropic_base)
        request = LlmRequest(model=MODELS[wire], messages=HELLO, deadline_seconds=30)
        async with call.open() as llm:
            await llm.complete(request)
            with pytest.raises(RateLimited) as refused:
                await llm.complete(request)

    (answered, first), (refusing, second) = call.learned
    assert (answered, refusing) == (wire, wire)
    assert first.items() >= LIMITS[wire].items()
    assert second.items() >= refusal.items()
    assert refused.value.retry_after_seconds == 7


async def test_a_price_is_known_once_a_model_was_asked_and_never_made_up(wire: str) -> None:
    tokens = Usage(input_tokens=1000, output_tokens=500, calls=1)
    with ModelServer(Text("Hi.")) as server:
        call = Call(api_base=server.openai_base if wire == "openai" else server.anthropic_base)
        async with call.open() as llm:
            before = llm.price(MODELS[wire], tokens)
            await llm.complete(LlmRequest(model=MODELS[wire], messages=HELLO, deadline_seconds=30))
            after = llm.price(MODELS[wire], tokens)
            unknown = llm.price(f"{wire}/no-such-model", tokens)
    assert (before, after, unknown) == (None, {"openai": 450, "anthropic": 3500}[wire], None)
