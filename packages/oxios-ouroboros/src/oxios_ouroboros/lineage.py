"""A lineage: the generations of seeds that came from one request, each with its evaluation.

Frozen data that survives JSON, and the questions one asks of it: which is current, which was best, how
alike are two seeds, and is there a reason to stop. It knows no model; `evolution` adds the generations.
"""

from enum import StrEnum
from itertools import pairwise
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from oxios_ouroboros.errors import LineageError
from oxios_ouroboros.evaluation import Evaluation
from oxios_ouroboros.repair import Trace
from oxios_ouroboros.seed import Entity, Seed
from oxios_ouroboros.settings import ProtocolSettings
from oxios_ouroboros.text import jaccard, normal, words

__all__ = ["Generation", "Lineage", "StopReason", "similarity", "stop_reason"]


class StopReason(StrEnum):
    """Why a lineage is not evolved further."""

    PASSED = "passed"
    LIMIT = "limit"
    CONVERGED = "converged"
    UNJUDGED = "unjudged"


class Generation(BaseModel):
    """One seed and how its work was judged.

    Attributes:
        seed: The contract.
        evaluation: The judgement; None until there is one.
        lateral: The lateral way of thinking that made the seed, if any.
        trace: How the evolver's reply was read; empty for the first generation.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    seed: Seed
    evaluation: Evaluation | None = None
    lateral: str | None = None
    trace: Trace = Trace()


class Lineage(BaseModel):
    """All generations of one request, oldest first; each seed is the child of the one before it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    generations: tuple[Generation, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unbroken(self) -> Self:
        seeds = [generation.seed for generation in self.generations]
        for parent, child in pairwise(seeds):
            if child.parent_seed_id != parent.id or child.generation != parent.generation + 1:
                raise ValueError(f"expected a child of seed {parent.id!r}, got seed {child.id!r}; keep the order")
        return self

    @classmethod
    def begin(cls, seed: Seed) -> Self:
        """Return the lineage that begins with a seed."""
        return cls(generations=(Generation(seed=seed),))

    @property
    def current(self) -> Seed:
        """The newest seed: the one to execute, or the one just judged."""
        return self.generations[-1].seed

    @property
    def best(self) -> Generation | None:
        """The judged generation to keep: one that passed, then the highest score, then the latest; None if none is."""
        best: Generation | None = None
        for generation in self.generations:
            if generation.evaluation is not None and (best is None or _rank(generation) >= _rank(best)):
                best = generation
        return best

    @property
    def evaluations(self) -> tuple[Evaluation, ...]:
        """The evaluations so far, oldest first."""
        found = (generation.evaluation for generation in self.generations)
        return tuple(evaluation for evaluation in found if evaluation is not None)

    def record(self, evaluation: Evaluation) -> Self:
        """Return the lineage with the current seed judged.

        Raises:
            LineageError: when it was judged before.
        """
        *earlier, last = self.generations
        if last.evaluation is not None:
            raise LineageError(f"expected seed {last.seed.id!r} to be unjudged, it has a verdict; evolve it first")
        judged = last.model_copy(update={"evaluation": evaluation})
        return self.model_copy(update={"generations": (*earlier, judged)})

    def followed_by(self, seed: Seed, *, lateral: str | None = None, trace: Trace | None = None) -> Self:
        """Return the lineage with a further generation.

        Raises:
            pydantic.ValidationError: when the seed is not a child of the current one.
        """
        return type(self)(
            generations=(*self.generations, Generation(seed=seed, lateral=lateral, trace=trace or Trace()))
        )


def _rank(generation: Generation) -> tuple[bool, float]:
    judged = generation.evaluation or Evaluation()
    return judged.passed, judged.score


def stop_reason(lineage: Lineage, settings: ProtocolSettings | None = None) -> StopReason | None:
    """Say why a judged lineage should not evolve; None when it should, or is not judged yet.

    `UNJUDGED` means that nothing failed and no reviewer answered, so there is nothing to learn from.
    `CONVERGED` means that the last two seeds were nearly the same and the score did not rise.
    """
    limits = settings or ProtocolSettings()
    latest = lineage.generations[-1].evaluation
    if latest is None:
        return None
    if latest.passed:
        return StopReason.PASSED
    if latest.degraded and all(verdict.status != "failed" for verdict in latest.verdicts):
        return StopReason.UNJUDGED
    if len(lineage.generations) > limits.max_evolutions:
        return StopReason.LIMIT
    if len(lineage.generations) < 2:
        return None
    parent = lineage.generations[-2]
    alike = similarity(parent.seed, lineage.current) >= limits.converged_at
    rose = parent.evaluation is not None and latest.score > parent.evaluation.score
    return StopReason.CONVERGED if alike and not rose else None


def similarity(left: Seed, right: Seed) -> float:
    """Return how alike two seeds are, 0–1, to six decimals: 0.5 goal + 0.3 demands + 0.2 ontology.

    Goals are compared by their words and demands (constraints and criteria) as whole statements, both by
    Jaccard; ontologies by 0.5 shared names + 0.3 names with the same type + 0.2 identical entities, each as
    a share of all names.

    Source: Q00/ouroboros, `observability/drift.py` (0.5 goal, 0.3 constraints, 0.2 ontology) and its
        ontology similarity (0.5 name, 0.3 type, 0.2 exact; converged at 0.95).
    """
    goals = jaccard(set(words(left.goal)), set(words(right.goal)))
    demands = jaccard(_demands(left), _demands(right))
    terms = _ontology_similarity(left.ontology, right.ontology)
    return round(0.5 * goals + 0.3 * demands + 0.2 * terms, 6)


def _demands(seed: Seed) -> set[str]:
    checked = {criterion.model_dump_json() for criterion in seed.acceptance_criteria}
    return checked | {normal(constraint) for constraint in seed.constraints}


def _ontology_similarity(left: tuple[Entity, ...], right: tuple[Entity, ...]) -> float:
    ours = {normal(entity.name): entity for entity in left}
    theirs = {normal(entity.name): entity for entity in right}
    names = ours.keys() | theirs.keys()
    if not names:
        return 1.0
    shared = ours.keys() & theirs.keys()
    same_type = sum(normal(ours[name].entity_type) == normal(theirs[name].entity_type) for name in shared)
    identical = sum(ours[name] == theirs[name] for name in shared)
    return (0.5 * len(shared) + 0.3 * same_type + 0.2 * identical) / len(names)
