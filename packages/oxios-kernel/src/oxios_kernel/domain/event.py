"""Everything the event bus carries. Events tell; nothing waits for them, and they are not journalled."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypedDict

from oxios_kernel.domain.budget import Limit, Spent
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.run import RunState
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import ToolStatus

__all__ = [
    "About",
    "BudgetReached",
    "CircuitChanged",
    "CircuitState",
    "Event",
    "ModelAnswered",
    "Noted",
    "OverloadChanged",
    "PhaseBegan",
    "RunChanged",
    "StepBegan",
    "TextArrived",
    "ToolBegan",
    "ToolEnded",
]


class About(TypedDict):
    """What an event is about, to be handed to several events of one run."""

    run_id: str
    session_id: str | None
    turn_id: str | None


@dataclass(frozen=True, kw_only=True)
class Event:
    """What all events have.

    Attributes:
        run_id: the turn or agent it happened in.
        session_id: the conversation, where there is one.
        turn_id: the turn that is behind it: the run itself for a turn, its turn for an agent.
    """

    run_id: str
    session_id: str | None = None
    turn_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class PhaseBegan(Event):
    """A turn entered a phase: `interview`, `seed`, `execute`, `evaluate` or `evolve`, with the generation's number."""

    phase: str
    generation: int = 0


@dataclass(frozen=True, kw_only=True)
class StepBegan(Event):
    """An agent began a step, counted from 1."""

    step: int


@dataclass(frozen=True, kw_only=True)
class TextArrived(Event):
    """A piece of a model's answer, as it streams."""

    text: str


@dataclass(frozen=True, kw_only=True)
class ToolBegan(Event):
    """A tool call is about to run."""

    tool: str
    arguments: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ToolEnded(Event):
    """A tool call ended."""

    tool: str
    status: ToolStatus


@dataclass(frozen=True, kw_only=True)
class ModelAnswered(Event):
    """A model call was answered and paid."""

    model: str
    usage: Usage


@dataclass(frozen=True, kw_only=True)
class RunChanged(Event):
    """A run entered a state."""

    state: RunState


@dataclass(frozen=True, kw_only=True)
class Noted(Event):
    """Something a person should know while they wait, in one sentence: a retry, another model, a repair."""

    text: str


@dataclass(frozen=True, kw_only=True)
class BudgetReached(Event):
    """A part of a limit is used up: 50, 80 or 100 percent, each told once a window; the run is the one that did it.

    Attributes:
        limit: the limit.
        percent: which part.
        spent: what is spent of it.
        resets_at: when its window ends, `None` for never.
    """

    limit: Limit
    percent: int
    spent: Spent
    resets_at: datetime | None = None


class CircuitState(StrEnum):
    """Whether something that may be ill is asked: it is, it is not for a while, or once to see whether it is well."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


@dataclass(frozen=True, kw_only=True)
class CircuitChanged(Event):
    """A circuit breaker changed its state; the run is the one whose call did it.

    Attributes:
        name: what it guards, such as `provider/model`.
        state: the new state.
        reason: why, in one sentence.
    """

    name: str
    state: CircuitState
    reason: str


@dataclass(frozen=True, kw_only=True)
class OverloadChanged(Event):
    """The machine became overloaded, for other reasons than before, or is not any more; `run_id` is empty.

    Attributes:
        pressure: the part that may be begun of what would be: 1 when the machine is not overloaded, else less.
        reasons: what there is too much or too little of, each in a few words; empty when it is not overloaded.
    """

    run_id: str = ""
    pressure: float
    reasons: tuple[str, ...] = ()
