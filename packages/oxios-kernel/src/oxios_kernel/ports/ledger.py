"""The ledger: every model call with who pays for it, the limits on that, and the answer to "may this call happen?".

A call is reserved with an estimate, made, and settled with what it cost (or released when it failed). Rules for
adapters: a reservation is held against every limit of every scope at once or not at all, in whatever order tasks and
processes come; what is settled survives the process; one call is never paid twice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from oxios_kernel.domain.budget import Limit, Scope, Spent
from oxios_kernel.domain.meter import Granted, Meter, Refused, Settled
from oxios_kernel.domain.spend import Usage

__all__ = ["Ledger", "ModelCall", "Paid"]


@dataclass(frozen=True, kw_only=True)
class ModelCall:
    """A call that somebody pays for.

    Attributes:
        id: globally unique; one for every time a provider is asked.
        run_id: the run that makes it.
        model: `provider/model`.
        scopes: who pays, the nearest first.
    """

    id: str
    run_id: str
    model: str
    scopes: tuple[Scope, ...]


@dataclass(frozen=True, kw_only=True)
class Paid:
    """A call that was settled.

    Attributes:
        call_id: the call.
        run_id: the run that made it.
        model: the model that answered.
        usage: what it cost.
        at: when it was settled.
    """

    call_id: str
    run_id: str
    model: str
    usage: Usage
    at: datetime


class Ledger(Protocol):
    """Who spent what, and may they go on. Every method raises `JournalError` when the store fails."""

    async def reserve(self, call: ModelCall, estimate: Usage, now: datetime) -> Granted | Refused:
        """Hold an estimate against every limit of every scope of a call, if it fits into all of them.

        Reserving a call again takes the place of its reservation before.
        """
        ...

    async def settle(self, call: ModelCall, usage: Usage, now: datetime) -> Settled:
        """Write down what a call cost, in place of its reservation.

        Money that was spent is written down even if it exceeds the estimate, or the reservation is gone. A call that
        is settled already is left as it is.
        """
        ...

    async def release(self, call_id: str) -> None:
        """Give back what a call reserved; no error when it holds nothing."""
        ...

    async def recover(self, alive: Callable[[str], bool]) -> int:
        """Give back what calls of dead hosts reserved; return how many calls that were.

        Args:
            alive: tells whether a host lives; it may be called in another thread.
        """
        ...

    async def spent(self, scope: Scope, since: datetime | None = None) -> Spent:
        """Return what a scope has spent, since a moment or ever; calls under way do not count."""
        ...

    async def meters(self, scopes: Sequence[Scope], now: datetime) -> Sequence[Meter]:
        """Return how the limits of some scopes stand, in the order of the scopes, the longest window first."""
        ...

    async def paid(self, run_id: str | None = None, limit: int = 1000) -> Sequence[Paid]:
        """Return calls that were settled, of one run or of all, the newest first."""
        ...

    async def set_limit(self, limit: Limit, now: datetime) -> None:
        """Set a limit, in place of the scope's limit with the same window. What was spent before counts in it."""
        ...

    async def remove_limit(self, scope: Scope, window_seconds: int | None = None) -> bool:
        """Remove the limit of a scope with that window; `False` when there was none."""
        ...

    async def limits(self) -> Sequence[Limit]:
        """Return all limits, by scope and window."""
        ...
