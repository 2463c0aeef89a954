"""An output becomes an evaluation: checks first, then one reviewer, then votes where one opinion is not
enough.

Stage 1, mechanical: the host runs every check it can. If nothing else is to be judged, no model is asked.
Stage 2, semantic: one call for all judged criteria, on what the host saw and what the tools recorded. The
worker's own text is shown only when a criterion is about that text, and a criterion about work done is not
even asked when there is nothing but words. Stage 3, consensus: several votes on the judged criteria, when
asked for or borderline; what a check found is never voted on.

Source: Q00/ouroboros, `src/ouroboros/evaluation/` (three stages, votes at 0.66, uncertainty trigger 0.3,
outcome gate). Called by `protocol`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from oxios_ouroboros.check import JudgedCheck
from oxios_ouroboros.evaluation import Evaluation, Stage, Verdict
from oxios_ouroboros.ports import Complete, Examine, Purpose
from oxios_ouroboros.prompts import ReviewedCriterion, ReviewInput, ReviewReply, SeenCheck, Status
from oxios_ouroboros.repair import ask
from oxios_ouroboros.seed import Criterion, Seed
from oxios_ouroboros.settings import ProtocolSettings
from oxios_ouroboros.text import shorten, whole

__all__: list[str] = []

_EVIDENCE_CHARACTERS = 1_000
"""The most characters of a reviewer's evidence that a verdict keeps."""

_PERSPECTIVES = (
    "the person who asked and must live with the result",
    "a sceptic who assumes the worker takes shortcuts",
    "a specialist who checks the details against the goal",
)

_STATUS: dict[bool | None, Status] = {True: "verified", False: "failed", None: "unverified"}
_STRICTEST: tuple[Status, ...] = ("failed", "unverified", "verified")

Verdicts = dict[int, Verdict]
"""Verdicts by the position of their criterion in the seed."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a worker left behind.

    Attributes:
        output: Its answer, in its own words.
        evidence: The digest of its tool records.
    """

    output: str
    evidence: str


@dataclass(frozen=True, kw_only=True)
class Reviewer:
    """Runs the three stages.

    Attributes:
        complete: The reviewing model.
        examine: The host's checks.
        settings: Limits and thresholds.
    """

    complete: Complete
    examine: Examine
    settings: ProtocolSettings

    async def review(self, seed: Seed, work: Work, *, consensus: bool | None) -> Evaluation:
        """Judge a worker's output; `consensus` None takes votes only when the result is borderline."""
        criteria = seed.criteria()
        mechanical = await self._mechanical(criteria)
        evaluation = Evaluation(
            mechanical_pass=all(verdict.status == "verified" for verdict in mechanical.values()),
            pass_score=self.settings.pass_score,
            output_digest=sha256(work.output.encode("utf-8", "surrogatepass")).hexdigest(),
        )
        judged, groundless = _judged(criteria, mechanical, work)
        if not judged:
            return _sealed(evaluation, criteria, mechanical | groundless, {})
        question = self._question(seed, work, mechanical, judged)
        reply, trace = await ask(self.complete, Purpose.EVALUATE, question.to_json(), ReviewReply)
        opinions = _unjudged(judged) if reply is None else _opinions(judged, reply, "semantic")
        notes = ("no reviewer answered; judged criteria stay unverified",) if reply is None else reply.notes
        evaluation = evaluation.model_copy(update={"trace": trace, "notes": notes, "degraded": reply is None})
        evaluation = _sealed(evaluation, criteria, mechanical | groundless, opinions)
        wanted = consensus if consensus is not None else self._is_borderline(evaluation, reply)
        if not wanted:
            return evaluation
        return await self._by_votes(evaluation, criteria, question, mechanical | groundless)

    async def _mechanical(self, criteria: Sequence[Criterion]) -> Verdicts:
        verdicts = {}
        for position, criterion in enumerate(criteria):
            if not isinstance(criterion.check, JudgedCheck):
                seen = await self.examine(criterion.check)
                verdicts[position] = _verdict(criterion, _STATUS[seen.passed], seen.evidence, "mechanical")
        return verdicts

    def _question(self, seed: Seed, work: Work, mechanical: Verdicts, judged: dict[int, Criterion]) -> ReviewInput:
        numbered = tuple(
            ReviewedCriterion(number=number, statement=check.statement, subject=check.subject)
            for number, check in enumerate(map(_judged_check, judged.values()), start=1)
        )
        shows_output = any(criterion.subject == "answer" for criterion in numbered)
        return ReviewInput(
            request=seed.original_request,
            goal=seed.goal,
            constraints=seed.constraints,
            criteria=numbered,
            observations=tuple(
                SeenCheck(criterion=seen.criterion, status=seen.status, evidence=seen.evidence)
                for seen in mechanical.values()
            ),
            evidence=shorten(work.evidence, self.settings.evidence_characters),
            output=shorten(work.output, self.settings.output_characters) if shows_output else "",
        )

    def _is_borderline(self, evaluation: Evaluation, reply: ReviewReply | None) -> bool:
        """Say whether votes could change the outcome and one opinion is not enough."""
        failed = any(verdict.stage == "mechanical" and verdict.status == "failed" for verdict in evaluation.verdicts)
        if failed or reply is None:
            return False
        low, high = self.settings.borderline
        return low <= evaluation.score <= high or reply.uncertainty > self.settings.uncertainty_limit

    async def _by_votes(
        self, evaluation: Evaluation, criteria: Sequence[Criterion], question: ReviewInput, settled: Verdicts
    ) -> Evaluation:
        judged = {position: criterion for position, criterion in enumerate(criteria) if position not in settled}
        ballots: list[Verdicts] = []
        trace = evaluation.trace
        for number in range(1, self.settings.votes + 1):
            perspective = _PERSPECTIVES[(number - 1) % len(_PERSPECTIVES)]
            vote = {"vote": number, "votes": self.settings.votes, "perspective": perspective}
            inputs = question.model_copy(update=vote).to_json()
            reply, step = await ask(self.complete, Purpose.VOTE, inputs, ReviewReply)
            trace = trace.then(step)
            ballots.append(_unjudged(judged) if reply is None else _opinions(judged, reply, "consensus"))
        decided = {
            position: _tally(criterion, [ballot[position] for ballot in ballots], self.settings.vote_share)
            for position, criterion in judged.items()
        }
        groundless = any(verdict.stage != "mechanical" for verdict in settled.values())
        agreed = not groundless and all(verdict.status == "verified" for verdict in decided.values())
        changes = {"trace": trace, "degraded": trace.degraded, "consensus_pass": agreed}
        semantic = evaluation.semantic_pass
        sealed = _sealed(evaluation.model_copy(update=changes), criteria, settled, decided)
        return sealed.model_copy(update={"semantic_pass": semantic})


def _judged(criteria: Sequence[Criterion], mechanical: Verdicts, work: Work) -> tuple[dict[int, Criterion], Verdicts]:
    """Split the judged criteria into those to ask about and those with nothing to stand on but words."""
    grounded = bool(work.evidence.strip()) or bool(mechanical)
    judged: dict[int, Criterion] = {}
    groundless: Verdicts = {}
    for position, criterion in enumerate(criteria):
        if position in mechanical:
            continue
        if grounded or _judged_check(criterion).subject == "answer":
            judged[position] = criterion
        else:
            said = "no check and no tool record shows it; the worker's own words are no evidence"
            groundless[position] = _verdict(criterion, "unverified", said, "semantic")
    return judged, groundless


def _judged_check(criterion: Criterion) -> JudgedCheck:
    if not isinstance(criterion.check, JudgedCheck):
        raise TypeError(f"expected a judged criterion, got {criterion.check!r}")
    return criterion.check


def _opinions(judged: dict[int, Criterion], reply: ReviewReply, stage: Stage) -> Verdicts:
    """Read a reviewer's verdicts: what is missing, or verified without evidence, stays unverified."""
    verdicts = {}
    for number, (position, criterion) in enumerate(judged.items(), start=1):
        drafts = [draft for draft in reply.verdicts if draft.criterion == number]
        if not drafts:
            verdicts[position] = _verdict(criterion, "unverified", "the reviewer gave no verdict", stage)
            continue
        draft = min(drafts, key=lambda draft: _STRICTEST.index(draft.status))
        if draft.status == "verified" and not draft.evidence.strip():
            verdicts[position] = _verdict(criterion, "unverified", "the reviewer named no evidence", stage)
        else:
            verdicts[position] = _verdict(criterion, draft.status, draft.evidence, stage)
    return verdicts


def _unjudged(judged: dict[int, Criterion]) -> Verdicts:
    return {
        position: _verdict(criterion, "unverified", "no reviewer answered", "degraded")
        for position, criterion in judged.items()
    }


def _tally(criterion: Criterion, votes: Sequence[Verdict], share: float) -> Verdict:
    """Return what enough votes agree on, else unverified."""
    for status in ("verified", "failed"):
        agreeing = [vote for vote in votes if vote.status == status]
        if len(agreeing) >= share * len(votes):
            evidence = f"{len(agreeing)} of {len(votes)} votes; {agreeing[0].evidence}"
            return _verdict(criterion, status, evidence, "consensus")
    return _verdict(criterion, "unverified", f"no majority among {len(votes)} votes", "consensus")


def _sealed(evaluation: Evaluation, criteria: Sequence[Criterion], settled: Verdicts, opinions: Verdicts) -> Evaluation:
    """Put all verdicts in the seed's order and add what follows from them."""
    verdicts = [(settled | opinions)[position] for position in range(len(criteria))]
    judged = [verdict for verdict in verdicts if verdict.stage != "mechanical"]
    semantic = all(verdict.status == "verified" for verdict in judged) if judged else None
    changes = {"semantic_pass": None if evaluation.degraded else semantic}
    return evaluation.model_copy(update=changes).with_verdicts(criteria, verdicts)


def _verdict(criterion: Criterion, status: Status, evidence: str, stage: Stage) -> Verdict:
    short = shorten(whole(evidence), _EVIDENCE_CHARACTERS)
    return Verdict(criterion=criterion.text, status=status, evidence=short, stage=stage)
