"""A request read by rule when no model answers."""

import pytest
from oxios_ouroboros import Assessment, CompletionFailed, Ouroboros
from oxios_ouroboros.testing import ScriptedComplete, finish


def assess(request: str) -> Assessment:
    return finish(Ouroboros(ScriptedComplete([CompletionFailed("down")])).assess(request))


@pytest.mark.parametrize(
    "request_text",
    [
        "Create main.rs in Rust",
        "please write a haiku about autumn",
        "Could you fix the login page?",
        "The build is red. Run the tests.",
        "Hi!\ntranslate README.md",
        "Rename `old` to `new`",
        "보고서를 작성해 줘",
        "테스트를 실행해 주세요.",
        "안녕하세요. 보고서를 고쳐 주십시오, 아니 고쳐줘",
    ],
)
def test_an_order_about_something_becomes_a_task(request_text: str) -> None:
    seed = assess(request_text).seed
    assert seed is not None
    assert (seed.goal, seed.original_request) == (request_text, request_text)
    assert [criterion.text for criterion in seed.acceptance_criteria] == [request_text]


@pytest.mark.parametrize("request_text", ["Fix it", "please update this!", "고쳐줘"])
def test_an_order_about_nothing_is_asked_about(request_text: str) -> None:
    interview = assess(request_text).interview
    assert interview is not None
    assert len(interview.questions) == 1


@pytest.mark.parametrize(
    "request_text",
    [
        "Hello there",
        "How do I create a file?",
        "Restarting helps, they say",
        "The address is 5 Build Street",
        "my running shoes are worn out",
        "안녕하세요",
        "!!!",
        "🙂",
    ],
)
def test_anything_else_is_answered_with_what_went_wrong(request_text: str) -> None:
    assessment = assess(request_text)
    assert (assessment.kind, assessment.degraded) == ("chat", True)
    assert "did not answer" in assessment.reply


@pytest.mark.parametrize(
    ("request_text", "scores", "ambiguity"),
    [
        pytest.param("Create main.rs in Rust", (0.5, 0.5, 0.2), 0.59, id="row 22"),
        pytest.param("Create something that isn't there", (0.5, 0.2, 0.2), 0.68, id="an apostrophe is no quote"),
        pytest.param("Create a rusty gopher", (0.5, 0.2, 0.2), 0.68, id="part of a word is no technology"),
        pytest.param("Create 'x'", (0.5, 0.5, 0.2), 0.59, id="a quote"),
    ],
)
def test_clarity_by_rule_looks_at_whole_words(
    request_text: str, scores: tuple[float, float, float], ambiguity: float
) -> None:
    clarity = assess(request_text).clarity
    assert clarity is not None
    assert (clarity.goal, clarity.constraints, clarity.success) == scores
    assert clarity.ambiguity() == pytest.approx(ambiguity)
