"""What each model call sends and what must come back, as models that write and parse the JSON.

| purpose | input (`Prompt.user`) | reply |
|---|---|---|
| assess | `AssessInput` | `AssessReply` |
| interview | `InterviewInput` | `InterviewReply` |
| crystallize | `InterviewInput` | `CrystallizeReply` |
| evaluate, vote | `ReviewInput` | `ReviewReply` |
| evolve | `EvolveInput` | `EvolveReply` |

Inputs leave out what is empty. A corrective retry adds `rejected` and `problem` to the same input. Replies
are read leniently where nothing is lost (unknown keys and nulls are dropped, numbers clamped) and refused
otherwise; `repair` then asks once more. The instructions that go with them are in `instructions`.
"""

import json
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from oxios_ouroboros.check import Check, CommandCheck, FileCheck, JudgedCheck, SchemaCheck
from oxios_ouroboros.interview import MOST_QUESTIONS, Clarity, Complexity, Exchange, Score
from oxios_ouroboros.seed import Entity
from oxios_ouroboros.text import whole

__all__ = [
    "AssessInput",
    "AssessReply",
    "CrystallizeReply",
    "EvolveInput",
    "EvolveReply",
    "InterviewInput",
    "InterviewReply",
    "ReviewInput",
    "ReviewReply",
    "ReviewedCriterion",
    "Status",
]

_CHECKS = {
    get_args(model.model_fields["kind"].annotation)[0]: model
    for model in (CommandCheck, FileCheck, SchemaCheck, JudgedCheck)
}

Status = Literal["verified", "failed", "unverified"]
"""What is known of a criterion: shown to hold, shown not to hold, not shown."""
_HINTS = ("worker", "standard", "operator", "supervisor")


def _known_keys(value: object) -> object:
    """Drop what a check of this kind does not have, and nulls, so that its defaults apply."""
    if not isinstance(value, dict) or value.get("kind") not in _CHECKS:
        return value
    known = _CHECKS[value["kind"]].model_fields
    return {key: item for key, item in value.items() if key in known and item is not None}


def _as_criterion(value: object) -> object:
    """Read a bare sentence, or a criterion without a check, as one to be judged."""
    if isinstance(value, str):
        value = {"text": value}
    if isinstance(value, dict) and not value.get("check"):
        return {**value, "check": {"kind": "judged", "statement": value.get("text")}}
    return value


Texts = Annotated[tuple[str, ...], AfterValidator(lambda texts: tuple(text.strip() for text in texts if text.strip()))]


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    def to_json(self) -> str:
        """Return the input as one JSON object without the keys that say nothing."""
        fields = type(self).model_fields.items()
        silent = {name for name, field in fields if getattr(self, name) == field.default}
        return whole(json.dumps(self.model_dump(exclude=silent), ensure_ascii=False))


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, value: object) -> object:
        return {key: item for key, item in value.items() if item is not None} if isinstance(value, dict) else value


class CriterionDraft(_Reply):
    """A criterion as a model proposes it; without a check it is one to be judged."""

    text: str = Field(min_length=1)
    check: Annotated[Check, BeforeValidator(_known_keys)]
    weight: Annotated[float, AfterValidator(lambda weight: min(max(weight, 0.1), 10.0))] = 1


class EntityDraft(_Reply):
    """A term as a model proposes it."""

    name: str = Field(min_length=1)
    entity_type: str = ""
    description: str = ""


Criteria = tuple[Annotated[CriterionDraft, BeforeValidator(_as_criterion)], ...]


class AssessInput(_Input):
    """The request, and what was known and said before it."""

    request: str
    context: str = ""
    history: tuple[Exchange, ...] = ()
    persona: str = ""


class InterviewInput(AssessInput):
    """The same, with every answer so far and the questions that got none; for interview and crystallize."""

    answers: tuple[Exchange, ...] = ()
    open_points: tuple[str, ...] = ()
    clarity: Clarity
    round: int
    max_rounds: int


class SeedDraft(_Reply):
    """The contract as a model proposes it; an empty goal means the request itself."""

    goal: str = ""
    constraints: Texts = ()
    criteria: Criteria = ()
    ontology: tuple[EntityDraft, ...] = ()
    cspace_hint: Annotated[str | None, BeforeValidator(lambda hint: hint if hint in _HINTS else None)] = None
    output_schema: Annotated[dict[str, Any] | None, AfterValidator(lambda schema: schema or None)] = None


class AssessReply(SeedDraft):
    """A reply to a conversation, a contract, or questions; clarity is needed for the last two."""

    kind: Literal["chat", "task", "unclear"]
    reply: str = ""
    complexity: Complexity = "substantial"
    clarity: Clarity | None = None
    questions: Annotated[Texts, AfterValidator(lambda questions: questions[:MOST_QUESTIONS])] = ()

    @model_validator(mode="before")
    @classmethod
    def _only_chat(cls, value: object) -> object:
        """Drop a contract that a conversation fills in with blanks."""
        if isinstance(value, dict) and value.get("kind") == "chat":
            return {key: item for key, item in value.items() if key in ("kind", "reply")}
        return value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.kind == "chat" and not self.reply.strip():
            raise ValueError('expected the answer in "reply" when kind is "chat", got none')
        if self.kind != "chat" and self.clarity is None:
            raise ValueError(f'expected "clarity" with its three scores when kind is "{self.kind}", got none')
        return self


class InterviewReply(AssessReply):
    """The next questions or the contract; an interview does not turn into conversation."""

    @model_validator(mode="after")
    def _no_chat(self) -> Self:
        if self.kind == "chat":
            raise ValueError('expected kind "task" or "unclear", got "chat"')
        return self


class CrystallizeReply(SeedDraft):
    """The contract after the last round, with what is still open."""

    clarity: Clarity | None = None
    open_points: Texts = ()


class ReviewedCriterion(_Input):
    """A judged criterion as the reviewer sees it; `number` counts from 1."""

    number: int
    statement: str
    subject: Literal["work", "answer"]


class SeenCheck(_Input):
    """What the host saw when it ran the check of another criterion."""

    criterion: str
    status: Status
    evidence: str


class ReviewInput(_Input):
    """The contract, what is to be judged and what it can be judged on; for evaluate and vote.

    `output` is there only when some criterion is about the answer's own text. `vote` and `perspective` are
    there only in a vote.
    """

    request: str
    goal: str
    constraints: tuple[str, ...] = ()
    criteria: tuple[ReviewedCriterion, ...]
    observations: tuple[SeenCheck, ...] = ()
    evidence: str = ""
    output: str = ""
    vote: int = 0
    votes: int = 0
    perspective: str = ""


class VerdictDraft(_Reply):
    """A reviewer's verdict on the criterion of that number."""

    criterion: int
    status: Status
    evidence: str = ""


class ReviewReply(_Reply):
    """One verdict for each criterion, and how sure the reviewer is; a bare list of verdicts is taken as
    well."""

    verdicts: tuple[VerdictDraft, ...]
    uncertainty: Score = 0.0
    notes: Texts = ()

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return {"verdicts": value} if isinstance(value, list) else value


class EvolveInput(_Input):
    """The failed generation and its history.

    `verdicts` are its criteria with what is known of each; `scores` those of all generations, oldest first;
    `regressions` the criteria an earlier generation passed; `stagnation` why the score does not move, and
    `lateral` the way of thinking to try then.
    """

    request: str
    goal: str
    constraints: tuple[str, ...] = ()
    ontology: tuple[Entity, ...] = ()
    generation: int
    verdicts: tuple[SeenCheck, ...]
    scores: tuple[float, ...]
    notes: tuple[str, ...] = ()
    regressions: tuple[str, ...] = ()
    stagnation: str = ""
    lateral: str = ""


class EvolveReply(_Reply):
    """What to change: a sharper goal, further constraints, restated criteria for the unverified ones."""

    failure: Literal["spec", "execution", "impossible"] = "execution"
    goal: str = ""
    add_constraints: Texts = ()
    criteria: Criteria = ()
    ontology: tuple[EntityDraft, ...] = ()
    reason: str = ""
