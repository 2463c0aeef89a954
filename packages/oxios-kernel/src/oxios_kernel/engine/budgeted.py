"""An `Llm` that asks the budgets first: reserve what the call may cost, make it, settle what it did cost.

It goes around everything that repeats a call or asks another model, so that one question is one call in the ledger.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import anyio

from oxios_kernel.budget import Budgets
from oxios_kernel.domain.budget import Scope
from oxios_kernel.domain.ids import NewId
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.transcript import message_characters
from oxios_kernel.ports.ledger import ModelCall
from oxios_kernel.ports.llm import Listen, Llm, LlmReply, LlmRequest

__all__ = ["Budgeted", "Payer", "Price", "estimated"]

CHARACTERS_PER_TOKEN = 4
"""Of English text; what it says too little for other scripts is put right when the call is settled."""

OUTPUT_TOKENS = 2048
"""What an answer without a limit of its own may need; a step of an agent has some hundred."""

Price = Callable[[str, Usage], int | None]
"""Returns what a model takes for so many tokens, in micro-dollars, `None` when that is not known. It must not block."""


@dataclass(frozen=True, kw_only=True)
class Payer:
    """Who makes calls, and who pays for them (`domain.budget.payers`)."""

    run_id: str
    scopes: tuple[Scope, ...]


class Budgeted:
    """Makes the calls of one run that its budgets allow.

    Args:
        inner: the model, with all its tries.
        budgets: decide.
        payer: who pays.
        new_id: names the calls in the ledger that have no key of their own; one that has is paid once, even if it is
            made again after a crash.
        price: estimates the cost in money; without it a money limit sees a call only when it is settled.
    """

    def __init__(
        self, inner: Llm, *, budgets: Budgets, payer: Payer, new_id: NewId, price: Price | None = None
    ) -> None:
        self._inner = inner
        self._budgets = budgets
        self._payer = payer
        self._new_id = new_id
        self._price = price

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the reply after it was paid; a call that fails or is cancelled gives back what it reserved.

        Raises:
            BudgetExhausted: the call does not fit into a budget; the model was not asked.
            ModelError: as the inner model.
            JournalError: the ledger cannot be written.
        """
        payer = self._payer
        call = ModelCall(
            id=request.key or self._new_id(), run_id=payer.run_id, model=request.model, scopes=payer.scopes
        )
        try:
            await self._budgets.reserve(call, estimated(request, self._price))
            reply = await self._inner.complete(request, listen)
        except BaseException:
            # Cancelled while it reserved, a call may hold something all the same.
            with anyio.CancelScope(shield=True):
                await self._budgets.release(call)
            raise
        with anyio.CancelScope(shield=True):
            await self._budgets.settle(replace(call, model=reply.model or request.model), reply.usage)
        return reply


def estimated(request: LlmRequest, price: Price | None = None) -> Usage:
    """Return what a call may cost at most, as far as one can tell before it."""
    characters = sum(map(message_characters, request.messages)) + sum(tool.characters for tool in request.tools)
    output = OUTPUT_TOKENS if request.max_output_tokens is None else request.max_output_tokens
    tokens = Usage(input_tokens=-(-characters // CHARACTERS_PER_TOKEN), output_tokens=output, calls=1)
    cost = None if price is None else price(request.model, tokens)
    return tokens.model_copy(update={"cost_micro_usd": cost})
