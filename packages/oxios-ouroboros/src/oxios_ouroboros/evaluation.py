"""What an evaluation says: one verdict for each criterion, and the score that follows from them.

Plain frozen data and its arithmetic; how verdicts come about is in `review`. The score is the weighted
share of verified criteria, so words alone never raise it, and an evaluation without verdicts never passes.
"""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from oxios_ouroboros.prompts import Status
from oxios_ouroboros.repair import Trace
from oxios_ouroboros.seed import Criterion

__all__ = ["Evaluation", "Stage", "Verdict"]

Stage = Literal["mechanical", "semantic", "consensus", "degraded"]
"""Who decided: a check that was run, a reviewer, several reviewers, nobody (the model did not answer)."""


class Verdict(BaseModel):
    """What is known of one criterion.

    Attributes:
        criterion: Its text.
        status: Shown to hold, shown not to hold, or not shown.
        evidence: What shows it.
        stage: Who decided.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    criterion: str
    status: Status
    evidence: str
    stage: Stage


class Evaluation(BaseModel):
    """The judgement of one generation's output.

    Attributes:
        verdicts: One for each criterion of the seed, in its order.
        mechanical_pass: Every check that a host can run held; True when the seed has none.
        semantic_pass: Every judged criterion is verified; None when there is none or no reviewer answered.
        consensus_pass: The same by votes; None when no votes were taken.
        score: The weighted share of verified criteria, 0–1.
        notes: Remarks of reviewers, and what the protocol did out of the ordinary.
        pass_score: The score that was needed, 0–1.
        degraded: A reviewer did not answer and rules stood in.
        output_digest: SHA-256 of the judged output, in hex; equal outputs show a worker that goes in circles.
        trace: How the reviewers' replies were read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    verdicts: tuple[Verdict, ...] = ()
    mechanical_pass: bool = True
    semantic_pass: bool | None = None
    consensus_pass: bool | None = None
    score: float = Field(default=0, ge=0, le=1)
    notes: tuple[str, ...] = ()
    pass_score: float = Field(default=0.8, gt=0, le=1)
    degraded: bool = False
    output_digest: str = ""
    trace: Trace = Trace()

    @property
    def passed(self) -> bool:
        """Whether the work is accepted: score high enough, something verified and nothing failed."""
        statuses = {verdict.status for verdict in self.verdicts}
        return "verified" in statuses and "failed" not in statuses and self.score >= self.pass_score

    def with_verdicts(self, criteria: Sequence[Criterion], verdicts: Sequence[Verdict]) -> Self:
        """Return the evaluation with these verdicts, one for each criterion, and the score that follows."""
        return self.model_copy(update={"verdicts": tuple(verdicts), "score": weighted_score(criteria, verdicts)})


def weighted_score(criteria: Sequence[Criterion], verdicts: Sequence[Verdict]) -> float:
    """Return the verified share of all weight, 0–1, to six decimals; 0 without criteria."""
    pairs = list(zip(criteria, verdicts, strict=True))
    total = sum(criterion.weight for criterion, _ in pairs)
    verified = sum(criterion.weight for criterion, verdict in pairs if verdict.status == "verified")
    return round(verified / total, 6) if total else 0.0
