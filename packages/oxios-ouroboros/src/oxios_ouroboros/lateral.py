"""What to try when the score stops moving: four patterns of standing still, five ways of thinking around
them.

Pure: scores in, a pattern out; a pattern and the ways already tried in, the next way out. Each way is used
once in a lineage.

Source: Q00/ouroboros, `src/ouroboros/resilience/lateral.py` (patterns, personas, affinities; spinning =
three equal outputs, no drift ε = 0.01), after E. de Bono, "Lateral Thinking", 1970.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

__all__ = ["LateralPersona", "StagnationPattern", "find_stagnation", "select_persona"]

_SPINNING_OUTPUTS = 3
_NO_DRIFT = 0.01
_DIMINISHING = 0.5
"""A gain below this share of the gain before it is a diminishing return."""


class StagnationPattern(StrEnum):
    """How a lineage stands still."""

    SPINNING = "spinning"
    OSCILLATION = "oscillation"
    NO_DRIFT = "no_drift"
    DIMINISHING_RETURNS = "diminishing_returns"


class LateralPersona(StrEnum):
    """A way of thinking, in the order in which they are tried."""

    CONTRARIAN = "contrarian"
    HACKER = "hacker"
    SIMPLIFIER = "simplifier"
    RESEARCHER = "researcher"
    ARCHITECT = "architect"

    @property
    def advice(self) -> str:
        """What an evolver that thinks this way should do, in a few sentences."""
        return _WAYS[self].advice

    @property
    def helps_with(self) -> frozenset[StagnationPattern]:
        """The patterns this way of thinking is good for."""
        return _WAYS[self].helps_with


@dataclass(frozen=True, kw_only=True)
class _Way:
    helps_with: frozenset[StagnationPattern]
    advice: str


_WAYS = {
    LateralPersona.CONTRARIAN: _Way(
        helps_with=frozenset(StagnationPattern),
        advice="Doubt what all attempts took for granted. Name the assumption they share, suppose the opposite, "
        "and say what the goal would then ask for. Is the real problem another one?",
    ),
    LateralPersona.HACKER: _Way(
        helps_with=frozenset({StagnationPattern.SPINNING}),
        advice="Look for an honest way around. Which step always fails, and which other tool, order or format "
        "reaches the same result without it?",
    ),
    LateralPersona.SIMPLIFIER: _Way(
        helps_with=frozenset({StagnationPattern.DIMINISHING_RETURNS, StagnationPattern.OSCILLATION}),
        advice="Take away until little is left. What is the smallest thing that meets every criterion? "
        "Forbid all beyond it.",
    ),
    LateralPersona.RESEARCHER: _Way(
        helps_with=frozenset({StagnationPattern.NO_DRIFT, StagnationPattern.DIMINISHING_RETURNS}),
        advice="Assume that a fact is missing. Which file, documentation or error message was never read? "
        "Require reading it before anything is changed.",
    ),
    LateralPersona.ARCHITECT: _Way(
        helps_with=frozenset({StagnationPattern.OSCILLATION, StagnationPattern.NO_DRIFT}),
        advice="Suppose the structure is wrong, not the details. Which two demands fight each other, and what "
        "arrangement of the parts lets both hold?",
    ),
}


def find_stagnation(scores: Sequence[float], outputs: Sequence[str] = ()) -> StagnationPattern | None:
    """Say how a lineage stands still, if it does.

    Args:
        scores: The score of each generation, 0–1, oldest first.
        outputs: A digest of each generation's output, oldest first; empty ones are unknown.

    Returns:
        The pattern; None while the score moves. A steady decline is no standstill; `regression` sees it.
    """
    last = outputs[-_SPINNING_OUTPUTS:]
    if len(last) == _SPINNING_OUTPUTS and len(set(last)) == 1 and last[0]:
        return StagnationPattern.SPINNING
    deltas = [later - earlier for earlier, later in pairwise(scores)]
    if not deltas:
        return None
    if abs(deltas[-1]) < _NO_DRIFT:
        return StagnationPattern.NO_DRIFT
    if len(deltas) < 2:
        return None
    if deltas[-1] * deltas[-2] < 0:
        return StagnationPattern.OSCILLATION
    if 0 < deltas[-1] < _DIMINISHING * deltas[-2]:
        return StagnationPattern.DIMINISHING_RETURNS
    return None


def select_persona(pattern: StagnationPattern, tried: Collection[str]) -> LateralPersona | None:
    """Return the first way of thinking that helps with a pattern and was not tried; None when all were."""
    return next((way for way in LateralPersona if pattern in way.helps_with and way not in tried), None)
