"""What works in the background of an open kernel: the supervisor and the scheduler's watch over time; in the host of a
home also cron and the monitor."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio

from oxios_kernel.boot.timers import take_over
from oxios_kernel.kernel import Kernel

__all__ = ["at_work"]


@asynccontextmanager
async def at_work(kernel: Kernel, *, host: bool) -> AsyncIterator[None]:
    """Keep a kernel's background tasks at work for the length of a block; what they carry out is halted at its end.

    Jobs run by the clock only in the host of a home, so that somebody is there to carry them out. An error of the block
    leaves it as it is, not in the group that a task group makes of it.

    Raises:
        ConfigError: a job of the settings cannot be used.
    """
    if host:
        await take_over(kernel.cron, kernel.settings.cron)
    failed: Exception | None = None
    async with anyio.create_task_group() as group:
        await group.start(kernel.supervisor.run)
        group.start_soon(kernel.scheduler.run)
        if host:
            await group.start(kernel.monitor.run)
            await group.start(kernel.cron.run)
            group.start_soon(kernel.cron.watch)
        try:
            yield
        except Exception as error:  # noqa: BLE001  # raised again below, outside the task group
            failed = error
        finally:
            group.cancel_scope.cancel()
            kernel.bus.close()
    if failed is not None:
        raise failed
