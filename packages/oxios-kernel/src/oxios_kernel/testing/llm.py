"""A model that says what the test wants: the fake of `ports/llm.py`."""

from collections.abc import Callable, Sequence
from enum import Enum

import anyio
import anyio.lowlevel

from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import ToolCall
from oxios_kernel.ports.llm import Listen, LlmReply, LlmRequest

__all__ = ["HANG", "Answer", "Script", "ScriptedLlm", "calls", "says"]


class Hang(Enum):
    """In a script: the call does not return until it is cancelled."""

    HANG = "hang"


HANG = Hang.HANG

Answer = LlmReply | Exception | str | Hang
"""A reply to give (a text stands for `says(text)`), an error to raise, or `HANG`."""

Script = Sequence[Answer] | Callable[[LlmRequest], Answer]
"""The answers in order, or a function from the request to its answer."""


def says(text: str, *, usage: Usage | None = None) -> LlmReply:
    """Return a reply of plain text, by default 10 tokens in, 5 out, 30 micro-dollars."""
    return LlmReply(text=text, usage=usage or _usage(), model="test/model")


def calls(*wanted: ToolCall, text: str = "", usage: Usage | None = None) -> LlmReply:
    """Return a reply that asks for tools."""
    return LlmReply(text=text, tool_calls=wanted, finish="tools", usage=usage or _usage(), model="test/model")


class ScriptedLlm:
    """Answers from a script and keeps what it was asked.

    Attributes:
        requests: what was asked, oldest first.
        hanging: set once a call hangs, so that a test can cancel it then.
        cancelled: how many hanging calls were cancelled.
    """

    def __init__(self, script: Script) -> None:
        self._script = script
        self.requests: list[LlmRequest] = []
        self.hanging = anyio.Event()
        self.cancelled = 0

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the next answer, or raise it.

        Raises:
            AssertionError: the script has no answer left.
        """
        self.requests.append(request)
        await anyio.lowlevel.checkpoint()
        answer = self._next(request)
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Hang):
            return await self._hang()
        reply = says(answer) if isinstance(answer, str) else answer
        if listen is not None and reply.text:
            listen(reply.text)
        return reply

    def _next(self, request: LlmRequest) -> Answer:
        if callable(self._script):
            return self._script(request)
        asked = len(self.requests)
        if asked > len(self._script):
            raise AssertionError(f"the script has {len(self._script)} answers, this is call {asked}")
        return self._script[asked - 1]

    async def _hang(self) -> LlmReply:
        self.hanging.set()
        try:
            await anyio.sleep_forever()
        finally:
            self.cancelled += 1
        raise AssertionError("sleeping for ever came to an end")


def _usage() -> Usage:
    return Usage(input_tokens=10, output_tokens=5, calls=1, cost_micro_usd=30)
