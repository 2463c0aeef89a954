"""Who has slots now and who got one last: the counts that caps and fair shares are reckoned with.

Kept up to date by each admission and each return of a slot; knows neither caps nor who waits. Used by the policy and by
the slots that follow it.
"""

from dataclasses import dataclass, field
from typing import TypeVar

from oxios_kernel.domain.job import QueuedRun

__all__ = ["Load"]

SERVED_LIMIT = 4096
"""Names whose last turn is remembered. Beyond it the longest unserved is forgotten, which leaves it the longest."""

Key = TypeVar("Key")

Share = str | tuple[str, str | None]
"""Whose turn it was: a principal, or a principal's space."""


@dataclass(kw_only=True)
class Load:
    """The slots that are taken, by whom, and the turns so far.

    Attributes:
        running: how many slots are taken.
        principals: slots by principal.
        spaces: slots by principal and space.
        providers: slots by provider.
        served: the turn in which a principal, or a principal's space, got a slot last; oldest first.
        turn: how many slots were given out so far.
        aged: principal and provider of those who went before the first in order, since a first had its turn.
    """

    running: int = 0
    principals: dict[str, int] = field(default_factory=dict)
    spaces: dict[tuple[str, str | None], int] = field(default_factory=dict)
    providers: dict[str, int] = field(default_factory=dict)
    served: dict[Share, int] = field(default_factory=dict)
    turn: int = 0
    aged: set[tuple[str, str | None]] = field(default_factory=set)

    def admit(self, run: QueuedRun, *, aged: bool) -> None:
        """Count a run that gets a slot.

        Args:
            run: who gets it.
            aged: whether it goes before the first in order because it has waited for long.
        """
        self._count(run, 1)
        self.turn += 1
        if aged:
            self.aged.add((run.principal, run.provider))
        else:
            self.aged.clear()
        for share in (run.principal, (run.principal, run.space_id)):
            self.served.pop(share, None)
            self.served[share] = self.turn
        while len(self.served) > SERVED_LIMIT:
            del self.served[next(iter(self.served))]

    def release(self, run: QueuedRun) -> None:
        """Count a run that no longer has its slot."""
        self._count(run, -1)

    def copy(self) -> "Load":
        """Return an equal load that changes by itself."""
        return Load(
            running=self.running,
            principals=dict(self.principals),
            spaces=dict(self.spaces),
            providers=dict(self.providers),
            served=dict(self.served),
            turn=self.turn,
            aged=set(self.aged),
        )

    def _count(self, run: QueuedRun, change: int) -> None:
        self.running += change
        _add(self.principals, run.principal, change)
        _add(self.spaces, (run.principal, run.space_id), change)
        if run.provider is not None:
            _add(self.providers, run.provider, change)


def _add(counts: dict[Key, int], key: Key, change: int) -> None:
    count = counts.get(key, 0) + change
    if count:
        counts[key] = count
    else:
        del counts[key]
