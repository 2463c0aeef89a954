"""What a run is told when a model call does not fit into a budget, and how a person gets it on its way again."""

from datetime import datetime

from oxios_kernel.domain.budget import Limit, OnExhausted, Spent
from oxios_kernel.domain.meter import Meter, short_of
from oxios_kernel.domain.spend import dollars
from oxios_kernel.errors import BudgetExhausted

__all__ = ["exhausted"]


def exhausted(meter: Meter, need: Spent) -> BudgetExhausted:
    """Return the error for a call that may need more than a limit has left."""
    limit = meter.limit
    measure = short_of(limit, meter.spent, need)[0]
    most, spent, wanted = (_shown(measure, value) for value in (limit, meter.spent, need))
    window = "" if limit.window_seconds is None else f" in {limit.window_seconds} s"
    return BudgetExhausted(
        f"Expected the call to fit into the budget of {limit.scope} ({most}{window}), but {spent} are spent and it may "
        f"need {wanted}.",
        scope=str(limit.scope),
        ask=limit.on_exhausted is OnExhausted.ASK,
        resets_at=meter.resets_at,
        hint=_hint(limit, measure, meter.resets_at),
    )


def _shown(measure: str, value: Limit | Spent) -> str:
    amount = getattr(value, measure)
    if measure != "micro_usd":
        return f"{amount} {measure}"
    # A call of unknown price needs some money, and nobody knows how much.
    return "an unknown sum" if isinstance(value, Spent) and value.unpriced and not amount else f"{dollars(amount)} USD"


def _hint(limit: Limit, measure: str, resets_at: datetime | None) -> str:
    option = "--usd" if measure == "micro_usd" else f"--{measure}"
    window = "" if limit.window_seconds is None else f" --window {limit.window_seconds}"
    wait = "" if resets_at is None else f", or wait until {resets_at:%Y-%m-%dT%H:%M:%SZ}"
    return f"raise it with `oxios budget set {limit.scope} {option} N{window}`{wait}"
