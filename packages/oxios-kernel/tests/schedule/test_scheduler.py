"""Slots taken, parked and left by tasks, on both event loops; no slot is lost, whoever is cancelled."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio
import pytest
from anyio import TASK_STATUS_IGNORED
from anyio.abc import TaskGroup, TaskStatus
from anyio.lowlevel import checkpoint
from oxios_kernel.domain.job import Priority, QueuedRun, Waiting
from oxios_kernel.errors import Conflict, NotFound
from oxios_kernel.schedule import Caps, Rates, Scheduler
from oxios_kernel.testing.clock import FakeClock

pytestmark = pytest.mark.anyio


def run(
    run_id: str,
    priority: Priority = Priority.NORMAL,
    *,
    provider: str | None = None,
    submitted: float = 0.0,
) -> QueuedRun:
    return QueuedRun(run_id=run_id, priority=priority, principal="anna", provider=provider, submitted=submitted)


def caps(concurrent: int = 1, overload: float = 1.0) -> Caps:
    return Caps(concurrent=concurrent, per_principal=10_000, per_provider=10_000, ageing_seconds=60, overload=overload)


class World:
    """A scheduler whose caps can be changed, and tasks that hold a slot until they are told to end."""

    def __init__(self, limits: Caps) -> None:
        self.caps = limits
        self.clock = FakeClock()
        self.rates = Rates()
        self.scheduler = Scheduler(self.clock, lambda: self.caps, self.rates)
        self.served: list[str] = []
        self.end: dict[str, anyio.Event] = {}

    async def hold(self, queued: QueuedRun) -> None:
        """Hold a slot until `end` of that run is set."""
        end = self.end[queued.run_id] = anyio.Event()
        async with self.scheduler.slot(queued):
            self.served.append(queued.run_id)
            await end.wait()

    async def add(self, tasks: TaskGroup, *runs: QueuedRun) -> None:
        """Start a task per run, each in line before the next."""
        for queued in runs:
            tasks.start_soon(self.hold, queued)
            await anyio.wait_all_tasks_blocked()

    async def finish(self, run_id: str) -> None:
        self.end[run_id].set()
        await anyio.wait_all_tasks_blocked()

    def reasons(self) -> dict[str, Waiting]:
        return {row.run.run_id: row.reason for row in self.scheduler.queue()}


@contextmanager
def all_slots_are_free_after(world: World) -> Iterator[None]:
    yield
    stats = world.scheduler.stats()
    assert (stats.running, stats.waiting, stats.parked) == (0, 0, 0)
    assert stats.submitted == stats.finished + stats.withdrawn


async def test_leaving_a_slot_admits_the_next_in_order_at_once() -> None:
    world = World(caps())
    with anyio.fail_after(5), all_slots_are_free_after(world):
        async with anyio.create_task_group() as tasks:
            await world.add(tasks, run("a"), run("low", Priority.LOW), run("high", Priority.HIGH))
            assert world.served == ["a"]
            await world.finish("a")
            assert world.served == ["a", "high"]
            await world.finish("high")
            assert world.served == ["a", "high", "low"]
            await world.finish("low")


async def test_a_parked_run_gives_its_slot_away_and_gets_one_again_before_its_equals() -> None:
    world = World(caps())
    child_done = anyio.Event()

    async def parent() -> None:
        async with world.scheduler.slot(run("parent")):
            async with world.scheduler.parked("parent", Waiting.CHILDREN):
                await child_done.wait()
            world.served.append("parent again")

    with anyio.fail_after(5), all_slots_are_free_after(world):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(parent)
            await anyio.wait_all_tasks_blocked()
            await world.add(tasks, run("child"), run("equal"))
            assert world.served == ["child"]
            assert world.reasons() == {"equal": Waiting.SLOT, "parent": Waiting.CHILDREN}
            child_done.set()
            await anyio.wait_all_tasks_blocked()
            assert world.reasons() == {"equal": Waiting.SLOT, "parent": Waiting.SLOT}
            await world.finish("child")
            assert world.served == ["child", "parent again", "equal"]
            await world.finish("equal")


async def test_an_error_in_a_parked_block_comes_out_once_the_run_has_a_slot_again() -> None:
    world = World(caps())
    with anyio.fail_after(5), all_slots_are_free_after(world):
        async with world.scheduler.slot(run("a")):
            with pytest.raises(NotFound, match="gone 0"):
                async with world.scheduler.parked("a", Waiting.PERSON):
                    raise NotFound(f"gone {world.scheduler.stats().running}")
            assert world.scheduler.stats().running == 1


async def test_a_run_that_is_cancelled_while_parked_ends_without_waiting_for_a_slot() -> None:
    world = World(caps())
    with anyio.fail_after(5), all_slots_are_free_after(world):
        async with anyio.create_task_group() as tasks:

            async def parent(*, task_status: TaskStatus[anyio.CancelScope] = TASK_STATUS_IGNORED) -> None:
                with anyio.CancelScope() as scope:
                    async with world.scheduler.slot(run("parent")), world.scheduler.parked("parent", Waiting.TIMER):
                        task_status.started(scope)
                        await anyio.sleep_forever()
                world.served.append("parent gone")

            scope = await tasks.start(parent)
            await world.add(tasks, run("busy"))
            scope.cancel()
            await anyio.wait_all_tasks_blocked()
            assert world.served == ["busy", "parent gone"]
            await world.finish("busy")


async def test_a_run_that_is_cancelled_on_its_way_back_is_parked_again_until_it_ends() -> None:
    world = World(caps())
    may_return, may_end = anyio.Event(), anyio.Event()
    with anyio.fail_after(5), all_slots_are_free_after(world):
        async with anyio.create_task_group() as tasks:

            async def parent(*, task_status: TaskStatus[anyio.CancelScope] = TASK_STATUS_IGNORED) -> None:
                async with world.scheduler.slot(run("parent")):
                    with anyio.CancelScope() as scope:
                        async with world.scheduler.parked("parent", Waiting.TIMER):
                            task_status.started(scope)
                            await may_return.wait()
                    await may_end.wait()

            scope = await tasks.start(parent)
            await world.add(tasks, run("busy"))
            may_return.set()
            await anyio.wait_all_tasks_blocked()
            assert world.reasons() == {"parent": Waiting.SLOT}
            scope.cancel()
            await anyio.wait_all_tasks_blocked()
            await world.finish("busy")
            assert world.reasons() == {"parent": Waiting.TIMER}
            may_end.set()


async def test_a_thousand_forks_at_once_all_run_and_never_more_than_may() -> None:
    world = World(caps(concurrent=7))
    now_running = most = ended = 0

    async def fork(number: int) -> None:
        nonlocal now_running, most, ended
        async with world.scheduler.slot(run(str(number), Priority(number % 4))):
            now_running += 1
            most = max(most, now_running)
            await checkpoint()
            async with world.scheduler.parked(str(number), Waiting.CHILDREN):
                now_running -= 1
                await checkpoint()
            now_running += 1
            most = max(most, now_running)
            now_running -= 1
        ended += 1

    with anyio.fail_after(30), all_slots_are_free_after(world):
        async with anyio.create_task_group() as tasks:
            for number in range(1000):
                tasks.start_soon(fork, number)
    assert (ended, most) == (1000, 7)
    assert world.scheduler.stats().admitted == 2000


async def test_cancelling_many_at_every_stage_loses_no_slot() -> None:
    world = World(caps(concurrent=3))
    scopes: list[anyio.CancelScope] = []
    gone = 0

    async def live(number: int) -> None:
        nonlocal gone
        with anyio.CancelScope() as scope:
            scopes.append(scope)
            async with world.scheduler.slot(run(str(number), Priority(number % 4))):
                for _ in range(number % 5):
                    await checkpoint()
                async with world.scheduler.parked(str(number), Waiting.TIMER):
                    for _ in range(number % 3):
                        await checkpoint()
                await checkpoint()
        gone += 1

    with anyio.fail_after(30), all_slots_are_free_after(world):
        async with anyio.create_task_group() as tasks:
            for number in range(300):
                tasks.start_soon(live, number)
            await checkpoint()
            for number, scope in enumerate(scopes):
                if number % 3 != 1:
                    scope.cancel()
                if number % 7 == 0:
                    await checkpoint()
    assert gone == 300
    stats = world.scheduler.stats()
    assert stats.withdrawn > 0
    assert stats.finished >= 100


async def test_while_admission_is_held_nobody_starts_and_whoever_runs_goes_on() -> None:
    world = World(caps(concurrent=2))
    with anyio.fail_after(5), all_slots_are_free_after(world):
        async with anyio.create_task_group() as tasks:
            await world.add(tasks, run("a"))
            world.scheduler.hold()
            await world.add(tasks, run("b"))
            assert world.served == ["a"]
            assert world.reasons() == {"b": Waiting.HELD}
            world.scheduler.resume()
            await anyio.wait_all_tasks_blocked()
            assert world.served == ["a", "b"]
            await world.finish("a")
            await world.finish("b")


async def test_a_changed_priority_moves_a_run_in_line() -> None:
    world = World(caps())
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            await world.add(tasks, run("a"), run("b"), run("c"))
            world.scheduler.set_priority("c", Priority.CRITICAL)
            await world.finish("a")
            assert world.served == ["a", "c"]
            await world.finish("c")
            await world.finish("b")


async def test_who_waits_for_a_provider_is_admitted_when_it_opens() -> None:
    world = World(caps(concurrent=9))
    world.rates.close("p", 2.5, 0)
    with anyio.fail_after(5), all_slots_are_free_after(world):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.scheduler.run)
            await world.add(tasks, run("limited", provider="p"), run("free"))
            assert world.served == ["free"]
            assert world.reasons() == {"limited": Waiting.RATE}
            await world.clock.advance(2.4)
            await anyio.wait_all_tasks_blocked()
            assert world.served == ["free"]
            await world.clock.advance(0.1)
            await anyio.wait_all_tasks_blocked()
            assert world.served == ["free", "limited"]
            await world.finish("free")
            await world.finish("limited")
            tasks.cancel_scope.cancel()


async def test_new_caps_reach_those_who_wait_within_a_second() -> None:
    world = World(caps(concurrent=4, overload=0.25))
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.scheduler.run)
            await world.add(tasks, run("a"), run("b"))
            assert world.reasons() == {"b": Waiting.OVERLOAD}
            world.caps = caps(concurrent=4)
            await world.clock.advance(1)
            await anyio.wait_all_tasks_blocked()
            assert world.served == ["a", "b"]
            tasks.cancel_scope.cancel()


async def test_while_nobody_waits_the_scheduler_sleeps() -> None:
    world = World(caps())
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(world.scheduler.run)
            await world.add(tasks, run("a"))
            await world.finish("a")
            await anyio.wait_all_tasks_blocked()
            assert world.clock.slept == []
            tasks.cancel_scope.cancel()


async def test_the_counts_add_up_and_the_waits_are_those_that_were() -> None:
    world = World(caps())
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            await world.add(tasks, run("a"), *(run(name, Priority.LOW) for name in ("b", "c", "d")))
            for name in ("a", "b"):
                await world.clock.advance(60)
                await world.finish(name)
            stats = world.scheduler.stats()
            assert (stats.submitted, stats.admitted, stats.finished, stats.withdrawn) == (4, 3, 2, 0)
            assert (stats.running, stats.waiting, stats.parked) == (1, 1, 0)
            assert stats.waiting_by_priority[Priority.LOW] == stats.running_by_priority[Priority.LOW] == 1
            assert stats.waiting_by_priority[Priority.HIGH] == 0
            assert stats.reasons == {Waiting.SLOT: 1}
            assert (stats.wait_p50_seconds, stats.wait_p95_seconds) == (60, 120)
            [row] = world.scheduler.queue()
            assert (row.run.run_id, row.waited_seconds, row.standing) == ("d", 120, Priority.HIGH)
            tasks.cancel_scope.cancel()
    assert world.scheduler.stats().withdrawn == 1


async def test_what_a_run_cannot_do_is_refused() -> None:
    world = World(caps(concurrent=2))
    async with world.scheduler.slot(run("a")):
        with pytest.raises(Conflict, match="'a'"):
            async with world.scheduler.slot(run("a")):
                pass
        async with world.scheduler.parked("a", Waiting.PERSON):
            with pytest.raises(Conflict, match="'a'"):
                async with world.scheduler.parked("a", Waiting.TIMER):
                    pass
    with pytest.raises(NotFound, match="'a'"):
        world.scheduler.set_priority("a", Priority.HIGH)
