"""The policy as a pure function: the order it keeps, the caps it keeps to, and what it says of those who wait."""

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oxios_kernel.domain.job import Priority, QueuedRun, Waiting
from oxios_kernel.schedule import Caps, Snapshot, Window, choose
from oxios_kernel.schedule.load import Load
from oxios_kernel.schedule.rates import Bucket

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOW = 10_000.0
AGEING = 60.0


def run(
    run_id: str,
    priority: Priority = Priority.NORMAL,
    *,
    principal: str = "anna",
    space_id: str | None = None,
    provider: str | None = None,
    waited: float = 0.0,
    due_in: float | None = None,
    tokens: int = 0,
) -> QueuedRun:
    return QueuedRun(
        run_id=run_id,
        priority=priority,
        principal=principal,
        space_id=space_id,
        provider=provider,
        submitted=NOW - waited,
        deadline=None if due_in is None else NOW + due_in,
        tokens=tokens,
    )


def caps(concurrent: int = 1, per_principal: int = 100, per_provider: int = 100, overload: float = 1.0) -> Caps:
    return Caps(
        concurrent=concurrent,
        per_principal=per_principal,
        per_provider=per_provider,
        ageing_seconds=AGEING,
        overload=overload,
    )


def load(*runs: QueuedRun) -> Load:
    taken = Load()
    for each in runs:
        taken.admit(each, aged=False)
    return taken


def order(*waiting: QueuedRun, taken: Load | None = None) -> list[str]:
    """The order in which all of them would get slots, were they given out at this moment."""
    running = taken or Load()
    slots = caps(concurrent=running.running + len(waiting))
    return list(choose(Snapshot(waiting=waiting, load=running), slots, NOW).admit)


def test_more_urgent_runs_go_first_and_equals_in_the_order_in_which_they_came() -> None:
    waiting = [run("low", Priority.LOW), run("one"), run("critical", Priority.CRITICAL), run("two")]
    assert order(*waiting, run("high", Priority.HIGH)) == ["critical", "high", "one", "two", "low"]


def test_the_earliest_deadline_goes_first_among_equals_and_none_counts_as_ten_minutes() -> None:
    waiting = [run("none"), run("late", due_in=601), run("soon", due_in=5), run("sooner", due_in=1)]
    assert order(*waiting) == ["sooner", "soon", "none", "late"]


def test_a_run_without_deadline_goes_before_later_ones_that_have_one_once_it_is_due_itself() -> None:
    assert order(run("dated", due_in=0), run("patient", waited=601)) == ["patient", "dated"]


def test_who_has_fewest_slots_is_next_and_then_who_was_served_longest_ago() -> None:
    waiting = [run(f"{name}{number}", principal=name) for name in ("anna", "bo", "cleo") for number in (1, 2)]
    taken = load(run("x", principal="bo"), run("y", principal="cleo"), run("z", principal="bo"))
    assert order(*waiting, taken=taken) == ["anna1", "cleo1", "anna2", "bo1", "cleo2", "bo2"]


def test_a_principals_spaces_share_its_slots() -> None:
    waiting = [run("a1", space_id="a"), run("a2", space_id="a"), run("b1", space_id="b"), run("b2", space_id="b")]
    assert order(*waiting) == ["a1", "b1", "a2", "b2"]


@pytest.mark.parametrize(("waited", "first"), [(AGEING * 4 - 1, "critical"), (AGEING * 4, "low")])
def test_waiting_gains_one_class_per_ageing_time_until_it_beats_a_fresh_critical_run(waited: float, first: str) -> None:
    assert order(run("critical", Priority.CRITICAL), run("low", Priority.LOW, waited=waited))[0] == first


def test_an_aged_backlog_keeps_a_fresh_critical_run_waiting_for_one_slot_at_most() -> None:
    backlog = [run(str(number), Priority.LOW, waited=AGEING * 50) for number in range(100)]
    assert order(*backlog, run("critical", Priority.CRITICAL)).index("critical") == 1


def test_a_starving_run_that_needs_two_full_caps_finds_each_kept_free_once_it_opens() -> None:
    starving = run("both", Priority.LOW, principal="bo", provider="q", waited=AGEING * 4)
    waiting = [starving, run("bo", Priority.CRITICAL, principal="bo"), run("q", Priority.CRITICAL, provider="q")]
    tight = caps(concurrent=9, per_principal=1, per_provider=1)
    half = choose(Snapshot(waiting=waiting, load=load(run("x", principal="cleo", provider="q"))), tight, NOW)
    assert half.admit == ()
    assert half.why_not == {"both": Waiting.PROVIDER, "bo": Waiting.PRINCIPAL, "q": Waiting.PROVIDER}
    assert choose(Snapshot(waiting=waiting), tight, NOW).admit == ("both",)


def test_the_longest_waiting_goes_first_among_the_aged_whatever_its_own_priority() -> None:
    waiting = [
        run("critical", Priority.CRITICAL),
        run("high", Priority.HIGH, waited=AGEING * 9),
        run("low", Priority.LOW, waited=AGEING * 12),
    ]
    assert order(*waiting)[0] == "low"


def test_nobody_overtakes_a_large_call_towards_the_provider_it_waits_for() -> None:
    bucket = Bucket(limit=1000, level=500, at=NOW, per_second=10)
    waiting = (
        run("large", Priority.HIGH, provider="p", tokens=600),
        run("small", provider="p", tokens=10),
        run("elsewhere", Priority.LOW, provider="q", tokens=10_000),
    )
    snapshot = Snapshot(waiting=waiting, windows={"p": Window(tokens=bucket)})
    chosen = choose(snapshot, caps(concurrent=9), NOW)
    assert chosen.admit == ("elsewhere",)
    assert chosen.why_not == {"large": Waiting.RATE, "small": Waiting.RATE}
    assert choose(snapshot, caps(concurrent=9), NOW + 10).admit == ("large", "elsewhere")


def test_each_admission_takes_its_request_from_the_providers_limit() -> None:
    window = Window(requests=Bucket(limit=60, level=2, at=NOW, per_second=1))
    waiting = [run(name, provider="p") for name in "abc"]
    chosen = choose(Snapshot(waiting=waiting, windows={"p": window}), caps(concurrent=9), NOW)
    assert chosen.admit == ("a", "b")


def test_every_run_that_waits_is_told_what_for() -> None:
    taken = load(run("1", principal="full"), run("2", principal="bo", provider="full"))
    waiting = [run("a", principal="full"), run("b", provider="full"), run("c"), run("d")]
    snapshot = Snapshot(waiting=waiting, load=taken)
    tight = caps(concurrent=3, per_principal=1, per_provider=1)
    assert choose(snapshot, tight, NOW).why_not == {
        "a": Waiting.PRINCIPAL,
        "b": Waiting.PRINCIPAL,
        "d": Waiting.PRINCIPAL,
    }
    assert choose(snapshot, caps(concurrent=2, per_provider=1), NOW).why_not == {
        "a": Waiting.SLOT,
        "b": Waiting.PROVIDER,
        "c": Waiting.SLOT,
        "d": Waiting.SLOT,
    }
    assert choose(snapshot, caps(concurrent=10, overload=0.2), NOW).why_not["c"] is Waiting.OVERLOAD
    held = Snapshot(waiting=waiting, load=taken, held=True)
    assert set(choose(held, caps(concurrent=10), NOW).why_not.values()) == {Waiting.HELD}


def test_a_busy_machine_still_gives_out_one_slot() -> None:
    assert choose(Snapshot(waiting=[run("a"), run("b")]), caps(concurrent=8, overload=0.0), NOW).admit == ("a",)


names = st.sampled_from(["anna", "bo", "cleo"])
providers = st.sampled_from([None, "p", "q"])


@st.composite
def lines(draw: st.DrawFn, longest_wait: float) -> Sequence[QueuedRun]:
    """A line of up to a dozen runs, as old as said, whose ids are their places."""
    count = draw(st.integers(0, 12))
    return [
        run(
            str(number),
            draw(st.sampled_from(Priority)),
            principal=draw(names),
            space_id=draw(st.sampled_from([None, "s", "t"])),
            provider=draw(providers),
            waited=draw(st.floats(0, longest_wait)),
            due_in=draw(st.none() | st.floats(-100, 1000)),
        )
        for number in range(count)
    ]


some_caps = st.builds(
    caps,
    concurrent=st.integers(1, 8),
    per_principal=st.integers(1, 4),
    per_provider=st.integers(1, 4),
    overload=st.floats(0, 1),
)


@patient
@given(lines(longest_wait=1000), some_caps)
def test_no_cap_is_exceeded_and_no_slot_stays_empty_without_reason(line: Sequence[QueuedRun], limits: Caps) -> None:
    chosen = choose(Snapshot(waiting=line), limits, NOW)
    runs = [each for each in line if each.run_id in chosen.admit]
    principals = Counter(each.principal for each in runs)
    called = Counter(each.provider for each in runs if each.provider)
    assert len(runs) == len(chosen.admit) <= limits.slots
    assert max(principals.values(), default=0) <= limits.per_principal
    assert max(called.values(), default=0) <= limits.per_provider
    assert {each.run_id for each in line} == set(chosen.admit) | set(chosen.why_not)
    for each in line:
        match chosen.why_not.get(each.run_id):
            case Waiting.PRINCIPAL:
                assert principals[each.principal] >= limits.per_principal - 1
            case Waiting.PROVIDER:
                assert called[each.provider or ""] >= limits.per_provider - 1
            case Waiting.SLOT | Waiting.OVERLOAD:
                assert len(runs) == limits.slots


@patient
@given(lines(longest_wait=AGEING - 1), some_caps)
def test_a_more_urgent_run_is_passed_only_when_a_cap_of_its_own_is_full(
    line: Sequence[QueuedRun], limits: Caps
) -> None:
    chosen = choose(Snapshot(waiting=line), limits, NOW)
    lowest = min((each.priority for each in line if each.run_id in chosen.admit), default=Priority.CRITICAL)
    passed = {each.run_id: chosen.why_not[each.run_id] for each in line if each.run_id in chosen.why_not}
    for each in line:
        if each.run_id in passed and each.priority > lowest:
            assert passed[each.run_id] in {Waiting.PRINCIPAL, Waiting.PROVIDER}


@patient
@given(lines(longest_wait=AGEING - 1))
def test_within_a_class_a_principals_runs_of_one_space_go_by_deadline(line: Sequence[QueuedRun]) -> None:
    due = {each.run_id: max(each.deadline or each.submitted + 600, each.submitted) for each in line}
    lanes: dict[object, list[float]] = {}
    by_id = {each.run_id: each for each in line}
    for run_id in order(*line):
        each = by_id[run_id]
        lanes.setdefault((each.priority, each.principal, each.space_id, each.provider), []).append(due[run_id])
    assert all(served == sorted(served) for served in lanes.values())


@patient
@given(lines(longest_wait=1000), some_caps)
def test_choosing_changes_nothing_it_looks_at(line: Sequence[QueuedRun], limits: Caps) -> None:
    snapshot = Snapshot(waiting=line, load=load(run("x"), run("y", provider="p")))
    before = snapshot.load.copy()
    assert choose(snapshot, limits, NOW) == choose(snapshot, limits, NOW)
    assert snapshot.load == before
