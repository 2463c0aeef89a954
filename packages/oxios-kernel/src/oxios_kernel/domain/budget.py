"""Budgets as facts: who is limited (`Scope`), to what (`Limit`), and what was spent (`Spent`).

A window begins at a multiple of its length since 1970 in UTC, so that every process sees the same one and a restart
changes nothing: an hour begins on the hour, a day at midnight UTC. `domain/meter.py` reckons with these values, a
ledger (`ports/ledger.py`) keeps them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from oxios_kernel.domain.fact import Fact
from oxios_kernel.domain.spend import Usage

__all__ = ["EVERYBODY", "NOTHING", "Limit", "OnExhausted", "Scope", "ScopeKind", "Spent", "payers", "window_at"]

MOST = 10**15
"""More than anybody spends of anything, and far below what a database's integer holds."""

CENTURY_SECONDS = 3_155_760_000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ScopeKind(StrEnum):
    """What kind of payer a limit is for."""

    AGENT = "agent"
    PRINCIPAL = "principal"
    SPACE = "space"
    GLOBAL = "global"


class Scope(Fact):
    """A payer: one agent (or turn) with all its descendants, one principal, one space, or everybody.

    Attributes:
        kind: which of these.
        id: the run, principal or space; empty for everybody.
    """

    kind: ScopeKind
    id: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}" if self.id else str(self.kind)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the scope that is written `agent:ID`, `principal:ID`, `space:ID` or `global`.

        Raises:
            ValueError: it is written in another way; the message is a sentence.
        """
        kind, _, name = text.partition(":")
        if kind not in set(ScopeKind) or bool(name) is (kind == ScopeKind.GLOBAL):
            raise ValueError(f"expected agent:ID, principal:ID, space:ID or global, got {text!r}")
        return cls(kind=ScopeKind(kind), id=name)


EVERYBODY = Scope(kind=ScopeKind.GLOBAL)
"""The scope in which every call counts."""


def payers(lineage: Sequence[str], *, principal: str, space: str | None = None) -> tuple[Scope, ...]:
    """Return the scopes in which a run's calls count, the nearest first.

    Args:
        lineage: the run, its parent, and so on up: what a child spends counts in its parents too.
        principal: on whose behalf it works.
        space: the space it belongs to, if any.
    """
    runs = [Scope(kind=ScopeKind.AGENT, id=run) for run in lineage]
    spaces = [] if space is None else [Scope(kind=ScopeKind.SPACE, id=space)]
    return (*runs, Scope(kind=ScopeKind.PRINCIPAL, id=principal), *spaces, EVERYBODY)


class OnExhausted(StrEnum):
    """What happens to a call that does not fit any more: the run pauses and asks, it stops, or the call passes."""

    ASK = "ask"
    STOP = "stop"
    WARN = "warn"


class Limit(Fact):
    """How much a scope may spend. A scope has at most one limit for each length of window.

    Attributes:
        scope: whose limit it is.
        tokens: input and output tokens together, `None` for any number.
        calls: answered model calls, `None` for any number.
        micro_usd: millionths of a US dollar, `None` for any sum.
        window_seconds: after which it begins anew, `None` for never.
        on_exhausted: what happens when a call does not fit.
    """

    scope: Scope
    tokens: int | None = Field(default=None, ge=0, le=MOST)
    calls: int | None = Field(default=None, ge=0, le=MOST)
    micro_usd: int | None = Field(default=None, ge=0, le=MOST)
    window_seconds: int | None = Field(default=None, ge=1, le=CENTURY_SECONDS)
    on_exhausted: OnExhausted = OnExhausted.ASK

    @model_validator(mode="after")
    def _limits_something(self) -> Self:
        if self.tokens is None and self.calls is None and self.micro_usd is None:
            raise ValueError("expected a number of tokens, calls or micro-dollars, got none of them")
        return self


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """What was spent, or may be.

    Attributes:
        tokens: input and output together.
        calls: model calls.
        micro_usd: what the calls cost whose price is known.
        unpriced: the calls whose price is not known; they cost something too.
    """

    tokens: int = 0
    calls: int = 0
    micro_usd: int = 0
    unpriced: int = 0

    @classmethod
    def of(cls, usage: Usage) -> Self:
        """Return what a usage comes to."""
        return cls(
            tokens=usage.input_tokens + usage.output_tokens,
            calls=usage.calls,
            micro_usd=usage.cost_micro_usd or 0,
            unpriced=usage.calls if usage.cost_micro_usd is None else 0,
        )

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            tokens=self.tokens + other.tokens,
            calls=self.calls + other.calls,
            micro_usd=self.micro_usd + other.micro_usd,
            unpriced=self.unpriced + other.unpriced,
        )


NOTHING = Spent()
"""No tokens, no calls, no money."""


def window_at(seconds: int | None, now: datetime) -> tuple[datetime, datetime | None]:
    """Return the beginning of the window that a moment is in, and its end; without a length it never ends."""
    if seconds is None:
        return _EPOCH, None
    begin = _EPOCH + (now - _EPOCH) // timedelta(seconds=seconds) * timedelta(seconds=seconds)
    return begin, begin + timedelta(seconds=seconds)
