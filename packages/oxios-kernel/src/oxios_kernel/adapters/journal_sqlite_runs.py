"""What is done to the table of runs, on a connection inside a transaction that the lane owns."""

import json
import sqlite3
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from oxios_kernel.adapters.journal_sqlite_facts import from_run, to_column, to_run
from oxios_kernel.adapters.journal_sqlite_file import STATEMENTS
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import PROGRESS, Lease, Run, RunState, Signal, may_follow
from oxios_kernel.errors import IllegalTransition, LeaseLost, NotFound
from oxios_kernel.ports.journal import RunQuery

__all__ = [
    "add",
    "change",
    "claim",
    "collect",
    "drop_blobs",
    "find",
    "get",
    "get_known",
    "get_leased",
    "lost",
    "obey",
    "orphans",
    "queue_waiting",
    "release",
    "vacuum",
]

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


def get_known(connection: sqlite3.Connection, run_id: RunId) -> Run:
    """Return a row that somebody names; raises `NotFound` when there is none."""
    run = get(connection, run_id)
    if run is None:
        raise NotFound(f"Expected a run, but there is none with the id {run_id!r}: list the runs to see their ids.")
    return run


def get_leased(connection: sqlite3.Connection, lease: Lease) -> Run:
    """Return the row of a lease; raises `LeaseLost` when that is not the run's current one."""
    row = connection.execute(STATEMENTS["get_leased"], vars(lease)).fetchone()
    if row is None:
        raise lost(lease)
    return to_run(row)


def find(connection: sqlite3.Connection, query: RunQuery) -> list[Run]:
    """See `Runs.find`."""
    wanted = {
        "kind IN (SELECT value FROM json_each(:kinds))": ("kinds", query.kinds),
        "state IN (SELECT value FROM json_each(:states))": ("states", query.states),
        "session_id = :session_id": ("session_id", query.session_id),
        "parent = :parent": ("parent", query.parent),
        '"group" = :group': ("group", query.group),
        "id >= :prefix AND id < :prefix || char(0x10FFFF)": ("prefix", query.prefix),
    }
    asked = {condition: value for condition, value in wanted.items() if value[1] is not None}
    values: dict[str, Any] = {"limit": query.limit}
    for name, value in asked.values():
        values[name] = to_column(value) if isinstance(value, str) else json.dumps(list(value or ()))
    statement = STATEMENTS["find_runs"].replace("/* conditions */", " AND ".join(["TRUE", *asked]))
    return [to_run(row) for row in connection.execute(statement, values)]


def orphans(connection: sqlite3.Connection, alive: Callable[[str], bool]) -> list[Run]:
    """See `Runs.orphans`."""
    lives = cache(alive)
    left = (row for row in connection.execute(STATEMENTS["running"]) if row["owner"] is None or not lives(row["owner"]))
    return [to_run(row) for row in left]


def claim(connection: sqlite3.Connection, run_id: RunId, host: str, alive: Callable[[str], bool]) -> Lease | None:
    """See `Runs.claim`.

    Args:
        connection: in a transaction, so that no other host claims between the question and the answer.
        run_id: the run.
        host: who wants it.
        alive: tells whether a host lives.
    """
    run = get_known(connection, run_id)
    if run.state.final or (run.owner is not None and alive(run.owner)):
        return None
    taking = {"id": run_id, "owner": host, "crashed": _crashed(run), "progress": PROGRESS}
    connection.execute(STATEMENTS["claim_run"], taking)
    return Lease(run_id=run_id, owner=host, epoch=run.epoch + 1)


def release(connection: sqlite3.Connection, lease: Lease, at: datetime) -> None:
    """See `Runs.release`."""
    for (signal,) in connection.execute(STATEMENTS["release_run"], vars(lease)).fetchall():
        run = get_known(connection, lease.run_id) if signal is not None else None
        if run is not None and run.signal is not None:
            obey(connection, run, run.signal, run.reason, at)


def change(connection: sqlite3.Connection, lease: Lease, changes: dict[str, Any]) -> Run:
    """See `Runs.change`; `changes` are the new values of the fields of the run that change with its state."""
    run, state = get_leased(connection, lease), changes["state"]
    if not may_follow(run.state, state):
        raise IllegalTransition(
            f"Expected a state that may follow {run.state.value!r}, the run {run.id!r}'s, but came "
            f"{state.value!r}: read the run again before deciding."
        )
    if run.state is state:
        return run
    changed = run.model_copy(update=changes | _signal_after(run, changes) | _waits_after(state))
    connection.execute(STATEMENTS["change_run"], from_run(changed))
    if state.final:
        _queue_waiters(connection, run, changes["changed_at"])
    return changed


def obey(connection: sqlite3.Connection, run: Run, signal: Signal, reason: str | None, at: datetime) -> None:
    """Do to a run on which nobody works what it is asked, and let those know that may wait for its end."""
    state = RunState.KILLED if signal is Signal.KILL else RunState.PAUSED
    row = {"id": to_column(run.id), "state": state, "reason": to_column(reason), "at": to_column(at)}
    connection.execute(STATEMENTS["obey_signal"], row | {"crashed": _crashed(run)})
    if state.final:
        _queue_waiters(connection, run, at)


def queue_waiting(connection: sqlite3.Connection, run_id: RunId, at: datetime) -> None:
    """Let a run go on if it waits."""
    connection.execute(STATEMENTS["queue_waiting"], {"id": to_column(run_id), "at": to_column(at)})


def collect(connection: sqlite3.Connection, keep: int, older_than: datetime) -> int:
    """Remove a chunk of the final runs that are too many or too old; return how many."""
    limits = {"keep": keep, "older_than": to_column(older_than), "chunk": CHUNK_RUNS}
    runs = entries = 0
    for (number,) in connection.execute(STATEMENTS["collectable"], limits).fetchall():
        entries += connection.execute(STATEMENTS["drop_entries"], {"run": number}).rowcount
        entries += connection.execute(STATEMENTS["drop_mail"], {"run": number}).rowcount
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


def _queue_waiters(connection: sqlite3.Connection, ended: Run, at: datetime) -> None:
    """Let those go on that may wait for a run's end."""
    row = {"id": to_column(ended.id), "parent": to_column(ended.parent), "at": to_column(at)}
    connection.execute(STATEMENTS["queue_waiters"], row)


def _crashed(run: Run) -> bool:
    """Tell whether a run of which no living host holds the lease was left by one that died while it was under way."""
    return run.state is RunState.RUNNING and run.owner is not None


def _signal_after(run: Run, changes: dict[str, Any]) -> dict[str, Any]:
    """Return what a change of state leaves of a signal; one that stays keeps its reason."""
    state = changes["state"]
    if run.signal is None or state.final or (state is RunState.PAUSED and run.signal is Signal.PAUSE):
        return {"signal": None}
    return {"reason": changes["reason"] if changes["reason"] is not None else run.reason}


def _waits_after(state: RunState) -> dict[str, Any]:
    if state is RunState.RUNNING:
        return {"waiting_for": (), "wake_at": None}
    return {}
