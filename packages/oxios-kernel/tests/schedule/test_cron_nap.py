"""A sleep that can be cut short, on both event loops."""

import anyio
import pytest
from oxios_kernel.schedule import Nap
from oxios_kernel.testing import FakeClock

pytestmark = pytest.mark.anyio


async def test_a_sleeper_is_woken_before_its_time() -> None:
    clock = FakeClock()
    nap = Nap(clock)
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(nap.sleep, 1000)
            await clock.until_sleeping()
            nap.wake()
    assert clock.monotonic() == 0


async def test_who_is_woken_while_awake_does_not_sleep_once() -> None:
    clock = FakeClock()
    nap = Nap(clock)
    with anyio.fail_after(5):
        nap.wake()
        nap.wake()
        await nap.sleep(1000)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(nap.sleep, 10)
            await clock.until_sleeping()
            await clock.advance(10)
    assert clock.monotonic() == 10


async def test_a_cancelled_sleeper_stays_cancelled() -> None:
    clock = FakeClock()
    with anyio.move_on_after(5) as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(Nap(clock).sleep, 1000)
            await clock.until_sleeping()
            tasks.cancel_scope.cancel()
    assert not scope.cancelled_caught
