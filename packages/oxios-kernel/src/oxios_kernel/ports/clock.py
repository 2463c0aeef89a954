"""Time. Rooms that need it are given a clock; replayed code asks for it only inside an effect."""

from datetime import datetime
from typing import Protocol

__all__ = ["Clock"]


class Clock(Protocol):
    """The time of day, a stopwatch and a way to wait."""

    def now(self) -> datetime:
        """Return the time of day as an aware UTC datetime."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start, never going back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait; returns early only by cancellation."""
        ...
