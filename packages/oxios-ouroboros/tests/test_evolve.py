"""From a failed evaluation to the next generation, and when there is none."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from oxios_ouroboros import (
    Check,
    CommandCheck,
    CompletionFailed,
    Criterion,
    Evaluation,
    FileCheck,
    Lineage,
    LineageError,
    Observation,
    Ouroboros,
    Prompt,
    Purpose,
    Seed,
    Verdict,
)
from oxios_ouroboros.testing import ScriptedComplete, finish

NOON = datetime(2026, 1, 2, tzinfo=UTC)
HAS_FILE = Criterion(text="notes.md is there", check=FileCheck(path="notes.md"))
IS_TESTED = Criterion(text="tests pass", check=CommandCheck(command="pytest"))
IS_CLEAR = Criterion.judged("it is clear")


def begun(*criteria: Criterion) -> Lineage:
    seed = Seed(
        id="first",
        goal="Write notes.md",
        constraints=("Only in notes.md",),
        acceptance_criteria=criteria,
        created_at=NOON,
        original_request="노트를 써 줘",
        output_schema={"type": "object"},
    )
    return Lineage.begin(seed)


def judged(seed: Seed, *statuses: str, score: float | None = None, output: str = "") -> Evaluation:
    verdicts = tuple(
        Verdict.model_validate(
            {"criterion": criterion.text, "status": status, "evidence": f"saw {status}", "stage": "mechanical"}
        )
        for criterion, status in zip(seed.acceptance_criteria, statuses, strict=True)
    )
    share = statuses.count("verified") / len(statuses)
    return Evaluation(verdicts=verdicts, score=share if score is None else score, output_digest=output)


def failed(*criteria: Criterion, statuses: tuple[str, ...]) -> Lineage:
    lineage = begun(*criteria)
    return lineage.record(judged(lineage.current, *statuses))


def evolve(lineage: Lineage, reply: Mapping[str, object]) -> Lineage | None:
    return finish(Ouroboros(ScriptedComplete([json.dumps(reply)])).evolve(lineage))


def test_a_failed_generation_is_followed_by_a_narrower_one() -> None:
    lineage = failed(HAS_FILE, statuses=("failed",))
    model = ScriptedComplete([json.dumps({"failure": "execution", "add_constraints": ["Really create notes.md"]})])
    evolved = finish(Ouroboros(model, new_id=lambda: "second", now=lambda: NOON).evolve(lineage))
    assert evolved is not None
    seed = evolved.current
    assert (seed.id, seed.parent_seed_id, seed.generation, seed.created_at) == ("second", "first", 1, NOON)
    assert seed.constraints == ("Only in notes.md", "Really create notes.md")
    assert (seed.original_request, seed.output_schema) == ("노트를 써 줘", {"type": "object"})
    assert evolved.generations[0] == lineage.generations[0]
    assert [prompt.purpose for prompt in model.prompts] == [Purpose.EVOLVE]
    assert evolved.generations[1].trace.steps == ("strict",)


def test_a_misleading_goal_is_replaced_and_the_first_request_stays() -> None:
    reply = {"failure": "spec", "goal": "Write notes.md in Korean", "ontology": [{"name": "notes"}]}
    evolved = evolve(failed(HAS_FILE, statuses=("failed",)), reply)
    assert evolved is not None
    assert (evolved.current.goal, evolved.current.original_request) == ("Write notes.md in Korean", "노트를 써 줘")
    assert [entity.name for entity in evolved.current.ontology] == ["notes"]


def test_the_evolver_cannot_ask_for_less() -> None:
    easier = [{"text": "anything is there", "check": {"kind": "command", "command": "true"}}]
    reply = {"goal": "Do anything", "constraints": [], "criteria": easier}
    evolved = evolve(failed(HAS_FILE, IS_TESTED, statuses=("failed", "verified")), reply)
    assert evolved is not None
    assert evolved.current.acceptance_criteria == (HAS_FILE, IS_TESTED)
    assert evolved.current.constraints == ("Only in notes.md",)


def test_a_criterion_that_could_not_be_verified_may_be_restated() -> None:
    restated = {"text": "headings are there", "check": {"kind": "file", "path": "notes.md", "contains": ["# "]}}
    evolved = evolve(failed(HAS_FILE, IS_CLEAR, statuses=("failed", "unverified")), {"criteria": [restated]})
    assert evolved is not None
    assert [criterion.text for criterion in evolved.current.acceptance_criteria] == [
        "notes.md is there",
        "headings are there",
    ]


def test_a_restated_criterion_does_not_replace_a_failed_one_of_the_same_name() -> None:
    weaker = {"text": "Notes.md  is there", "check": {"kind": "command", "command": "true"}}
    evolved = evolve(
        failed(HAS_FILE, IS_CLEAR, statuses=("failed", "unverified")),
        {"criteria": [weaker], "add_constraints": ["x"]},
    )
    assert evolved is not None
    assert evolved.current.acceptance_criteria == (HAS_FILE, IS_CLEAR)


def test_a_constraint_said_twice_is_kept_once() -> None:
    evolved = evolve(failed(HAS_FILE, statuses=("failed",)), {"add_constraints": ["only in  NOTES.md", "In English"]})
    assert evolved is not None
    assert evolved.current.constraints == ("Only in notes.md", "In English")


def test_the_evolver_sees_verdicts_scores_and_what_was_lost() -> None:
    lineage = failed(HAS_FILE, IS_TESTED, statuses=("verified", "failed"))
    lineage = lineage.followed_by(lineage.current.evolved(goal="Another way altogether"))
    lineage = lineage.record(judged(lineage.current, "failed", "failed", score=0.1))
    model = ScriptedComplete([json.dumps({"add_constraints": ["x"]})])
    finish(Ouroboros(model).evolve(lineage))
    sent = json.loads(model.prompts[0].user)
    assert sent["scores"] == [0.5, 0.1]
    assert sent["verdicts"][0] == {"criterion": "notes.md is there", "status": "failed", "evidence": "saw failed"}
    assert sent["regressions"] == ["notes.md is there (passed in generation 0, failed 1 times since)"]
    assert (sent["goal"], sent["request"], sent["generation"]) == ("Another way altogether", "노트를 써 줘", 1)
    assert "pytest" not in model.prompts[0].user


def test_a_score_that_stands_still_brings_another_way_of_thinking_each_time() -> None:
    lineage = failed(HAS_FILE, statuses=("failed",))
    replies = [json.dumps({"goal": f"Approach number {n} instead"}) for n in range(3)]
    model = ScriptedComplete(replies)
    protocol = Ouroboros(model)
    for _ in range(3):
        evolved = finish(protocol.evolve(lineage))
        assert evolved is not None
        lineage = evolved.record(judged(evolved.current, "failed"))
    assert [generation.lateral for generation in lineage.generations] == [None, None, "contrarian", "researcher"]
    assert ["lateral" in json.loads(prompt.user) for prompt in model.prompts] == [False, True, True]
    assert json.loads(model.prompts[1].user)["stagnation"] == "no_drift"


def test_equal_outputs_three_times_are_called_spinning() -> None:
    lineage = begun(HAS_FILE)
    for number in range(3):
        if number:
            lineage = lineage.followed_by(lineage.current.evolved(goal=f"Approach number {number} instead"))
        lineage = lineage.record(judged(lineage.current, "failed", score=number / 10, output="same"))
    model = ScriptedComplete([json.dumps({"goal": "Something new"})])
    finish(Ouroboros(model).evolve(lineage))
    assert json.loads(model.prompts[0].user)["stagnation"] == "spinning"


@pytest.mark.parametrize(
    "reply",
    [
        {"failure": "impossible", "goal": "give up"},
        {"failure": "execution"},
        {"goal": "Write notes.md", "add_constraints": ["only in notes.md"]},
    ],
    ids=["impossible", "nothing named", "nothing new"],
)
def test_when_nothing_would_change_there_is_no_next_generation(reply: dict[str, object]) -> None:
    assert evolve(failed(HAS_FILE, statuses=("failed",)), reply) is None


def test_what_passed_is_not_evolved_and_costs_nothing() -> None:
    passed = failed(HAS_FILE, statuses=("verified",))
    assert finish(Ouroboros(ScriptedComplete([])).evolve(passed)) is None


def test_evolving_what_was_not_judged_is_an_error() -> None:
    with pytest.raises(LineageError, match="evaluate and record it first"):
        finish(Ouroboros(ScriptedComplete([])).evolve(begun(HAS_FILE)))


def test_a_silent_evolver_lets_the_same_seed_be_tried_once_more_and_no_oftener() -> None:
    lineage = failed(HAS_FILE, statuses=("failed",))
    protocol = Ouroboros(ScriptedComplete([CompletionFailed("down")]))
    evolved = finish(protocol.evolve(lineage))
    assert evolved is not None
    assert evolved.current.generation == 1
    assert evolved.current.acceptance_criteria == (HAS_FILE,)
    assert finish(protocol.evolve(evolved.record(judged(evolved.current, "failed")))) is None


def test_row_40_four_executions_at_most_and_the_best_is_kept() -> None:
    def answer(prompt: Prompt) -> str:
        return json.dumps({"goal": f"Approach after {len(model.prompts)} failures instead"})

    model = ScriptedComplete(answer)
    protocol = Ouroboros(model)
    lineage: Lineage | None = begun(HAS_FILE)
    last = lineage
    executions = 0
    for score in (0.3, 0.6, 0.5, 0.4, 0.9):
        if lineage is None:
            break
        executions += 1
        last = lineage.record(judged(lineage.current, "failed", score=score))
        lineage = finish(protocol.evolve(last))
    assert executions == 4
    assert last is not None
    assert last.best is not None
    assert last.best.evaluation is not None
    assert (last.best.evaluation.score, last.best.evaluation.passed) == (0.6, False)


def test_a_task_whose_check_fails_is_evolved_and_passes_in_generation_1() -> None:
    disk: dict[str, bytes] = {}

    async def examine(check: Check) -> Observation:
        assert isinstance(check, FileCheck)
        return check.judge(disk.get(check.path))

    def work(seed: Seed) -> str:
        if "Really create notes.md" in seed.brief():
            disk["notes.md"] = b"notes"
        return "I wrote notes.md."

    protocol = Ouroboros(ScriptedComplete([json.dumps({"add_constraints": ["Really create notes.md"]})]))
    lineage = Lineage.begin(Seed.from_request("Write notes.md", criteria=[HAS_FILE]))
    lineage = lineage.record(finish(protocol.evaluate(lineage.current, work(lineage.current), examine=examine)))
    evolved = finish(protocol.evolve(lineage))
    assert evolved is not None
    lineage = evolved.record(finish(protocol.evaluate(evolved.current, work(evolved.current), examine=examine)))
    assert [generation.evaluation.passed for generation in lineage.generations if generation.evaluation] == [
        False,
        True,
    ]
    assert finish(protocol.evolve(lineage)) is None


def test_two_lineages_through_one_protocol_do_not_mix() -> None:
    first = failed(HAS_FILE, statuses=("failed",))
    second = failed(IS_TESTED, statuses=("failed",))
    model = ScriptedComplete([json.dumps({"goal": "Another goal altogether"})] * 2)
    protocol = Ouroboros(model)
    for lineage in (first, second):
        finish(protocol.evolve(lineage))
    assert [json.loads(prompt.user)["scores"] for prompt in model.prompts] == [[0.0], [0.0]]
    assert ["stagnation" in json.loads(prompt.user) for prompt in model.prompts] == [False, False]
