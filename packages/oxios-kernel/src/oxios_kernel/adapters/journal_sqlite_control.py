"""What is done to runs that somebody else may be working on, on a connection inside a transaction that the lane owns.

Each function is one commit, so that a wake-up falls between no question and its answer. Mailboxes are in
`journal_sqlite_mail`.
"""

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from oxios_kernel.adapters.journal_sqlite_entries import copy
from oxios_kernel.adapters.journal_sqlite_facts import encode, from_run, to_column, to_moment, to_run
from oxios_kernel.adapters.journal_sqlite_file import STATEMENTS
from oxios_kernel.adapters.journal_sqlite_mail import has_more
from oxios_kernel.adapters.journal_sqlite_runs import add, get, get_known, get_leased, obey
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.job import Priority
from oxios_kernel.domain.run import Entry, Lease, Run, RunState, Signal
from oxios_kernel.errors import Conflict, IllegalTransition, InputError

__all__ = [
    "Request",
    "Wait",
    "add_within",
    "amend",
    "branch",
    "crowd",
    "next_moment",
    "park",
    "progress",
    "queued",
    "reprioritise",
    "resume",
    "signal",
    "signalled",
    "tree",
    "version",
    "wake",
]

Alive = Callable[[str], bool]
"""Tells whether a host lives."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a tree is asked to do: the signal, the reason for a person, and the moment."""

    signal: Signal
    reason: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Wait:
    """What a run waits for: see `RunControl.park`."""

    children: Sequence[RunId]
    wake_at: datetime | None
    letters: int


def tree(connection: sqlite3.Connection, run_id: RunId) -> list[Run]:
    """See `RunControl.tree`."""
    return [to_run(row) for row in connection.execute(STATEMENTS["tree"], {"id": to_column(run_id)})]


def progress(connection: sqlite3.Connection, run_id: RunId) -> datetime | None:
    """See `RunControl.progress`."""
    (moment,) = connection.execute(STATEMENTS["progress"], {"id": to_column(run_id)}).fetchone()
    return None if moment is None else to_moment(moment)


def signal(connection: sqlite3.Connection, run_id: RunId, request: Request, alive: Alive) -> list[Run]:
    """See `RunControl.signal`."""
    lives = cache(alive)
    for run in tree(connection, run_id):
        if not (run.state.final or (run.state is RunState.PAUSED and request.signal is Signal.PAUSE)):
            _ask(connection, run, request, worked_on=run.owner is not None and lives(run.owner))
    return tree(connection, run_id)


def signalled(connection: sqlite3.Connection, host: str) -> list[Run]:
    """See `RunControl.signalled`."""
    return [to_run(row) for row in connection.execute(STATEMENTS["signalled"], {"host": host})]


def park(connection: sqlite3.Connection, lease: Lease, wait: Wait, at: datetime) -> Run:
    """See `RunControl.park`."""
    run = get_leased(connection, lease)
    if run.state is not RunState.RUNNING:
        raise IllegalTransition(
            f"Expected a running run to let it wait, but {run.id!r} is {run.state.value!r}: read it again first."
        )
    ready = run.signal is not None or (wait.wake_at is not None and wait.wake_at <= at)
    ready = ready or _has_ended(connection, wait.children) or has_more(connection, run.id, wait.letters)
    row = {
        "id": to_column(run.id),
        "state": RunState.QUEUED if ready else RunState.WAITING,
        "reason": None if run.signal is None else to_column(run.reason),
        "at": to_column(at),
        "waiting_for": encode(list(wait.children)),
        "wake_at": to_column(wait.wake_at),
    }
    connection.execute(STATEMENTS["park_run"], row)
    return get_known(connection, run.id)


def wake(connection: sqlite3.Connection, now: datetime) -> list[RunId]:
    """See `RunControl.wake`."""
    at = to_column(now)
    due = [RunId(run_id) for (run_id,) in connection.execute(STATEMENTS["due"], {"at": at})]
    connection.executemany(STATEMENTS["queue_waiting"], [{"id": run_id, "at": at} for run_id in due])
    return due


def next_moment(connection: sqlite3.Connection) -> datetime | None:
    """See `RunControl.next_moment`."""
    (moment,) = connection.execute(STATEMENTS["next_moment"]).fetchone()
    return None if moment is None else to_moment(moment)


def resume(connection: sqlite3.Connection, run_id: RunId, at: datetime) -> Run:
    """See `RunControl.resume`."""
    run = _unfinished(connection, run_id)
    if run.state is RunState.PAUSED:
        changes = {"state": RunState.QUEUED, "reason": None, "changed_at": at}
    elif run.signal is Signal.PAUSE:
        changes = {"signal": None, "reason": None}
    else:
        return run
    resumed = run.model_copy(update=changes)
    connection.execute(STATEMENTS["resume_run"], from_run(resumed))
    return resumed


def queued(connection: sqlite3.Connection, limit: int, alive: Alive) -> list[Run]:
    """See `RunControl.queued`."""
    lives, found = cache(alive), list[Run]()
    for row in connection.execute(STATEMENTS["queued"]):
        if len(found) >= limit:
            break
        if row["owner"] is None or not lives(row["owner"]):
            found.append(to_run(row))
    return found


def reprioritise(connection: sqlite3.Connection, run_id: RunId, priority: int) -> Run:
    """See `RunControl.reprioritise`."""
    if priority not in set(Priority):
        raise InputError(f"Expected a priority from 0 (low) to 3 (critical), but came {priority!r}.")
    connection.execute(STATEMENTS["reprioritise_run"], {"id": to_column(run_id), "priority": priority})
    return get_known(connection, run_id)


def amend(connection: sqlite3.Connection, run_id: RunId, changes: JsonObject) -> Run:
    """See `RunControl.amend`."""
    run = _unfinished(connection, run_id)
    amended = run.model_copy(update={"input": run.input | changes})
    connection.execute(STATEMENTS["amend_run"], {"id": to_column(run_id), "input": encode(amended.input)})
    return amended


def add_within(connection: sqlite3.Connection, run: Run, most: int, most_children: int) -> bool:
    """See `RunControl.add_within`."""
    there, going, children, parent_killed = connection.execute(STATEMENTS["room"], from_run(run)).fetchone()
    if there:
        return False
    if parent_killed:
        raise Conflict(f"Expected a parent that may have children, but {run.parent!r} is killed: start none.")
    if going >= most:
        raise Conflict(
            f"Expected room for one more agent, but {going} have not ended, and agents.max_agents is {most}: "
            "wait until some end, or raise it."
        )
    if run.parent is not None and children >= most_children:
        raise Conflict(
            f"Expected room for one more child, but {children} of {run.parent!r} have not ended, and "
            f"agents.max_children is {most_children}: wait until some end, or raise it."
        )
    return add(connection, run)


def branch(connection: sqlite3.Connection, source: RunId, run: Run, entries: Sequence[Entry]) -> bool:
    """See `RunControl.branch`."""
    if get(connection, run.id) is not None:
        return False
    get_known(connection, source)
    add(connection, run)
    copy(connection, run.id, entries)
    return True


def version(connection: sqlite3.Connection) -> int:
    """See `RunControl.version`; SQLite's own count of what came from other connections to the file than this one."""
    number: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return number


def crowd(connection: sqlite3.Connection) -> int:
    """See `RunControl.crowd`."""
    size: int = connection.execute(STATEMENTS["crowd"]).fetchone()[0]
    return size


def _unfinished(connection: sqlite3.Connection, run_id: RunId) -> Run:
    run = get_known(connection, run_id)
    if run.state.final:
        raise IllegalTransition(
            f"Expected a run that may go on, but {run.id!r} is {run.state.value!r}: start a new one, or fork it."
        )
    return run


def _ask(connection: sqlite3.Connection, run: Run, request: Request, *, worked_on: bool) -> None:
    killed = run.signal is Signal.KILL
    wanted, reason = (Signal.KILL, run.reason) if killed else (request.signal, request.reason)
    if worked_on:
        row = {"id": to_column(run.id), "signal": wanted, "reason": to_column(reason)}
        connection.execute(STATEMENTS["add_signal"], row)
    else:
        obey(connection, run, wanted, reason, request.at)


def _has_ended(connection: sqlite3.Connection, children: Sequence[RunId]) -> bool:
    (ended,) = connection.execute(STATEMENTS["has_ended"], {"children": json.dumps(list(children))}).fetchone()
    return bool(ended)
