"""The slots, one change at a time: equal to the policy on any history, fair to whoever waits, and small again after."""

import gc
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oxios_kernel.domain.job import Priority, QueuedRun, Waiting
from oxios_kernel.errors import Conflict, NotFound
from oxios_kernel.schedule import Caps, Rates, choose
from oxios_kernel.schedule.slots import Slots

patient = settings(deadline=None, max_examples=200, suppress_health_check=[HealthCheck.too_slow])

priorities = st.sampled_from(Priority)
principals = st.sampled_from(["anna", "bo", "cleo"])
spaces = st.sampled_from([None, "s", "t"])
providers = st.sampled_from([None, "p", "q"])


def run(run_id: str, priority: Priority = Priority.NORMAL, submitted: float = 0.0) -> QueuedRun:
    return QueuedRun(run_id=run_id, priority=priority, principal="anna", submitted=submitted)


changes = st.lists(
    st.one_of(
        st.tuples(st.just("submit"), priorities, principals, spaces, providers, st.integers(0, 400)),
        st.tuples(st.sampled_from(["leave", "park", "unpark"]), st.integers(0, 99)),
        st.tuples(st.just("priority"), st.integers(0, 99), priorities),
        st.tuples(st.just("wait"), st.floats(0, 30)),
        st.tuples(st.just("learn"), st.integers(0, 3), st.integers(0, 400)),
        st.tuples(st.just("hold"), st.booleans()),
    ),
    max_size=60,
)


class History:
    """Applies drawn changes to slots; the time goes on only when a change says so."""

    def __init__(self) -> None:
        self.rates = Rates()
        self.slots = Slots(self.rates)
        self.now = 100.0
        self.count = 0

    def apply(self, change: tuple[object, ...]) -> None:
        match change:
            case ("submit", Priority() as priority, str(principal), space, provider, int(tokens)):
                self._submit(priority, principal, space, provider, tokens)
            case ("leave", int(which)) if everybody := self._everybody():
                self.slots.leave(everybody[which % len(everybody)])
            case ("park", int(which)) if running := list(self.slots.running):
                self.slots.park(running[which % len(running)], Waiting.TIMER, self.now)
            case ("unpark", int(which)) if parked := list(self.slots.parked):
                self.slots.unpark(parked[which % len(parked)], self.now)
            case ("priority", int(which), Priority() as priority) if everybody := self._everybody():
                self.slots.set_priority(everybody[which % len(everybody)], priority)
            case ("wait", float(seconds)):
                self.now += seconds
            case ("learn", int(requests), int(tokens)):
                self._learn(requests, tokens)
            case ("hold", bool(held)):
                self.slots.held = held

    def _submit(self, priority: Priority, principal: str, space: object, provider: object, tokens: int) -> None:
        self.count += 1
        self.slots.submit(
            QueuedRun(
                run_id=str(self.count),
                priority=priority,
                principal=principal,
                space_id=space if isinstance(space, str) else None,
                provider=provider if isinstance(provider, str) else None,
                submitted=self.now,
                deadline=self.now + tokens if tokens % 3 == 0 else None,
                tokens=tokens,
            )
        )

    def _learn(self, requests: int, tokens: int) -> None:
        headers = {
            "x-ratelimit-limit-requests": "3",
            "x-ratelimit-remaining-requests": str(requests),
            "x-ratelimit-limit-tokens": "400",
            "x-ratelimit-remaining-tokens": str(tokens),
        }
        self.rates.learn("p", headers, self.now)

    def _everybody(self) -> list[str]:
        return [each.run_id for each in self.slots.queue] + [*self.slots.running, *self.slots.parked]


@patient
@given(changes, st.integers(1, 4), st.integers(1, 3), st.integers(1, 3))
def test_on_any_history_the_slots_do_what_the_policy_says(
    history: list[tuple[object, ...]], concurrent: int, per_principal: int, per_provider: int
) -> None:
    caps = Caps(concurrent=concurrent, per_principal=per_principal, per_provider=per_provider, ageing_seconds=10)
    world = History()
    for change in history:
        world.apply(change)
        said = choose(world.slots.snapshot(), caps, world.now)
        admitted = world.slots.dispatch(caps, world.now)
        assert tuple(each.run_id for each in admitted) == said.admit
        assert {each.run_id: world.slots.reason(each) for each in world.slots.queue} == said.why_not
        assert world.slots.snapshot().load.running == len(world.slots.running) <= concurrent


@patient
@given(
    st.lists(st.tuples(principals, providers, st.integers(0, 3)), min_size=1, max_size=20),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(1, 2),
    principals,
    providers,
)
def test_nobody_starves_however_many_more_urgent_runs_come_and_whoever_ends_first(
    stream: list[tuple[str, str | None, int]],
    concurrent: int,
    per_principal: int,
    per_provider: int,
    principal: str,
    provider: str | None,
) -> None:
    caps = Caps(concurrent=concurrent, per_principal=per_principal, per_provider=per_provider, ageing_seconds=1)
    slots = Slots(Rates())
    victim = replace(run("victim", Priority.LOW), principal=principal, provider=provider)
    running: list[str] = []
    for moment in range(200):
        name, called, which = stream[moment % len(stream)]
        for twin in ("a", "b"):
            fresh = run(f"{moment}{twin}", Priority.CRITICAL, submitted=float(moment))
            slots.submit(replace(fresh, principal=name, provider=called, deadline=float(moment)))
        if moment == 0:
            slots.submit(victim)
        if running:
            # Whichever ends, none runs for ever: each fourth time it is the one that has run the longest.
            ends = which % len(running) if moment % 4 else 0
            slots.leave(running.pop(ends))
        running += [each.run_id for each in slots.dispatch(caps, float(moment))]
        if "victim" in running:
            return
    raise AssertionError("the victim still waits")


def test_what_comes_back_goes_before_its_equals_but_not_before_those_already_due() -> None:
    slots = Slots(Rates())
    one = Caps(concurrent=1, per_principal=9, per_provider=9, ageing_seconds=10_000)
    for name in ("back", "due", "new"):
        slots.submit(run(name))
    assert [each.run_id for each in slots.dispatch(one, 0)] == ["back"]
    slots.park("back", Waiting.CHILDREN, 1)
    slots.submit(run("newest", submitted=650))
    assert [each.run_id for each in slots.dispatch(one, 1)] == ["due"]
    slots.unpark("back", 650)
    served = []
    for holder in ("due", "new", "back", "newest"):
        slots.leave(holder)
        served += [each.run_id for each in slots.dispatch(one, 650)]
    assert served == ["new", "back", "newest"]


def test_a_changed_priority_counts_wherever_the_run_is() -> None:
    slots = Slots(Rates())
    one = Caps(concurrent=1, per_principal=9, per_provider=9, ageing_seconds=10)
    for name in ("first", "second", "third"):
        slots.submit(run(name))
    slots.set_priority("third", Priority.HIGH)
    assert [each.run_id for each in slots.dispatch(one, 0)] == ["third"]
    slots.set_priority("third", Priority.LOW)
    slots.park("third", Waiting.PERSON, 0)
    slots.set_priority("third", Priority.CRITICAL)
    slots.unpark("third", 0)
    assert [each.run_id for each in slots.dispatch(one, 0)] == ["third"]


def test_what_a_run_cannot_do_is_refused_with_its_id() -> None:
    slots = Slots(Rates())
    slots.submit(run("a"))
    with pytest.raises(Conflict, match="'a' is scheduled already"):
        slots.submit(run("a"))
    with pytest.raises(Conflict, match="'a' has none"):
        slots.park("a", Waiting.TIMER, 0)
    with pytest.raises(NotFound, match="found 'b'"):
        slots.set_priority("b", Priority.HIGH)


def test_runs_that_leave_from_the_middle_of_the_line_leave_nothing_behind() -> None:
    slots = Slots(Rates())
    slots.submit(run("head"))
    slots.dispatch(Caps(concurrent=1, per_principal=1, per_provider=1, ageing_seconds=1), 0)
    slots.submit(run("next"))
    for number in range(1000):
        slots.submit(run(f"passing-{number}", submitted=1.0))
        slots.leave(f"passing-{number}")
    gc.collect()
    kept = [each for each in gc.get_objects() if isinstance(each, QueuedRun) and each.run_id.startswith("passing")]
    assert len(kept) < 100
