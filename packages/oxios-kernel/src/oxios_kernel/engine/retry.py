"""An `Llm` that tries again: what may succeed later is repeated with growing pauses, inside the request's deadline.

Only errors that say so (`ModelError.retry`) are repeated. It knows nothing of providers; the clock is given.
"""

import random
from collections.abc import Callable
from dataclasses import replace

from oxios_kernel.errors import ModelError, RateLimited
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.llm import Listen, Llm, LlmReply, LlmRequest

__all__ = ["Note", "Retry", "pause_seconds"]

Note = Callable[[str], None]
"""Is told in one sentence what a person who waits should know. It must return at once."""

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0


def pause_seconds(failures: int, share: float) -> float:
    """Return how long to wait before the next try: half of a doubling pause, and a random share of the other half.

    Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("equal jitter").

    Args:
        failures: how many tries failed so far, from 1.
        share: a random number from 0 to 1.
    """
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(failures - 1, 16))
    return pause / 2 + pause / 2 * share


class Retry:
    """Repeats calls that may succeed later.

    Args:
        inner: the model.
        clock: measures the deadline and waits.
        max_retries: how often a failed call is repeated at most.
        note: is told of each repetition.
        share: draws a random number from 0 to 1.
    """

    def __init__(
        self, inner: Llm, *, clock: Clock, max_retries: int, note: Note, share: Callable[[], float] = random.random
    ) -> None:
        self._inner = inner
        self._clock = clock
        self._max_retries = max_retries
        self._note = note
        self._share = share

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the reply of the first try that succeeds.

        Raises:
            ModelError: of the last try, when it may not be repeated, tries or time ran out, or the provider asks for
                a longer pause than there is time.
        """
        end = self._clock.monotonic() + request.deadline_seconds
        failures = 0
        while True:
            left = end - self._clock.monotonic()
            try:
                return await self._inner.complete(replace(request, deadline_seconds=left), listen)
            except ModelError as error:
                failures += 1
                pause = self._pause(error, failures)
                if not error.retry or failures > self._max_retries or self._clock.monotonic() + pause >= end:
                    raise
                self._note(f"{error.message}; trying again in {pause:.1f} s ({failures} of {self._max_retries})")
            await self._clock.sleep(pause)

    def _pause(self, error: ModelError, failures: int) -> float:
        pause = pause_seconds(failures, self._share())
        asked = error.retry_after_seconds if isinstance(error, RateLimited) else None
        return max(pause, asked or 0.0)
