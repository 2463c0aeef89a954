"""What is special to the journal on SQLite: its file, its processes, its disk."""

import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from oxios_kernel.adapters.clock_system import ClockSystem
from oxios_kernel.adapters.journal_sqlite import JournalSqlite
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Lease, Run, RunKind, RunState
from oxios_kernel.errors import HomeError, InputError, JournalError
from oxios_kernel.ports.journal import RunQuery

CHILD = Path(__file__).parents[1] / "conformance" / "journal_child.py"
R = RunId("run-1")


async def opened(path: Path, host: str = "a") -> JournalSqlite:
    return await JournalSqlite.open(path, host, ClockSystem())


async def begin(journal: JournalSqlite, run_id: str = R) -> Lease:
    now = datetime.now(UTC)
    await journal.add(Run(id=RunId(run_id), kind=RunKind.TURN, created_at=now, changed_at=now))
    lease = await journal.claim(RunId(run_id))
    assert lease is not None
    await journal.change(lease, RunState.RUNNING)
    return lease


def child(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, str(CHILD), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def lines(process: "subprocess.Popen[str]") -> Iterator[str]:
    assert process.stdout is not None
    return (line.rstrip("\n") for line in process.stdout)


def recorded(path: Path) -> dict[str, object]:
    async def read() -> dict[str, object]:
        async with await opened(path, "reader") as journal:
            return {entry.key: entry.result for entry in await journal.replay(R)}

    return anyio.run(read)


def found(folder: Path, pattern: str) -> list[Path]:
    return sorted(folder.glob(pattern))


def is_sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


# Processes


def test_what_was_acknowledged_before_a_kill_is_there(tmp_path: Path) -> None:
    path, chance = tmp_path / "oxios.db", random.Random(7)
    acknowledged: set[str] = set()
    with child("crash", path, R) as process:
        assert process.stdin is not None
        told = lines(process)
        for round_number in range(30):
            process.stdin.write(f"host-{round_number}\n")
            process.stdin.flush()
            pid = int(next(told).removeprefix("pid "))
            for _ in range(chance.randrange(1, 60)):
                acknowledged.add(next(told))
            os.kill(pid, signal.SIGKILL)
            acknowledged.update(iter(lambda: next(told), "dead"))
        process.stdin.close()

    assert len(acknowledged) >= 30
    assert acknowledged <= recorded(path).keys()
    assert is_sound(path)
    assert found(tmp_path, "run/host-*") == []


def test_processes_that_write_one_file_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"
    runs = [f"run-{number}" for number in (1, 2, 3)]
    processes = [child("append", path, f"host-{run}", run, 300) for run in runs]
    assert [process.wait() for process in processes] == [0, 0, 0]
    for process in processes:
        process.communicate()

    async def read() -> None:
        async with await opened(path) as journal:
            for run in runs:
                entries = await journal.replay(RunId(run))
                assert {entry.key: entry.result for entry in entries} == {f"step/{n}": n for n in range(300)}

    anyio.run(read)


def test_a_stopped_process_keeps_its_runs_and_a_killed_one_does_not(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"

    async def look() -> tuple[list[RunId], bool]:
        async with await opened(path) as journal:
            orphans = [run.id for run in await journal.orphans()]
            return orphans, await journal.claim(R) is not None

    with child("hold", path, "sleeper", R) as process:
        assert next(lines(process)) == "held"
        process.send_signal(signal.SIGSTOP)
        stopped = anyio.run(look)
        process.kill()
    assert stopped == ([], False)
    assert anyio.run(look) == ([R], True)


def test_a_full_disk_is_said_and_the_journal_goes_on_when_there_is_space_again(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"
    with child("full", path, "a", R) as process:
        told = list(lines(process))
    assert process.returncode == 0
    refused = [line for line in told if line.startswith("refused")]
    assert len(refused) == 8
    assert all("disk" in line for line in refused)
    kept = [line.removeprefix("kept ") for line in told if line.startswith("kept")]
    assert len(kept) > 8
    assert kept[-1] == "afterwards"
    assert sorted(recorded(path)) == sorted(kept)
    assert is_sound(path)


# The file


@pytest.mark.anyio
async def test_a_home_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "oxios.db"
    async with await opened(path) as journal:
        await begin(journal)
        assert journal.notices == ()
        made = [path, path.with_name("oxios.db-wal"), *(tmp_path / "home" / "run").iterdir()]
        assert {stat.S_IMODE(file.stat().st_mode) for file in made} == {0o600}
        assert {stat.S_IMODE(folder.stat().st_mode) for folder in (path.parent, path.parent / "run")} == {0o700}
        assert len(found(path.parent, "run/host-*")) == 1
    assert found(path.parent, "run/host-*") == []


@pytest.mark.anyio
@pytest.mark.parametrize("fault", ["no database at all", "torn in the middle", "cut short"])
async def test_a_damaged_file_is_kept_aside_and_a_fresh_one_begun(tmp_path: Path, fault: str) -> None:
    path = tmp_path / "oxios.db"
    async with await opened(path) as journal:
        lease = await begin(journal)
        for number in range(100):
            await journal.record(lease, f"step/{number}", "d", "x" * 2_000)
    content = path.read_bytes()
    middle = len(content) // 8
    damaged = {
        "no database at all": "나의 일기\n".encode() * 1000,
        "torn in the middle": content[:middle] + os.urandom(6 * middle) + content[7 * middle :],
        "cut short": content[: len(content) // 2],
    }[fault]
    path.write_bytes(damaged)

    async with await opened(path) as journal:
        (notice,) = journal.notices
        assert "\n" not in notice
        assert await journal.find(RunQuery()) == []
        await begin(journal)
    (kept,) = found(tmp_path, "oxios.db.damaged-*Z")
    assert kept.name in notice
    assert kept.read_bytes() == damaged
    async with await opened(path) as journal:
        assert journal.notices == ()
        assert await journal.get(R) is not None


@pytest.mark.anyio
async def test_files_that_are_damaged_in_the_same_second_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"
    for number in range(3):
        path.write_bytes(b"no database %d\n" % number * 1000)
        async with await opened(path, f"host-{number}") as journal:
            assert len(journal.notices) == 1
    assert len(found(tmp_path, "oxios.db.damaged-*")) == 3


@pytest.mark.anyio
async def test_a_file_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"
    async with await opened(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(HomeError, match=r"schema 99.*schema 1\b"):
        await opened(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)
    assert found(tmp_path, "*damaged*") == []
    assert found(tmp_path, "run/host-*") == []


@pytest.mark.anyio
async def test_an_empty_file_becomes_a_journal(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"
    path.touch()
    async with await opened(path) as journal:
        assert journal.notices == ()
        await begin(journal)


@pytest.mark.anyio
async def test_a_home_that_is_no_folder_is_refused_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    with pytest.raises(HomeError, match="home"):
        await opened(tmp_path / "home" / "oxios.db")
    (tmp_path / "oxios.db").mkdir()
    with pytest.raises(HomeError, match=r"oxios\.db"):
        await opened(tmp_path / "oxios.db")


@pytest.mark.anyio
async def test_a_host_is_named_by_an_identifier(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"\.\./a"):
        await opened(tmp_path / "oxios.db", "../a")


@pytest.mark.anyio
async def test_a_closed_journal_says_so_and_its_runs_are_free(tmp_path: Path) -> None:
    journal = await opened(tmp_path / "oxios.db")
    await begin(journal)
    await journal.aclose()
    await journal.aclose()
    with pytest.raises(JournalError, match="closed"):
        await journal.get(R)
    async with await opened(tmp_path / "oxios.db", "b") as heir:
        assert [run.id for run in await heir.orphans()] == [R]
        assert await heir.claim(R) is not None


@pytest.mark.anyio
async def test_writes_under_way_are_finished_by_closing(tmp_path: Path) -> None:
    journal = await opened(tmp_path / "oxios.db")
    lease = await begin(journal)
    async with anyio.create_task_group() as tasks:
        for number in range(50):
            tasks.start_soon(journal.record, lease, f"step/{number}", "d", number)
        await anyio.wait_all_tasks_blocked()
        await journal.aclose()
    async with await opened(tmp_path / "oxios.db", "b") as heir:
        assert len(await heir.replay(R)) == 50


@pytest.mark.anyio
async def test_a_large_result_is_kept_once_and_goes_with_the_last_run_that_has_it(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"
    async with await opened(path) as journal:
        for run_id in ("run-1", "run-2"):
            lease = await begin(journal, run_id)
            for number in range(5):
                await journal.record(lease, f"step/{number}", "d", "x" * 1_000_000)
            await journal.change(lease, RunState.DONE)
    assert 1_000_000 < path.stat().st_size < 1_200_000
    async with await opened(path, "b") as journal:
        assert await journal.collect(1, datetime.min.replace(tzinfo=UTC)) == 1
        (left,) = await journal.find(RunQuery())
        assert [entry.result for entry in await journal.replay(left.id)] == ["x" * 1_000_000] * 5
        assert await journal.collect(0, datetime.min.replace(tzinfo=UTC)) == 1
    assert path.stat().st_size < 100_000


@pytest.mark.anyio
async def test_the_file_shrinks_by_a_collection_while_runs_go_on(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"
    async with await opened(path) as journal:
        working = await begin(journal, "working")
        for number in range(120):
            lease = await begin(journal, f"run-{number}")
            async with anyio.create_task_group() as tasks:
                for step in range(10):
                    tasks.start_soon(journal.record, lease, f"step/{step}", "d", "x" * 2_000)
            await journal.change(lease, RunState.DONE)

        async def append() -> None:
            for number in range(50):
                await journal.record(working, f"step/{number}", "d", number)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(append)
            assert await journal.collect(10, datetime.min.replace(tzinfo=UTC)) == 110
        assert len(await journal.replay(RunId("working"))) == 50
    assert path.stat().st_size < 600_000
    assert is_sound(path)


@pytest.mark.anyio
async def test_a_branch_takes_a_large_result_along_without_storing_it_again(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"
    async with await opened(path) as journal:
        lease = await begin(journal)
        await journal.record(lease, "step/1/tool/1", "called", "x" * 3_000_000)
        entries = await journal.replay(R)
        now = datetime.now(UTC)
        for number in range(5):
            run = Run(id=RunId(f"branch-{number}"), kind=RunKind.AGENT, created_at=now, changed_at=now)
            assert await journal.branch(R, run, entries)
        assert await journal.replay(RunId("branch-4")) == entries
    with closing(sqlite3.connect(path)) as connection:
        (size,) = connection.execute("SELECT sum(length(body)) FROM blobs").fetchone()
    assert size == len('"') * 2 + 3_000_000
