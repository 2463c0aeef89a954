"""The interview: how clear a request is, what is still to be asked, and every answer given so far.

It turns scores of clarity into one number of ambiguity and decides when to stop asking. It knows no model:
`protocol` asks the questions' author and hands the result in. An `Interview` is plain frozen data that
survives JSON, so the next round may happen in another process; the first request and every answer of every
round stay in it.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from oxios_ouroboros.errors import InterviewError
from oxios_ouroboros.text import whole

__all__ = ["Clarity", "Complexity", "Dimension", "Exchange", "Interview"]

READY_AT = 0.2
"""The most ambiguity (0–1) at which work may begin."""
MOST_QUESTIONS = 3
"""Questions asked in one round; more are dropped."""

Complexity = Literal["trivial", "substantial"]
"""How much a task needs: one obvious step, or a plan."""
Dimension = Literal["goal", "constraints", "success"]
"""What can be unclear about a request."""
Score = Annotated[float, Field(allow_inf_nan=False), AfterValidator(lambda score: min(max(score, 0.0), 1.0))]
"""A number that is clamped to 0–1."""


class Clarity(BaseModel):
    """How clear a request is in three dimensions, each clamped to 0–1; what was not scored counts 0.5.

    Source: Q00/ouroboros, `src/ouroboros/bigbang/ambiguity.py` (weights 40/30/30, threshold 0.2).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    goal: Score = 0.5
    constraints: Score = 0.5
    success: Score = 0.5

    def ambiguity(self) -> float:
        """Return 1 − (0.4·goal + 0.3·constraints + 0.3·success), 0–1, to six decimals."""
        clear = 0.4 * self.goal + 0.3 * self.constraints + 0.3 * self.success
        return round(1 - clear, 6)

    def is_ready(self) -> bool:
        """Say whether work may begin: ambiguity is at most 0.2."""
        return self.ambiguity() <= READY_AT

    @property
    def weakest(self) -> Dimension:
        """The dimension with the lowest score; on a tie the first of goal, constraints, success."""
        scores: dict[Dimension, float] = {
            "goal": self.goal,
            "constraints": self.constraints,
            "success": self.success,
        }
        return min(scores, key=lambda dimension: scores[dimension])


class Exchange(BaseModel):
    """A question and its answer; in a conversation's history, what the person said and what was replied."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    question: str
    answer: str


class Interview(BaseModel):
    """The state of an interview.

    Attributes:
        original_request: The person's first words, never changed.
        context: What the host knew beforehand, as text.
        history: The conversation before the request, oldest first.
        persona: The voice in which to speak.
        exchanges: Every question answered so far, oldest first; an empty answer leaves the choice to the
            worker.
        questions: The open questions, at most three.
        clarity: The latest scores.
        round: How many rounds of questions were asked, the open one included.
        max_rounds: After that many answered rounds the request is crystallised as it stands.
        kind: How much the task seems to need.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    original_request: str = Field(min_length=1)
    context: str = ""
    history: tuple[Exchange, ...] = ()
    persona: str = ""
    exchanges: tuple[Exchange, ...] = ()
    questions: tuple[str, ...] = ()
    clarity: Clarity = Clarity()
    round: int = Field(default=0, ge=0)
    max_rounds: int = Field(default=3, ge=1)
    kind: Complexity = "substantial"

    @property
    def is_last_round(self) -> bool:
        """Whether no further question may be asked."""
        return self.round >= self.max_rounds

    def asking(self, questions: Sequence[str], clarity: Clarity, kind: Complexity = "substantial") -> Self:
        """Return the interview with its next round of questions; at most three are kept."""
        changes = {
            "questions": tuple(questions[:MOST_QUESTIONS]),
            "clarity": clarity,
            "round": self.round + 1,
            "kind": kind,
        }
        return self.model_copy(update=changes)

    def with_answers(self, answers: Sequence[str]) -> Self:
        """Return the interview with its open questions answered.

        Args:
            answers: One for each open question, in order; missing and blank ones leave that point open. A
                single answer to several questions answers them together.

        Raises:
            InterviewError: when no question is open, or there are more answers than questions.
        """
        if not self.questions:
            raise InterviewError("expected an interview with open questions, got none; assess the request first")
        if len(answers) > len(self.questions):
            raise InterviewError(
                f"expected at most {len(self.questions)} answers, one for each question, got {len(answers)}; "
                "join what belongs together"
            )
        if len(answers) == 1:
            new: tuple[Exchange, ...] = (
                Exchange(question="\n".join(self.questions), answer=whole(answers[0]).strip()),
            )
        else:
            padded = [*answers, *[""] * (len(self.questions) - len(answers))]
            pairs = zip(self.questions, padded, strict=True)
            new = tuple(Exchange(question=question, answer=whole(answer).strip()) for question, answer in pairs)
        return self.model_copy(update={"exchanges": self.exchanges + new, "questions": ()})

    def open_points(self) -> tuple[str, ...]:
        """Return the questions that were asked and got no answer."""
        return tuple(exchange.question for exchange in self.exchanges if not exchange.answer)
