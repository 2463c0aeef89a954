"""The order in which waiting runs get free slots, and the caps that it keeps.

The first difference decides:

1. priority;
2. the principal with the fewest slots, then the one served longest ago; inside it the space, by the same rule;
3. the earliest deadline (a run without one counts as due ten minutes after it got in line), then who came first.

A run that waits gains one class of standing per `Caps.ageing_seconds`, without end. One whose standing is above that of
the first in order goes before it, the longest-waiting first; but of those that share principal and provider only one
may, before a first in order has its turn. So nothing starves, and a backlog that has aged keeps a fresh critical run
waiting for one slot per principal and provider at most. (One in all would not do: caps can open to a run at just those
turns that are not for the aged.) For the longest-waiting of all, once it stands above every class, one slot of its
principal and one of its provider are kept free: where it needs both, they need never be free at the same time else.

Runs that differ in none of priority, principal, space and provider form a lane, and only the head of a lane is looked
at. Where the winner's provider is rate-limited, nobody overtakes it towards that provider: else small calls would eat
up what a large one waits for.

Source: A. Silberschatz, P. B. Galvin, G. Gagne, "Operating System Concepts", 10th ed., 2018, section 5.3 (priorities,
ageing); C. L. Liu, J. W. Layland, "Scheduling Algorithms for Multiprogramming in a Hard-Real-Time Environment", JACM
20(1), 1973 (earliest deadline first); J. Kay, P. Lauder, "A Fair Share Scheduler", CACM 31(1), 1988.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import NamedTuple

from oxios_kernel.domain.job import Priority, QueuedRun, Waiting
from oxios_kernel.schedule.load import Load
from oxios_kernel.schedule.rates import Rates

__all__ = ["Caps", "Heads", "Lane", "Round", "Ticket", "lane_of", "standing", "ticket"]

PATIENCE_SECONDS = 600.0
"""When a run without a deadline counts as due; what ends the precedence of later runs that have one."""

LONGEST_WAIT_SECONDS = 300.0
"""How far away a provider's opening may be for a run to wait for it in line. Beyond that it is admitted, so that its
call can say so, or ask another model."""

BY_URGENCY = tuple(reversed(Priority))


@dataclass(frozen=True, kw_only=True)
class Caps:
    """How much may run at once.

    Attributes:
        concurrent: the most slots, from 1.
        per_principal: the most slots of one principal, from 1.
        per_provider: the most slots of runs that call one provider, from 1.
        ageing_seconds: how long a run waits for each class of standing it gains, above 0.
        overload: the part of `concurrent` that is given out at present, 0–1; below 1 while the machine is busy.
    """

    concurrent: int
    per_principal: int
    per_provider: int
    ageing_seconds: float
    overload: float = 1.0

    @property
    def slots(self) -> int:
        """The slots that are given out at present; one always is, so that work goes on."""
        return max(1, int(self.concurrent * self.overload))


class Ticket(NamedTuple):
    """A place in a lane; the tickets of a lane compare as they are served.

    Attributes:
        due: when the run counts as due, in monotonic seconds.
        number: counts the tickets, so that no two are equal.
        run: the run.
    """

    due: float
    number: int
    run: QueuedRun


Lane = tuple[Priority, str, str | None, str | None]
"""Priority, principal, space and provider of the runs in it."""

Heads = Callable[[Priority], Sequence[Ticket]]
"""Returns the heads of the lanes of a priority."""


def ticket(run: QueuedRun, number: int) -> Ticket:
    """Return a run's place in its lane."""
    due = run.submitted + PATIENCE_SECONDS if run.deadline is None else max(run.deadline, run.submitted)
    return Ticket(due, number, run)


def lane_of(run: QueuedRun) -> Lane:
    """Return the lane a run waits in."""
    return (run.priority, run.principal, run.space_id, run.provider)


def standing(run: QueuedRun, caps: Caps, now: float) -> int:
    """Return a run's priority plus the classes it gained by waiting."""
    return run.priority + int((now - run.submitted) / caps.ageing_seconds)


class Round:
    """One round of admission: gives out slots until none is left or nobody may have one.

    Args:
        load: the slots that are taken; each admission is counted there.
        rates: the providers' limits; each admission takes one request and the run's tokens.
        caps: what is kept to.
        now: the time, in monotonic seconds.
        oldest: nobody got in line before this moment, in monotonic seconds; it spares the look for those who aged.
        held: whether admission is paused.
    """

    def __init__(
        self, *, load: Load, rates: Rates, caps: Caps, now: float, oldest: float = -inf, held: bool = False
    ) -> None:
        self._load = load
        self._rates = rates
        self._caps = caps
        self._now = now
        self._oldest = oldest
        self._held = held
        self._slots = caps.slots
        self._closed: dict[str, float] = {}
        self._kept_for: QueuedRun | None = None

    @property
    def opens_in_seconds(self) -> float | None:
        """How long until the first provider opens that kept somebody waiting in this round, `None` without one."""
        return min(self._closed.values(), default=None)

    def pick(self, heads: Heads) -> Ticket | None:
        """Return who gets the next slot, counted as admitted; `None` when nobody does."""
        while not self._held and self._load.running < self._slots:
            winner, aged = self._winner(heads)
            if winner is None:
                break
            run = winner.run
            if run.provider is not None:
                wait = self._rates.wait(run.provider, run.tokens, self._now)
                if 0 < wait <= LONGEST_WAIT_SECONDS:
                    self._closed[run.provider] = wait
                    continue
                self._rates.take(run.provider, run.tokens, self._now)
            self._load.admit(run, aged=aged)
            self._kept_for = None
            return winner
        return None

    def reason(self, run: QueuedRun) -> Waiting:
        """Return what a run waits for that was not picked; what is nearest to it comes first."""
        if self._held:
            return Waiting.HELD
        if obstacle := self._obstacle(run):
            return obstacle
        return Waiting.SLOT if self._load.running >= self._caps.concurrent else Waiting.OVERLOAD

    def _winner(self, heads: Heads) -> tuple[Ticket | None, bool]:
        """Return who is next, and whether that is for long waiting."""
        if self._now - self._oldest < self._caps.ageing_seconds:
            return self._first(heads), False
        elders = [head for priority in BY_URGENCY for head in heads(priority) if not self._yields(head.run)]
        self._keep_for(min(elders, key=self._birth, default=None))
        first, elder = self._first(heads), min(self._free(elders), key=self._birth, default=None)
        if first is None or elder is None or self._standing(elder) <= self._standing(first):
            return first, False
        return elder, True

    def _first(self, heads: Heads) -> Ticket | None:
        """Return the first in order, whatever has aged."""
        for priority in BY_URGENCY:
            lanes = heads(priority)
            if lanes and (free := self._free(lanes)):
                return free[0] if len(free) == 1 else self._next_of(free)
        return None

    def _next_of(self, heads: Sequence[Ticket]) -> Ticket:
        """Return the first of one priority: fair shares, then deadlines."""
        slots, served = self._load.principals, self._load.served
        shares = [(slots.get(name := head.run.principal, 0), served.get(name, 0)) for head in heads]
        least = min(shares)
        equals = [head for head, share in zip(heads, shares, strict=True) if share == least]
        return min(equals, key=self._turn_of_space)

    def _turn_of_space(self, head: Ticket) -> tuple[int, int, Ticket]:
        space = (head.run.principal, head.run.space_id)
        return (self._load.spaces.get(space, 0), self._load.served.get(space, 0), head)

    def _yields(self, run: QueuedRun) -> bool:
        """Tell whether one like this went before the first in order, and no first has had its turn since."""
        return (run.principal, run.provider) in self._load.aged

    def _keep_for(self, eldest: Ticket | None) -> None:
        starves = eldest is not None and self._standing(eldest) > Priority.CRITICAL
        self._kept_for = eldest.run if eldest and starves else None

    def _free(self, heads: Sequence[Ticket]) -> list[Ticket]:
        """Return the heads that neither a cap nor a closed provider keeps."""
        return [head for head in heads if not self._obstacle(head.run)]

    def _obstacle(self, run: QueuedRun) -> Waiting | None:
        """Return which cap or limit keeps a run from a free slot, `None` when nothing does."""
        kept = self._kept_for if self._kept_for is not run else None
        most = self._caps.per_principal - (kept is not None and kept.principal == run.principal)
        if self._load.principals.get(run.principal, 0) >= most:
            return Waiting.PRINCIPAL
        if run.provider is None:
            return None
        most = self._caps.per_provider - (kept is not None and kept.provider == run.provider)
        if self._load.providers.get(run.provider, 0) >= most:
            return Waiting.PROVIDER
        return Waiting.RATE if run.provider in self._closed else None

    def _standing(self, head: Ticket) -> int:
        return standing(head.run, self._caps, self._now)

    def _birth(self, head: Ticket) -> tuple[float, int]:
        """What runs of different priority are ordered by once waiting decides: when each began to age, as it were."""
        return (head.run.submitted - head.run.priority * self._caps.ageing_seconds, head.number)
