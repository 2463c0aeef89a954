"""What an earlier generation passed and the latest one fails."""

import pytest
from oxios_ouroboros import Evaluation, Regression, Verdict, find_regressions

STATUS = {"T": "verified", "F": "failed", "U": "unverified"}


def judged(status: str, criterion: str = "tests pass") -> Evaluation:
    verdict = {"criterion": criterion, "status": STATUS[status], "evidence": "", "stage": "mechanical"}
    return Evaluation(verdicts=(Verdict.model_validate(verdict),))


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param("TFF", (0, 1, 2), id="row 34, the first failure counted"),
        ("TF", (0, 1, 1)),
        ("FTF", (1, 2, 1)),
        ("TTUF", (1, 3, 1)),
        pytest.param("FF", None, id="row 35"),
        ("TFT", None),
        ("TU", None),
        ("T", None),
        ("", None),
    ],
)
def test_a_lost_criterion_is_named_with_when_and_how_often(history: str, expected: tuple[int, int, int] | None) -> None:
    found = [
        (lost.passed_in, lost.failed_since, lost.consecutive_failures)
        for lost in find_regressions([judged(status) for status in history])
    ]
    assert found == ([] if expected is None else [expected])


def test_a_criterion_is_the_same_whatever_its_case_and_blanks() -> None:
    found = find_regressions([judged("T", "Tests  pass"), judged("F", "tests pass")])
    assert found == (Regression(criterion="tests pass", passed_in=0, failed_since=1, consecutive_failures=1),)


def test_another_criterion_is_not_a_regression() -> None:
    assert find_regressions([judged("T", "테스트 통과"), judged("F", "문서 작성")]) == ()
