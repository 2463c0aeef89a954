"""What is special to the ledger on SQLite: its processes, and the file that it shares with the journal."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from oxios_kernel.adapters.clock_system import ClockSystem
from oxios_kernel.adapters.journal_sqlite import JournalSqlite
from oxios_kernel.adapters.ledger_sqlite import LedgerSqlite
from oxios_kernel.domain.budget import EVERYBODY, Limit, Scope, Spent
from oxios_kernel.domain.spend import Usage
from oxios_kernel.errors import HomeError, JournalError
from oxios_kernel.ports.ledger import ModelCall

CHILD = Path(__file__).parents[1] / "conformance" / "ledger_child.py"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
AGENT = Scope.parse("agent:a")


def child(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, str(CHILD), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def line(process: "subprocess.Popen[str]", say: str = "") -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    if say:
        print(say, file=process.stdin, flush=True)
    return process.stdout.readline().strip()


@pytest.mark.anyio
async def test_two_processes_spend_one_budget_to_the_last_call_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"
    async with await LedgerSqlite.open(path, "here") as ledger:
        await ledger.set_limit(Limit(scope=AGENT, calls=150), NOON)
        await ledger.set_limit(Limit(scope=EVERYBODY, tokens=100_000), NOON)

        def race() -> list[int]:
            with child("race", path, "one", 20) as one, child("race", path, "two", 20) as two:
                assert [line(one), line(two)] == ["ready", "ready"]
                for racer in (one, two):
                    assert racer.stdin is not None
                    print("go", file=racer.stdin, flush=True)
                return [int(line(one)), int(line(two))]

        paid = await anyio.to_thread.run_sync(race)

        meters = await ledger.meters([AGENT, EVERYBODY], NOON)
        assert sum(paid) == 150
        assert {meter.spent for meter in meters} == {Spent(tokens=1500, calls=150)}
        assert {meter.reserved for meter in meters} == {Spent()}


@pytest.mark.anyio
async def test_what_was_paid_survives_a_kill_and_what_was_held_is_given_back(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"

    def hold_and_die() -> None:
        with child("hold", path, "dead") as process:
            assert line(process) == "held"
            process.kill()

    await anyio.to_thread.run_sync(hold_and_die)
    async with (
        await JournalSqlite.open(path, "living", ClockSystem()),
        await LedgerSqlite.open(path, "living") as ledger,
    ):
        await ledger.set_limit(Limit(scope=AGENT, calls=5), NOON)
        (before,) = await ledger.meters([AGENT], NOON)
        recovered = await ledger.recover(lambda host: host == "living")
        (after,) = await ledger.meters([AGENT], NOON)

        assert (recovered, before.reserved.calls, after.reserved.calls) == (1, 1, 0)
        assert after.spent == Spent(tokens=10, calls=1)
        assert [paid.call_id for paid in await ledger.paid("a")] == ["dead-1"]


@pytest.mark.anyio
@pytest.mark.parametrize("ledger_first", [True, False])
async def test_journal_and_ledger_share_a_file_whichever_comes_first(tmp_path: Path, ledger_first: bool) -> None:
    path = tmp_path / "oxios.db"
    if ledger_first:
        await (await LedgerSqlite.open(path, "h")).aclose()
    async with await JournalSqlite.open(path, "h", ClockSystem()) as journal, await LedgerSqlite.open(path, "h"):
        assert journal.notices == ()

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
        assert connection.execute("SELECT version FROM ledger_schema").fetchall() == [(1,)]


@pytest.mark.anyio
async def test_a_ledger_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"
    await (await LedgerSqlite.open(path, "h")).aclose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE ledger_schema SET version = 99")

    with pytest.raises(HomeError, match="schema 99"):
        await LedgerSqlite.open(path, "h")


@pytest.mark.anyio
async def test_a_home_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(HomeError, match="Expected to read and write the database"):
        await LedgerSqlite.open(tmp_path / "file" / "oxios.db", "h")


@pytest.mark.anyio
async def test_a_closed_ledger_refuses_instead_of_waiting(tmp_path: Path) -> None:
    ledger = await LedgerSqlite.open(tmp_path / "oxios.db", "h")
    await ledger.aclose()
    call = ModelCall(id="c", run_id="a", model="test/model", scopes=(AGENT,))
    with pytest.raises(JournalError, match="closed"):
        await ledger.reserve(call, Usage(calls=1), NOON)
