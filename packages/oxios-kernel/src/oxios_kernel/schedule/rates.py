"""What each provider still lets us ask: token buckets of requests and of tokens, set by what its answers say.

Until a provider has said anything it is open. Between answers a bucket is drawn down by what we are about to ask and
fills by itself; each answer puts it right. It knows no clock: every call brings the time, in monotonic seconds. Used by
the scheduler at admission and by whoever makes the calls in between.

Source: J. Turner, "New Directions in Communications (or Which Way to the Information Age?)", IEEE Communications
Magazine 24(10), 1986 (the leaky bucket as a meter, which is the token bucket).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from oxios_kernel.schedule.headers import Headroom, read_headroom, read_retry_after

__all__ = ["Bucket", "Rates", "Window"]

WINDOW_SECONDS = 60.0
"""Limits are per minute where an answer does not show otherwise."""

EXACT_SECONDS = 1.0
"""A time until reset below this says little about the pace: some providers round it to whole seconds."""


@dataclass(frozen=True, kw_only=True)
class Bucket:
    """A limit that fills by itself.

    Attributes:
        limit: the most it holds.
        level: what it held at `at`.
        at: when that was, in monotonic seconds.
        per_second: how fast it fills.
    """

    limit: float
    level: float
    at: float
    per_second: float

    @classmethod
    def of(cls, room: Headroom, now: float) -> Self:
        """Return the bucket that an answer describes.

        The pace is what brings back what is missing by the time of the reset; so a limit per day is not taken for one
        per minute.
        """
        missing, reset = room.limit - room.remaining, room.reset_seconds
        shown = reset is not None and reset >= EXACT_SECONDS and missing > 0
        pace = missing / reset if reset and shown else room.limit / WINDOW_SECONDS
        return cls(limit=room.limit, level=room.remaining, at=now, per_second=pace)

    def wait(self, amount: float, now: float) -> float:
        """Return the seconds until the amount is there; an amount above the limit waits for a full bucket."""
        missing = min(amount, self.limit) - self._level(now)
        return max(0.0, missing / self.per_second)

    def less(self, amount: float, now: float) -> Self:
        """Return the bucket after the amount is taken; its level may fall below zero."""
        return replace(self, level=self._level(now) - amount, at=now)

    def more(self, amount: float) -> Self:
        """Return the bucket with the amount put back into it."""
        return replace(self, level=self.level + amount)

    def _level(self, now: float) -> float:
        return min(self.limit, self.level + (now - self.at) * self.per_second)


@dataclass(frozen=True, kw_only=True)
class Window:
    """What one provider lets us ask.

    Attributes:
        requests: the limit of requests, `None` while it is not known.
        tokens: the limit of tokens, `None` while it is not known.
        closed_until: the moment before which it wants no request, in monotonic seconds.
    """

    requests: Bucket | None = None
    tokens: Bucket | None = None
    closed_until: float = float("-inf")

    def wait(self, tokens: int, now: float) -> float:
        """Return the seconds until one request with these tokens may be made, 0 when it may be made now."""
        waits = [self.closed_until - now, 0.0]
        if self.requests:
            waits.append(self.requests.wait(1, now))
        if self.tokens:
            waits.append(self.tokens.wait(tokens, now))
        return max(waits)

    def less(self, tokens: int, now: float) -> "Window":
        """Return the window after one request with these tokens."""
        requests = self.requests and self.requests.less(1, now)
        return replace(self, requests=requests, tokens=self.tokens and self.tokens.less(tokens, now))


OPEN = Window()


class Rates:
    """The windows of all providers.

    Args:
        windows: what is known from the beginning, by provider.
    """

    def __init__(self, windows: Mapping[str, Window] | None = None) -> None:
        self._windows = dict(windows or {})

    def learn(self, provider: str, headers: Mapping[str, str], now: float) -> None:
        """Take over what an answer says of limits; what it does not say stays as it was.

        An answer with `retry-after` closes the provider until then.

        Args:
            provider: who answered.
            headers: the answer's headers, names in any case.
            now: when it came, in monotonic seconds.
        """
        lower = {name.lower(): value for name, value in headers.items()}
        window = self._windows.get(provider, OPEN)
        if requests := read_headroom(lower, "requests"):
            window = replace(window, requests=Bucket.of(requests, now))
        if tokens := read_headroom(lower, "tokens"):
            window = replace(window, tokens=Bucket.of(tokens, now))
        self._windows[provider] = window
        retry_after = read_retry_after(lower)
        if retry_after is not None:
            self.close(provider, retry_after, now)

    def close(self, provider: str, seconds: float, now: float) -> None:
        """Let nothing through to a provider for so many seconds, or longer where it is closed for longer."""
        window = self._windows.get(provider, OPEN)
        self._windows[provider] = replace(window, closed_until=max(window.closed_until, now + seconds))

    def wait(self, provider: str, tokens: int, now: float) -> float:
        """Return the seconds until a request with these tokens may be made, 0 when it may be made now."""
        window = self._windows.get(provider)
        return window.wait(tokens, now) if window else 0.0

    def take(self, provider: str, tokens: int, now: float) -> None:
        """Count one request with these tokens as made."""
        window = self._windows.get(provider)
        if window:
            self._windows[provider] = window.less(tokens, now)

    def give_back(self, provider: str, tokens: int) -> None:
        """Take back what `take` counted for a request that is not made, or is counted anew."""
        window = self._windows.get(provider)
        if window:
            requests, bucket = window.requests and window.requests.more(1), window.tokens
            self._windows[provider] = replace(window, requests=requests, tokens=bucket and bucket.more(tokens))

    def windows(self) -> Mapping[str, Window]:
        """Return what is known now, by provider."""
        return dict(self._windows)
