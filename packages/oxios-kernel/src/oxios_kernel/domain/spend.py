"""What model calls cost: tokens, calls and money. Money is an integer of micro-dollars inside and a decimal string of
dollars outside. A price that is not known stays unknown (`None`); it never counts as zero."""

from decimal import Decimal

from pydantic import Field

from oxios_kernel.domain.fact import Fact

__all__ = ["Usage", "dollars"]


def dollars(micro_usd: int | None) -> str | None:
    """Return micro-dollars as a decimal string of US dollars, `None` when the price is unknown."""
    if micro_usd is None:
        return None
    return f"{(Decimal(micro_usd) / 1_000_000).normalize():f}"


class Usage(Fact):
    """The tokens, calls and money of one or more model calls.

    Attributes:
        input_tokens: tokens sent, those read from the provider's cache included.
        output_tokens: tokens received, reasoning included.
        cached_tokens: the part of `input_tokens` that the provider had cached.
        calls: answered model calls.
        cost_micro_usd: millionths of a US dollar; `None` when the price of at least one call is unknown.
    """

    input_tokens: int = Field(default=0, ge=0)
    output_tokens: int = Field(default=0, ge=0)
    cached_tokens: int = Field(default=0, ge=0)
    calls: int = Field(default=0, ge=0)
    cost_micro_usd: int | None = 0

    def __add__(self, other: "Usage") -> "Usage":
        known = self.cost_micro_usd is not None and other.cost_micro_usd is not None
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            calls=self.calls + other.calls,
            cost_micro_usd=(self.cost_micro_usd or 0) + (other.cost_micro_usd or 0) if known else None,
        )
