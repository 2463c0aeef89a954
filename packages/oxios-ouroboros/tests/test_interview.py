"""Clarity and the interview's state: the ambiguity formula, rounds, and that no answer is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_ouroboros import Clarity, Exchange, Interview, InterviewError
from pydantic import ValidationError

SOME_TEXT = st.text(min_size=1, max_size=20)
SCORES = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("scores", "ambiguity", "ready"),
    [
        pytest.param((1, 0.8, 0.9), 0.09, True, id="row 1"),
        pytest.param((0.9, 0.8, 0.7), 0.19, True, id="row 2"),
        pytest.param((0.79, 0.8, 0.8), 0.204, False, id="row 4"),
        pytest.param((0.4, 0.3, 0.2), 0.69, False, id="row 5"),
        pytest.param((2, -1, 0.5), 0.45, False, id="row 7"),
        pytest.param((0.8, 0.8, 0.8), 0.2, True, id="exactly at the threshold"),
        pytest.param((1, 1, 1), 0, True, id="clear"),
        pytest.param((0, 0, 0), 1, False, id="nothing clear"),
    ],
)
def test_ambiguity_is_what_the_weighted_clarity_leaves(
    scores: tuple[float, float, float], ambiguity: float, ready: bool
) -> None:
    goal, constraints, success = scores
    clarity = Clarity(goal=goal, constraints=constraints, success=success)
    assert clarity.ambiguity() == pytest.approx(ambiguity)
    assert clarity.is_ready() is ready


@given(SCORES, SCORES, SCORES)
def test_ambiguity_stays_between_0_and_1(goal: float, constraints: float, success: float) -> None:
    clarity = Clarity(goal=goal, constraints=constraints, success=success)
    assert 0 <= clarity.ambiguity() <= 1
    assert clarity.is_ready() is (clarity.ambiguity() <= 0.2)


@given(SCORES, SCORES, SCORES)
def test_the_weakest_dimension_has_the_lowest_score(goal: float, constraints: float, success: float) -> None:
    clarity = Clarity(goal=goal, constraints=constraints, success=success)
    assert getattr(clarity, clarity.weakest) == min(clarity.goal, clarity.constraints, clarity.success)


def test_what_was_not_scored_counts_half() -> None:
    assert Clarity().ambiguity() == 0.5


def test_a_score_that_is_no_number_is_refused() -> None:
    with pytest.raises(ValidationError):
        Clarity(goal=float("nan"))


def test_every_round_keeps_the_request_and_all_answers() -> None:
    interview = Interview(original_request="웹사이트를 만들어 줘")
    for number in (1, 2, 3):
        interview = interview.asking([f"question {number}?"], Clarity()).with_answers([f"답 {number}"])
    assert interview.original_request == "웹사이트를 만들어 줘"
    assert [exchange.answer for exchange in interview.exchanges] == ["답 1", "답 2", "답 3"]
    assert (interview.round, interview.is_last_round) == (3, True)


def test_at_most_three_questions_are_asked_at_once() -> None:
    assert Interview(original_request="x").asking(["1", "2", "3", "4"], Clarity()).questions == ("1", "2", "3")


@pytest.mark.parametrize(
    ("answers", "exchanges", "open_points"),
    [
        (["a", "b"], [("1?", "a"), ("2?", "b")], ()),
        (["both"], [("1?\n2?", "both")], ()),
        (["a", "  "], [("1?", "a"), ("2?", "")], ("2?",)),
        ([], [("1?", ""), ("2?", "")], ("1?", "2?")),
    ],
)
def test_answers_belong_to_their_questions(
    answers: list[str], exchanges: list[tuple[str, str]], open_points: tuple[str, ...]
) -> None:
    answered = Interview(original_request="x").asking(["1?", "2?"], Clarity()).with_answers(answers)
    assert [(exchange.question, exchange.answer) for exchange in answered.exchanges] == exchanges
    assert answered.questions == ()
    assert answered.open_points() == open_points


def test_more_answers_than_questions_are_refused() -> None:
    with pytest.raises(InterviewError, match="at most 1 answers, one for each question, got 2"):
        Interview(original_request="x").asking(["1?"], Clarity()).with_answers(["a", "b"])


def test_answers_to_no_question_are_refused() -> None:
    with pytest.raises(InterviewError, match="open questions"):
        Interview(original_request="x").with_answers(["a"])


@given(
    st.builds(
        Interview,
        original_request=SOME_TEXT,
        exchanges=st.lists(st.builds(Exchange, question=SOME_TEXT, answer=SOME_TEXT), max_size=3).map(tuple),
        questions=st.lists(SOME_TEXT, max_size=3).map(tuple),
        clarity=st.builds(Clarity, goal=SCORES),
        round=st.integers(0, 3),
    )
)
def test_any_interview_survives_json(interview: Interview) -> None:
    assert Interview.model_validate_json(interview.model_dump_json()) == interview
