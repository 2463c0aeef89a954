"""Lineages: descent, the best generation, likeness of seeds, and reasons to stop."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_ouroboros import (
    Criterion,
    Entity,
    Evaluation,
    Lineage,
    LineageError,
    ProtocolSettings,
    Seed,
    StopReason,
    Verdict,
    similarity,
    stop_reason,
)
from pydantic import ValidationError

NOON = datetime(2026, 1, 2, tzinfo=UTC)


def first_seed(goal: str = "write the weekly report") -> Seed:
    return Seed.from_request(goal, new_id=lambda: "0", now=lambda: NOON)


def scored(score: float, status: str = "unverified", *, degraded: bool = False) -> Evaluation:
    verdict = Verdict.model_validate({"criterion": "c", "status": status, "evidence": "e", "stage": "mechanical"})
    return Evaluation(verdicts=(verdict,), score=score, degraded=degraded)


def lineage_of(*evaluations: Evaluation | None) -> Lineage:
    """Return a lineage of quite different seeds with these evaluations."""
    lineage = Lineage.begin(first_seed())
    for number, evaluation in enumerate(evaluations):
        if number:
            goal = f"attempt {number} of another kind"
            lineage = lineage.followed_by(lineage.current.evolved(goal=goal))
        lineage = lineage if evaluation is None else lineage.record(evaluation)
    return lineage


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_the_best_generation_has_the_highest_score_and_is_the_latest_of_equals(scores: list[float]) -> None:
    lineage = lineage_of(*map(scored, scores))
    assert lineage.best is not None
    best = max(scores)
    assert lineage.best.seed.generation == len(scores) - 1 - scores[::-1].index(best)


def test_a_generation_that_passed_is_better_than_one_with_a_higher_score() -> None:
    lineage = lineage_of(scored(0.9, "failed"), scored(0.8, "verified"))
    assert lineage.best is not None
    assert lineage.best.seed.generation == 1


def test_an_unjudged_generation_is_not_the_best() -> None:
    lineage = lineage_of(scored(0), None)
    assert lineage.best is not None
    assert (lineage.best.seed.generation, lineage.current.generation) == (0, 1)


def test_before_any_verdict_there_is_no_best() -> None:
    assert lineage_of(None).best is None


@given(st.lists(st.floats(0, 1), min_size=1, max_size=4))
def test_any_lineage_survives_json(scores: list[float]) -> None:
    lineage = lineage_of(*map(scored, scores))
    assert Lineage.model_validate_json(lineage.model_dump_json()) == lineage


def test_a_generation_is_judged_once() -> None:
    with pytest.raises(LineageError, match="evolve it first"):
        lineage_of(scored(0.5)).record(scored(1, "verified"))


def test_a_seed_of_other_descent_does_not_belong() -> None:
    with pytest.raises(ValidationError, match="expected a child of seed '0'"):
        lineage_of(scored(0.5)).followed_by(first_seed("something else"))


@pytest.mark.parametrize(
    ("evaluations", "reason"),
    [
        ([None], None),
        ([scored(0.5, "failed")], None),
        ([scored(1, "verified")], StopReason.PASSED),
        ([scored(0.9, "failed")], None),
        ([scored(0, degraded=True)], StopReason.UNJUDGED),
        ([scored(0, "failed", degraded=True)], None),
        ([scored(0.1), scored(0.2), scored(0.3)], None),
        ([scored(0.3), scored(0.6), scored(0.5), scored(0.4)], StopReason.LIMIT),
    ],
)
def test_a_lineage_says_why_it_stops(evaluations: list[Evaluation | None], reason: StopReason | None) -> None:
    assert stop_reason(lineage_of(*evaluations)) == reason


def test_evolution_can_be_switched_off() -> None:
    limits = ProtocolSettings(max_evolutions=0)
    assert stop_reason(lineage_of(scored(0.5)), limits) == StopReason.LIMIT


@pytest.mark.parametrize(
    ("later_score", "reason"), [(0.5, StopReason.CONVERGED), (0.4, StopReason.CONVERGED), (0.6, None)]
)
def test_nearly_equal_seeds_converge_unless_the_score_rises(later_score: float, reason: StopReason | None) -> None:
    lineage = Lineage.begin(first_seed()).record(scored(0.5, "failed"))
    lineage = lineage.followed_by(lineage.current.evolved()).record(scored(later_score, "failed"))
    assert stop_reason(lineage) == reason


def test_a_new_constraint_is_no_convergence() -> None:
    lineage = Lineage.begin(first_seed()).record(scored(0.5, "failed"))
    child = lineage.current.evolved(constraints=("in English",))
    assert stop_reason(lineage.followed_by(child).record(scored(0.5, "failed"))) is None


def test_a_seed_is_like_its_copy() -> None:
    seed = first_seed()
    assert similarity(seed, seed.evolved()) == 1


NOTES = Entity(name="notes", entity_type="file", description="what was said")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"goal": "write the monthly report"}, 0.5 * 3 / 5 + 0.5),
        ({"goal": "매주 보고서를 쓰기"}, 0.5),
        ({"constraints": ("English",)}, 0.5 + 0.3 * 1 / 2 + 0.2),
        ({"acceptance_criteria": (Criterion.judged("something else"),)}, 0.5 + 0.2),
        ({"ontology": (NOTES,)}, 0.8),
    ],
)
def test_likeness_is_half_goal_three_tenths_demands_and_two_tenths_terms(
    change: dict[str, object], expected: float
) -> None:
    seed = first_seed()
    assert similarity(seed, seed.model_copy(update=change)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("entity", "terms"),
    [
        (NOTES, 1.0),
        (Entity(name="Notes", entity_type="FILE", description="else"), 0.8),
        (Entity(name="notes", entity_type="folder"), 0.5),
        (Entity(name="letters", entity_type="file"), 0.0),
    ],
)
def test_terms_are_alike_by_name_then_type_then_all(entity: Entity, terms: float) -> None:
    seed = first_seed().model_copy(update={"ontology": (NOTES,)})
    other = seed.model_copy(update={"ontology": (entity,)})
    assert similarity(seed, other) == pytest.approx(0.8 + 0.2 * terms)
