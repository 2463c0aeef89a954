"""The providers' limits as one model call meets them: may it be made now, and how it waits if not.

Admission has counted one request for a run already, without knowing how large it will be; the call itself is counted in
its place. A call that waits gives its run's slot back meanwhile. Handed to the engine, which knows no scheduler.
"""

from oxios_kernel.domain.job import Waiting
from oxios_kernel.ports.clock import Clock
from oxios_kernel.schedule.rates import Rates
from oxios_kernel.schedule.scheduler import Scheduler

__all__ = ["Pace"]


class Pace:
    """The pace of the calls of all runs; an `engine.Pace`.

    Args:
        rates: the providers' limits, the same that the scheduler admits by.
        scheduler: who has a slot.
        clock: measures the waits.
    """

    def __init__(self, rates: Rates, scheduler: Scheduler, clock: Clock) -> None:
        self._rates = rates
        self._scheduler = scheduler
        self._clock = clock

    def take(self, run_id: str, provider: str, tokens: int) -> float:
        """Count a call and return 0, or return the seconds until it may be made."""
        self._scheduler.hand_over(run_id)
        now = self._clock.monotonic()
        wait = self._rates.wait(provider, tokens, now)
        if wait == 0:
            self._rates.take(provider, tokens, now)
        return wait

    async def pause(self, run_id: str, seconds: float) -> None:
        """Wait; a run that has a slot lets others have it meanwhile."""
        if not self._scheduler.runs(run_id):
            await self._clock.sleep(seconds)
            return
        async with self._scheduler.parked(run_id, Waiting.RATE):
            await self._clock.sleep(seconds)

    def close(self, provider: str, seconds: float) -> None:
        """Let no call through to a provider for so many seconds."""
        self._rates.close(provider, seconds, self._clock.monotonic())
