"""Ctrl-C during work: once stops it so that it can go on later, twice ends the program at once.

Python's own way (an exception in whatever line happens to run) would cut through what is just being written down.
"""

import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
from anyio.abc import TaskStatus

__all__ = ["stop_on_interrupt"]


@asynccontextmanager
async def stop_on_interrupt(*, code: int, first: Callable[[], None]) -> AsyncIterator[anyio.CancelScope]:
    """Let SIGINT and SIGTERM cancel a scope while the block runs.

    Args:
        code: the exit code when a second signal ends the process.
        first: is called at the first signal.

    Yields:
        The scope, to be entered by the caller.
    """
    work = anyio.CancelScope()
    async with anyio.create_task_group() as watching:
        await watching.start(_watch, work, code, first)
        yield work
        watching.cancel_scope.cancel()


async def _watch(
    work: anyio.CancelScope, code: int, first: Callable[[], None], *, task_status: TaskStatus[None]
) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            if work.cancel_called:
                os._exit(code)
            first()
            work.cancel()
