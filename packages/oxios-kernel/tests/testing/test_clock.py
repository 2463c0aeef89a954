"""The clock that tests move, beside the machine's own."""

from datetime import UTC, datetime, timedelta

import anyio
import pytest
from oxios_kernel.adapters.clock_system import ClockSystem
from oxios_kernel.testing.clock import FakeClock

pytestmark = pytest.mark.anyio


async def test_sleepers_wake_in_the_order_in_which_they_are_due() -> None:
    clock, woken = FakeClock(), list[tuple[str, float]]()

    async def sleeper(name: str, *naps: float) -> None:
        for nap in naps:
            await clock.sleep(nap)
            woken.append((name, clock.monotonic()))

    async with anyio.create_task_group() as tasks:
        for name, naps in {"slow": (5.0,), "often": (1.0, 1.0, 1.0), "late": (9.0,), "at once": (0.0,)}.items():
            tasks.start_soon(sleeper, name, *naps)
        with anyio.fail_after(5):
            await clock.until_sleeping(4)
            await clock.advance(6)
            assert woken == [("at once", 0.0), ("often", 1.0), ("often", 2.0), ("often", 3.0), ("slow", 5.0)]
            await clock.advance(3)
    assert woken[-1] == ("late", 9.0)


async def test_time_stands_still_until_it_is_moved() -> None:
    start = datetime(2026, 7, 1, 12, tzinfo=UTC)
    clock = FakeClock(start)
    assert (clock.now(), clock.monotonic()) == (start, 0.0)
    await clock.advance(90.5)
    assert (clock.now(), clock.monotonic()) == (start + timedelta(seconds=90.5), 90.5)


async def test_the_time_of_day_can_be_set_without_a_sleeper_noticing() -> None:
    clock = FakeClock(datetime(2026, 7, 1, 12, tzinfo=UTC))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clock.sleep, 10)
        with anyio.fail_after(5):
            await clock.until_sleeping()
            clock.jump(-3600)
            await clock.advance(9)
            assert (clock.now(), clock.monotonic()) == (datetime(2026, 7, 1, 11, 0, 9, tzinfo=UTC), 9)
            await clock.until_sleeping()
            await clock.advance(1)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = FakeClock()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clock.sleep, 10)
        await clock.until_sleeping()
        tasks.cancel_scope.cancel()
    with anyio.fail_after(5):
        await clock.advance(20)
    assert clock.slept == [10]


async def test_the_machines_clock_is_in_utc_and_goes_on() -> None:
    clock = ClockSystem()
    before, began = clock.now(), clock.monotonic()
    with anyio.fail_after(5):
        await clock.sleep(0.001)
        await clock.sleep(-1)
    assert before.tzinfo is UTC
    assert clock.monotonic() >= began + 0.001
