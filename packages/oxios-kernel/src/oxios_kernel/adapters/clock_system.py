"""The machine's own clock. Used by the assembly; tests and replayed code are given `testing.FakeClock` instead."""

import time
from datetime import UTC, datetime

import anyio

__all__ = ["ClockSystem"]


class ClockSystem:
    """The port `Clock` on the machine's time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(max(0.0, seconds))
