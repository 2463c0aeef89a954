"""The road from a malformed reply to a parsed one, as the caller sees it."""

import json

import pytest
from oxios_ouroboros import CompletionFailed, Ouroboros, Trace
from oxios_ouroboros.testing import ScriptedComplete, finish

GOOD = json.dumps({"kind": "chat", "reply": "good"})


@pytest.mark.parametrize(
    ("reply", "step"),
    [
        (GOOD, "strict"),
        (f"```json\n{GOOD}\n```", "fenced"),
        (f"```json\n{GOOD}", "fenced"),
        (f"Well, {GOOD} that is all", "embedded"),
    ],
)
def test_a_readable_reply_needs_no_second_call(reply: str, step: str) -> None:
    assessment = finish(Ouroboros(ScriptedComplete([reply])).assess("hello"))
    assert (assessment.reply, assessment.trace.steps, assessment.degraded) == ("good", (step,), False)


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ("", "empty reply"),
        ("Hello!", "found none"),
        ('{"kind": "chat"', "found none"),
        ('{"kind": "chat", "reply": "a"} or {"kind": "chat", "reply": "b"}', "got 2"),
        ("[]", "reply: "),
        ('{"reply": "hi"}', "kind: "),
        ('{"kind": "chat"}', 'the answer in "reply"'),
        ('{"kind": "dance"}', "kind: "),
        ('{"kind": "task"}', '"clarity"'),
        ('{"kind": "task", "clarity": "high"}', "clarity: "),
        ('{"kind": "task", "clarity": {"goal": "high"}}', "clarity.goal: "),
        ('{"kind": "task", "clarity": {"goal": 1e999}}', "clarity.goal: "),
        (
            '{"kind": "task", "clarity": {}, "criteria": [{"text": "x", "check": {"kind": "spell"}}]}',
            "criteria.0.check",
        ),
        ('{"kind": "task", "clarity": {}, "criteria": [{"text": "x", "check": "run it"}]}', "criteria.0.check"),
    ],
)
def test_an_unreadable_reply_is_asked_for_once_more_with_its_problem(bad: str, problem: str) -> None:
    model = ScriptedComplete([bad, GOOD])
    assessment = finish(Ouroboros(model).assess("hello"))
    first, second = model.prompts
    sent = json.loads(second.user)
    assert assessment.reply == "good"
    assert assessment.trace.steps[0].startswith("rejected: ")
    assert assessment.trace.steps[1:] == ("retry", "strict")
    assert (first.correction, second.correction, second.system) == (0, 1, first.system)
    assert sent["request"] == "hello"
    assert sent["rejected"] == bad
    assert problem in sent["problem"]


def test_the_rejected_reply_is_quoted_by_characters() -> None:
    model = ScriptedComplete(["가" * 2_000, GOOD])
    finish(Ouroboros(model).assess("hello"))
    assert json.loads(model.prompts[1].user)["rejected"] == "가" * 500


def test_many_problems_are_named_by_the_first_three() -> None:
    criteria = [{"text": "x", "check": {"kind": "spell"}}] * 9
    bad = json.dumps({"kind": "task", "clarity": {}, "criteria": criteria})
    model = ScriptedComplete([bad, GOOD])
    finish(Ouroboros(model).assess("hello"))
    problem = json.loads(model.prompts[1].user)["problem"]
    assert problem.count("criteria.") == 3
    assert problem.endswith("and 6 more")


@pytest.mark.parametrize(
    ("answers", "last_steps"),
    [
        (["garbage", "more garbage"], "degraded"),
        (["garbage", CompletionFailed("cut")], "degraded"),
        ([CompletionFailed("down")], "degraded"),
    ],
)
def test_after_one_retry_rules_take_over(answers: list[str | Exception], last_steps: str) -> None:
    model = ScriptedComplete(answers)
    assessment = finish(Ouroboros(model).assess("hello there"))
    assert len(model.prompts) == len(answers)
    assert (assessment.degraded, assessment.trace.steps[-1]) == (True, last_steps)
    assert (assessment.kind, "did not answer" in assessment.reply) == ("chat", True)


def test_a_trace_goes_on_where_another_ended() -> None:
    assert Trace(steps=("strict",)).then(Trace(steps=("retry",))).steps == ("strict", "retry")
