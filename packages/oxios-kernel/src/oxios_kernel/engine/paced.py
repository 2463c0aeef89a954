"""An `Llm` that keeps to its provider's limits: a call that would be refused waits until it would not.

Innermost of all wrappers, so that every try is counted and the model whose turn it is decides whose limits count. What
the limits are is learned elsewhere; here is told only what a refusal says.
"""

from dataclasses import replace
from typing import Protocol

from oxios_kernel.engine.budgeted import estimated
from oxios_kernel.engine.retry import Note
from oxios_kernel.errors import RateLimited
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.llm import Listen, Llm, LlmReply, LlmRequest

__all__ = ["Pace", "Paced"]

WORTH_TELLING_SECONDS = 0.1


class Pace(Protocol):
    """The limits of all providers."""

    def take(self, run_id: str, provider: str, tokens: int, /) -> float:
        """Count a call and return 0, or return the seconds until it may be made."""
        ...

    async def pause(self, run_id: str, seconds: float, /) -> None:
        """Wait, without keeping other runs from running."""
        ...

    def close(self, provider: str, seconds: float, /) -> None:
        """Let no call through to a provider for so many seconds."""
        ...


class Paced:
    """Makes the calls of one run when their provider lets them through.

    Args:
        inner: the models.
        pace: the limits, the same for all runs.
        clock: measures the deadline.
        run_id: the run that asks.
        note: is told of each wait.
    """

    def __init__(self, inner: Llm, *, pace: Pace, clock: Clock, run_id: str, note: Note) -> None:
        self._inner = inner
        self._pace = pace
        self._clock = clock
        self._run_id = run_id
        self._note = note

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the reply.

        Raises:
            RateLimited: the provider refuses, or will let the call through only after its deadline.
            ModelError: as the inner model.
        """
        provider = request.model.partition("/")[0]
        end = self._clock.monotonic() + request.deadline_seconds
        await self._turn(request, provider, end)
        left = end - self._clock.monotonic()
        try:
            return await self._inner.complete(replace(request, deadline_seconds=left), listen)
        except RateLimited as error:
            if error.retry_after_seconds is not None:
                self._pace.close(provider, error.retry_after_seconds)
            raise

    async def _turn(self, request: LlmRequest, provider: str, end: float) -> None:
        usage = estimated(request)
        tokens = usage.input_tokens + usage.output_tokens
        while (wait := self._pace.take(self._run_id, provider, tokens)) > 0:
            if self._clock.monotonic() + wait >= end:
                raise RateLimited(
                    f"{provider} lets the next request through in {wait:.0f} s, later than the call may wait",
                    model=request.model,
                    retry_after_seconds=wait,
                )
            if wait >= WORTH_TELLING_SECONDS:
                self._note(f"{provider} limits the rate of requests; asking in {wait:.1f} s")
            await self._pace.pause(self._run_id, wait)
