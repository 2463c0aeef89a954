"""The circuits of a kernel by name, on its clock, each change of state told to the bus.

It guards nothing by itself: a caller asks before a call and reports after it, whatever came (`engine/guarded.py`).
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from oxios_kernel.domain.event import CircuitChanged, CircuitState
from oxios_kernel.ports.clock import Clock
from oxios_kernel.resilience.circuit import Circuit, Outcome, Permit

__all__ = ["Breakers", "CircuitReport", "Shut"]

PROBE_SECONDS = 1.0
"""When to come back while somebody else's probe is under way; nobody knows how long it takes."""


@dataclass(frozen=True, kw_only=True)
class Shut:
    """The call may not be made.

    Attributes:
        retry_after_seconds: when to ask again at the earliest.
        reason: the last failure, in a sentence.
    """

    retry_after_seconds: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class CircuitReport:
    """How a circuit stands.

    Attributes:
        state: closed, open or half open.
        failures_in_a_row: how many calls failed since one went well.
        failures_in_window: how many of the last twenty failed.
        retry_after_seconds: when the next call may pass, 0 when one may now.
        reason: the last failure, empty when there was none.
    """

    state: CircuitState
    failures_in_a_row: int
    failures_in_window: int
    retry_after_seconds: float
    reason: str


class Breakers:
    """One circuit for each name, closed at first.

    Args:
        clock: measures the pauses.
        tell: is told of each change of state (`Bus.publish`).
        share: draws a random number from 0 to 1.
    """

    def __init__(
        self, *, clock: Clock, tell: Callable[[CircuitChanged], None], share: Callable[[], float] = random.random
    ) -> None:
        self._clock = clock
        self._tell = tell
        self._share = share
        self._circuits: dict[str, Circuit] = {}
        self._reasons: dict[str, str] = {}

    def ask(self, name: str, *, run_id: str = "") -> Permit | Shut:
        """Return the right to make a call, which is to be reported however the call ends, or why it may not be made.

        Args:
            name: what is called.
            run_id: the run that calls.
        """
        circuit = self._circuits.setdefault(name, Circuit(self._share))
        now = self._clock.monotonic()
        before = circuit.state
        permit = circuit.ask(now)
        self._tell_change(name, before, run_id, "its pause is over: one call tries whether it is well")
        if permit is not None:
            return permit
        return Shut(retry_after_seconds=circuit.pause_seconds(now) or PROBE_SECONDS, reason=self._reasons.get(name, ""))

    def report(self, name: str, permit: Permit, outcome: Outcome, *, reason: str = "", run_id: str = "") -> None:
        """Learn how a permitted call ended.

        Args:
            name: what was called.
            permit: what `ask` returned.
            outcome: how it ended.
            reason: the failure in a sentence, when it was one.
            run_id: the run that called.
        """
        circuit = self._circuits[name]
        before = circuit.state
        if outcome is Outcome.ILL:
            self._reasons[name] = reason
        circuit.report(permit, outcome, self._clock.monotonic())
        self._tell_change(name, before, run_id, reason or "the call went well")

    def states(self) -> Mapping[str, CircuitReport]:
        """Return how every circuit stands that was ever asked, by name."""
        now = self._clock.monotonic()
        return {
            name: CircuitReport(
                state=circuit.state,
                failures_in_a_row=circuit.failures_in_a_row,
                failures_in_window=circuit.failures_in_window,
                retry_after_seconds=circuit.pause_seconds(now),
                reason=self._reasons.get(name, ""),
            )
            for name, circuit in sorted(self._circuits.items())
        }

    def _tell_change(self, name: str, before: CircuitState, run_id: str, reason: str) -> None:
        state = self._circuits[name].state
        if state is not before:
            self._tell(CircuitChanged(run_id=run_id, name=name, state=state, reason=reason))
