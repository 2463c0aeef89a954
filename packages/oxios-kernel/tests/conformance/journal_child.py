"""A process that works on a journal, to be killed, stopped or starved by the tests that start it.

python journal_child.py hold PATH HOST RUN      take a run, begin an effect, say `held`, wait for ever
python journal_child.py append PATH HOST RUN N  record N results under a run of its own, eight at a time
python journal_child.py crash PATH RUN          for each line on stdin, fork a process that appends until it is killed
python journal_child.py full PATH HOST RUN      record until files may not grow, then once more when they may again
python journal_child.py meet PATH HOST N        once told to, write to each of N runs, and park it after one letter
                                                if it is free; say how many were
"""

import os
import resource
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import anyio
from oxios_kernel.adapters.clock_system import ClockSystem
from oxios_kernel.adapters.journal_sqlite import JournalSqlite
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.run import Lease, Run, RunKind, RunState
from oxios_kernel.errors import JournalError

WRITERS = 8


def say(line: str) -> None:
    os.write(1, f"{line}\n".encode())


async def take(journal: JournalSqlite, name: str) -> Lease:
    """Make a run if there is none, and take it."""
    now = datetime.now(UTC)
    await journal.add(Run(id=RunId(name), kind=RunKind.TURN, created_at=now, changed_at=now))
    lease = await journal.claim(RunId(name))
    assert lease is not None
    await journal.change(lease, RunState.RUNNING)
    return lease


async def hold(path: str, host: str, run: str, more: str = "0") -> None:
    async with await JournalSqlite.open(Path(path), host, ClockSystem()) as journal:
        lease = await take(journal, run)
        await journal.record(lease, "step/1/model", "asked", {"text": "paid"})
        for number in range(int(more)):
            await journal.record(lease, f"{host}/{number}", "asked", "done")
        await journal.intend(lease, "step/1/tool/1", "called")
        say("held")
        await anyio.sleep_forever()


async def append(path: str, host: str, run: str, total: str) -> None:
    async with await JournalSqlite.open(Path(path), host, ClockSystem()) as journal:
        lease = await take(journal, run)

        async def write(first: int) -> None:
            for number in range(first, int(total), WRITERS):
                await journal.record(lease, f"step/{number}", "digest", number)

        async with anyio.create_task_group() as tasks:
            for first in range(WRITERS):
                tasks.start_soon(write, first)


async def append_for_ever(path: str, host: str, run: str) -> None:
    async with await JournalSqlite.open(Path(path), host, ClockSystem()) as journal:
        lease = await take(journal, run)

        async def write(writer: int) -> None:
            for number in count():
                key = f"{host}/{writer}/{number}"
                await journal.record(lease, key, "digest", {"text": key * 20})
                say(key)

        async with anyio.create_task_group() as tasks:
            for writer in range(WRITERS):
                tasks.start_soon(write, writer)


def crash(path: str, run: str) -> None:
    """Fork, since starting Python anew for each death would take most of the test's time."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            anyio.run(append_for_ever, path, line.strip(), run)
        say(f"pid {pid}")
        os.waitpid(pid, 0)
        say("dead")


async def full(path: str, host: str, run: str) -> None:
    async with await JournalSqlite.open(Path(path), host, ClockSystem()) as journal:
        lease = await take(journal, run)
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))

        async def write(writer: int) -> None:
            for number in count():
                try:
                    await journal.record(lease, f"{writer}/{number}", "digest", "x" * 5_000)
                except JournalError as error:
                    say(f"refused {error.message}")
                    return
                say(f"kept {writer}/{number}")

        async with anyio.create_task_group() as tasks:
            for writer in range(WRITERS):
                tasks.start_soon(write, writer)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        await journal.record(lease, "afterwards", "digest", None)
        say("kept afterwards")


async def meet(path: str, host: str, total: str) -> None:
    async with await JournalSqlite.open(Path(path), host, ClockSystem()) as journal:
        say("ready")
        await anyio.to_thread.run_sync(sys.stdin.readline)
        leases: list[Lease] = []

        async def write_and_park(name: RunId) -> None:
            letter = Letter(to=name, sender=host, text="hello", key=host, at=datetime.now(UTC))
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(journal.post, letter)
                lease = await journal.claim(name)
                if lease is not None:
                    leases.append(lease)
                    await journal.change(lease, RunState.RUNNING)
                    await journal.park(lease, [], None, 1)

        for number in range(int(total)):
            await write_and_park(RunId(f"run-{number}"))
        say(str(len(leases)))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "crash":
        crash(*arguments)
    else:
        works: dict[str, Callable[..., Awaitable[None]]] = {"hold": hold, "append": append, "full": full, "meet": meet}
        anyio.run(works[command], *arguments)
