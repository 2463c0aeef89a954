"""What is done to calls and limits in the ledger, on a connection inside a transaction that the lane owns.

Whether a call fits is decided in `domain/meter.py`; here stands how the meters come from the file and go back to it.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from oxios_kernel.adapters.journal_sqlite_facts import to_column
from oxios_kernel.adapters.ledger_sqlite_rows import (
    STATEMENTS,
    from_call,
    from_meter,
    from_spent,
    to_limit,
    to_meter,
    to_paid,
    to_spent,
)
from oxios_kernel.domain.budget import Limit, Scope, Spent, window_at
from oxios_kernel.domain.meter import Granted, Meter, Refused, Settled, admit, charge
from oxios_kernel.domain.spend import Usage
from oxios_kernel.ports.ledger import ModelCall, Paid

__all__ = ["limits", "meters", "paid", "recover", "release", "remove_limit", "reserve", "set_limit", "settle", "spent"]

NEVER = 2**62
"""A moment that no clock will show, in microseconds."""


def reserve(
    connection: sqlite3.Connection, call: ModelCall, need: Spent, now: datetime, host: str
) -> Granted | Refused:
    """See `Ledger.reserve`."""
    release(connection, call.id)
    verdict, changed = admit(meters(connection, call.scopes, now), need)
    _keep(connection, changed)
    if isinstance(verdict, Granted):
        row = {"call_id": call.id, "host": host} | from_spent(need)
        connection.executemany(STATEMENTS["hold"], [row | {"scope": scope} for scope in _written(call.scopes)])
    return verdict


def settle(connection: sqlite3.Connection, call: ModelCall, usage: Usage, now: datetime) -> Settled:
    """See `Ledger.settle`."""
    release(connection, call.id)
    paid = connection.execute(STATEMENTS["pay"], from_call(call, usage, now))
    if paid.rowcount == 0:
        return Settled()
    cost = Spent.of(usage)
    # The meters come first: one that is summed up anew must not find this call among the charges.
    settled, changed = charge(meters(connection, call.scopes, now), cost)
    row = {"at": to_column(now), "call": paid.lastrowid} | from_spent(cost)
    connection.executemany(STATEMENTS["charge"], [row | {"scope": scope} for scope in _written(call.scopes)])
    _keep(connection, changed)
    return settled


def release(connection: sqlite3.Connection, call_id: str) -> None:
    """See `Ledger.release`."""
    connection.execute(STATEMENTS["let_go"], {"call_id": call_id})


def recover(connection: sqlite3.Connection, alive: Callable[[str], bool]) -> int:
    """See `Ledger.recover`."""
    calls = 0
    for (host,) in connection.execute(STATEMENTS["holders"]).fetchall():
        if not alive(host):
            calls += connection.execute(STATEMENTS["count_held"], {"host": host}).fetchone()[0]
            connection.execute(STATEMENTS["drop_held"], {"host": host})
    return calls


def meters(connection: sqlite3.Connection, scopes: Sequence[Scope], now: datetime) -> list[Meter]:
    """See `Ledger.meters`."""
    found = []
    for scope in _written(scopes):
        rows = connection.execute(STATEMENTS["limits_of"], {"scope": scope}).fetchall()
        if rows:
            reserved = to_spent(connection.execute(STATEMENTS["reserved"], {"scope": scope}).fetchone())
            found += [_current(connection, to_meter(row, reserved), now) for row in rows]
    return found


def spent(connection: sqlite3.Connection, scope: Scope, since: datetime | None, until: datetime | None = None) -> Spent:
    """See `Ledger.spent`; `until` is the moment that does not count any more."""
    span = {
        "since": -NEVER if since is None else to_column(since),
        "until": NEVER if until is None else to_column(until),
    }
    return to_spent(connection.execute(STATEMENTS["spent"], span | {"scope": str(scope)}).fetchone())


def paid(connection: sqlite3.Connection, run_id: str | None, limit: int) -> list[Paid]:
    """See `Ledger.paid`."""
    statement = STATEMENTS["paid" if run_id is None else "paid_by_run"]
    return [to_paid(row) for row in connection.execute(statement, {"run_id": run_id, "limit": limit})]


def set_limit(connection: sqlite3.Connection, limit: Limit, now: datetime) -> None:
    """See `Ledger.set_limit`."""
    since, until = window_at(limit.window_seconds, now)
    meter = Meter(limit=limit, since=since, spent=spent(connection, limit.scope, since, until))
    connection.execute(STATEMENTS["set_limit"], from_meter(meter))


def remove_limit(connection: sqlite3.Connection, scope: Scope, window_seconds: int | None) -> bool:
    """See `Ledger.remove_limit`."""
    key = {"scope": str(scope), "seconds": window_seconds or 0}
    return connection.execute(STATEMENTS["remove_limit"], key).rowcount == 1


def limits(connection: sqlite3.Connection) -> list[Limit]:
    """See `Ledger.limits`."""
    return [to_limit(row) for row in connection.execute(STATEMENTS["all_limits"])]


def _current(connection: sqlite3.Connection, meter: Meter, now: datetime) -> Meter:
    """Return the meter of the window that `now` is in, which may be an earlier one when a clock was put back."""
    since, until = window_at(meter.limit.window_seconds, now)
    if meter.since == since:
        return meter
    return replace(meter, since=since, announced=0, spent=spent(connection, meter.limit.scope, since, until))


def _keep(connection: sqlite3.Connection, changed: Sequence[Meter]) -> None:
    rows: list[dict[str, Any]] = [from_meter(meter) for meter in changed]
    connection.executemany(STATEMENTS["keep_meter"], rows)


def _written(scopes: Sequence[Scope]) -> list[str]:
    return list(dict.fromkeys(map(str, scopes)))
