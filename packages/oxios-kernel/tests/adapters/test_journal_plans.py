"""What a scheduler asks again and again is answered from an index, however many runs wait or have ended."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest
from oxios_kernel.adapters.journal_sqlite_file import STATEMENTS, connect, prepare


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    path = tmp_path_factory.mktemp("home") / "oxios.db"
    prepare(path)
    with closing(connect(path)) as made:
        yield made


@pytest.mark.parametrize(
    ("name", "indices"),
    [
        ("queued", ["runs_by_urgency"]),
        ("due", ["runs_by_moment"]),
        ("next_moment", ["runs_by_moment"]),
        ("signalled", ["runs_signalled"]),
        ("running", ["runs_by_state"]),
        ("room", ["runs_going_by_parent"]),
        ("tree", ["runs_by_parent"]),
        ("letters", ["sqlite_autoindex_mail_2"]),
        ("mailbox", ["sqlite_autoindex_mail_1", "sqlite_autoindex_mail_2"]),
        ("drop_mail", ["sqlite_autoindex_mail_2"]),
        ("has_ended", ["sqlite_autoindex_runs_1"]),
        ("queue_waiters", ["sqlite_autoindex_runs_1", "sqlite_autoindex_mail_2"]),
    ],
)
def test_a_question_is_answered_from_its_index_without_reading_through_the_runs(
    connection: sqlite3.Connection, name: str, indices: list[str]
) -> None:
    values = dict.fromkeys(["id", "parent", "at", "host", "after", "key", "run", "children"])
    plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {STATEMENTS[name]}", values)]
    for index in indices:
        assert any(f"INDEX {index}" in detail for detail in plan), plan
    # SQLite says SCAN for an index that holds only the rows that are wanted.
    scans = [detail for detail in plan if detail.startswith(("SCAN runs", "SCAN mail"))]
    assert all("USING INDEX" in detail or "USING COVERING INDEX" in detail for detail in scans), plan


@pytest.mark.parametrize("name", ["queued", "due", "signalled", "running", "letters"])
def test_a_list_comes_in_its_order_without_being_sorted(connection: sqlite3.Connection, name: str) -> None:
    values = dict.fromkeys(["id", "at", "host", "after"])
    plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {STATEMENTS[name]}", values)]
    assert not any("TEMP B-TREE" in detail for detail in plan), plan
