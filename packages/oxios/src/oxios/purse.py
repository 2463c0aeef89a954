"""What may be spent on models, as a person at a terminal deals with it: scopes by name, limits changed in part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from oxios_kernel.budget import Budgets, BudgetState, Limits
from oxios_kernel.domain.budget import Limit, Scope, ScopeKind
from oxios_kernel.errors import InputError, NotFound

from oxios.agency import Agency

__all__ = ["Purse"]


@dataclass(frozen=True, kw_only=True)
class Purse:
    """The budgets of a home.

    Attributes:
        budgets: how they stand.
        limits: how much may be spent.
        agency: the agents, which may be named by the beginning of their ids.
    """

    budgets: Budgets
    limits: Limits
    agency: Agency

    async def scope(self, text: str, *, known: bool = False) -> Scope:
        """Return the scope of a name: `global`, `principal:ID`, `space:ID` or `agent:ID`.

        Args:
            text: the name.
            known: whether an agent must be there; what was spent outlives the one who did.

        Raises:
            InputError: it names no scope, or several agents.
            NotFound: it names an agent that is not there, and it must be.
        """
        try:
            scope = Scope.parse(text)
        except ValueError as error:
            told = str(error)
            raise InputError(
                f"{told[:1].upper()}{told[1:]}.", hint="`oxios budget list` shows those with a limit."
            ) from error
        if scope.kind is not ScopeKind.AGENT:
            return scope
        try:
            return Scope(kind=scope.kind, id=(await self.agency.find(scope.id)).id)
        except NotFound:
            if known:
                raise
            return scope

    async def all(self) -> Sequence[BudgetState]:
        """Return how all limits stand, by scope and window."""
        scopes = dict.fromkeys(limit.scope for limit in await self.limits.all())
        return await self.budgets.states(list(scopes))

    async def state(self, scope: Scope, window_seconds: int | None) -> BudgetState | None:
        """Return how the limit of a scope with that window stands, `None` when there is none."""
        states = await self.budgets.states([scope])
        return next((one for one in states if one.meter.limit.window_seconds == window_seconds), None)

    async def change(self, scope: Scope, window_seconds: int | None, changes: dict[str, Any]) -> BudgetState:
        """Set parts of the limit of a scope with that window, and return how it stands; the other parts stay.

        Raises:
            InputError: it would limit nothing.
        """
        before = await self.state(scope, window_seconds)
        fields = before.meter.limit.model_dump() if before else {"scope": scope, "window_seconds": window_seconds}
        fields |= changes
        if all(fields.get(name) is None for name in ("tokens", "calls", "micro_usd")):
            raise InputError(
                f"A limit of {scope} needs a number.", hint="Give --tokens, --calls or --usd, or several of them."
            )
        await self.limits.set(Limit.model_validate(fields))
        after = await self.state(scope, window_seconds)
        if after is None:
            raise NotFound(f"The limit of {scope} was removed meanwhile.")
        return after
