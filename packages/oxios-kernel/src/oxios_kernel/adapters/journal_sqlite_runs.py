"""What is done to the table of runs, on a connection inside a transaction that the lane owns."""

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime
from typing import Any

from oxios_kernel.adapters.journal_sqlite_facts import from_run, to_column, to_run
from oxios_kernel.adapters.journal_sqlite_file import STATEMENTS
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Lease, Run, may_follow
from oxios_kernel.errors import IllegalTransition, LeaseLost, NotFound
from oxios_kernel.ports.journal import RunQuery

__all__ = ["add", "change", "claim", "collect", "drop_blobs", "find", "get", "lost", "release", "running", "vacuum"]

CHUNK_RUNS = 50
CHUNK_ENTRIES = 1_000
"""What one transaction of a collection removes at most (and at least one run), some 25 ms: appends come in between."""

CHUNK_PAGES = 250
"""Free pages given back in one transaction: 1 MiB, some 5 ms."""


def add(connection: sqlite3.Connection, run: Run) -> bool:
    """See `Runs.add`."""
    return connection.execute(STATEMENTS["add_run"], from_run(run)).rowcount == 1


def get(connection: sqlite3.Connection, run_id: RunId) -> Run | None:
    """See `Runs.get`."""
    row = connection.execute(STATEMENTS["get_run"], {"id": to_column(run_id)}).fetchone()
    return None if row is None else to_run(row)


def find(connection: sqlite3.Connection, query: RunQuery) -> list[Run]:
    """See `Runs.find`."""
    wanted = {
        "kind IN (SELECT value FROM json_each(:kinds))": ("kinds", query.kinds),
        "state IN (SELECT value FROM json_each(:states))": ("states", query.states),
        "session_id = :session_id": ("session_id", query.session_id),
        "parent = :parent": ("parent", query.parent),
    }
    asked = {condition: value for condition, value in wanted.items() if value[1] is not None}
    values: dict[str, Any] = {"limit": query.limit}
    for name, value in asked.values():
        values[name] = to_column(value) if isinstance(value, str) else json.dumps(list(value or ()))
    statement = STATEMENTS["find_runs"].replace("/* conditions */", " AND ".join(["TRUE", *asked]))
    return [to_run(row) for row in connection.execute(statement, values)]


def running(connection: sqlite3.Connection) -> list[Run]:
    """Return the runs in `RUNNING`, oldest first."""
    return [to_run(row) for row in connection.execute(STATEMENTS["running"])]


def claim(connection: sqlite3.Connection, run_id: RunId, host: str, alive: Callable[[str], bool]) -> Lease | None:
    """See `Runs.claim`.

    Args:
        connection: in a transaction, so that no other host claims between the question and the answer.
        run_id: the run.
        host: who wants it.
        alive: tells whether a host lives.
    """
    run = get(connection, run_id)
    if run is None:
        raise NotFound(f"Expected a run, but there is none with the id {run_id!r}: list the runs to see their ids.")
    if run.state.final or (run.owner is not None and alive(run.owner)):
        return None
    connection.execute(STATEMENTS["claim_run"], {"id": run_id, "owner": host})
    return Lease(run_id=run_id, owner=host, epoch=run.epoch + 1)


def release(connection: sqlite3.Connection, lease: Lease) -> None:
    """See `Runs.release`."""
    connection.execute(STATEMENTS["release_run"], vars(lease))


def change(connection: sqlite3.Connection, lease: Lease, changes: dict[str, Any]) -> Run:
    """See `Runs.change`; `changes` are the new values of the fields of the run that change with its state."""
    row = connection.execute(STATEMENTS["get_leased"], vars(lease)).fetchone()
    if row is None:
        raise lost(lease)
    run = to_run(row)
    if not may_follow(run.state, changes["state"]):
        raise IllegalTransition(
            f"Expected a state that may follow {run.state.value!r}, the run {run.id!r}'s, but came "
            f"{changes['state'].value!r}: read the run again before deciding."
        )
    if run.state is changes["state"]:
        return run
    changed = run.model_copy(update=changes)
    connection.execute(STATEMENTS["change_run"], from_run(changed))
    return changed


def collect(connection: sqlite3.Connection, keep: int, older_than: datetime) -> int:
    """Remove a chunk of the final runs that are too many or too old; return how many."""
    limits = {"keep": keep, "older_than": to_column(older_than), "chunk": CHUNK_RUNS}
    runs = entries = 0
    for (number,) in connection.execute(STATEMENTS["collectable"], limits).fetchall():
        entries += connection.execute(STATEMENTS["drop_entries"], {"run": number}).rowcount
        runs += connection.execute(STATEMENTS["drop_run"], {"run": number}).rowcount
        if entries >= CHUNK_ENTRIES:
            break
    return runs


def drop_blobs(connection: sqlite3.Connection) -> None:
    """Remove the large results that nothing names any more."""
    connection.execute(STATEMENTS["drop_blobs"])


def vacuum(connection: sqlite3.Connection) -> int:
    """Give a chunk of free pages back to the disk; return how many are still free. Call it outside a transaction."""
    # `execute` takes one step of this statement, and one step frees one page. A script is run to its end.
    connection.executescript(f"PRAGMA incremental_vacuum({CHUNK_PAGES})")
    free: int = connection.execute("PRAGMA freelist_count").fetchone()[0]
    return free


def lost(lease: Lease) -> LeaseLost:
    """Return what to raise for a lease that is not its run's current one, or whose run is gone."""
    return LeaseLost(
        f"Expected the current lease of the run {lease.run_id!r}, but lease {lease.epoch} of {lease.owner!r} is over: "
        "stop working on the run, it is somebody else's."
    )
