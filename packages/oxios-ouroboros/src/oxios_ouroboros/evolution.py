"""A failed evaluation becomes the next generation's seed.

The evolver may sharpen the goal, add constraints and restate what could not be verified. It cannot drop a
constraint, nor a criterion that was verified or failed, nor touch the original request: otherwise the
easiest way to pass would be to ask for less. Called by `protocol`.
"""

from dataclasses import dataclass

from oxios_ouroboros.crystallize import as_criteria, as_ontology
from oxios_ouroboros.errors import LineageError
from oxios_ouroboros.evaluation import Evaluation
from oxios_ouroboros.lateral import LateralPersona, StagnationPattern, find_stagnation, select_persona
from oxios_ouroboros.lineage import Lineage, stop_reason
from oxios_ouroboros.ports import Complete, Purpose
from oxios_ouroboros.prompts import EvolveInput, EvolveReply, SeenCheck
from oxios_ouroboros.regression import find_regressions
from oxios_ouroboros.repair import ask
from oxios_ouroboros.seed import Criterion, NewId, Now, Seed
from oxios_ouroboros.settings import ProtocolSettings
from oxios_ouroboros.text import normal

__all__: list[str] = []


@dataclass(frozen=True, kw_only=True)
class Evolver:
    """Makes the next generation.

    Attributes:
        complete: The evolving model.
        settings: When to stop.
        new_id: Makes the new seed's identifier.
        now: Tells its time.
    """

    complete: Complete
    settings: ProtocolSettings
    new_id: NewId
    now: Now

    async def evolve(self, lineage: Lineage) -> Lineage | None:
        """Return the lineage with its next generation, or None when there is no use in one."""
        judged = lineage.generations[-1].evaluation
        if judged is None:
            raise LineageError(f"expected seed {lineage.current.id!r} to be judged; evaluate and record it first")
        if stop_reason(lineage, self.settings) is not None:
            return None
        pattern = _pattern(lineage)
        persona = _next_persona(lineage, pattern)
        inputs = _inputs(lineage, judged, pattern, persona).to_json()
        reply, trace = await ask(self.complete, Purpose.EVOLVE, inputs, EvolveReply)
        if reply is None:
            again = lineage.current.evolved(new_id=self.new_id, now=self.now)
            return lineage.followed_by(again, trace=trace)
        child = self._child(lineage.current, judged, reply)
        return lineage.followed_by(child, lateral=persona, trace=trace) if child is not None else None

    def _child(self, seed: Seed, judged: Evaluation, reply: EvolveReply) -> Seed | None:
        """Return the changed seed; None when nothing changes or nobody could meet it."""
        if reply.failure == "impossible":
            return None
        known = {normal(constraint) for constraint in seed.constraints}
        added = tuple(text for text in reply.add_constraints if normal(text) not in known)
        child = seed.evolved(
            goal=reply.goal.strip() or None,
            constraints=seed.constraints + added,
            acceptance_criteria=_restated(seed, judged, as_criteria(reply.criteria)),
            ontology=as_ontology(reply.ontology) or None,
            new_id=self.new_id,
            now=self.now,
        )
        return None if _same_content(seed, child) else child


def _restated(seed: Seed, judged: Evaluation, proposals: tuple[Criterion, ...]) -> tuple[Criterion, ...]:
    """Keep what was verified or failed; let the proposals take the place of what was neither."""
    pairs = list(zip(seed.acceptance_criteria, judged.verdicts, strict=False))
    kept = tuple(criterion for criterion, verdict in pairs if verdict.status != "unverified")
    unverified = tuple(criterion for criterion, verdict in pairs if verdict.status == "unverified")
    taken = {normal(criterion.text) for criterion in kept}
    fresh = tuple(proposal for proposal in proposals if normal(proposal.text) not in taken)
    return kept + (fresh[: len(unverified)] or unverified)


def _same_content(left: Seed, right: Seed) -> bool:
    return (left.goal, left.constraints, left.ontology, set(_dumped(left))) == (
        right.goal,
        right.constraints,
        right.ontology,
        set(_dumped(right)),
    )


def _dumped(seed: Seed) -> list[str]:
    return [criterion.model_dump_json() for criterion in seed.acceptance_criteria]


def _pattern(lineage: Lineage) -> StagnationPattern | None:
    scores = [evaluation.score for evaluation in lineage.evaluations]
    return find_stagnation(scores, [evaluation.output_digest for evaluation in lineage.evaluations])


def _next_persona(lineage: Lineage, pattern: StagnationPattern | None) -> LateralPersona | None:
    if pattern is None:
        return None
    tried = [generation.lateral for generation in lineage.generations if generation.lateral is not None]
    return select_persona(pattern, tried)


def _inputs(
    lineage: Lineage,
    judged: Evaluation,
    pattern: StagnationPattern | None,
    persona: LateralPersona | None,
) -> EvolveInput:
    seed = lineage.current
    return EvolveInput(
        request=seed.original_request,
        goal=seed.goal,
        constraints=seed.constraints,
        ontology=seed.ontology,
        generation=seed.generation,
        verdicts=tuple(
            SeenCheck(criterion=verdict.criterion, status=verdict.status, evidence=verdict.evidence)
            for verdict in judged.verdicts
        ),
        scores=tuple(evaluation.score for evaluation in lineage.evaluations),
        notes=judged.notes,
        regressions=tuple(
            f"{lost.criterion} (passed in generation {lost.passed_in}, failed {lost.consecutive_failures} times since)"
            for lost in find_regressions(lineage.evaluations)
        ),
        stagnation=pattern or "",
        lateral=persona.advice if persona else "",
    )
