"""Setting and removing limits. For the doors through which a person comes: no tool of an agent is given this."""

from collections.abc import Sequence

from oxios_kernel.domain.budget import Limit, Scope
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.ledger import Ledger

__all__ = ["Limits"]


class Limits:
    """The limits of everybody.

    Args:
        ledger: keeps them.
        clock: tells which window it is.
    """

    def __init__(self, ledger: Ledger, *, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def all(self) -> Sequence[Limit]:
        """Return every limit, by scope and window.

        Raises:
            JournalError: the ledger cannot be read.
        """
        return await self._ledger.limits()

    async def set(self, limit: Limit) -> None:
        """Set a limit in place of the scope's limit with the same window; what was spent before counts in it.

        Raises:
            JournalError: the ledger cannot be written.
        """
        await self._ledger.set_limit(limit, self._clock.now())

    async def remove(self, scope: Scope, window_seconds: int | None = None) -> bool:
        """Remove the limit of a scope with that window; `False` when there was none.

        Raises:
            JournalError: the ledger cannot be written.
        """
        return await self._ledger.remove_limit(scope, window_seconds)
