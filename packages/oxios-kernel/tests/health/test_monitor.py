"""The monitor: how often it looks, what it remembers of a day, and whom it tells of overload."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import anyio
import pytest
from anyio import wait_all_tasks_blocked
from oxios_kernel.domain.event import Event, OverloadChanged
from oxios_kernel.errors import HomeError
from oxios_kernel.events import Bus
from oxios_kernel.health import Counts, Monitor, Thresholds
from oxios_kernel.testing import FakeClock, ScriptedVitals

pytestmark = pytest.mark.anyio


class World:
    def __init__(self, path: Path) -> None:
        self.clock = FakeClock()
        self.bus = Bus()
        self.vitals = ScriptedVitals()
        self.counts = Counts()
        self.thresholds = Thresholds()
        self.monitor = Monitor(
            vitals=self.vitals,
            clock=self.clock,
            bus=self.bus,
            path=path,
            counts=self.count,
            thresholds=lambda: self.thresholds,
        )

    async def count(self) -> Counts:
        return self.counts

    async def pass_time(self, seconds: float) -> None:
        """Let time pass from look to look."""
        while seconds > 0:
            await self.clock.until_sleeping()
            step = min(self.clock.slept[-1], seconds)
            await self.clock.advance(step)
            seconds -= step
        await self.clock.until_sleeping()

    @contextmanager
    def listening(self) -> Iterator[list[OverloadChanged]]:
        """Collect what the bus is told, once the block is left."""
        heard: list[OverloadChanged] = []

        def hear(event: Event) -> bool:
            if isinstance(event, OverloadChanged):
                heard.append(event)
            return False

        with self.bus.subscribe(hear):
            yield heard


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_it_looks_every_half_minute_and_every_second_while_somebody_watches(world: World) -> None:
    async with anyio.create_task_group() as tasks:
        await tasks.start(world.monitor.run)
        assert world.vitals.looks == 1
        with anyio.fail_after(10):
            await world.pass_time(120)
            assert world.vitals.looks == 5
            with world.monitor.watching(), world.monitor.watching():
                await wait_all_tasks_blocked()
                assert world.vitals.looks == 6
                await world.pass_time(10)
                assert world.vitals.looks == 16
            await world.pass_time(61)
            assert world.vitals.looks == 19
        tasks.cancel_scope.cancel()


async def test_a_snapshot_is_of_now_and_is_remembered(world: World) -> None:
    world.counts = Counts(running=3, queued=7, tokens_per_minute=1200)
    world.vitals.use(memory_percent=50)
    snapshot = await world.monitor.snapshot()
    assert snapshot.at == world.clock.now()
    assert snapshot.reading.memory_percent == 50
    assert (snapshot.running, snapshot.queued, snapshot.tokens_per_minute) == (3, 7, 1200)
    assert world.monitor.history() == (snapshot,)


async def test_a_day_is_remembered_finely_for_minutes_and_coarsely_for_hours(world: World) -> None:
    began = world.clock.now()
    for second in range(0, 30 * 3600 + 170, 10):
        world.counts = Counts(running=second)
        await world.monitor.snapshot()
        await world.clock.advance(10)
    ages = [(world.clock.now() - snapshot.at).total_seconds() for snapshot in world.monitor.history()]
    steps = [round(early - late) for early, late in pairwise(ages)]
    assert set(steps) == {10, 30, 300}
    assert steps == sorted(steps, reverse=True)
    assert 86_100 <= ages[0] <= 86_400
    assert 3300 <= sum(step for step in steps if step < 300) <= 3600
    assert 270 <= sum(step for step in steps if step < 30) <= 300
    for snapshot in world.monitor.history():
        age = (snapshot.at - began).total_seconds()
        assert age <= snapshot.running <= age + 300


async def test_a_part_of_the_history_can_be_asked_for(world: World) -> None:
    for _ in range(100):
        await world.clock.advance(30)
        await world.monitor.snapshot()
    assert len(world.monitor.history(60)) == 3
    assert len(world.monitor.history(600)) == 21
    assert world.monitor.history(0)[-1].at == world.clock.now()


async def test_a_clock_that_is_moved_does_not_disturb_the_history(world: World) -> None:
    for jump in (0, 86_400, -2 * 86_400):
        world.clock.jump(jump)
        await world.clock.advance(1)
        await world.monitor.snapshot()
    assert len(world.monitor.history()) == 3


async def test_overload_is_told_when_it_begins_changes_and_ends(world: World) -> None:
    with world.listening() as heard:
        await world.monitor.snapshot()
        assert world.monitor.pressure() == 1
        for memory_percent, load in ((96, 0.5), (97, 0.5), (89, 8), (25, 0.5)):
            world.vitals.use(memory_percent=memory_percent, load=load)
            await world.monitor.snapshot()
    assert [(event.pressure, event.reasons) for event in heard] == [
        (0.25, ("memory: 96 % is used",)),
        (0.5, ("memory: 89 % is used", "load: 4.0 tasks want each processor")),
        (1.0, ()),
    ]
    assert (world.monitor.pressure(), dict(world.monitor.overload.reasons)) == (1, {})


async def test_new_thresholds_hold_at_the_next_look(world: World) -> None:
    await world.monitor.snapshot()
    world.thresholds = Thresholds(memory_percent=20)
    await world.monitor.snapshot()
    assert list(world.monitor.overload.reasons) == ["memory"]


async def test_a_disk_that_cannot_be_looked_at_is_logged_once_and_looked_at_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home = tmp_path / "home"
    world = World(home)
    with pytest.raises(HomeError):
        await world.monitor.snapshot()
    async with anyio.create_task_group() as tasks:
        with anyio.fail_after(5), caplog.at_level(logging.WARNING):
            await tasks.start(world.monitor.run)
            await world.pass_time(90)
            assert (len(caplog.records), world.vitals.looks) == (1, 0)
            await anyio.Path(home).mkdir()
            await world.pass_time(30)
            assert (len(caplog.records), world.vitals.looks) == (1, 1)
        tasks.cancel_scope.cancel()
