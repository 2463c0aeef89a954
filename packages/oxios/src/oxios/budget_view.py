"""Budgets as a person and a script see them: limits with what is spent of them, as lines and as JSON."""

from datetime import datetime

from oxios_kernel.budget import BudgetState
from oxios_kernel.domain.budget import Limit, Spent
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.spend import dollars

__all__ = ["moment", "spent_json", "spent_words", "state_json", "state_line"]


def state_json(state: BudgetState) -> JsonObject:
    """Return how a limit stands."""
    limit, meter = state.meter.limit, state.meter
    return {
        "scope": str(limit.scope),
        "window_seconds": limit.window_seconds,
        "on_exhausted": limit.on_exhausted.value,
        "limit": {"tokens": limit.tokens, "calls": limit.calls, "usd": dollars(limit.micro_usd)},
        "spent": spent_json(meter.spent),
        "reserved": spent_json(meter.reserved),
        "resets_at": moment(meter.resets_at),
        "exhausted_at": moment(state.exhausted_at),
    }


def spent_json(spent: Spent) -> JsonObject:
    """Return what was spent; `usd` is what the calls cost whose price is known, `unpriced_calls` the others."""
    return {
        "tokens": spent.tokens,
        "calls": spent.calls,
        "usd": dollars(spent.micro_usd),
        "unpriced_calls": spent.unpriced,
    }


def state_line(state: BudgetState) -> str:
    """Return how a limit stands as a line."""
    limit, meter = state.meter.limit, state.meter
    window = "" if limit.window_seconds is None else f" in {limit.window_seconds:,} s"
    until = "" if meter.resets_at is None else f", anew {moment(meter.resets_at)}"
    return (
        f"{limit.scope}  {_parts(limit, meter.spent)}{window}, then {limit.on_exhausted.value}{until}{_outlook(state)}"
    )


def _outlook(state: BudgetState) -> str:
    limit, spent = state.meter.limit, state.meter.spent
    measures = (limit.tokens, spent.tokens), (limit.calls, spent.calls), (limit.micro_usd, spent.micro_usd)
    if any(most is not None and had >= most for most, had in measures):
        return ", used up"
    return "" if state.exhausted_at is None else f", at this rate used up {moment(state.exhausted_at)}"


def spent_words(spent: Spent) -> str:
    """Return what was spent, as words."""
    unknown = f", {spent.unpriced:,} calls of unknown price" if spent.unpriced else ""
    return f"{spent.tokens:,} tokens, {spent.calls:,} calls, {dollars(spent.micro_usd)} USD{unknown}"


def moment(at: datetime | None) -> str | None:
    """Return a moment in UTC, to the second."""
    return None if at is None else f"{at:%Y-%m-%dT%H:%M:%SZ}"


def _parts(limit: Limit, spent: Spent) -> str:
    parts = []
    if limit.tokens is not None:
        parts.append(f"{spent.tokens:,} of {limit.tokens:,} tokens")
    if limit.calls is not None:
        parts.append(f"{spent.calls:,} of {limit.calls:,} calls")
    if limit.micro_usd is not None:
        parts.append(f"{dollars(spent.micro_usd)} of {dollars(limit.micro_usd)} USD")
    return ", ".join(parts)
