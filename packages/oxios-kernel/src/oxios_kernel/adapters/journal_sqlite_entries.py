"""What is done to a run's entries, on a connection inside a transaction that the lane owns."""

import hashlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from oxios_kernel.adapters.journal_sqlite_facts import encode, to_column, to_entry
from oxios_kernel.adapters.journal_sqlite_file import STATEMENTS
from oxios_kernel.adapters.journal_sqlite_runs import lost
from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Entry, Lease
from oxios_kernel.errors import JournalMismatch
from oxios_kernel.ports.journal import Intent

__all__ = ["Effect", "copy", "intend", "record", "replay"]

ROW_BYTES = 256 * 1024
"""Results up to this size live in their entry; larger ones are kept apart, each content once."""


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What an entry is to say.

    Attributes:
        key: the effect's name.
        digest: of what was asked.
        at: the moment of writing.
        result: what came of it.
        stored: the result as it is stored, `None` for an intent.
    """

    key: str
    digest: str
    at: datetime
    result: Json = None
    stored: bytes | None = None


def intend(connection: sqlite3.Connection, lease: Lease, effect: Effect) -> Intent:
    """See `Journal.intend`."""
    run, sequence, entry = _place(connection, lease, effect)
    if entry is not None:
        return Intent(entry=entry, new=False)
    return Intent(entry=_add(connection, run, sequence, effect), new=True)


def record(connection: sqlite3.Connection, lease: Lease, effect: Effect) -> Entry:
    """See `Journal.record`."""
    run, sequence, entry = _place(connection, lease, effect)
    if entry is None:
        return _add(connection, run, sequence, effect)
    if entry.done:
        return entry
    row = {"run": run, "sequence": entry.sequence} | _content(connection, effect)
    connection.execute(STATEMENTS["finish_entry"], row)
    return _entry(effect, entry.sequence)


def replay(connection: sqlite3.Connection, run_id: RunId) -> list[Entry]:
    """See `Journal.replay`."""
    return [to_entry(row) for row in connection.execute(STATEMENTS["replay"], {"id": to_column(run_id)})]


def copy(connection: sqlite3.Connection, run_id: RunId, entries: Sequence[Entry]) -> None:
    """Begin an empty journal with these entries. Large results are kept once, however many runs have them."""
    run = connection.execute(STATEMENTS["get_run"], {"id": to_column(run_id)}).fetchone()["number"]
    for sequence, entry in enumerate(entries, 1):
        stored = encode(entry.result) if entry.done else None
        _add(connection, run, sequence, Effect(key=entry.key, digest=entry.digest, at=entry.at, stored=stored))


def _place(connection: sqlite3.Connection, lease: Lease, effect: Effect) -> tuple[int, int, Entry | None]:
    row = connection.execute(STATEMENTS["place"], vars(lease) | {"key": to_column(effect.key)}).fetchone()
    if row is None:
        raise lost(lease)
    run, sequence, *found = row
    if found[0] is None:
        return run, sequence, None
    entry = to_entry(found)
    if entry.digest != effect.digest:
        raise JournalMismatch(
            f"Expected the effect {effect.key!r} with the digest {entry.digest!r} that was recorded, but came "
            f"{effect.digest!r}: this program asks for something else than the one that began the run; start a new run."
        )
    return run, sequence, entry


def _add(connection: sqlite3.Connection, run: int, sequence: int, effect: Effect) -> Entry:
    row = {"run": run, "sequence": sequence, "key": to_column(effect.key), "digest": to_column(effect.digest)}
    connection.execute(STATEMENTS["add_entry"], row | _content(connection, effect))
    return _entry(effect, sequence)


def _entry(effect: Effect, sequence: int) -> Entry:
    done = effect.stored is not None
    return Entry.model_construct(
        key=effect.key, digest=effect.digest, done=done, result=effect.result, sequence=sequence, at=effect.at
    )


def _content(connection: sqlite3.Connection, effect: Effect) -> dict[str, Any]:
    row: dict[str, Any] = {"done": effect.stored is not None, "at": to_column(effect.at)}
    if effect.stored is None or len(effect.stored) <= ROW_BYTES:
        return row | {"result": effect.stored, "blob": None}
    content = {"sha256": hashlib.sha256(effect.stored).digest(), "body": effect.stored}
    connection.execute(STATEMENTS["add_blob"], content)
    return row | {"result": None, "blob": connection.execute(STATEMENTS["get_blob"], content).fetchone()[0]}
