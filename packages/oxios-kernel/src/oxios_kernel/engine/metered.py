"""An `Llm` that counts: every answered call is told to the run's account and added up."""

from collections.abc import Callable

from oxios_kernel.domain.spend import Usage
from oxios_kernel.ports.llm import Listen, Llm, LlmReply, LlmRequest

__all__ = ["Metered", "Spent"]

Spent = Callable[[str, Usage], None]
"""Is told the model that answered and what the call cost. It must return at once."""


class Metered:
    """Counts the calls of one run.

    Args:
        inner: the model.
        spent: is told of every answered call, `None` when only the sum is wanted.

    Attributes:
        usage: what all answered calls cost together.
    """

    def __init__(self, inner: Llm, *, spent: Spent | None = None) -> None:
        self._inner = inner
        self._spent = spent
        self.usage = Usage()

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the reply after counting it.

        Raises:
            ModelError: as the inner model; a call that fails is not counted.
        """
        reply = await self._inner.complete(request, listen)
        self.usage += reply.usage
        if self._spent is not None:
            self._spent(reply.model, reply.usage)
        return reply
