"""Runs that the journal stopped: a full disk, a database that another process held for too long.

Such a run may not even have been able to write down that it is paused; its lease is kept here until that is possible.
After a while, each time a longer one, those that were carried out for nobody who waits are tried again. The supervisor
asks at each look.
"""

from dataclasses import dataclass

from oxios_kernel.agents.halting import Life
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import RunState, Signal
from oxios_kernel.errors import IllegalTransition, JournalError, LeaseLost
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.control import RunControl
from oxios_kernel.ports.journal import Runs

__all__ = ["Stalls"]

FIRST_SECONDS = 1.0
MOST_SECONDS = 60.0
"""How long the journal is left alone after it failed: twice as long each time it fails again."""


@dataclass(frozen=True, kw_only=True)
class _Stalled:
    life: Life
    reason: str


class Stalls:
    """The runs of this kernel that the journal stopped."""

    def __init__(self, *, runs: Runs, control: RunControl, clock: Clock) -> None:
        self._runs = runs
        self._control = control
        self._clock = clock
        self._stalled: dict[str, _Stalled] = {}
        self._seconds = FIRST_SECONDS
        self._again_at = 0.0

    def __len__(self) -> int:
        """Return how many runs are left alone for now."""
        return len(self._stalled)

    def __contains__(self, run_id: str) -> bool:
        """Tell whether a run is left alone for now."""
        return run_id in self._stalled

    @property
    def due(self) -> bool:
        """Whether `retry` has something to do."""
        return bool(self._stalled) and self._clock.monotonic() >= self._again_at

    def add(self, life: Life, error: JournalError) -> None:
        """Leave a run alone for a while that an error of the journal has stopped."""
        now = self._clock.monotonic()
        if not self._stalled:
            failed_again = now < self._again_at + 2 * self._seconds
            self._seconds = min(2 * self._seconds, MOST_SECONDS) if failed_again else FIRST_SECONDS
            self._again_at = now + self._seconds
        self._stalled[life.run_id] = _Stalled(life=life, reason=error.message)

    async def retry(self) -> None:
        """Write down what could not be written, and queue the runs that go on, if it is time to."""
        if not self.due:
            return
        try:
            for run_id, stalled in list(self._stalled.items()):
                await self._end(stalled)
                del self._stalled[run_id]
        except JournalError:
            self._seconds = min(2 * self._seconds, MOST_SECONDS)
            self._again_at = self._clock.monotonic() + self._seconds

    async def _end(self, stalled: _Stalled) -> None:
        life = stalled.life
        if life.lease is not None:
            state = RunState.KILLED if life.signal is Signal.KILL else RunState.PAUSED
            try:
                await self._runs.change(life.lease, state, reason=stalled.reason)
                await self._runs.release(life.lease)
            except (LeaseLost, IllegalTransition):
                pass  # it was written after all, or by somebody else
        row = await self._runs.get(RunId(life.run_id))
        paused_here = row is not None and row.state is RunState.PAUSED and row.reason == stalled.reason
        if paused_here and life.apart:
            await self._control.resume(RunId(life.run_id))
