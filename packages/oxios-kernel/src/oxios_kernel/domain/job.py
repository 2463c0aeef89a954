"""Runs that want to run: how urgent each is, whom it counts against, and why one waits.

The scheduler (`schedule`) orders them; tables, doors and tools speak of them in these words.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

__all__ = ["Priority", "QueuedRun", "Waiting"]


class Priority(IntEnum):
    """How urgent a run is, by its own word; waiting raises its standing beyond that."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    CRITICAL = 3


class Waiting(StrEnum):
    """What a run without a slot waits for.

    The first five are its own reasons, for which it gave its slot back. `RATE` is both: a call of its own, or its
    admission, waits for the provider's limits. The others say what keeps it in the queue: `SLOT` all slots are taken,
    `OVERLOAD` they are fewer while the machine is busy, `PRINCIPAL` and `PROVIDER` these run as many as they may,
    `HELD` admission is paused.
    """

    CHILDREN = "children"
    PERSON = "person"
    TIMER = "timer"
    PAUSED = "paused"
    RATE = "rate"
    SLOT = "slot"
    OVERLOAD = "overload"
    PRINCIPAL = "principal"
    PROVIDER = "provider"
    HELD = "held"


@dataclass(frozen=True, kw_only=True, slots=True)
class QueuedRun:
    """A run in line for a slot.

    Attributes:
        run_id: the run.
        priority: how urgent it is.
        principal: the person or program on whose behalf it works; slots are shared between these first.
        space_id: the space it belongs to; a principal's slots are shared between these.
        provider: whose models it calls, `None` when it calls none.
        submitted: when it got in line, in monotonic seconds; its ageing counts from here.
        deadline: when it should run at the latest, in monotonic seconds, `None` when it does not matter.
        tokens: the estimated tokens of its next model call.
    """

    run_id: str
    priority: Priority
    principal: str
    space_id: str | None = None
    provider: str | None = None
    submitted: float
    deadline: float | None = None
    tokens: int = 0
