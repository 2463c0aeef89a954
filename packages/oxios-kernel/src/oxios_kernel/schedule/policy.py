"""The scheduling policy as a pure function: who waits, who runs, caps and time → who gets a slot, and why others not.

It says in the plainest way what the scheduler does step by step (`slots`), which is tested against it. The order
itself is in `order`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from oxios_kernel.domain.job import Priority, QueuedRun, Waiting
from oxios_kernel.schedule.load import Load
from oxios_kernel.schedule.order import Caps, Lane, Round, Ticket, lane_of, ticket
from oxios_kernel.schedule.rates import Rates, Window

__all__ = ["Choice", "Snapshot", "choose"]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """All that the policy looks at.

    Attributes:
        waiting: the runs in line, in the order in which they came.
        load: the slots that are taken.
        windows: the providers' rate limits.
        held: whether admission is paused.
    """

    waiting: Sequence[QueuedRun] = ()
    load: Load = field(default_factory=Load)
    windows: Mapping[str, Window] = field(default_factory=dict)
    held: bool = False


@dataclass(frozen=True, kw_only=True)
class Choice:
    """The policy's answer.

    Attributes:
        admit: the runs that get a slot, in order.
        why_not: what each of the others waits for.
    """

    admit: tuple[str, ...]
    why_not: Mapping[str, Waiting]


def choose(snapshot: Snapshot, caps: Caps, now: float) -> Choice:
    """Return who gets a slot, and why the others do not.

    Args:
        snapshot: who waits and who runs; it is not changed.
        caps: what is kept to.
        now: the time, in monotonic seconds.
    """
    turn = Round(load=snapshot.load.copy(), rates=Rates(snapshot.windows), caps=caps, now=now, held=snapshot.held)
    waiting = {run.run_id: ticket(run, number) for number, run in enumerate(snapshot.waiting)}
    admitted = []
    while picked := turn.pick(lambda priority: _heads(waiting.values(), priority)):
        del waiting[picked.run.run_id]
        admitted.append(picked.run.run_id)
    return Choice(admit=tuple(admitted), why_not={name: turn.reason(place.run) for name, place in waiting.items()})


def _heads(waiting: Iterable[Ticket], priority: Priority) -> list[Ticket]:
    heads: dict[Lane, Ticket] = {}
    for place in waiting:
        if place.run.priority is priority:
            lane = lane_of(place.run)
            heads[lane] = min(place, heads.get(lane, place))
    return list(heads.values())
