"""A sleep that can be cut short: loops that look at something now and then are told when to look at once."""

import anyio

from oxios_kernel.ports.clock import Clock

__all__ = ["Nap"]


class Nap:
    """The sleep of one loop."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._scope: anyio.CancelScope | None = None
        self._woken = False

    async def sleep(self, seconds: float) -> None:
        """Wait until the time is over or `wake` was called, be it before the sleep began."""
        try:
            with anyio.CancelScope() as self._scope:
                if self._woken:
                    self._scope.cancel()
                await self._clock.sleep(seconds)
        finally:
            self._scope = None
            self._woken = False

    def wake(self) -> None:
        """End the sleep, or the next one when the loop is awake."""
        self._woken = True
        if self._scope is not None:
            self._scope.cancel()
