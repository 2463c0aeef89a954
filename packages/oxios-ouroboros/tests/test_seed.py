"""The Seed: immutable, its descent, its JSON, and what the worker may see of it."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_ouroboros import CommandCheck, Criterion, Entity, FileCheck, JudgedCheck, SchemaCheck, Seed
from pydantic import ValidationError

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
SOME_TEXT = st.text(min_size=1, max_size=20)

CHECKS = st.one_of(
    st.builds(CommandCheck, command=SOME_TEXT, exit_code=st.integers(0, 255)),
    st.builds(FileCheck, path=SOME_TEXT, contains=st.tuples(SOME_TEXT)),
    st.builds(SchemaCheck, json_schema=st.dictionaries(SOME_TEXT, st.integers() | SOME_TEXT, max_size=2)),
    st.builds(JudgedCheck, statement=SOME_TEXT),
)
CRITERIA = st.builds(Criterion, text=SOME_TEXT, check=CHECKS, weight=st.floats(0.1, 10))
SEEDS = st.builds(
    Seed,
    id=st.uuids().map(str),
    goal=SOME_TEXT,
    constraints=st.lists(SOME_TEXT, max_size=3).map(tuple),
    acceptance_criteria=st.lists(CRITERIA, max_size=3).map(tuple),
    ontology=st.lists(st.builds(Entity, name=SOME_TEXT), max_size=2).map(tuple),
    created_at=st.datetimes(timezones=st.just(UTC)),
    generation=st.integers(0, 3),
    parent_seed_id=st.none() | st.uuids().map(str),
    cspace_hint=st.none() | st.just("worker"),
    original_request=SOME_TEXT,
    output_schema=st.none() | st.just({"type": "object"}),
)


@given(SEEDS)
def test_any_seed_survives_json(seed: Seed) -> None:
    assert Seed.model_validate_json(seed.model_dump_json()) == seed


@given(SEEDS)
def test_an_evolved_seed_keeps_its_direction_and_names_its_parent(seed: Seed) -> None:
    child = seed.evolved(goal="narrower", new_id=lambda: "child", now=lambda: NOON)
    assert (child.id, child.parent_seed_id, child.generation) == ("child", seed.id, seed.generation + 1)
    assert (child.goal, child.created_at) == ("narrower", NOON)
    assert (child.original_request, child.output_schema, child.cspace_hint) == (
        seed.original_request,
        seed.output_schema,
        seed.cspace_hint,
    )
    assert (child.constraints, child.acceptance_criteria) == (seed.constraints, seed.acceptance_criteria)


def test_a_seed_cannot_be_changed() -> None:
    seed = Seed.from_request("write notes.md")
    with pytest.raises(ValidationError, match="frozen"):
        seed.goal = "something easier"


def test_a_seed_straight_from_a_request_is_judged_by_its_goal() -> None:
    seed = Seed.from_request("보고서를 써 줘", new_id=lambda: "s1", now=lambda: NOON)
    assert (seed.id, seed.goal, seed.original_request, seed.generation) == ("s1", "보고서를 써 줘", "보고서를 써 줘", 0)
    assert seed.acceptance_criteria == (Criterion.judged("보고서를 써 줘"),)


def test_a_request_for_json_is_judged_by_its_schema() -> None:
    seed = Seed.from_request("count the files", output_schema={"type": "object"})
    assert [criterion.check for criterion in seed.criteria()] == [SchemaCheck(json_schema={"type": "object"})]


def test_two_seeds_from_one_request_have_different_ids() -> None:
    assert Seed.from_request("x").id != Seed.from_request("x").id


def test_a_time_of_another_zone_is_written_in_utc() -> None:
    korea = timezone(timedelta(hours=9))
    seed = Seed.from_request("x", now=lambda: datetime(2026, 1, 2, 21, tzinfo=korea))
    assert '"created_at":"2026-01-02T12:00:00Z"' in seed.model_dump_json()


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        Seed.from_request("x", now=lambda: datetime(2026, 1, 2))


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_a_weight_that_cannot_be_shared_is_refused(weight: float) -> None:
    with pytest.raises(ValidationError):
        Criterion(text="x", check=JudgedCheck(statement="x"), weight=weight)


def test_the_worker_sees_the_contract_without_its_checks() -> None:
    secret = CommandCheck(command="grep -q secret-token notes.md")
    brief = Seed(
        id="1",
        goal="Keep notes",
        constraints=("Only in notes.md",),
        acceptance_criteria=(Criterion(text="The notes are there", check=secret),),
        ontology=(Entity(name="notes", entity_type="file", description="what was said"),),
        created_at=NOON,
        original_request="please keep notes",
        output_schema={"type": "object"},
    ).brief()
    for shown in ("Keep notes", "please keep notes", "Only in notes.md", "The notes are there", "what was said"):
        assert shown in brief
    assert '{"type": "object"}' in brief
    assert "secret-token" not in brief
