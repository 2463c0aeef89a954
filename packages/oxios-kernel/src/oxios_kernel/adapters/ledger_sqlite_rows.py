"""The ledger's values as rows and back, its statements by name, and its schema on a file that the journal has made."""

import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from oxios_kernel.adapters.journal_sqlite_facts import to_column
from oxios_kernel.domain.budget import Limit, OnExhausted, Scope, Spent
from oxios_kernel.domain.meter import Meter
from oxios_kernel.domain.spend import Usage
from oxios_kernel.errors import HomeError
from oxios_kernel.ports.ledger import ModelCall, Paid

__all__ = [
    "STATEMENTS",
    "from_call",
    "from_meter",
    "from_spent",
    "migrate",
    "to_limit",
    "to_meter",
    "to_paid",
    "to_spent",
]

SCHEMA_VERSION = 1
"""The newest schema this program knows; `ledger_sqlite_schema_N.sql` leads from the one before to it."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the ledger's tables to this program's schema, in one transaction a step.

    Raises:
        HomeError: a newer program wrote them.
    """
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'ledger_schema'").fetchone()
    version = connection.execute("SELECT version FROM ledger_schema").fetchone()[0] if known else 0
    if version > SCHEMA_VERSION:
        raise HomeError(
            f"The ledger has schema {version}, but this program knows only up to schema {SCHEMA_VERSION}: a newer "
            "oxios wrote it. Upgrade oxios, or set OXIOS_HOME to another folder.",
        )
    for step in range(version + 1, SCHEMA_VERSION + 1):
        connection.executescript(f"BEGIN IMMEDIATE;\n{_sql(f'ledger_sqlite_schema_{step}.sql')}\nCOMMIT;")


def from_meter(meter: Meter) -> dict[str, Any]:
    """Return the columns of a limit with its running total."""
    limit = meter.limit
    most = {"most_tokens": limit.tokens, "most_calls": limit.calls, "most_micro_usd": limit.micro_usd}
    window = {"scope": str(limit.scope), "seconds": limit.window_seconds or 0, "since": to_column(meter.since)}
    rule = {"on_exhausted": limit.on_exhausted.value, "announced": meter.announced}
    return most | window | rule | from_spent(meter.spent)


def from_spent(spent: Spent) -> dict[str, int]:
    """Return the four columns of a sum. (`dataclasses.asdict` copies, which takes ten times as long.)"""
    return {
        "tokens": spent.tokens,
        "calls": spent.calls,
        "micro_usd": spent.micro_usd,
        "unpriced": spent.unpriced,
    }


def to_limit(row: sqlite3.Row) -> Limit:
    """Return the limit of a row."""
    return Limit(
        scope=Scope.parse(row["scope"]),
        tokens=row["most_tokens"],
        calls=row["most_calls"],
        micro_usd=row["most_micro_usd"],
        window_seconds=row["seconds"] or None,
        on_exhausted=OnExhausted(row["on_exhausted"]),
    )


def to_meter(row: sqlite3.Row, reserved: Spent) -> Meter:
    """Return a limit with the running total of its row."""
    spent = Spent(**{name: row[name] for name in ("tokens", "calls", "micro_usd", "unpriced")})
    since = _moment(row["since"])
    return Meter(limit=to_limit(row), since=since, spent=spent, reserved=reserved, announced=row["announced"])


def from_call(call: ModelCall, usage: Usage, now: datetime) -> dict[str, Any]:
    """Return the columns of a paid call."""
    about = {"id": call.id, "run_id": call.run_id, "model": call.model, "at": to_column(now)}
    return about | usage.model_dump()


def to_paid(row: sqlite3.Row) -> Paid:
    """Return the paid call of a row."""
    usage = Usage(**{name: row[name] for name in Usage.model_fields})
    return Paid(call_id=row["id"], run_id=row["run_id"], model=row["model"], usage=usage, at=_moment(row["at"]))


def to_spent(row: Iterable[int]) -> Spent:
    """Return the sum that a statement of the same four columns found."""
    tokens, calls, micro_usd, unpriced = row
    return Spent(tokens=tokens, calls=calls, micro_usd=micro_usd, unpriced=unpriced)


def _moment(microseconds: int) -> datetime:
    return _EPOCH + timedelta(microseconds=microseconds)


def _sql(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _by_name(text: str) -> Mapping[str, str]:
    blocks = (block.partition("\n") for block in text.split("-- name: ")[1:])
    return MappingProxyType({name: statement for name, _, statement in blocks})


STATEMENTS = _by_name(_sql("ledger_sqlite.sql"))
"""The statements of `ledger_sqlite.sql` by name."""
