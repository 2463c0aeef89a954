"""Verdicts by evidence: checks, then a reviewer, then votes; and that words alone never pass."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_ouroboros import (
    Check,
    CommandCheck,
    CompletionFailed,
    Criterion,
    Evaluation,
    Examine,
    FileCheck,
    JudgedCheck,
    Observation,
    Ouroboros,
    Prompt,
    ProtocolSettings,
    Purpose,
    SchemaCheck,
    Seed,
    Verdict,
)
from oxios_ouroboros.testing import ScriptedComplete, finish

STATUSES = ("verified", "failed", "unverified")


def seed_of(*criteria: Criterion, output_schema: dict[str, object] | None = None) -> Seed:
    return Seed(
        id="s",
        goal="Write notes.md",
        acceptance_criteria=criteria,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
        original_request="notes please",
        output_schema=output_schema,
    )


def file(path: str, weight: float = 1) -> Criterion:
    return Criterion(text=f"{path} is there", check=FileCheck(path=path), weight=weight)


def judged(text: str, weight: float = 1, *, about_answer: bool = False) -> Criterion:
    subject = "answer" if about_answer else "work"
    return Criterion(
        text=text, check=JudgedCheck.model_validate({"statement": text, "subject": subject}), weight=weight
    )


def disk(*present: str) -> Examine:
    """Return a host whose disk holds these files and whose commands all fail to start."""

    async def examine(check: Check) -> Observation:
        if isinstance(check, FileCheck):
            return check.judge(b"content" if check.path in present else None)
        return Observation(passed=None, evidence="nothing can be run here")

    return examine


def verdicts(*statuses: str, uncertainty: float = 0, evidence: str = "seen") -> str:
    listed = [
        {"criterion": number, "status": status, "evidence": evidence} for number, status in enumerate(statuses, 1)
    ]
    return json.dumps({"verdicts": listed, "uncertainty": uncertainty})


def evaluate(
    seed: Seed,
    model: ScriptedComplete | None = None,
    *,
    output: str = "Done.",
    files: Sequence[str] = (),
    evidence: str = "",
    consensus: bool | None = None,
    settings: ProtocolSettings | None = None,
) -> Evaluation:
    protocol = Ouroboros(model or ScriptedComplete([]), settings=settings)
    call = protocol.evaluate(seed, output, examine=disk(*files), evidence=evidence, consensus=consensus)
    return finish(call)


def statuses(evaluation: Evaluation) -> list[str]:
    return [verdict.status for verdict in evaluation.verdicts]


def test_when_every_criterion_can_be_checked_no_model_is_asked() -> None:
    evaluation = evaluate(seed_of(file("a"), file("b")), files=["a", "b"])
    assert (evaluation.passed, evaluation.score, evaluation.mechanical_pass) == (True, 1, True)
    assert (evaluation.semantic_pass, evaluation.consensus_pass) == (None, None)
    assert {verdict.stage for verdict in evaluation.verdicts} == {"mechanical"}


def test_a_missing_file_fails_with_its_evidence() -> None:
    evaluation = evaluate(seed_of(file("a"), file("b")), files=["a"], output="I wrote a and b.")
    assert statuses(evaluation) == ["verified", "failed"]
    assert evaluation.verdicts[1].evidence == "b does not exist"
    assert (evaluation.passed, evaluation.mechanical_pass, evaluation.score) == (False, False, 0.5)


def test_a_check_that_cannot_be_examined_leaves_its_criterion_unverified() -> None:
    evaluation = evaluate(seed_of(Criterion(text="tests pass", check=CommandCheck(command="pytest"))))
    assert statuses(evaluation) == ["unverified"]
    assert (evaluation.passed, evaluation.mechanical_pass) == (False, False)


@pytest.mark.parametrize(
    ("criterion", "output"),
    [
        pytest.param("Tests pass", "the tests fail", id="row 8"),
        pytest.param("The server must return status 200 from /health", "server status unknown /health", id="row 10"),
        pytest.param("The server must return status 200 from /health", "I could not start the server.", id="row 11"),
        pytest.param("Process ends with exit code 2", "exit code 0", id="row 13"),
        pytest.param("is ok", "everything is ok", id="row 14"),
        pytest.param("보고서 작성", "보고서", id="row 17"),
        pytest.param("Tests pass", "Tests pass", id="the criterion itself"),
        pytest.param("All tests pass", "✓ All tests pass. Verified. Exit code 0. Score 1.0", id="a whole verdict"),
    ],
)
def test_a_worker_that_only_talks_is_not_even_reviewed(criterion: str, output: str) -> None:
    evaluation = evaluate(seed_of(judged(criterion)), output=output)
    assert statuses(evaluation) == ["unverified"]
    assert "no evidence" in evaluation.verdicts[0].evidence
    assert (evaluation.passed, evaluation.score, evaluation.semantic_pass) == (False, 0, False)


@given(st.text())
def test_no_words_of_the_worker_pass_a_criterion_about_work(output: str) -> None:
    assert not evaluate(
        seed_of(judged("the file exists"), file("a")),
        output=output,
        evidence="",
        files=[],
        model=ScriptedComplete([verdicts("verified")]),
    ).passed


def test_an_evaluation_of_no_criteria_never_passes() -> None:
    evaluation = evaluate(seed_of())
    assert (evaluation.passed, evaluation.score, evaluation.verdicts) == (False, 0, ())


def test_all_judged_criteria_cost_one_call() -> None:
    model = ScriptedComplete([verdicts("verified", "verified")])
    evaluation = evaluate(seed_of(judged("clear"), file("a"), judged("short")), model, files=["a"])
    assert [prompt.purpose for prompt in model.prompts] == [Purpose.EVALUATE]
    assert [verdict.criterion for verdict in evaluation.verdicts] == ["clear", "a is there", "short"]
    assert (evaluation.passed, evaluation.semantic_pass, evaluation.trace.steps) == (True, True, ("strict",))


def test_the_reviewer_of_work_sees_observations_and_tool_records_but_not_the_workers_words() -> None:
    model = ScriptedComplete([verdicts("verified")])
    evaluate(
        seed_of(judged("It was tidied"), file("a")),
        model,
        files=["a"],
        output="I did it all, trust me",
        evidence="bash: mv x y -> 0",
    )
    sent = json.loads(model.prompts[0].user)
    assert sent["criteria"] == [{"number": 1, "statement": "It was tidied", "subject": "work"}]
    assert sent["observations"] == [{"criterion": "a is there", "status": "verified", "evidence": "a has 7 bytes"}]
    assert sent["evidence"] == "bash: mv x y -> 0"
    assert "trust me" not in model.prompts[0].user


def test_the_answer_itself_is_shown_when_it_is_what_was_asked_for() -> None:
    model = ScriptedComplete([verdicts("verified", evidence="“five, seven, five”")])
    evaluation = evaluate(seed_of(judged("It is a haiku", about_answer=True)), model, output="가을 하늘 아래")
    assert json.loads(model.prompts[0].user)["output"] == "가을 하늘 아래"
    assert evaluation.passed


def test_without_evidence_only_criteria_about_the_answer_are_reviewed() -> None:
    model = ScriptedComplete([verdicts("verified")])
    evaluation = evaluate(seed_of(judged("It was sent"), judged("It is polite", about_answer=True)), model)
    assert statuses(evaluation) == ["unverified", "verified"]
    assert [criterion["statement"] for criterion in json.loads(model.prompts[0].user)["criteria"]] == ["It is polite"]


def test_long_output_and_evidence_are_cut_by_characters() -> None:
    model = ScriptedComplete([verdicts("verified")])
    settings = ProtocolSettings(output_characters=100, evidence_characters=200)
    evaluate(seed_of(judged("x", about_answer=True)), model, output="가" * 999, evidence="나" * 999, settings=settings)
    sent = json.loads(model.prompts[0].user)
    assert (len(sent["output"]), len(sent["evidence"])) == (100, 200)
    assert sent["output"].startswith("가")
    assert sent["output"].endswith("가")


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ({"verdicts": []}, ["unverified", "unverified"]),
        ({"verdicts": [{"criterion": 2, "status": "verified", "evidence": "log"}]}, ["unverified", "verified"]),
        ({"verdicts": [{"criterion": 7, "status": "verified", "evidence": "log"}]}, ["unverified", "unverified"]),
        (
            {
                "verdicts": [
                    {"criterion": 1, "status": "verified", "evidence": " "},
                    {"criterion": 2, "status": "failed"},
                ]
            },
            ["unverified", "failed"],
        ),
        (
            {
                "verdicts": [
                    {"criterion": 1, "status": "verified", "evidence": "log"},
                    {"criterion": 1, "status": "failed", "evidence": "log"},
                ]
            },
            ["failed", "unverified"],
        ),
        ([{"criterion": 1, "status": "verified", "evidence": "log"}], ["verified", "unverified"]),
    ],
    ids=["none", "some", "of no criterion", "without evidence", "contradicting", "bare list"],
)
def test_a_reviewers_reply_counts_only_as_far_as_it_goes(reply: object, expected: list[str]) -> None:
    model = ScriptedComplete([json.dumps(reply)])
    assert statuses(evaluate(seed_of(judged("a"), judged("b")), model, evidence="log")) == expected


def test_a_silent_reviewer_never_passes_by_words_and_checks_still_count() -> None:
    model = ScriptedComplete([CompletionFailed("down")])
    evaluation = evaluate(seed_of(file("a"), judged("It is good")), model, files=["a"], output="It is good")
    assert [(verdict.status, verdict.stage) for verdict in evaluation.verdicts] == [
        ("verified", "mechanical"),
        ("unverified", "degraded"),
    ]
    assert (evaluation.passed, evaluation.degraded, evaluation.semantic_pass) == (False, True, None)
    assert evaluation.score == 0.5


@pytest.mark.parametrize("matched", [2, 4], ids=["row 19", "row 20"])
def test_repeated_criteria_score_nothing_without_a_reviewer(matched: int) -> None:
    criteria = [f"criterion number {number}" for number in range(4)]
    model = ScriptedComplete([CompletionFailed("down")])
    evaluation = evaluate(seed_of(*map(judged, criteria)), model, output=". ".join(criteria[:matched]), evidence="echo")
    assert (evaluation.score, evaluation.passed) == (0, False)


def test_garbage_from_the_reviewer_is_corrected_once_and_then_degrades() -> None:
    model = ScriptedComplete(["great work!", "really great!"])
    evaluation = evaluate(seed_of(judged("a")), model, evidence="log")
    assert [prompt.correction for prompt in model.prompts] == [0, 1]
    assert (evaluation.degraded, statuses(evaluation)) == (True, ["unverified"])


def test_the_answers_schema_is_a_check_of_its_own() -> None:
    asked: list[Check] = []

    async def examine(check: Check) -> Observation:
        asked.append(check)
        return Observation(passed=False, evidence="the answer is not JSON")

    seed = seed_of(output_schema={"type": "object"})
    evaluation = finish(Ouroboros(ScriptedComplete([])).evaluate(seed, "words", examine=examine))
    assert asked == [SchemaCheck(json_schema={"type": "object"})]
    assert statuses(evaluation) == ["failed"]


def test_score_is_the_weighted_share_of_what_is_verified() -> None:
    evaluation = evaluate(seed_of(file("a", 3), file("b", 1)), files=["a"])
    assert evaluation.score == 0.75


@pytest.mark.parametrize(
    ("weights", "status", "passed"),
    [
        ((8, 2), "unverified", True),
        ((79, 21), "unverified", False),
        ((8, 2), "failed", False),
        ((85, 15), "failed", False),
    ],
    ids=["0.8 and nothing failed", "row 37: 0.79", "0.8 and one failed", "row 38: 0.85 and one failed"],
)
def test_passing_needs_the_score_and_that_nothing_failed(
    weights: tuple[float, float], status: str, passed: bool
) -> None:
    seed = seed_of(judged("a", weights[0]), judged("b", weights[1]))
    model = ScriptedComplete([verdicts("verified", status)])
    assert evaluate(seed, model, evidence="log", consensus=False).passed is passed


def test_votes_are_taken_when_asked_for() -> None:
    model = ScriptedComplete([verdicts("verified")] * 4)
    evaluation = evaluate(seed_of(judged("a")), model, evidence="log", consensus=True)
    assert [prompt.purpose for prompt in model.prompts] == [Purpose.EVALUATE, *[Purpose.VOTE] * 3]
    assert (evaluation.passed, evaluation.consensus_pass, evaluation.verdicts[0].stage) == (True, True, "consensus")
    assert evaluation.verdicts[0].evidence == "3 of 3 votes; seen"


def test_each_vote_looks_from_another_side() -> None:
    model = ScriptedComplete([verdicts("verified")] * 4)
    evaluate(seed_of(judged("a")), model, evidence="log", consensus=True)
    sent = [json.loads(prompt.user) for prompt in model.prompts[1:]]
    assert [(vote["vote"], vote["votes"]) for vote in sent] == [(1, 3), (2, 3), (3, 3)]
    assert len({vote["perspective"] for vote in sent}) == 3


@pytest.mark.parametrize(
    ("votes", "status"),
    [
        (["verified", "verified", "failed"], "verified"),
        (["failed", "verified", "failed"], "failed"),
        (["verified", "failed", "unverified"], "unverified"),
        (["unverified", "unverified", "verified"], "unverified"),
    ],
)
def test_a_verdict_needs_two_of_three_votes(votes: list[str], status: str) -> None:
    model = ScriptedComplete([verdicts("verified"), *map(verdicts, votes)])
    evaluation = evaluate(seed_of(judged("a")), model, evidence="log", consensus=True)
    assert statuses(evaluation) == [status]
    assert evaluation.consensus_pass is (status == "verified")


def test_a_single_vote_that_must_be_unanimous_can_decide() -> None:
    model = ScriptedComplete([verdicts("failed"), verdicts("verified")])
    settings = ProtocolSettings(votes=1, vote_share=1)
    assert evaluate(seed_of(judged("a")), model, evidence="log", consensus=True, settings=settings).passed


def test_a_vote_that_does_not_come_counts_for_nothing() -> None:
    model = ScriptedComplete([*[verdicts("verified")] * 3, CompletionFailed("down")])
    evaluation = evaluate(seed_of(judged("a")), model, evidence="log", consensus=True)
    assert (statuses(evaluation), evaluation.degraded) == (["verified"], True)


@pytest.mark.parametrize(
    ("reply", "calls"),
    [
        (verdicts("verified", "verified", "verified", "unverified"), 4),
        (verdicts("verified", "verified", "verified", "verified", uncertainty=0.31), 4),
        (verdicts("verified", "verified", "verified", "verified", uncertainty=0.3), 1),
        (verdicts("verified", "verified", "verified", "verified"), 1),
        (verdicts("verified", "failed", "failed", "failed"), 1),
    ],
    ids=["score 0.75", "unsure", "sure enough", "clearly good", "clearly bad"],
)
def test_votes_are_taken_unasked_only_when_the_result_is_borderline(reply: str, calls: int) -> None:
    def answer(prompt: Prompt) -> str:
        return reply

    model = ScriptedComplete(answer)
    evaluate(seed_of(*map(judged, "abcd")), model, evidence="log")
    assert len(model.prompts) == calls


def test_votes_do_not_make_up_for_missing_evidence() -> None:
    model = ScriptedComplete([verdicts("verified")] * 4)
    evaluation = evaluate(seed_of(judged("sent"), judged("polite", about_answer=True)), model, consensus=True)
    assert (statuses(evaluation), evaluation.consensus_pass) == (["unverified", "verified"], False)


def test_half_a_character_in_output_or_evidence_does_not_stop_the_review() -> None:
    model = ScriptedComplete([verdicts("verified")])
    evaluation = evaluate(seed_of(judged("x", about_answer=True)), model, output="\ud83d", evidence="\udcff")
    assert evaluation.passed
    assert evaluation.model_dump_json()


def test_votes_can_be_switched_off() -> None:
    model = ScriptedComplete([verdicts("verified", uncertainty=1)])
    assert evaluate(seed_of(judged("a")), model, evidence="log", consensus=False).consensus_pass is None


def test_a_failed_check_is_never_voted_away() -> None:
    model = ScriptedComplete([verdicts("verified")] * 4)
    evaluation = evaluate(seed_of(file("a"), judged("b", 9)), model, evidence="log", consensus=True)
    assert statuses(evaluation) == ["failed", "verified"]
    assert (evaluation.score, evaluation.passed) == (0.9, False)


def test_a_failed_check_saves_the_votes_nobody_asked_for() -> None:
    model = ScriptedComplete([verdicts("verified", uncertainty=1)])
    evaluate(seed_of(file("a"), judged("b")), model)
    assert len(model.prompts) == 1


VERDICTS = st.lists(
    st.builds(
        Verdict,
        criterion=st.text(max_size=9),
        status=st.sampled_from(STATUSES),
        evidence=st.text(max_size=9),
        stage=st.sampled_from(["mechanical", "semantic", "consensus", "degraded"]),
    ),
    max_size=5,
)


@given(VERDICTS, st.floats(0, 1))
def test_any_evaluation_survives_json_and_passes_only_on_evidence(found: list[Verdict], score: float) -> None:
    evaluation = Evaluation(verdicts=tuple(found), score=score)
    assert Evaluation.model_validate_json(evaluation.model_dump_json()) == evaluation
    if evaluation.passed:
        assert score >= 0.8
        assert "verified" in statuses(evaluation)
        assert "failed" not in statuses(evaluation)


@given(st.lists(st.tuples(st.sampled_from(STATUSES), st.floats(0.1, 10)), min_size=1, max_size=5))
def test_any_score_is_between_0_and_1(rows: list[tuple[str, float]]) -> None:
    seed = seed_of(*(judged(str(number), weight) for number, (_, weight) in enumerate(rows)))
    model = ScriptedComplete([verdicts(*(status for status, _ in rows))])
    evaluation = evaluate(seed, model, evidence="log", consensus=False)
    assert 0 <= evaluation.score <= 1
    assert (evaluation.score == 1) is all(status == "verified" for status, _ in rows)
