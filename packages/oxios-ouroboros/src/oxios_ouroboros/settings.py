"""The numbers of the protocol, each with its unit, default and range."""

from dataclasses import dataclass

from oxios_ouroboros.errors import SettingsError

__all__ = ["ProtocolSettings"]


@dataclass(frozen=True, kw_only=True)
class ProtocolSettings:
    """How patient and how strict the protocol is.

    Attributes:
        max_rounds: Rounds of questions before a request is taken as it stands; at least 1.
        pass_score: The score (0–1) an evaluation needs to pass.
        max_evolutions: Seeds evolved from the first one at most; 0 switches evolution off.
        votes: Votes of a consensus; odd, at least 1.
        vote_share: The share (0–1, above 0.5) of votes a verdict needs.
        borderline: The scores (0–1, both included) between which votes are taken unasked.
        uncertainty_limit: The reviewer's own uncertainty (0–1) above which votes are taken unasked.
        converged_at: The likeness (0–1) of consecutive seeds at which evolution stops.
        output_characters: Characters of an answer shown to a reviewer.
        evidence_characters: Characters of tool evidence shown to a reviewer.

    Raises:
        SettingsError: when a number is outside its range.
    """

    max_rounds: int = 3
    pass_score: float = 0.8
    max_evolutions: int = 3
    votes: int = 3
    vote_share: float = 0.66
    borderline: tuple[float, float] = (0.7, 0.8)
    uncertainty_limit: float = 0.3
    converged_at: float = 0.95
    output_characters: int = 6_000
    evidence_characters: int = 12_000

    def __post_init__(self) -> None:
        ranges = (
            ("max_rounds", self.max_rounds >= 1, "at least 1"),
            ("pass_score", 0 < self.pass_score <= 1, "above 0 and at most 1"),
            ("max_evolutions", self.max_evolutions >= 0, "0 or more"),
            ("votes", self.votes >= 1 and self.votes % 2 == 1, "an odd number of at least 1"),
            ("vote_share", 0.5 < self.vote_share <= 1, "above 0.5 and at most 1"),
            ("uncertainty_limit", 0 <= self.uncertainty_limit <= 1, "0 to 1"),
            ("converged_at", 0 < self.converged_at <= 1, "above 0 and at most 1"),
            ("output_characters", self.output_characters >= 100, "at least 100"),
            ("evidence_characters", self.evidence_characters >= 100, "at least 100"),
            (
                "borderline",
                0 <= self.borderline[0] <= self.borderline[1] <= 1,
                "two numbers in order, 0 to 1",
            ),
        )
        for name, holds, expected in ranges:
            if not holds:
                raise SettingsError(
                    f"expected {name} to be {expected}, got {getattr(self, name)!r}; change the setting"
                )
