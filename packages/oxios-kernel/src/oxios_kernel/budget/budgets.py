"""May this call happen? Asked before every model call, told after it; tells the bus when a limit runs out.

It reads limits and hands parts of them on to children, and has no way to raise one: that is `Limits`. The reckoning is
the ledger's (`ports/ledger.py`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio

from oxios_kernel.budget.projection import RATE_SECONDS, exhausted_at
from oxios_kernel.budget.refusal import exhausted
from oxios_kernel.domain.budget import NOTHING, Limit, Scope, ScopeKind, Spent
from oxios_kernel.domain.event import BudgetReached, Noted
from oxios_kernel.domain.meter import Granted, Meter, Reached
from oxios_kernel.domain.spend import Usage
from oxios_kernel.errors import InputError
from oxios_kernel.events import Bus
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.ledger import Ledger, ModelCall

__all__ = ["BudgetState", "Budgets"]

POLL_SECONDS = 1.0
"""How often it is looked whether another process gave something back; this process says so by itself."""


@dataclass(frozen=True, kw_only=True)
class BudgetState:
    """How a limit stands and how long it will last.

    Attributes:
        meter: the limit, what is spent and reserved of it, and when its window ends.
        exhausted_at: when it will be used up at the rate of the last minutes, `None` when not in this window.
    """

    meter: Meter
    exhausted_at: datetime | None


class Budgets:
    """The budgets of everybody, as the engine and agents see them.

    Args:
        ledger: keeps what was spent.
        bus: is told when a limit is half, four fifths or all used up.
        clock: tells which window it is.
        alive: tells whether a host lives; what those hold that do not is given back when a call waits for it.
    """

    def __init__(
        self, ledger: Ledger, *, bus: Bus, clock: Clock, alive: Callable[[str], bool] = lambda host: True
    ) -> None:
        self._ledger = ledger
        self._alive = alive
        self._bus = bus
        self._clock = clock
        self._returned = anyio.Event()

    async def reserve(self, call: ModelCall, estimate: Usage) -> None:
        """Reserve what a call may cost with everybody who pays for it.

        While only calls under way take the room that it needs, it waits for them to end: they may cost less.

        Raises:
            BudgetExhausted: it does not fit into a limit that asks or stops.
            JournalError: the ledger cannot be written.
        """
        while True:
            returned = self._returned
            verdict = await self._ledger.reserve(call, estimate, self._clock.now())
            self._tell(call, verdict.reached)
            if isinstance(verdict, Granted):
                return
            if verdict.final:
                raise exhausted(verdict.meter, Spent.of(estimate))
            await self._until(returned)
            await self._ledger.recover(self._alive)

    async def settle(self, call: ModelCall, usage: Usage) -> None:
        """Write down what a call cost; a second time changes nothing.

        Raises:
            JournalError: the ledger cannot be written.
        """
        settled = await self._ledger.settle(call, usage, self._clock.now())
        self._wake()
        self._tell(call, settled.reached)
        for limit in settled.unpriced:
            text = f"The price of {call.model} is not known: the money limit of {limit.scope} does not see its calls."
            self._bus.publish(Noted(run_id=call.run_id, turn_id=_root(call), text=text))

    async def release(self, call: ModelCall) -> None:
        """Give back what a call reserved that failed.

        Raises:
            JournalError: the ledger cannot be written.
        """
        await self._ledger.release(call.id)
        self._wake()

    async def states(self, scopes: Sequence[Scope]) -> Sequence[BudgetState]:
        """Return how the limits of some scopes stand, in the order of the scopes, the longest window first.

        Raises:
            JournalError: the ledger cannot be read.
        """
        now = self._clock.now()
        lately = now - timedelta(seconds=RATE_SECONDS)
        states = []
        for meter in await self._ledger.meters(scopes, now):
            recent = await self._ledger.spent(meter.limit.scope, lately)
            states.append(BudgetState(meter=meter, exhausted_at=exhausted_at(meter, recent, now)))
        return states

    async def spent(self, scope: Scope, since: datetime | None = None) -> Spent:
        """Return what a scope has spent, since a moment or ever, limited or not; calls under way do not count.

        Raises:
            JournalError: the ledger cannot be read.
        """
        return await self._ledger.spent(scope, since)

    async def subdivide(self, parent: str, child: str, share: float) -> Sequence[Limit]:
        """Give a new run a part of each limit of its parent. It counts in both, and a child with limits keeps them.

        Of a limit without a window it is a part of what is left, of one with a window a part of the whole, since the
        window begins anew.

        Args:
            parent: the run that has the limits.
            child: the run that gets the part.
            share: how large a part, above 0 and at most 1.

        Returns:
            The child's limits; none when its parent has none, whose own parents and principal limit both then.

        Raises:
            InputError: the share is not such a number.
            JournalError: the ledger cannot be read or written.
        """
        if not 0 < share <= 1:
            raise InputError(f"Expected a share above 0 and at most 1, but came {share!r}.")
        own = Scope(kind=ScopeKind.AGENT, id=child)
        now = self._clock.now()
        kept = await self._ledger.meters([own], now)
        if kept:
            return [meter.limit for meter in kept]
        parents = await self._ledger.meters([Scope(kind=ScopeKind.AGENT, id=parent)], now)
        limits = [_part(meter, own, share) for meter in parents]
        for limit in limits:
            await self._ledger.set_limit(limit, now)
        return limits

    async def _until(self, returned: anyio.Event) -> None:
        async with anyio.create_task_group() as tasks:

            async def poll() -> None:
                await self._clock.sleep(POLL_SECONDS)
                returned.set()

            tasks.start_soon(poll)
            await returned.wait()
            tasks.cancel_scope.cancel()

    def _wake(self) -> None:
        self._returned.set()
        self._returned = anyio.Event()

    def _tell(self, call: ModelCall, reached: Sequence[Reached]) -> None:
        for one in reached:
            meter = one.meter
            self._bus.publish(
                BudgetReached(
                    run_id=call.run_id,
                    turn_id=_root(call),
                    limit=meter.limit,
                    percent=one.percent,
                    spent=meter.spent,
                    resets_at=meter.resets_at,
                )
            )


def _root(call: ModelCall) -> str:
    """Return the run at the top of the caller's lineage: the turn that is behind it, where there is one."""
    return next((scope.id for scope in reversed(call.scopes) if scope.kind is ScopeKind.AGENT), call.run_id)


def _part(meter: Meter, scope: Scope, share: float) -> Limit:
    limit = meter.limit
    used = meter.spent + meter.reserved if limit.window_seconds is None else NOTHING
    return limit.model_copy(
        update={
            "scope": scope,
            "tokens": _part_of(limit.tokens, used.tokens, share),
            "calls": _part_of(limit.calls, used.calls, share),
            "micro_usd": _part_of(limit.micro_usd, used.micro_usd, share),
        }
    )


def _part_of(most: int | None, used: int, share: float) -> int | None:
    return None if most is None else math.floor(max(0, most - used) * share)
