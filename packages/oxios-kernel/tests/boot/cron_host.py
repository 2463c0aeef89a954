"""A kernel in a process of its own: `python cron_host.py HOME host|beside` opens it, says `ready`, and keeps cron going
until its standard input is closed."""

import sys
from pathlib import Path

import anyio
from anyio import to_thread
from oxios_kernel.boot import open_kernel


async def keep(home: Path, *, host: bool) -> None:
    async with open_kernel(home, host=host) as kernel, anyio.create_task_group() as tasks:
        if not host:
            await tasks.start(kernel.cron.run)
        print("ready", flush=True)
        await to_thread.run_sync(sys.stdin.read)
        tasks.cancel_scope.cancel()


if __name__ == "__main__":
    anyio.run(lambda: keep(Path(sys.argv[1]), host=sys.argv[2] == "host"))
