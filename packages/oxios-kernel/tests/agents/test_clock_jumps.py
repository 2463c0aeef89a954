"""A time of day that is set forward or back while agents wait: waiting may be shorter or longer, and nobody is lost."""

import anyio
import pytest
from oxios_kernel.domain.run import Run, RunState
from oxios_kernel.testing import says, tool

from tests.e2e.faults.table import TASK, World

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("anyio_backend", ["trio"])]

JUMPS = pytest.mark.parametrize("hours", [-24, -1, 1, 24])
MINUTE = 60.0


class Waiting:
    """A parent that waits for its child, an hour at most, on a host of its own."""

    def __init__(self) -> None:
        self.world = World()
        self.host = self.world.new_host()

    async def begin(self) -> None:
        """Fork both; let the child think and the parent wait."""
        await self.host.processes.fork(TASK, title="parent")
        await self.settle()
        self.world.oracle.tell(self.parent.id, tool("fork", goal="child"))
        await self.settle()
        self.world.oracle.tell(self.parent.id, tool("wait", timeout_seconds=60 * MINUTE))
        await self.settle()
        assert self.parent.state is RunState.WAITING

    async def settle(self) -> None:
        """Wait until nothing happens any more by itself."""
        for _ in range(3):
            self.host.supervisor.ring()
            await anyio.wait_all_tasks_blocked()

    @property
    def parent(self) -> Run:
        """The parent's row."""
        return next(row for row in self.world.rows() if row.parent is None)

    @property
    def child(self) -> Run:
        """The child's row."""
        return next(row for row in self.world.rows() if row.parent is not None)


@JUMPS
async def test_a_child_that_ends_wakes_its_parent_whatever_the_time_of_day_says(hours: int) -> None:
    waiting = Waiting()
    async with anyio.create_task_group() as group:
        group.start_soon(waiting.host.live)
        await waiting.begin()
        waiting.world.clock.jump(hours * 60 * MINUTE)
        await waiting.settle()
        waiting.world.oracle.tell(waiting.child.id, says("done"))
        await waiting.settle()
        assert waiting.parent.state is RunState.RUNNING
        waiting.world.oracle.tell(waiting.parent.id, says("done"))
        await waiting.settle()
        assert {row.state for row in waiting.world.rows()} == {RunState.DONE}
        waiting.host.scope.cancel()


@JUMPS
async def test_a_limit_of_waiting_is_a_moment_of_the_day_and_comes_with_it(hours: int) -> None:
    waiting = Waiting()
    async with anyio.create_task_group() as group:
        group.start_soon(waiting.host.live)
        await waiting.begin()
        waiting.world.clock.jump(hours * 60 * MINUTE)
        await waiting.settle()
        assert waiting.parent.state is (RunState.RUNNING if hours > 0 else RunState.WAITING)
        await waiting.world.clock.advance(max(0, 1 - hours) * 60 * MINUTE)
        await waiting.settle()
        assert waiting.parent.state is RunState.RUNNING
        waiting.host.scope.cancel()
