"""The Seed: an immutable contract for one piece of work, and the seeds that descend from it.

It turns a settled request into a goal, constraints and criteria that carry their own checks. It knows no
model and no clock: identifiers and times come from the two factories the caller hands in, so a replayed run
gets the same seed. The criteria's checks are withheld from the worker, who gets `brief()`.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from json import dumps
from typing import Annotated, Any, Self
from uuid import uuid4

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from oxios_ouroboros.check import Check, JudgedCheck, SchemaCheck

__all__ = ["Criterion", "Entity", "NewId", "Now", "Seed", "random_id", "utc_now"]

NewId = Callable[[], str]
"""Makes a globally unique identifier."""
Now = Callable[[], datetime]
"""Tells the time as an aware datetime."""


def random_id() -> str:
    """Return a random UUID (version 4) as text."""
    return str(uuid4())


def utc_now() -> datetime:
    """Return the current time, aware, in UTC."""
    return datetime.now(UTC)


class Criterion(BaseModel):
    """One condition of success.

    Attributes:
        text: The condition in words; the worker sees it.
        check: How it is found out; the worker does not see it.
        weight: Its share in the score relative to the others, above 0 and at most 1,000,000.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    text: str = Field(min_length=1)
    check: Check
    weight: float = Field(default=1, gt=0, le=1_000_000)

    @classmethod
    def judged(cls, statement: str) -> Self:
        """Return a criterion that a reviewer judges on evidence of the work."""
        return cls(text=statement, check=JudgedCheck(statement=statement))


class Entity(BaseModel):
    """A thing the work is about, so that every generation means the same by its name."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    name: str = Field(min_length=1)
    entity_type: str = ""
    description: str = ""


class Seed(BaseModel):
    """The contract of one generation.

    Attributes:
        id: Globally unique; a UUID unless the caller's factory makes others.
        goal: What is to be done.
        constraints: What must hold while doing it, open points included.
        acceptance_criteria: When it counts as done.
        ontology: The things it is about.
        created_at: When it was made: aware, UTC, a trailing `Z` in JSON.
        generation: 0 for the first seed of a request, one more for each evolution.
        parent_seed_id: The seed this one evolved from; None for the first.
        cspace_hint: The capability template that fits (`worker`, `standard`, `operator`, `supervisor`);
            only a hint.
        original_request: The person's first words, never changed.
        output_schema: A JSON Schema that the answer itself must satisfy; None for free text.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    id: str = Field(min_length=1)
    goal: str = Field(min_length=1)
    constraints: tuple[str, ...] = ()
    acceptance_criteria: tuple[Criterion, ...] = ()
    ontology: tuple[Entity, ...] = ()
    created_at: Annotated[AwareDatetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
    generation: int = Field(default=0, ge=0)
    parent_seed_id: str | None = None
    cspace_hint: str | None = None
    original_request: str = Field(min_length=1)
    output_schema: dict[str, Any] | None = None

    @classmethod
    def from_request(
        cls,
        text: str,
        *,
        criteria: Iterable[Criterion] = (),
        output_schema: dict[str, Any] | None = None,
        new_id: NewId = random_id,
        now: Now = utc_now,
    ) -> Self:
        """Make the first seed straight from a request, without a model.

        Args:
            text: The request, which becomes the goal.
            criteria: When it counts as done; by default one judged criterion for the goal.
            output_schema: A JSON Schema that the answer must satisfy.
            new_id: Makes the seed's identifier.
            now: Tells its time.

        Raises:
            pydantic.ValidationError: when the text is empty.
        """
        given = tuple(criteria)
        return cls(
            id=new_id(),
            goal=text,
            acceptance_criteria=given or (() if output_schema else (Criterion.judged(text),)),
            created_at=now(),
            original_request=text,
            output_schema=output_schema,
        )

    def evolved(
        self,
        *,
        goal: str | None = None,
        constraints: tuple[str, ...] | None = None,
        acceptance_criteria: tuple[Criterion, ...] | None = None,
        ontology: tuple[Entity, ...] | None = None,
        new_id: NewId = random_id,
        now: Now = utc_now,
    ) -> Self:
        """Return the next generation's seed; what is None stays as it is, and so does the direction.

        The original request, the output schema and the capability hint cannot be changed.
        """
        changes = {
            "goal": goal,
            "constraints": constraints,
            "acceptance_criteria": acceptance_criteria,
            "ontology": ontology,
        }
        kept = {name: getattr(self, name) for name in type(self).model_fields}
        wanted = {name: value for name, value in changes.items() if value is not None}
        descent = {
            "id": new_id(),
            "created_at": now(),
            "generation": self.generation + 1,
            "parent_seed_id": self.id,
        }
        return type(self).model_validate({**kept, **wanted, **descent})

    def criteria(self) -> tuple[Criterion, ...]:
        """Return what is checked: the acceptance criteria, then the output schema as one of its own."""
        if self.output_schema is None:
            return self.acceptance_criteria
        shape = SchemaCheck(json_schema=self.output_schema)
        return (
            *self.acceptance_criteria,
            Criterion(text="The answer has the requested JSON shape", check=shape),
        )

    def brief(self) -> str:
        """Return the contract as the worker may see it: everything but the checks, as Markdown."""
        parts = [f"# Goal\n{self.goal}"]
        if self.original_request != self.goal:
            parts.append(f"# Original request\n{self.original_request}")
        parts += _listed("Constraints", self.constraints)
        parts += _listed("Done when", [criterion.text for criterion in self.acceptance_criteria])
        things = [f"{entity.name} ({entity.entity_type}): {entity.description}" for entity in self.ontology]
        parts += _listed("Terms", things)
        if self.output_schema is not None:
            parts.append(f"# Answer\nOnly JSON of this schema: {dumps(self.output_schema, ensure_ascii=False)}")
        return "\n\n".join(parts)


def _listed(title: str, items: Iterable[str]) -> list[str]:
    lines = "\n".join(f"- {item}" for item in items)
    return [f"# {title}\n{lines}"] if lines else []
