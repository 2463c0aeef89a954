"""Ctrl-C as a call instead of an exception, as long as a block runs. Used by `repl.py` and `once.py`."""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

__all__ = ["heeding_interrupts"]


@asynccontextmanager
async def heeding_interrupts(interrupted: Callable[[anyio.CancelScope], None]) -> AsyncIterator[None]:
    """Call `interrupted` at each Ctrl-C, with the scope that ends the block. Works in the main thread only."""
    with anyio.open_signal_receiver(signal.SIGINT) as signals:
        async with anyio.create_task_group() as tasks:

            async def heed() -> None:
                async for _ in signals:
                    interrupted(tasks.cancel_scope)

            tasks.start_soon(heed)
            yield
            tasks.cancel_scope.cancel()
