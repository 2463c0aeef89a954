"""The loopback server against real clients: litellm on both wires, and plain httpx."""

import json
import os
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.loopback import (
    Answer,
    Arguments,
    Cut,
    Empty,
    Hang,
    ModelServer,
    Raw,
    Received,
    ScriptError,
    Slow,
    Status,
    Text,
    TooLong,
    Tools,
)

pytestmark = [
    pytest.mark.filterwarnings("ignore:Item '.*' on TypedDict class:UserWarning"),
    pytest.mark.filterwarnings("ignore:Accessing the 'model_.*' attribute on the instance:DeprecationWarning"),
]
"""What pydantic says of litellm's own types, when they are first used for a stream."""

WIRES = ["openai", "anthropic"]
PATHS = {"openai": "/v1/chat/completions", "anthropic": "/v1/messages"}
HELLO = [{"role": "user", "content": "안녕 👋"}]


@pytest.fixture(scope="module")
def litellm() -> Iterator[ModuleType]:
    """Litellm as the product imports it: no call home for prices."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    yield litellm
    litellm.in_memory_llm_clients_cache.flush_cache()


def ask(litellm: ModuleType, server: ModelServer, wire: str, **more: Any) -> Any:
    base = {"openai": server.openai_base, "anthropic": server.anthropic_base}[wire]
    model = {"openai": "openai/test-model", "anthropic": "anthropic/claude-test"}[wire]
    return litellm.completion(
        model, HELLO, api_base=base, api_key="k-123", num_retries=0, max_retries=0, timeout=30, **more
    )


def post(server: ModelServer, wire: str = "openai", **body: Any) -> httpx.Response:
    asked = {"model": "m", "messages": HELLO, **body}
    return httpx.post(server.url + PATHS[wire], json=asked, timeout=30)


@pytest.mark.parametrize("wire", WIRES)
def test_a_text_and_its_usage_arrive_whole(litellm: ModuleType, wire: str) -> None:
    with ModelServer([Text("안녕하세요 🌍", usage=(31, 9))]) as server:
        reply = ask(litellm, server, wire)
    assert reply.choices[0].message.content == "안녕하세요 🌍"
    assert reply.choices[0].finish_reason == "stop"
    assert (reply.usage.prompt_tokens, reply.usage.completion_tokens) == (31, 9)


@pytest.mark.parametrize("wire", WIRES)
def test_a_streamed_text_comes_in_pieces_and_ends_with_its_usage(litellm: ModuleType, wire: str) -> None:
    with ModelServer([Text("a sentence with 🌍 in it", usage=(31, 9))]) as server:
        chunks = list(ask(litellm, server, wire, stream=True, stream_options={"include_usage": True}))
    pieces = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    whole = litellm.stream_chunk_builder(chunks)
    assert "".join(pieces) == "a sentence with 🌍 in it"
    assert len([piece for piece in pieces if piece]) > 2
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (31, 9)


@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("wire", WIRES)
def test_tool_calls_keep_their_order_names_and_arguments(litellm: ModuleType, wire: str, streams: bool) -> None:
    calls: list[tuple[str, Arguments]] = [
        ("read", {"path": "한글.txt"}),
        ("bash", {"command": "wc -l *", "timeout": 5}),
    ]
    with ModelServer([Tools(calls, text="Looking.")]) as server:
        tools = [{"type": "function", "function": {"name": name, "parameters": {}}} for name, _ in calls]
        reply = ask(litellm, server, wire, stream=streams, tools=tools)
        reply = litellm.stream_chunk_builder(list(reply)) if streams else reply
    said = reply.choices[0].message
    assert [(call.function.name, json.loads(call.function.arguments)) for call in said.tool_calls] == calls
    assert len({call.id for call in said.tool_calls}) == 2
    assert said.content == "Looking."
    assert reply.choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Status(401), "AuthenticationError"),
        (Status(429, headers={"Retry-After": "7"}), "RateLimitError"),
        (Status(500), "InternalServerError"),
        (TooLong(), "ContextWindowExceededError"),
    ],
)
def test_an_error_status_is_what_the_provider_would_send(
    litellm: ModuleType, wire: str, answer: Answer, error: str
) -> None:
    with ModelServer([answer]) as server, pytest.raises(getattr(litellm, error)):
        ask(litellm, server, wire)


@pytest.mark.parametrize("wire", WIRES)
def test_a_cut_stream_ends_in_an_error_after_what_arrived(wire: str) -> None:
    body = {"model": "m", "messages": HELLO, "stream": True}
    lines: list[str] = []
    with (
        ModelServer([Cut(5, text="cut off here")]) as server,
        httpx.stream("POST", server.url + PATHS[wire], json=body, timeout=30) as reply,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        lines.extend(reply.iter_lines())
    assert "cut o" in "".join(lines)
    assert "ff he" not in "".join(lines)
    assert server.disconnects == 0


@pytest.mark.parametrize("wire", WIRES)
def test_a_cut_body_ends_in_an_error(wire: str) -> None:
    with ModelServer([Cut(20)]) as server, pytest.raises(httpx.RemoteProtocolError):
        post(server, wire)


def test_a_rate_limit_carries_its_headers_and_body() -> None:
    with ModelServer([Status(429, {"why": "quota"}, {"Retry-After": "7"})]) as server:
        reply = post(server)
    assert (reply.status_code, reply.headers["retry-after"], reply.json()) == (429, "7", {"why": "quota"})


def test_garbage_arrives_as_it_is() -> None:
    with ModelServer([Raw(b"<html>\xff\x00")]) as server:
        assert post(server).content == b"<html>\xff\x00"


@pytest.mark.parametrize("wire", WIRES)
def test_an_empty_reply_is_well_formed(litellm: ModuleType, wire: str) -> None:
    with ModelServer([Empty()]) as server:
        reply = ask(litellm, server, wire)
    assert not reply.choices[0].message.content
    assert not reply.choices[0].message.tool_calls


@pytest.mark.parametrize("streams", [False, True])
def test_slow_text_arrives_whole(streams: bool) -> None:
    with ModelServer([Slow("one two three", 0.001)]) as server:
        reply = post(server, stream=streams)
    assert reply.text.count("chatcmpl") == (5 if streams else 1)


@pytest.mark.parametrize("answer", [Hang(), Slow("one two three", 60)])
def test_a_client_that_leaves_early_is_counted(answer: Answer) -> None:
    with ModelServer([answer]) as server:
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(server.url + PATHS["openai"], json={"stream": True}, timeout=httpx.Timeout(30, read=0.1))
        server.wait_for_disconnects(1)


def test_the_block_ends_although_a_client_still_hangs() -> None:
    def hang(url: str) -> None:
        with pytest.raises(httpx.TransportError):
            httpx.post(url, json={}, timeout=30)

    with ModelServer([Hang()]) as server:
        client = threading.Thread(target=hang, args=[server.url + PATHS["openai"]])
        client.start()
        server.wait_for(1)
    client.join(10)
    assert not client.is_alive()


@pytest.mark.parametrize("wire", WIRES)
def test_what_was_asked_is_kept_for_the_test(litellm: ModuleType, wire: str) -> None:
    with ModelServer([Text("yes")]) as server:
        ask(litellm, server, wire)
    [received] = server.requests
    assert (received.wire, received.path, received.streams) == (wire, PATHS[wire], False)
    assert received.text == received.last == "안녕 👋"
    assert "k-123" in received.headers.get("x-api-key", received.headers.get("authorization", ""))


def test_a_function_answers_from_the_request() -> None:
    def echo(received: Received) -> Answer:
        return Text(f"{received.number}: {received.last}")

    with ModelServer(echo) as server:
        said = [post(server).json()["choices"][0]["message"]["content"] for _ in range(2)]
    assert said == ["0: 안녕 👋", "1: 안녕 👋"]


def test_a_script_that_runs_out_fails_the_test_at_the_end_of_the_block() -> None:
    statuses: list[int] = []
    with (
        pytest.raises(ScriptError, match="1 answers are scripted, request 2 came"),
        ModelServer([Text("only one")]) as server,
    ):
        statuses += [post(server).status_code, post(server).status_code]
    assert statuses == [200, 500]


def test_a_function_that_raises_fails_the_test_at_the_end_of_the_block() -> None:
    def broken(received: Received) -> Answer:
        raise KeyError("no such prompt")

    with pytest.raises(ScriptError, match="no such prompt"), ModelServer(broken) as server:
        assert post(server).status_code == 500


def test_models_are_listed_without_using_up_the_script() -> None:
    with ModelServer([], models=["small", "large"]) as server:
        listed = httpx.get(f"{server.openai_base}/models", timeout=30).json()["data"]
        assert httpx.get(f"{server.url}/api/tags", timeout=30).status_code == 404
    assert [model["id"] for model in listed] == ["small", "large"]
    assert server.requests == []
