"""An `Llm` that asks the next model when one cannot answer.

What is the same with every model (the content is refused, the transcript is too long, the name is wrong) is not tried
elsewhere. Each model gets an equal share of the time that is left, so that a silent one does not use up all of it.
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

__all__ = ["Fallback"]

ELSEWHERE = (CredentialsMissing, CredentialsRefused, RateLimited, ModelTimeout, ModelUnavailable, ModelMalformed)
"""The errors after which another model may be able to answer."""


class Fallback:
    """Asks the model of the request, then the others.

    Args:
        inner: calls whichever model a request names.
        clock: measures the deadline.
        models: the models to ask after the request's own, in order.
        note: is told of each change of model.
    """

    def __init__(self, inner: Llm, *, clock: Clock, models: Sequence[str], note: Note) -> None:
        self._inner = inner
        self._clock = clock
        self._models = tuple(models)
        self._note = note

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the reply of the first model that answers.

        Raises:
            ModelError: of the last model asked.
        """
        end = self._clock.monotonic() + request.deadline_seconds
        waiting = [request.model, *(model for model in self._models if model != request.model)]
        while True:
            model = waiting.pop(0)
            share = (end - self._clock.monotonic()) / (len(waiting) + 1)
            try:
                return await self._inner.complete(replace(request, model=model, deadline_seconds=share), listen)
            except ELSEWHERE as error:
                if not waiting or self._clock.monotonic() >= end:
                    raise
                self._note(f"{error.message}; asking {waiting[0]} instead")
