"""One circuit, as a table and under any sequence of calls: it agrees with a list of what happened."""

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from oxios_kernel.domain.event import CircuitState
from oxios_kernel.resilience import Circuit, Outcome, Permit

WELL, ILL, UNKNOWN = Outcome.WELL, Outcome.ILL, Outcome.UNKNOWN
CLOSED, OPEN, HALF_OPEN = CircuitState.CLOSED, CircuitState.OPEN, CircuitState.HALF_OPEN


def never() -> float:
    """No jitter."""
    return 0.0


def permitted(circuit: Circuit, now: float = 0.0) -> Permit:
    permit = circuit.ask(now)
    assert permit is not None
    return permit


def opened() -> Circuit:
    """A circuit that opened at 0 seconds."""
    circuit = Circuit(never)
    for _ in range(5):
        circuit.report(permitted(circuit), ILL, 0.0)
    return circuit


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        ([ILL] * 4, CLOSED),
        ([ILL] * 5, OPEN),
        ([ILL] * 4 + [WELL] + [ILL] * 4, CLOSED),
        ([ILL] * 4 + [UNKNOWN] * 9 + [ILL], OPEN),
        ([WELL, ILL] * 9 + [ILL], CLOSED),
        ([WELL, ILL] * 10, OPEN),
        ([WELL] * 11 + [WELL, ILL] * 9, CLOSED),
        ([WELL, WELL, ILL] * 20, CLOSED),
        ([UNKNOWN] * 50, CLOSED),
    ],
)
def test_it_opens_after_five_failures_in_a_row_or_half_of_twenty(
    outcomes: Sequence[Outcome], state: CircuitState
) -> None:
    circuit = Circuit(never)
    for outcome in outcomes:
        circuit.report(permitted(circuit), outcome, 0.0)
    assert circuit.state is state


def test_an_open_circuit_lets_nobody_pass_until_its_pause_is_over_and_then_one() -> None:
    circuit = opened()
    assert (circuit.ask(29.9), circuit.pause_seconds(10.0)) == (None, 20.0)
    assert circuit.ask(30.0) is not None
    assert (circuit.state, circuit.ask(30.0), circuit.ask(1000.0)) == (HALF_OPEN, None, None)


def test_a_probe_that_goes_well_closes_it_with_a_clean_slate() -> None:
    circuit = opened()
    circuit.report(permitted(circuit, 30.0), WELL, 31.0)
    assert (circuit.state, circuit.failures_in_a_row, circuit.failures_in_window) == (CLOSED, 0, 0)


def test_failed_probes_double_the_pause_up_to_five_minutes_and_success_forgets_them() -> None:
    circuit = opened()
    now, pauses = 0.0, [circuit.pause_seconds(0.0)]
    for _ in range(5):
        now += pauses[-1]
        circuit.report(permitted(circuit, now), ILL, now)
        pauses.append(circuit.pause_seconds(now))
    now += pauses[-1]
    circuit.report(permitted(circuit, now), WELL, now)
    for _ in range(5):
        circuit.report(permitted(circuit, now), ILL, now)

    assert pauses == [30.0, 60.0, 120.0, 240.0, 300.0, 300.0]
    assert circuit.pause_seconds(now) == pytest.approx(30.0)


def test_chance_shortens_a_pause_by_a_fifth_at_most() -> None:
    circuit = Circuit(lambda: 1.0)
    for _ in range(5):
        circuit.report(permitted(circuit), ILL, 0.0)
    assert circuit.pause_seconds(0.0) == 24.0


def test_a_probe_that_says_nothing_leaves_room_for_another() -> None:
    circuit = opened()
    circuit.report(permitted(circuit, 30.0), UNKNOWN, 31.0)
    assert circuit.state is HALF_OPEN
    circuit.report(permitted(circuit, 31.0), WELL, 32.0)
    assert circuit.state is CLOSED


def test_a_call_from_before_it_opened_neither_closes_nor_prolongs_it() -> None:
    circuit = Circuit(never)
    late = [permitted(circuit) for _ in range(2)]
    for _ in range(5):
        circuit.report(permitted(circuit), ILL, 0.0)
    circuit.report(late[0], WELL, 10.0)
    probe = permitted(circuit, 30.0)
    circuit.report(late[1], ILL, 31.0)

    assert (circuit.state, circuit.ask(32.0)) == (HALF_OPEN, None)
    circuit.report(probe, WELL, 33.0)
    assert circuit.state is CLOSED


class Calls(RuleBasedStateMachine):
    """Calls that overlap, and beside the circuit a list of outcomes since it last closed."""

    under_way = Bundle("under_way")

    def __init__(self) -> None:
        super().__init__()
        self.circuit = Circuit(never)
        self.now = 0.0
        self.state = CLOSED
        self.outcomes: list[bool] = []
        self.pauses = 0
        self.until = 0.0
        self.probe: int | None = None
        self.valid: set[int] = set()
        self.asked = 0

    @rule(seconds=st.sampled_from([1.0, 29.0, 30.0, 61.0, 300.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=under_way)
    def ask(self) -> tuple[int, Permit | None]:
        if self.state is OPEN and self.now >= self.until:
            self.state, self.probe = HALF_OPEN, None
        free = self.state is CLOSED or (self.state is HALF_OPEN and self.probe is None)
        self.asked += 1
        permit = self.circuit.ask(self.now)
        assert (permit is not None) is free
        if free:
            self.valid.add(self.asked)
            self.probe = self.asked if self.state is HALF_OPEN else None
        return self.asked, permit

    @rule(call=consumes(under_way), outcome=st.sampled_from(Outcome))
    def end(self, call: tuple[int, Permit | None], outcome: Outcome) -> None:
        number, permit = call
        if permit is None:
            return
        self.circuit.report(permit, outcome, self.now)
        if number not in self.valid:
            return
        self.valid.discard(number)
        self.probe = None
        if outcome is not UNKNOWN:
            self.count(ill=outcome is ILL)

    def count(self, *, ill: bool) -> None:
        if self.state is HALF_OPEN and not ill:
            self.state, self.outcomes, self.pauses = CLOSED, [False], 0
            self.valid.clear()
            return
        self.outcomes.append(ill)
        last = self.outcomes[-20:]
        half = len(last) == 20 and sum(last) >= 10
        row = len(self.outcomes) >= 5 and all(self.outcomes[-5:])
        if ill and (self.state is HALF_OPEN or half or row):
            self.until = self.now + min(300.0, 30.0 * 2**self.pauses)
            self.pauses += 1
            self.state = OPEN
            self.valid.clear()

    @invariant()
    def it_is_in_the_state_that_the_list_says(self) -> None:
        assert self.circuit.state is self.state
        assert self.circuit.failures_in_window == sum(self.outcomes[-20:])
        left = max(0.0, self.until - self.now) if self.state is OPEN else 0.0
        assert self.circuit.pause_seconds(self.now) == left


def test_a_circuit_agrees_with_a_list_whatever_happens() -> None:
    bounds = settings(
        max_examples=200,
        stateful_step_count=60,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Calls, settings=bounds)
