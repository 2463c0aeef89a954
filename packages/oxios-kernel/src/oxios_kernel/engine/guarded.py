"""An `Llm` that leaves a model alone which is ill, so that the next one is asked at once: a circuit breaker in front of
each `provider/model`.

Inside the tries and the fallback, so that every try counts and a model that has been shut costs no more of them.
Ill is who cannot be reached, answers 5xx, cuts its answers or does not answer. A refusal of the key, the content or its
length shows that the provider is well. All else says neither, a rate limit too: it has its own remedy, the wait that
it asks for.
"""

from oxios_kernel.errors import (
    CircuitOpen,
    ContentRefused,
    ContextTooLong,
    CredentialsRefused,
    ModelTimeout,
    ModelUnavailable,
)
from oxios_kernel.ports.llm import Listen, Llm, LlmReply, LlmRequest
from oxios_kernel.resilience import Breakers, Outcome, Shut

__all__ = ["Guarded"]

ILL = (ModelUnavailable, ModelTimeout)
WELL = (ContentRefused, ContextTooLong, CredentialsRefused)


class Guarded:
    """Asks models that are not shut.

    Args:
        inner: the models.
        breakers: the circuits, one for each model and the same for all runs.
        run_id: the run that asks.
    """

    def __init__(self, inner: Llm, *, breakers: Breakers, run_id: str) -> None:
        self._inner = inner
        self._breakers = breakers
        self._run_id = run_id

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the reply.

        Raises:
            CircuitOpen: the model failed too often and is not asked for a while.
            ModelError: as the inner model.
        """
        name = request.model
        permit = self._breakers.ask(name, run_id=self._run_id)
        if isinstance(permit, Shut):
            raise _open(name, permit)
        outcome, reason = Outcome.UNKNOWN, ""
        try:
            reply = await self._inner.complete(request, listen)
            outcome = Outcome.WELL
        except ILL as error:
            outcome, reason = Outcome.ILL, error.message
            raise
        except WELL as error:
            outcome, reason = Outcome.WELL, error.message
            raise
        finally:
            # Also when the call was cancelled: a probe that nobody reports would keep the circuit half open for ever.
            self._breakers.report(name, permit, outcome, reason=reason, run_id=self._run_id)
        return reply


def _open(model: str, shut: Shut) -> CircuitOpen:
    wait = f"it is asked again in {shut.retry_after_seconds:.0f} s"
    return CircuitOpen(
        f"Expected {model} to be well, but it failed again and again and {wait}; the last failure: {shut.reason}.",
        model=model,
        retry_after_seconds=shut.retry_after_seconds,
    )
