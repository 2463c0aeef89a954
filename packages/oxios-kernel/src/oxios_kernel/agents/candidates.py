"""Which runs a kernel takes up next: all that are queued or whose host died when it is the host of its home, else those
that it started itself, and their children. Looks at the table only; the supervisor starts what is found here."""

from collections.abc import Collection

from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Run, RunState
from oxios_kernel.ports.control import RunControl
from oxios_kernel.ports.journal import Runs

__all__ = ["Candidates"]


class Candidates:
    """The runs that are this kernel's business and under way nowhere.

    Args:
        runs: the rows.
        control: the queue.
        host: whether all runs of the home are this kernel's business.
    """

    def __init__(self, *, runs: Runs, control: RunControl, host: bool) -> None:
        self._runs = runs
        self._control = control
        self._host = host
        self._mine: set[str] = set()

    def adopt(self, run_id: str) -> None:
        """Make a run this kernel's business."""
        if not self._host:
            self._mine.add(run_id)

    async def find(self, under_way: Collection[str], most: int) -> list[Run]:
        """Return the runs to start, the most urgent first, of equals the oldest.

        Args:
            under_way: the runs that have begun in this kernel.
            most: how many from the queue are enough.
        """
        found = await self._all(most) if self._host else await self._own(under_way)
        return sorted(found, key=lambda run: (-run.priority, run.created_at))

    async def _all(self, most: int) -> list[Run]:
        return [*await self._runs.orphans(), *await self._control.queued(most)]

    async def _own(self, under_way: Collection[str]) -> list[Run]:
        rows = [await self._runs.get(RunId(run_id)) for run_id in sorted(self._mine.difference(under_way))]
        self._mine -= {row.id for row in rows if row is not None and row.state.final}
        queued = [row for row in rows if row is not None and row.state is RunState.QUEUED]
        if not any(row is not None and row.state is RunState.RUNNING for row in rows):
            return queued
        return queued + [run for run in await self._runs.orphans() if run.id in self._mine]
