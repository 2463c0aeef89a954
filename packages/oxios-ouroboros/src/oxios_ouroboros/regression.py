"""Which criteria an earlier generation passed and the latest one fails.

Pure: evaluations in, regressions out; criteria are told apart by their text. The evolver is told about them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from oxios_ouroboros.evaluation import Evaluation
from oxios_ouroboros.prompts import Status
from oxios_ouroboros.text import normal

__all__ = ["Regression", "find_regressions"]


@dataclass(frozen=True, kw_only=True)
class Regression:
    """A criterion that was lost.

    Attributes:
        criterion: Its text.
        passed_in: The last generation that passed it, counted from 0.
        failed_since: The first generation that failed it after that.
        consecutive_failures: How many generations failed it since; at least 1.
    """

    criterion: str
    passed_in: int
    failed_since: int
    consecutive_failures: int


def find_regressions(evaluations: Sequence[Evaluation]) -> tuple[Regression, ...]:
    """Return the criteria that failed in the last evaluation and were verified in an earlier one.

    Args:
        evaluations: One for each generation, oldest first.
    """
    if not evaluations:
        return ()
    lost = [verdict.criterion for verdict in evaluations[-1].verdicts if verdict.status == "failed"]
    found = (_regression(criterion, evaluations) for criterion in lost)
    return tuple(regression for regression in found if regression is not None)


def _regression(criterion: str, evaluations: Sequence[Evaluation]) -> Regression | None:
    history = [_status(criterion, evaluation) for evaluation in evaluations]
    passes = [generation for generation, status in enumerate(history) if status == "verified"]
    if not passes:
        return None
    failures = [generation for generation in range(passes[-1] + 1, len(history)) if history[generation] == "failed"]
    return Regression(
        criterion=criterion,
        passed_in=passes[-1],
        failed_since=failures[0],
        consecutive_failures=len(failures),
    )


def _status(criterion: str, evaluation: Evaluation) -> Status:
    wanted = normal(criterion)
    statuses = (verdict.status for verdict in evaluation.verdicts if normal(verdict.criterion) == wanted)
    return next(statuses, "unverified")
