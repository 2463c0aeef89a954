"""A settled request becomes a seed, an unsettled one the next questions: the outcome of an assessment.

Pure: the model's proposal and the interview so far in, an `Assessment` out. Whether to ask or to work is
decided here by the ambiguity formula, not by the model's word, so that the same scores always lead the same
way. Called by `protocol`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from oxios_ouroboros.interview import Clarity, Complexity, Dimension, Interview
from oxios_ouroboros.prompts import AssessReply, CriterionDraft, CrystallizeReply, EntityDraft, SeedDraft
from oxios_ouroboros.repair import Trace
from oxios_ouroboros.seed import Criterion, Entity, NewId, Now, Seed

__all__ = ["Assessment"]

_QUESTIONS: dict[Dimension, str] = {
    "goal": "What exactly should be there when this is done?",
    "constraints": "What must be kept, avoided or used for this?",
    "success": "How will you see that it is done right?",
}


class Assessment(BaseModel):
    """What a request turned out to be.

    Attributes:
        kind: `"chat"`: `reply` is the answer. `"task"`: `seed` is the contract. `"unclear"`: `interview`
            has the questions.
        reply: The answer to a conversation, else empty.
        seed: The contract of a task, else None.
        interview: The open interview of an unclear request, else None.
        complexity: How much a task seems to need.
        clarity: The scores behind the decision; None for a conversation.
        trace: How the model's reply was read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    kind: Literal["chat", "task", "unclear"]
    reply: str = ""
    seed: Seed | None = None
    interview: Interview | None = None
    complexity: Complexity = "substantial"
    clarity: Clarity | None = None
    trace: Trace = Trace()

    @property
    def is_ready(self) -> bool:
        """Whether work can begin: there is a seed."""
        return self.seed is not None

    @property
    def degraded(self) -> bool:
        """Whether rules had to stand in for the model."""
        return self.trace.degraded


@dataclass(frozen=True, kw_only=True)
class Crystallizer:
    """Turns proposals into assessments.

    Attributes:
        new_id: Makes a seed's identifier.
        now: Tells its time.
    """

    new_id: NewId
    now: Now

    def settle(self, interview: Interview, reply: AssessReply, trace: Trace) -> Assessment:
        """Decide between answering, asking and working.

        Args:
            interview: The state so far, without open questions.
            reply: The model's reply, or the rules' stand-in for it; the latter is taken at its word.
            trace: How the reply came about.
        """
        if reply.kind == "chat":
            return Assessment(kind="chat", reply=reply.reply.strip(), trace=trace)
        clarity = reply.clarity or Clarity()
        if clarity.is_ready() or (trace.degraded and reply.kind == "task"):
            seed = self.seed(interview, reply)
            return Assessment(kind="task", seed=seed, complexity=reply.complexity, clarity=clarity, trace=trace)
        questions = reply.questions or (_QUESTIONS[clarity.weakest],)
        asking = interview.asking(questions, clarity, reply.complexity)
        return Assessment(kind="unclear", interview=asking, complexity=reply.complexity, clarity=clarity, trace=trace)

    def conclude(self, interview: Interview, reply: CrystallizeReply, trace: Trace) -> Assessment:
        """Make a task of an interview that may ask no more; what is open becomes constraints."""
        clarity = reply.clarity or interview.clarity
        open_points = _open_points(interview, reply, clarity)
        seed = self.seed(interview, reply, _as_constraints(open_points))
        return Assessment(kind="task", seed=seed, complexity=interview.kind, clarity=clarity, trace=trace)

    def seed(self, interview: Interview, draft: SeedDraft, open_points: Sequence[str] = ()) -> Seed:
        """Make the first seed; one judged criterion for the goal when the model proposed none."""
        goal = draft.goal.strip() or interview.original_request
        criteria = as_criteria(draft.criteria)
        if not criteria and draft.output_schema is None:
            criteria = (Criterion.judged(goal),)
        return Seed(
            id=self.new_id(),
            goal=goal,
            constraints=(*draft.constraints, *open_points),
            acceptance_criteria=criteria,
            ontology=as_ontology(draft.ontology),
            created_at=self.now(),
            cspace_hint=draft.cspace_hint,
            original_request=interview.original_request,
            output_schema=draft.output_schema,
        )


def as_criteria(drafts: Sequence[CriterionDraft]) -> tuple[Criterion, ...]:
    """Return the proposed criteria as parts of a seed."""
    return tuple(Criterion(text=draft.text, check=draft.check, weight=draft.weight) for draft in drafts)


def as_ontology(drafts: Sequence[EntityDraft]) -> tuple[Entity, ...]:
    """Return the proposed terms as parts of a seed."""
    return tuple(
        Entity(name=draft.name, entity_type=draft.entity_type, description=draft.description) for draft in drafts
    )


def _open_points(interview: Interview, reply: CrystallizeReply, clarity: Clarity) -> tuple[str, ...]:
    """Return what is still open; at least the weakest dimension while the scores are not ready."""
    points = tuple(dict.fromkeys((*reply.open_points, *interview.open_points())))
    if not points and not clarity.is_ready():
        points = (f"the {clarity.weakest} ({_QUESTIONS[clarity.weakest]})",)
    return points


def _as_constraints(points: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"Open point, take the cautious reading and say which: {point}" for point in points)
