"""One call that finds out what a request is."""

import json
from datetime import UTC, datetime

import pytest
from oxios_ouroboros import (
    Assessment,
    CommandCheck,
    CompletionFailed,
    Criterion,
    FileCheck,
    InterviewError,
    JudgedCheck,
    Ouroboros,
    ProtocolSettings,
    Purpose,
)
from oxios_ouroboros.testing import ScriptedComplete, finish

CLEAR = {"goal": 1, "constraints": 0.9, "success": 0.9}
VAGUE = {"goal": 0.4, "constraints": 0.3, "success": 0.2}


def assess(reply: dict[str, object], request: str = "make notes.md") -> Assessment:
    return finish(Ouroboros(ScriptedComplete([json.dumps(reply)])).assess(request))


def test_a_conversation_is_answered_with_one_call() -> None:
    model = ScriptedComplete([json.dumps({"kind": "chat", "reply": " 안녕하세요! "})])
    assessment = finish(Ouroboros(model).assess("안녕"))
    assert (assessment.kind, assessment.reply, assessment.seed, assessment.is_ready) == (
        "chat",
        "안녕하세요!",
        None,
        False,
    )
    assert [prompt.purpose for prompt in model.prompts] == [Purpose.ASSESS]


def test_a_clear_task_is_crystallised_with_the_same_call() -> None:
    draft = {
        "kind": "task",
        "complexity": "trivial",
        "clarity": CLEAR,
        "goal": "Write notes.md",
        "constraints": ["English", " "],
        "criteria": [
            {"text": "notes.md is there", "check": {"kind": "file", "path": "notes.md"}, "weight": 2},
            {"text": "tests pass", "check": {"kind": "command", "command": "pytest"}},
        ],
        "ontology": [{"name": "notes", "entity_type": "file", "description": "the notes"}],
        "cspace_hint": "worker",
    }
    model = ScriptedComplete([json.dumps(draft)])
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    assessment = finish(Ouroboros(model, new_id=lambda: "id-1", now=lambda: moment).assess("make notes"))
    seed = assessment.seed
    assert seed is not None
    assert (assessment.kind, assessment.complexity, assessment.is_ready) == ("task", "trivial", True)
    assert (seed.id, seed.created_at, seed.goal, seed.original_request) == (
        "id-1",
        moment,
        "Write notes.md",
        "make notes",
    )
    assert seed.constraints == ("English",)
    assert seed.acceptance_criteria == (
        Criterion(text="notes.md is there", check=FileCheck(path="notes.md"), weight=2),
        Criterion(text="tests pass", check=CommandCheck(command="pytest")),
    )
    assert seed.cspace_hint == "worker"
    assert len(model.prompts) == 1


def test_a_task_without_criteria_is_judged_by_its_goal() -> None:
    seed = assess({"kind": "task", "clarity": CLEAR, "goal": "Tidy up"}).seed
    assert seed is not None
    assert seed.acceptance_criteria == (Criterion.judged("Tidy up"),)


def test_a_task_without_a_goal_takes_the_request_as_its_goal() -> None:
    seed = assess({"kind": "task", "clarity": CLEAR}, "정리해 줘").seed
    assert seed is not None
    assert seed.goal == "정리해 줘"


def test_a_task_for_json_needs_no_further_criterion() -> None:
    seed = assess({"kind": "task", "clarity": CLEAR, "output_schema": {"type": "array"}}).seed
    assert seed is not None
    assert seed.acceptance_criteria == ()
    assert len(seed.criteria()) == 1


def test_an_unclear_request_gets_at_most_three_questions() -> None:
    questions = ["one?", "two?", " ", "three?", "four?"]
    assessment = assess({"kind": "unclear", "clarity": VAGUE, "questions": questions}, "make a site")
    interview = assessment.interview
    assert interview is not None
    assert assessment.kind == "unclear"
    assert interview.questions == ("one?", "two?", "three?")
    assert (interview.original_request, interview.round, interview.max_rounds) == ("make a site", 1, 3)
    assert assessment.clarity is not None
    assert assessment.clarity.ambiguity() == pytest.approx(0.69)


def test_the_scores_decide_over_the_word_task() -> None:
    assessment = assess({"kind": "task", "clarity": VAGUE, "questions": ["which?"]})
    assert assessment.interview is not None
    assert assessment.interview.questions == ("which?",)


def test_the_scores_decide_over_the_word_unclear() -> None:
    assert assess({"kind": "unclear", "clarity": CLEAR, "questions": ["really?"]}).kind == "task"


def test_an_unclear_request_without_questions_is_asked_about_its_weakest_point() -> None:
    interview = assess({"kind": "unclear", "clarity": {"goal": 0.9, "constraints": 0.8, "success": 0.1}}).interview
    assert interview is not None
    assert interview.questions == ("How will you see that it is done right?",)


@pytest.mark.parametrize(
    ("criterion", "check"),
    [
        ("it works", JudgedCheck(statement="it works")),
        ({"text": "it works"}, JudgedCheck(statement="it works")),
        ({"text": "x", "check": {"kind": "file", "path": "a", "mood": 1, "matches": None}}, FileCheck(path="a")),
        (
            {"text": "x", "check": {"kind": "judged", "statement": "s", "subject": "answer"}, "weight": None},
            JudgedCheck(statement="s", subject="answer"),
        ),
    ],
)
def test_a_slightly_wrong_criterion_is_understood(criterion: object, check: object) -> None:
    seed = assess({"kind": "task", "clarity": CLEAR, "criteria": [criterion], "mood": "good"}).seed
    assert seed is not None
    assert [item.check for item in seed.acceptance_criteria] == [check]


@pytest.mark.parametrize(("given", "kept"), [(1_000, 10), (-5, 0.1), (3, 3)])
def test_a_weight_out_of_range_is_clamped(given: float, kept: float) -> None:
    seed = assess({"kind": "task", "clarity": CLEAR, "criteria": [{"text": "x", "weight": given}]}).seed
    assert seed is not None
    assert seed.acceptance_criteria[0].weight == kept


def test_the_model_is_given_request_context_history_and_persona() -> None:
    model = ScriptedComplete([json.dumps({"kind": "chat", "reply": "ok"})])
    call = Ouroboros(model).assess("그리고?", context="README.md", history=[("hi", "hello")], persona="a pirate")
    finish(call)
    assert json.loads(model.prompts[0].user) == {
        "request": "그리고?",
        "context": "README.md",
        "history": [{"question": "hi", "answer": "hello"}],
        "persona": "a pirate",
    }
    assert "그리고?" in model.prompts[0].user


def test_the_interview_remembers_context_history_and_persona() -> None:
    model = ScriptedComplete([json.dumps({"kind": "unclear", "clarity": VAGUE, "questions": ["?"]})])
    protocol = Ouroboros(model, settings=ProtocolSettings(max_rounds=2))
    interview = finish(protocol.assess("x", context="c", history=[("a", "b")], persona="p")).interview
    assert interview is not None
    assert (interview.context, interview.persona, interview.history[0].answer) == ("c", "p", "b")
    assert interview.max_rounds == 2


@pytest.mark.parametrize(
    "blank",
    [{"output_schema": {}}, {"cspace_hint": ""}, {"cspace_hint": "root"}, {"constraints": None}, {"goal": None}],
)
def test_an_optional_key_filled_in_with_nothing_useful_is_taken_as_absent(blank: dict[str, object]) -> None:
    assessment = assess({"kind": "task", "clarity": CLEAR, "goal": "Tidy up", **blank})
    assert assessment.seed is not None
    assert (assessment.seed.output_schema, assessment.seed.cspace_hint) == (None, None)
    assert assessment.trace.steps == ("strict",)


def test_a_conversation_may_come_with_an_empty_contract() -> None:
    reply: dict[str, object] = {
        "kind": "chat",
        "reply": "hi",
        "complexity": "n/a",
        "clarity": {"goal": None},
        "criteria": [None],
    }
    assert assess(reply).trace.steps == ("strict",)


def test_half_a_character_in_a_request_does_not_stop_it() -> None:
    model = ScriptedComplete([json.dumps({"kind": "unclear", "clarity": VAGUE, "questions": ["?"]})])
    call = Ouroboros(model).assess("make \ud83d", context="\udcff", history=[("\ud800", "b")], persona="\udfff")
    interview = finish(call).interview
    assert interview is not None
    answered = interview.with_answers(["\ud83d"])
    assert interview.original_request == "make \N{REPLACEMENT CHARACTER}"
    assert type(answered).model_validate_json(answered.model_dump_json()) == answered
    assert model.prompts[0].user.encode()


@pytest.mark.parametrize("request_text", ["", "  \n"])
def test_a_blank_request_is_refused_without_a_call(request_text: str) -> None:
    with pytest.raises(InterviewError, match="say what should be done"):
        finish(Ouroboros(ScriptedComplete([])).assess(request_text))


def test_an_error_of_the_host_passes_through_untouched() -> None:
    with pytest.raises(PermissionError, match="wrong key"):
        finish(Ouroboros(ScriptedComplete([PermissionError("wrong key")])).assess("hello"))


def test_a_silent_model_leaves_a_clear_order_to_be_done_by_rule() -> None:
    assessment = finish(Ouroboros(ScriptedComplete([CompletionFailed("timeout")])).assess("Create main.rs in Rust"))
    assert assessment.seed is not None
    assert assessment.degraded
    assert assessment.trace.steps == ("no answer: timeout", "degraded")
    assert assessment.seed.acceptance_criteria == (Criterion.judged("Create main.rs in Rust"),)
    assert assessment.clarity is not None
    assert assessment.clarity.ambiguity() == pytest.approx(0.59)


@pytest.mark.parametrize(
    "reply",
    [
        {"kind": "chat", "reply": "hello"},
        {"kind": "task", "clarity": CLEAR, "criteria": ["it works"]},
        {"kind": "unclear", "clarity": VAGUE, "questions": ["which?"]},
    ],
)
def test_any_assessment_survives_json(reply: dict[str, object]) -> None:
    assessment = assess(reply)
    assert Assessment.model_validate_json(assessment.model_dump_json()) == assessment
