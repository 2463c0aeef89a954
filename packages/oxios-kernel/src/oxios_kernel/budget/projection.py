"""When a limit will be used up, if things go on as they did lately. Pure: the sums come from the ledger."""

from datetime import datetime, timedelta

from oxios_kernel.domain.budget import Spent
from oxios_kernel.domain.meter import Meter

__all__ = ["RATE_SECONDS", "exhausted_at"]

RATE_SECONDS = 300
"""How far back the rate is measured: some twenty steps of an agent, and short enough to follow a change."""


def exhausted_at(meter: Meter, recent: Spent, now: datetime) -> datetime | None:
    """Return when a limit will be used up, `now` when it is.

    Args:
        meter: the limit.
        recent: what its scope spent in the last `RATE_SECONDS`.
        now: the moment.

    Returns:
        `None` when that will not be before its window ends, or nothing was spent lately.
    """
    limit, spent = meter.limit, meter.spent
    measures = (
        (limit.tokens, spent.tokens, recent.tokens),
        (limit.calls, spent.calls, recent.calls),
        (limit.micro_usd, spent.micro_usd, recent.micro_usd),
    )
    used_up = any(most is not None and had >= most for most, had, _ in measures)
    seconds = [(most - had) / rate * RATE_SECONDS for most, had, rate in measures if most is not None and rate]
    if used_up or not seconds:
        return now if used_up else None
    end = meter.resets_at or datetime.max.replace(tzinfo=now.tzinfo)
    return now + timedelta(seconds=min(seconds)) if min(seconds) < (end - now).total_seconds() else None
