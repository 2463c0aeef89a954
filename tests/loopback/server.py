"""Accepts connections, reads a request with h11, asks the script for an answer and sends its reply.

One request a connection: every reply says ``Connection: close``. While a reply is under way the socket is
watched, so that a client that leaves early is noticed and counted at once. `reply` decides what is sent.
"""

import json
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.abc
import h11
from anyio.from_thread import start_blocking_portal

from tests.loopback.answers import Answer, Received, Script, Status, Step, WireName
from tests.loopback.anthropic_wire import AnthropicWire
from tests.loopback.openai_wire import OpenAIWire
from tests.loopback.reply import Reply, Wire, render

READ_BYTES = 65536
HEADER_BYTES = 1 << 20
WAIT_SECONDS = 10.0
"""How long a test waits for something it knows will happen; generous, for a loaded machine."""

WIRES: dict[str, Wire] = {"openai": OpenAIWire(), "anthropic": AnthropicWire()}


class ScriptError(AssertionError):
    """The product asked more often than the script answers, or a step of the script raised."""


class ModelServer:
    """A scripted model server on 127.0.0.1, running while its ``with`` block does.

    Args:
        script: a list with one step a request, or one step for all of them. A step is an answer, or a
            function from the request to an answer (called in the server's thread, one request at a time).
        models: the ids that ``/v1/models`` lists.

    Raises:
        ScriptError: on leaving the block, when the script ran out or one of its functions raised. Until then
            the client concerned gets status 500.
    """

    def __init__(self, script: Script, *, models: Sequence[str] = ("test-model",)) -> None:
        self._script = list(script) if isinstance(script, Sequence) else script
        self._models = list(models)
        self._changed = threading.Condition()
        self._faults: list[BaseException] = []
        self._stack = ExitStack()
        self.requests: list[Received] = []
        self.disconnects = 0
        self.url = ""

    @property
    def openai_base(self) -> str:
        """Base URL for clients of OpenAI's wire (`OPENAI_BASE_URL`, `api_base`)."""
        return f"{self.url}/v1"

    @property
    def anthropic_base(self) -> str:
        """Base URL for clients of Anthropic's wire (`ANTHROPIC_BASE_URL`, `api_base`)."""
        return self.url

    def __enter__(self) -> Self:
        portal = self._stack.enter_context(start_blocking_portal("asyncio"))
        serving: Future[None]
        serving, port = portal.start_task(self._serve)
        self._stack.callback(serving.cancel)
        self.url = f"http://127.0.0.1:{port}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        if self._faults and kind is None:
            raise ScriptError(f"the script failed: {self._faults[0]!r}") from self._faults[0]

    def wait_for(self, count: int) -> None:
        """Block until `count` completions were asked for since the start; raise TimeoutError after 10 s."""
        self._wait(lambda: len(self.requests) >= count, f"{count} requests")

    def wait_for_disconnects(self, count: int) -> None:
        """Block until `count` clients left before their reply ended; raise TimeoutError after 10 s."""
        self._wait(lambda: self.disconnects >= count, f"{count} disconnects")

    def _wait(self, reached: Callable[[], bool], wanted: str) -> None:
        with self._changed:
            if not self._changed.wait_for(reached, WAIT_SECONDS):
                came = f"{len(self.requests)} requests and {self.disconnects} disconnects"
                raise TimeoutError(f"expected {wanted} within {WAIT_SECONDS:g} s, saw {came}")

    async def _serve(self, *, task_status: anyio.abc.TaskStatus[int]) -> None:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
        async with listener:
            task_status.started(listener.extra(anyio.abc.SocketAttribute.local_port))
            await listener.serve(self._converse)

    async def _converse(self, stream: anyio.abc.SocketStream) -> None:
        connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEADER_BYTES)
        async with stream:
            try:
                request, body = await _read(stream, connection)
                await self._answer(stream, connection, request, body)
            except (h11.RemoteProtocolError, anyio.BrokenResourceError, anyio.EndOfStream):
                return  # The client speaks something else (TLS, say), or left before it had asked.

    async def _answer(
        self, stream: anyio.abc.SocketStream, connection: h11.Connection, request: h11.Request, body: bytes
    ) -> None:
        reply = self._reply_to(request, body)
        finished = False
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_watch, stream, tasks.cancel_scope)
            if reply is None:
                await anyio.sleep_forever()
            else:
                finished = await _send(stream, connection, reply)
            tasks.cancel_scope.cancel()
        if not finished:
            with self._changed:
                self.disconnects += 1
                self._changed.notify_all()

    def _reply_to(self, request: h11.Request, body: bytes) -> Reply | None:
        path = request.target.decode().partition("?")[0]
        headers = {name.decode(): value.decode() for name, value in request.headers}
        match path.rstrip("/"):
            case "/v1/chat/completions":
                wire: WireName = "openai"
            case "/v1/messages":
                wire = "anthropic"
            case "/v1/models":
                return _listing(self._models)
            case _:
                return _json_reply({"error": {"message": f"unknown path {path}"}}, status=404)
        with self._changed:
            number = len(self.requests)
            received = Received(path, headers, json.loads(body or b"{}"), wire, number)
            self.requests.append(received)
            self._changed.notify_all()
        return render(self._next(received), received, WIRES[wire])

    def _next(self, received: Received) -> Answer:
        try:
            return self._step(received)
        except Exception as error:  # noqa: BLE001 — the client gets an answer, the end of the block raises it
            self._faults.append(error)
            return Status(500, {"error": {"message": f"the test's script failed: {error!r}"}})

    def _step(self, received: Received) -> Answer:
        if not isinstance(self._script, list):
            step: Step = self._script
        elif received.number < len(self._script):
            step = self._script[received.number]
        else:
            raise ScriptError(f"{len(self._script)} answers are scripted, request {received.number + 1} came")
        return step(received) if callable(step) else step


async def _read(stream: anyio.abc.SocketStream, connection: h11.Connection) -> tuple[h11.Request, bytes]:
    request: h11.Request | None = None
    body = bytearray()
    while True:
        event = connection.next_event()
        match event:
            case h11.NEED_DATA:
                connection.receive_data(await stream.receive(READ_BYTES))
            case h11.Request():
                request = event
            case h11.Data():
                body += event.data
            case h11.EndOfMessage() if request is not None:
                return request, bytes(body)
            case _:
                raise anyio.EndOfStream


async def _send(stream: anyio.abc.SocketStream, connection: h11.Connection, reply: Reply) -> bool:
    """Send the reply piece by piece; return whether the client was there to the end."""
    headers = {"content-type": reply.content_type, "connection": "close", **reply.headers}
    if reply.length is not None:
        headers["content-length"] = str(reply.length)
    waiting = connection.send(h11.Response(status_code=reply.status, headers=list(headers.items()))) or b""
    try:
        for index, piece in enumerate(reply.pieces):
            if index and reply.pause:
                await stream.send(waiting)
                waiting = b""
                await anyio.sleep(reply.pause)
            waiting += connection.send(h11.Data(data=piece)) or b""
        if reply.complete:
            waiting += connection.send(h11.EndOfMessage()) or b""
        await stream.send(waiting)
    except anyio.BrokenResourceError:
        return False
    return True


async def _watch(stream: anyio.abc.SocketStream, scope: anyio.CancelScope) -> None:
    """Cancel `scope` once the client has left."""
    try:
        while True:
            await stream.receive(READ_BYTES)
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        scope.cancel()


def _listing(models: Sequence[str]) -> Reply:
    """One shape for both wires: OpenAI's fields, with Anthropic's beside them."""
    data = [
        {"id": name, "object": "model", "type": "model", "display_name": name, "owned_by": "test"} for name in models
    ]
    return _json_reply({"object": "list", "data": data, "has_more": False})


def _json_reply(value: dict[str, Any], *, status: int = 200) -> Reply:
    body = json.dumps(value).encode()
    return Reply(status=status, pieces=[body], length=len(body))
