"""The five phases a request goes through, in their order.

A host shows the phase a run has reached; the protocol itself keeps no phase, because the values do: an
`Interview` leads to a `Seed`, a seed to an execution, its output to an `Evaluation`, and a failed one to
the next seed.
"""

from enum import StrEnum

__all__ = ["Phase"]


class Phase(StrEnum):
    """Where a request stands; the value is the name to store, `label` the one to show."""

    INTERVIEW = "Interview"
    SEED = "Seed"
    EXECUTE = "Execute"
    EVALUATE = "Evaluate"
    EVOLVE = "Evolve"

    @property
    def label(self) -> str:
        """The phase in lower case, as shown to a person."""
        return self.value.lower()
