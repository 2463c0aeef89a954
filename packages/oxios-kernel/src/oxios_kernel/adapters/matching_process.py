"""Regular expressions in a process of their own: the `Matcher` port.

Python's `re` holds the interpreter while it searches, and `(a+)+$` on thirty letters takes minutes: in this process it
would stop every agent, and no deadline could end it. The child (`matching_child.py`) can be killed and has a limit on
its memory.
"""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import ByteSendStream
from anyio.streams.buffered import BufferedByteReceiveStream

from oxios_kernel.errors import ToolFailed
from oxios_kernel.ports.matching import Matching, Pattern

__all__ = ["MatcherProcess"]

_CHILD = Path(__file__).with_name("matching_child.py")
_ANSWER_BYTES = 1 << 26


class MatcherProcess:
    """Puts patterns to work; an `oxios_kernel.ports.matching.Matcher`."""

    @asynccontextmanager
    async def open(self, pattern: Pattern, /) -> AsyncIterator[Matching]:
        environment = {name: os.environ[name] for name in ("LD_LIBRARY_PATH",) if name in os.environ}
        with anyio.CancelScope(shield=True):  # cancelled while it starts, a process would be nobody's
            process = await anyio.open_process(
                [sys.executable, "-I", "-S", str(_CHILD)], stderr=subprocess.DEVNULL, env=environment, cwd="/"
            )
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            child = _Child(process.stdin, BufferedByteReceiveStream(process.stdout))
            wrong = await child.ask(asdict(pattern))
            if wrong is not None:
                raise ToolFailed(f"{pattern.text!r} is not a regular expression: {wrong}; mend it, or use literal=true")
            yield child
        finally:
            with suppress(ProcessLookupError):  # it may have ended by itself
                process.kill()
            with anyio.CancelScope(shield=True):
                await process.aclose()


class _Child:
    def __init__(self, questions: ByteSendStream, answers: BufferedByteReceiveStream) -> None:
        self._questions = questions
        self._answers = answers

    async def lines(self, text: str, /) -> Sequence[int]:
        found: Sequence[int] = await self.ask(text)
        return found

    async def ask(self, question: Any) -> Any:
        try:
            await self._questions.send(json.dumps(question).encode() + b"\n")
            return json.loads(await self._answers.receive_until(b"\n", _ANSWER_BYTES))
        except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.IncompleteRead) as error:
            raise ToolFailed("the pattern needs too much memory: simplify it, or use literal=true") from error
