"""The thread that commits in groups: what shares a commit, and what does not share its fate."""

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import pytest
from oxios_kernel.adapters.journal_sqlite_lane import Lane, commit_together, each_for_itself
from oxios_kernel.errors import JournalError

pytestmark = pytest.mark.anyio

Work = Callable[[sqlite3.Connection], object]


def opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
    return connection


def insert(number: int) -> Work:
    return lambda connection: connection.execute("INSERT INTO numbers VALUES (?)", (number,)).rowcount


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [number for (number,) in connection.execute("SELECT number FROM numbers ORDER BY number")]


async def in_one_group(lane: Lane, works: Sequence[Work]) -> list[object]:
    """Hand works in while the lane is busy, so that the next commit has all of them; return values and errors."""
    outcomes: dict[int, object] = {}
    busy, gate = threading.Event(), threading.Event()

    def keep_busy(_: sqlite3.Connection) -> None:
        busy.set()
        gate.wait(5)

    async def do(place: int, work: Work) -> None:
        try:
            outcomes[place] = await lane.do(work)
        except (JournalError, ValueError) as error:
            outcomes[place] = error

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(lane.do, keep_busy)
            await anyio.to_thread.run_sync(busy.wait, 5)
            for place, work in enumerate(works):
                tasks.start_soon(do, place, work)
            await anyio.wait_all_tasks_blocked()
            gate.set()
    return [outcomes[place] for place in range(len(works))]


async def test_work_that_fails_half_way_is_taken_back_alone(tmp_path: Path) -> None:
    def half(connection: sqlite3.Connection) -> None:
        insert(99)(connection)
        raise ValueError("half way")

    lane = Lane(opened(tmp_path / "file"), commit_together)
    first, failed, last = await in_one_group(lane, [insert(1), half, insert(2)])
    assert (first, last) == (1, 1)
    assert isinstance(failed, ValueError)
    assert await lane.do(numbers) == [1, 2]
    await lane.aclose()


async def test_work_that_breaks_the_whole_commit_fails_alone(tmp_path: Path) -> None:
    def breaking(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT OR ROLLBACK INTO numbers VALUES (1)")

    lane = Lane(opened(tmp_path / "file"), commit_together)
    await lane.do(insert(1))
    *others, failed = await in_one_group(lane, [insert(2), insert(3), breaking])
    assert others == [1, 1]
    assert isinstance(failed, JournalError)
    assert await lane.do(numbers) == [1, 2, 3]
    await lane.aclose()


async def test_works_that_come_together_share_a_transaction(tmp_path: Path) -> None:
    connection = opened(tmp_path / "file")
    began: list[str] = []
    connection.set_trace_callback(lambda statement: began.append(statement) if statement.startswith("BEGIN") else None)
    lane = Lane(connection, commit_together)
    await in_one_group(lane, [insert(number) for number in range(64)])
    assert len(began) == 2
    await lane.aclose()


async def test_a_lane_whose_loop_is_gone_does_not_fail(tmp_path: Path) -> None:
    connection, gate, seen = opened(tmp_path / "file"), threading.Event(), threading.Event()

    async def leave() -> None:
        lane = Lane(connection, each_for_itself)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await lane.do(lambda _: gate.wait(5))
        with anyio.CancelScope() as scope:
            scope.cancel()
            await lane.do(lambda _: seen.set())

    await anyio.to_thread.run_sync(anyio.run, leave)
    gate.set()
    assert await anyio.to_thread.run_sync(seen.wait, 5)
    connection.close()
