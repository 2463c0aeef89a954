"""An `Llm` that asks the next model when one cannot answer.

What is the same with every model (the content is refused, the transcript is too long, the name is wrong) is not tried
elsewhere. Each model gets an equal share of the time that is left, so that a silent one does not use up all of it. A
model in whose place another one answered is asked last for some minutes, so that a run does not wait for it each time.
"""

from collections.abc import Sequence
from dataclasses import replace

from oxios_kernel.engine.retry import Note
from oxios_kernel.errors import (
    CredentialsMissing,
    CredentialsRefused,
    ModelMalformed,
    ModelTimeout,
    ModelUnavailable,
    RateLimited,
)
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.llm import Listen, Llm, LlmReply, LlmRequest

__all__ = ["REST_SECONDS", "Fallback"]

ELSEWHERE = (CredentialsMissing, CredentialsRefused, RateLimited, ModelTimeout, ModelUnavailable, ModelMalformed)
"""The errors after which another model may be able to answer."""


REST_SECONDS = 300.0
"""How long a model is asked last after another one answered in its place."""


class Fallback:
    """Asks the model of the request, then the others; for one run.

    Args:
        inner: calls whichever model a request names.
        clock: measures the deadline and how long a model rests.
        models: the models to ask after the request's own, in order.
        note: is told of each change of model.
    """

    def __init__(self, inner: Llm, *, clock: Clock, models: Sequence[str], note: Note) -> None:
        self._inner = inner
        self._clock = clock
        self._models = tuple(models)
        self._note = note
        self._resting: dict[str, float] = {}

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the reply of the first model that answers.

        Raises:
            ModelError: of the last model asked.
        """
        end = self._clock.monotonic() + request.deadline_seconds
        waiting, failed = self._order(request.model), list[str]()
        while True:
            model = waiting.pop(0)
            share = (end - self._clock.monotonic()) / (len(waiting) + 1)
            try:
                reply = await self._inner.complete(replace(request, model=model, deadline_seconds=share), listen)
            except ELSEWHERE as error:
                if not waiting or self._clock.monotonic() >= end:
                    raise
                failed.append(model)
                self._note(f"{error.message}; asking {waiting[0]} instead")
            else:
                self._resting |= dict.fromkeys(failed, self._clock.monotonic() + REST_SECONDS)
                return reply

    def _order(self, first: str) -> list[str]:
        """Return the models to ask: the request's own, the others, and those that rest at the end."""
        now = self._clock.monotonic()
        return sorted(dict.fromkeys((first, *self._models)), key=lambda model: self._resting.get(model, now) > now)
