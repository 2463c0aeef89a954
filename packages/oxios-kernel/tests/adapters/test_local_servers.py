"""Model servers on this machine, found over real loopback sockets."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from oxios_kernel.adapters.local_servers import LocalServersHttp, Place
from oxios_kernel.adapters.models_litellm import ModelsLitellm
from oxios_kernel.engine.catalog import PROVIDERS

from tests.loopback import ModelServer

pytestmark = pytest.mark.anyio


@contextmanager
def listening(reply: bytes | None) -> Iterator[int]:
    """A port that answers one connection with these bytes once it was asked, or accepts it and stays silent."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        if reply is None:
            yield server.getsockname()[1]
            return

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(reply)

        thread = threading.Thread(target=answer)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def http(body: bytes, status: bytes = b"200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body)


async def test_servers_that_answer_are_listed_in_order_with_their_models_and_the_others_left_out() -> None:
    ollama = http(b'{"models": [{"name": "llama3:8b"}, {"name": "\xed\x95\x9c\xea\xb8\x80"}]}')
    with ModelServer([], models=("qwen", "phi")) as server, listening(ollama) as port:
        places = [
            Place(name="A", provider="lm_studio", port=urlsplit(server.url).port or 0),
            Place(name="B", provider="hosted_vllm", port=closed_port()),
            Place(name="C", provider="ollama", port=port, path="/api/tags"),
        ]
        found = await LocalServersHttp(places).find()
    assert [(one.name, one.models) for one in found] == [("A", ("qwen", "phi")), ("C", ("llama3:8b", "한글"))]
    assert [one.url for one in found] == [f"{server.url}/v1", f"http://127.0.0.1:{port}"]


@pytest.mark.parametrize(
    "reply",
    [
        http(b"<html>my own program</html>"),
        http(b'{"data": "none"}'),
        http(b"[]"),
        http(b'{"data": []}', status=b"404 Not Found"),
        b"SSH-2.0-OpenSSH\r\n",
        None,
    ],
)
async def test_what_is_no_model_server_is_left_out(reply: bytes | None) -> None:
    with listening(reply) as port:
        assert await LocalServersHttp([Place(name="X", provider="x", port=port)]).find() == []


def test_the_default_models_of_the_table_are_models_that_litellm_knows() -> None:
    known = ModelsLitellm().by_provider()
    for provider in PROVIDERS:
        assert provider.id in known
        assert set(provider.models) <= set(known[provider.id]), provider.id
