"""Reads what a provider's answer says of its rate limits: `x-ratelimit-…` as OpenAI and many others write them,
`anthropic-ratelimit-…`, and `retry-after`.

Headers are a stranger's words: what cannot be read is left out, and nothing here raises. Times of day are turned into
seconds by the answer's own `date`, so that neither a wrong clock of ours nor a jump of it matters. Used by `rates`.

Source: OpenAI, "Rate limits", section "Rate limits in headers"; Anthropic, "Rate limits", section "Response headers";
RFC 9110, sections 5.6.7 (dates) and 10.2.3 (`Retry-After`).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

__all__ = ["Headroom", "read_headroom", "read_retry_after"]

LONGEST_SECONDS = 86_400.0
"""The longest wait that is believed: the longest windows in use are those of a day."""

NAMES = {
    "requests": ("x-ratelimit-{}-requests", "anthropic-ratelimit-requests-{}"),
    "tokens": ("x-ratelimit-{}-tokens", "anthropic-ratelimit-tokens-{}", "anthropic-ratelimit-input-tokens-{}"),
}

UNIT_SECONDS = {"d": 86_400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 0.000_001, "µs": 0.000_001}

NUMBER = re.compile(r"\d{1,15}(?:\.\d{1,9})?", re.ASCII)
PART = re.compile(rf"({NUMBER.pattern})(ms|us|µs|d|h|m|s)", re.ASCII)
DURATION = re.compile(rf"(?:{PART.pattern})+", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Headroom:
    """What is left of one limit.

    Attributes:
        limit: the most at a time, above 0.
        remaining: what is left of it, 0 to `limit`.
        reset_seconds: until all of it is there again, `None` when the answer does not say.
    """

    limit: float
    remaining: float
    reset_seconds: float | None


def read_headroom(headers: Mapping[str, str], what: Literal["requests", "tokens"]) -> Headroom | None:
    """Return what an answer says of a limit, `None` when it says too little.

    Args:
        headers: the answer's headers, their names in lower case.
        what: which limit.
    """
    for name in NAMES[what]:
        limit = _number(headers.get(name.format("limit"), ""))
        remaining = _number(headers.get(name.format("remaining"), ""))
        if limit and remaining is not None:
            reset = _seconds(headers.get(name.format("reset"), ""), headers)
            return Headroom(limit=limit, remaining=min(remaining, limit), reset_seconds=reset)
    return None


def read_retry_after(headers: Mapping[str, str]) -> float | None:
    """Return how many seconds an answer asks to wait, `None` when it does not.

    Args:
        headers: the answer's headers, their names in lower case.
    """
    exact = _number(headers.get("retry-after-ms", ""))
    if exact is not None:
        return min(exact / 1000, LONGEST_SECONDS)
    return _seconds(headers.get("retry-after", ""), headers)


def _number(text: str) -> float | None:
    return float(text) if NUMBER.fullmatch(text.strip()) else None


def _seconds(text: str, headers: Mapping[str, str]) -> float | None:
    """Read `12`, `6m0s`, `120ms`, an RFC 3339 moment or an HTTP date as seconds from the answer on."""
    text = text.strip()
    seconds = _number(text)
    if seconds is None and DURATION.fullmatch(text):
        seconds = sum(float(count) * UNIT_SECONDS[unit] for count, unit in PART.findall(text))
    if seconds is None:
        answered, then = _moment(headers.get("date", "")), _moment(text)
        seconds = (then - answered).total_seconds() if answered and then else None
    return None if seconds is None else min(max(0.0, seconds), LONGEST_SECONDS)


def _moment(text: str) -> datetime | None:
    for parse in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            moment = parse(text)
        except (ValueError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None
