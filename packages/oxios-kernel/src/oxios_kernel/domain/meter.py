"""A limit with what is spent and reserved of it, and the two decisions on that: may a call happen (`admit`), and what
has been reached once it is paid (`charge`). The ledgers store what comes out and decide nothing themselves."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from oxios_kernel.domain.budget import NOTHING, Limit, OnExhausted, Spent, window_at

__all__ = [
    "LEVELS",
    "Granted",
    "Meter",
    "Reached",
    "Refused",
    "Settled",
    "admit",
    "charge",
    "percent_spent",
    "short_of",
]

LEVELS = (50, 80, 100)
"""The percentages of a limit that are announced, each once a window."""


@dataclass(frozen=True, kw_only=True)
class Meter:
    """How a limit stands in one window.

    Attributes:
        limit: the limit.
        since: when the window began.
        spent: what the calls that ended in it cost.
        reserved: what calls under way hold, whenever they began.
        announced: the highest of `LEVELS` that was announced in it, 0 for none.
    """

    limit: Limit
    since: datetime
    spent: Spent = NOTHING
    reserved: Spent = NOTHING
    announced: int = 0

    @property
    def resets_at(self) -> datetime | None:
        """When the window ends, `None` for never."""
        return window_at(self.limit.window_seconds, self.since)[1]

    def announcing(self, percent: int) -> tuple["Meter", tuple["Reached", ...]]:
        """Return the meter after announcing every level up to a percentage, and those that are new."""
        new = tuple(level for level in LEVELS if self.announced < level <= percent)
        after = replace(self, announced=new[-1]) if new else self
        return after, tuple(Reached(meter=after, percent=level) for level in new)


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A limit of which `percent` are used up, told once a window."""

    meter: Meter
    percent: int


@dataclass(frozen=True, kw_only=True)
class Granted:
    """The call may happen, and is reserved. `reached` are limits that only warn, into which it did not fit."""

    reached: tuple[Reached, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Refused:
    """The call may not happen; nothing is reserved.

    Attributes:
        meter: the limit that it does not fit into.
        reached: what is told about it now.
        final: whether it does not fit even if all calls under way should turn out to cost nothing.
    """

    meter: Meter
    reached: tuple[Reached, ...] = ()
    final: bool = True


@dataclass(frozen=True, kw_only=True)
class Settled:
    """The call is paid.

    Attributes:
        reached: what its limits have reached by it.
        unpriced: the limits in money that met their first call of unknown price in their window.
    """

    reached: tuple[Reached, ...] = ()
    unpriced: tuple[Limit, ...] = ()


def short_of(limit: Limit, taken: Spent, need: Spent) -> tuple[str, ...]:
    """Return of what a limit has not enough left: `tokens`, `calls`, `micro_usd`; nothing when the need fits.

    What is not needed is not asked for: a call that costs nothing passes a money limit that is used up. A call of
    unknown price passes as long as any money is left.
    """
    wanted = {
        "tokens": (limit.tokens, taken.tokens, need.tokens),
        "calls": (limit.calls, taken.calls, need.calls),
        "micro_usd": (limit.micro_usd, taken.micro_usd, need.micro_usd or min(need.unpriced, 1)),
    }
    return tuple(
        name for name, (most, had, more) in wanted.items() if most is not None and more > 0 and had + more > most
    )


def percent_spent(limit: Limit, spent: Spent) -> int:
    """Return how much of a limit is spent, in whole percent, by the measure of which the most is; of 0 it is 100."""
    pairs = ((limit.tokens, spent.tokens), (limit.calls, spent.calls), (limit.micro_usd, spent.micro_usd))
    return max(had * 100 // most if most else 100 for most, had in pairs if most is not None)


def admit(meters: Sequence[Meter], need: Spent) -> tuple[Granted | Refused, Sequence[Meter]]:
    """Decide whether a call may happen.

    Args:
        meters: all limits that it counts in.
        need: what it may cost.

    Returns:
        The verdict, and the meters that changed by announcing something. Of several limits that refuse, the one named
        is the first in which calls under way could not make room, else the first.
    """
    strict = [meter for meter in meters if meter.limit.on_exhausted is not OnExhausted.WARN]
    for meter in strict:
        if short_of(meter.limit, meter.spent, need):
            after, reached = meter.announcing(100)
            return Refused(meter=after, reached=reached), [after]
    for meter in strict:
        if short_of(meter.limit, meter.spent + meter.reserved, need):
            return Refused(meter=meter, final=False), []
    lax = [meter for meter in meters if meter.limit.on_exhausted is OnExhausted.WARN]
    passed = [meter.announcing(100) for meter in lax if short_of(meter.limit, meter.spent, need)]
    return Granted(reached=_told(passed)), [after for after, _ in passed]


def charge(meters: Sequence[Meter], cost: Spent) -> tuple[Settled, Sequence[Meter]]:
    """Add what a call cost to the limits that it counts in; return what is told, and the meters after it."""
    told = []
    for meter in meters:
        paid = replace(meter, spent=meter.spent + cost)
        told.append(paid.announcing(percent_spent(paid.limit, paid.spent)))
    met = tuple(
        meter.limit
        for meter in meters
        if meter.limit.micro_usd is not None and cost.unpriced and not meter.spent.unpriced
    )
    return Settled(reached=_told(told), unpriced=met), [after for after, _ in told]


def _told(announced: Sequence[tuple[Meter, tuple[Reached, ...]]]) -> tuple[Reached, ...]:
    return tuple(reached for _, some in announced for reached in some)
