"""A process that spends on a ledger, to be raced with and killed by the tests that start it.

python ledger_child.py race PATH HOST TASKS  once told to, reserve and pay calls until refused; say how many were paid
python ledger_child.py hold PATH HOST        pay one call, reserve another, say `held`, wait for ever
"""

import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import anyio
from oxios_kernel.adapters.ledger_sqlite import LedgerSqlite
from oxios_kernel.domain.budget import payers
from oxios_kernel.domain.meter import Refused
from oxios_kernel.domain.spend import Usage
from oxios_kernel.ports.ledger import ModelCall

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
USAGE = Usage(input_tokens=10, calls=1)


def call(host: str, number: int) -> ModelCall:
    return ModelCall(id=f"{host}-{number}", run_id="a", model="test/model", scopes=payers(["a"], principal="p"))


async def race(path: str, host: str, tasks: str) -> None:
    async with await LedgerSqlite.open(Path(path), host) as ledger:
        print("ready", flush=True)
        await anyio.to_thread.run_sync(sys.stdin.readline)
        numbers, paid = count(), count()

        async def spend() -> None:
            while True:
                mine = call(host, next(numbers))
                verdict = await ledger.reserve(mine, USAGE, NOON)
                if isinstance(verdict, Refused) and verdict.final:
                    return
                if not isinstance(verdict, Refused):
                    await ledger.settle(mine, USAGE, NOON)
                    next(paid)

        async with anyio.create_task_group() as group:
            for _ in range(int(tasks)):
                group.start_soon(spend)
        print(next(paid), flush=True)


async def hold(path: str, host: str) -> None:
    async with await LedgerSqlite.open(Path(path), host) as ledger:
        await ledger.settle(call(host, 1), USAGE, NOON)
        await ledger.reserve(call(host, 2), USAGE, NOON)
        print("held", flush=True)
        await anyio.sleep_forever()


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    works: dict[str, Callable[..., Awaitable[None]]] = {"race": race, "hold": hold}
    anyio.run(works[command], *arguments)
