"""What the protocol needs from its host: a model that answers, and somebody who runs checks.

Both are one call each. The protocol hands a `Complete` the instructions and one JSON object of inputs and
reads the text that comes back; it knows no provider, no token and no price. The fake is
`oxios_ouroboros.testing.ScriptedComplete`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from oxios_ouroboros.check import Check, Observation
from oxios_ouroboros.phase import Phase

__all__ = ["Complete", "Examine", "Prompt", "Purpose"]


class Purpose(StrEnum):
    """What a model call is for; each has its input and reply models in `prompts`."""

    ASSESS = "assess"
    INTERVIEW = "interview"
    CRYSTALLIZE = "crystallize"
    EVALUATE = "evaluate"
    VOTE = "vote"
    EVOLVE = "evolve"

    @property
    def phase(self) -> Phase:
        """The phase this call belongs to."""
        match self:
            case Purpose.ASSESS | Purpose.INTERVIEW:
                return Phase.INTERVIEW
            case Purpose.CRYSTALLIZE:
                return Phase.SEED
            case Purpose.EVALUATE | Purpose.VOTE:
                return Phase.EVALUATE
            case Purpose.EVOLVE:
                return Phase.EVOLVE


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One model call.

    Attributes:
        purpose: What it is for.
        system: The instructions; the first line is `oxios-ouroboros/<purpose>/1`.
        user: One JSON object with the named inputs, as text.
        correction: 0 for the first try, 1 for the one retry after an unreadable reply.
    """

    purpose: Purpose
    system: str
    user: str
    correction: int = 0


class Complete(Protocol):
    """A model, as the protocol sees it."""

    async def __call__(self, prompt: Prompt, /) -> str:
        """Return the model's whole reply.

        Raises:
            CompletionFailed: when the model did not answer and the protocol should go on by rule. Anything
                else passes through the protocol untouched.
        """
        ...


class Examine(Protocol):
    """The host's hand and eye: it runs one check where the work was done."""

    async def __call__(self, check: Check, /) -> Observation:
        """Run a command, file or schema check and say what was seen; judged checks are never handed over."""
        ...
