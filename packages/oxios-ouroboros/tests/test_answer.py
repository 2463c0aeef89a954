"""Rounds of an interview, each of which may happen in another process."""

import json

import pytest
from oxios_ouroboros import Clarity, CompletionFailed, Interview, InterviewError, Ouroboros, Purpose, Seed
from oxios_ouroboros.testing import ScriptedComplete, finish

VAGUE = {"goal": 0.5, "constraints": 0.3, "success": 0.4}
CLEAR = {"goal": 0.95, "constraints": 0.9, "success": 0.9}


def unclear(question: str) -> str:
    return json.dumps({"kind": "unclear", "clarity": VAGUE, "questions": [question]})


def opened(*questions: str, rounds: int = 1) -> Interview:
    interview = Interview(original_request="웹사이트를 만들어 줘", round=rounds - 1)
    return interview.asking(questions, Clarity(goal=0.5, constraints=0.3, success=0.4))


def test_enough_answers_make_a_task_with_one_call() -> None:
    model = ScriptedComplete([json.dumps({"kind": "task", "clarity": CLEAR, "goal": "A shop for tea"})])
    assessment = finish(Ouroboros(model).answer(opened("What for?"), ["a tea shop"]))
    assert assessment.seed is not None
    assert (assessment.seed.goal, assessment.seed.original_request) == ("A shop for tea", "웹사이트를 만들어 줘")
    assert [prompt.purpose for prompt in model.prompts] == [Purpose.INTERVIEW]


def test_still_vague_answers_open_the_next_round() -> None:
    interview = finish(Ouroboros(ScriptedComplete([unclear("Which colours?")])).answer(opened("What for?"), ["tea"]))
    assert interview.interview is not None
    assert (interview.interview.round, interview.interview.questions) == (2, ("Which colours?",))


def test_three_rounds_over_three_processes_end_in_a_seed_with_the_first_request() -> None:
    replies = [unclear("two?"), unclear("three?"), json.dumps({"goal": "A tea shop", "criteria": ["it opens"]})]
    saved = opened("one?").model_dump_json()
    seed: Seed | None = None
    for number, reply in enumerate(replies, start=1):
        model = ScriptedComplete([reply])
        result = finish(Ouroboros(model).answer(Interview.model_validate_json(saved), [f"answer {number}"]))
        sent = json.loads(model.prompts[0].user)
        assert sent["request"] == "웹사이트를 만들어 줘"
        assert [exchange["answer"] for exchange in sent["answers"]] == [f"answer {n}" for n in range(1, number + 1)]
        if result.interview is not None:
            saved = result.interview.model_dump_json()
        seed = result.seed
    assert seed is not None
    assert (seed.original_request, seed.goal) == ("웹사이트를 만들어 줘", "A tea shop")


def test_after_the_last_round_nothing_more_is_asked_and_open_points_become_constraints() -> None:
    reply = {"goal": "A site", "constraints": ["Korean"], "open_points": ["the colours"], "clarity": VAGUE}
    model = ScriptedComplete([json.dumps(reply)])
    assessment = finish(Ouroboros(model).answer(opened("What for?", "For whom?", rounds=3), ["tea", ""]))
    assert assessment.seed is not None
    assert [prompt.purpose for prompt in model.prompts] == [Purpose.CRYSTALLIZE]
    kept, *open_points = assessment.seed.constraints
    assert kept == "Korean"
    assert ["the colours" in open_points[0], "For whom?" in open_points[1]] == [True, True]


def test_after_the_last_round_the_weakest_point_is_stated_when_the_model_names_none() -> None:
    model = ScriptedComplete([json.dumps({"goal": "A site"})])
    seed = finish(Ouroboros(model).answer(opened("What for?", rounds=3), ["tea"])).seed
    assert seed is not None
    assert len(seed.constraints) == 1
    assert "constraints" in seed.constraints[0]


def test_a_last_answer_that_settles_all_leaves_no_open_point() -> None:
    model = ScriptedComplete([json.dumps({"goal": "A site", "clarity": CLEAR})])
    seed = finish(Ouroboros(model).answer(opened("What for?", rounds=3), ["tea"])).seed
    assert seed is not None
    assert seed.constraints == ()


def test_a_host_may_end_the_interview_with_questions_still_open() -> None:
    model = ScriptedComplete([json.dumps({"goal": "A site"})])
    seed = finish(Ouroboros(model).crystallize(opened("What for?"))).seed
    assert seed is not None
    assert "What for?" in seed.constraints[0]
    assert json.loads(model.prompts[0].user)["open_points"] == ["What for?"]


@pytest.mark.parametrize("rounds", [1, 3])
def test_a_silent_model_ends_the_interview_with_every_answer_kept(rounds: int) -> None:
    model = ScriptedComplete([CompletionFailed("provider down")])
    assessment = finish(Ouroboros(model).answer(opened("무엇?", "For whom?", rounds=rounds), ["차 가게", ""]))
    seed = assessment.seed
    assert seed is not None
    assert assessment.degraded
    assert seed.goal == "웹사이트를 만들어 줘"
    assert "차 가게" in seed.constraints[0]
    assert "For whom?" in seed.constraints[1]
    assert len(seed.acceptance_criteria) == 1


def test_an_interview_does_not_turn_into_conversation() -> None:
    replies = [json.dumps({"kind": "chat", "reply": "lovely"}), json.dumps({"kind": "task", "clarity": CLEAR})]
    assessment = finish(Ouroboros(ScriptedComplete(replies)).answer(opened("What for?"), ["tea"]))
    assert assessment.kind == "task"
    assert assessment.trace.steps[1:] == ("retry", "strict")


def test_answers_to_a_closed_interview_are_refused_without_a_call() -> None:
    with pytest.raises(InterviewError, match="open questions"):
        finish(Ouroboros(ScriptedComplete([])).answer(Interview(original_request="x"), ["tea"]))
