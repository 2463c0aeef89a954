"""One circuit as a state machine without I/O: the time and the chance are given, nothing waits.

Closed, all calls pass; open, none does; half open, one does, and decides. Used by `breakers`.

Source: M. Nygard, "Release It!", 2nd edition, 2018, "Circuit Breaker"; the rate over the last calls as in the
count-based sliding window of Resilience4j.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from oxios_kernel.domain.event import CircuitState

__all__ = ["Circuit", "Outcome", "Permit"]

FAILURES_IN_A_ROW = 5
WINDOW_CALLS = 20
FAILURES_IN_WINDOW = 10
"""It opens after five failures in a row, or when half of the last twenty calls failed."""

FIRST_PAUSE_SECONDS = 30.0
LONGEST_PAUSE_SECONDS = 300.0
"""How long it stays open: twice as long after each failed probe, up to five minutes."""

JITTER = 0.2
"""The random part by which a pause is shorter, so that many who were shut out together do not come back together."""


class Outcome(Enum):
    """How a call ended: it went well, it says that the other side is ill, or it says neither."""

    WELL = "well"
    ILL = "ill"
    UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Permit:
    """The right to make one call. The outcome of one from an earlier state of the circuit changes nothing."""

    era: int


class Circuit:
    """Whether something is asked.

    Args:
        share: draws a random number from 0 to 1.

    Attributes:
        state: closed, open or half open.
        failures_in_a_row: how many calls failed since one went well.
    """

    def __init__(self, share: Callable[[], float]) -> None:
        self.state = CircuitState.CLOSED
        self.failures_in_a_row = 0
        self._share = share
        self._failed: deque[bool] = deque(maxlen=WINDOW_CALLS)
        self._era = 0
        self._pauses = 0
        self._open_until = 0.0
        self._probing = False

    @property
    def failures_in_window(self) -> int:
        """How many of the last twenty calls failed."""
        return sum(self._failed)

    def pause_seconds(self, now: float) -> float:
        """Return how long it will stay open, 0 when it is not."""
        return max(0.0, self._open_until - now) if self.state is CircuitState.OPEN else 0.0

    def ask(self, now: float) -> Permit | None:
        """Return the right to make a call, `None` when it may not be made.

        Args:
            now: monotonic seconds.
        """
        if self.state is CircuitState.OPEN and now >= self._open_until:
            self._enter(CircuitState.HALF_OPEN)
        if self.state is CircuitState.OPEN or self._probing:
            return None
        self._probing = self.state is CircuitState.HALF_OPEN
        return Permit(era=self._era)

    def report(self, permit: Permit, outcome: Outcome, now: float) -> None:
        """Learn how a permitted call ended; every permit is reported once.

        Args:
            permit: what `ask` returned.
            outcome: how the call ended.
            now: monotonic seconds.
        """
        if permit.era != self._era:
            return
        self._probing = False
        if outcome is Outcome.WELL:
            self._count_well()
        elif outcome is Outcome.ILL:
            self._count_ill(now)

    def _count_well(self) -> None:
        self.failures_in_a_row = 0
        if self.state is CircuitState.HALF_OPEN:
            self._pauses = 0
            self._failed.clear()
            self._enter(CircuitState.CLOSED)
        self._failed.append(False)

    def _count_ill(self, now: float) -> None:
        self.failures_in_a_row += 1
        self._failed.append(True)
        rate = len(self._failed) == WINDOW_CALLS and self.failures_in_window >= FAILURES_IN_WINDOW
        if self.state is CircuitState.HALF_OPEN or self.failures_in_a_row >= FAILURES_IN_A_ROW or rate:
            pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(self._pauses, 16))
            self._pauses += 1
            self._open_until = now + pause * (1 - JITTER * self._share())
            self._enter(CircuitState.OPEN)

    def _enter(self, state: CircuitState) -> None:
        self.state = state
        self._era += 1
