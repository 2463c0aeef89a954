"""Mail between runs: a letter is durable, ordered in its mailbox and written once."""

from pydantic import Field

from oxios_kernel.domain.fact import Fact, Moment
from oxios_kernel.domain.ids import RunId

__all__ = ["LETTER_CHARACTERS", "MAILBOX_LETTERS", "Letter", "question_key"]

LETTER_CHARACTERS = 100_000
"""How long a letter may be."""

MAILBOX_LETTERS = 1_000
"""How many letters a mailbox holds; one more is refused."""

QUESTION = "ask/"
"""How the keys of questions begin. No other letter's key does, since keys are made from the ids of runs."""


class Letter(Fact):
    """A letter to a run.

    Attributes:
        to: the run it is for.
        sender: the run that wrote it, or the principal; set by the kernel, so it cannot be forged.
        text: what it says, at most 100,000 characters.
        key: makes it unique in its mailbox: the same key again is the same letter.
        answers: the key of the letter that it answers, where it answers one.
        number: its place in the mailbox, from 1; 0 before it is posted.
        at: when it was posted.
    """

    to: RunId
    sender: str
    text: str = Field(max_length=LETTER_CHARACTERS)
    key: str
    answers: str | None = None
    number: int = 0
    at: Moment

    @property
    def asks(self) -> bool:
        """Whether its sender waits for an answer."""
        return self.key.startswith(QUESTION)


def question_key(effect: str) -> str:
    """Return the key of the question that an effect asks: the same again after a crash."""
    return QUESTION + effect
