"""Facts of the domain as values of SQLite's columns, and back, without loss."""

import json
import sqlite3
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.run import Entry, Run, RunKind, RunState, Signal

__all__ = ["decode", "encode", "from_run", "to_column", "to_entry", "to_letter", "to_moment", "to_run"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_column(value: Any) -> Any:
    """Return what stands for a value in a column: microseconds for a moment, bytes for a text that UTF-8 refuses.

    Half a surrogate pair comes from file names and from models; a fault in a text must not cost its run.
    """
    if isinstance(value, datetime):
        return (value - _EPOCH) // _MICROSECOND
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return value.encode("utf-8", "surrogatepass")
    return value


def encode(document: Json) -> bytes:
    """Return a document as it is stored."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def decode(stored: bytes | None) -> Json:
    """Return the document that was stored, `None` for an empty column."""
    document: Json = None if stored is None else json.loads(stored.decode("utf-8", "surrogatepass"))
    return document


def from_run(run: Run) -> dict[str, Any]:
    """Return the columns of a run's row."""
    row = {name: to_column(value) for name, value in run}
    documents = {"input": encode(run.input), "output": None if run.output is None else encode(run.output)}
    return row | documents | {"waiting_for": encode(list(run.waiting_for))}


def to_run(row: sqlite3.Row) -> Run:
    """Return the run of a row, not validated again: half a surrogate pair in a reason would make it unreadable."""
    fields = {name: _text(row[name]) for name in Run.model_fields}
    moments = {name: to_moment(row[name]) for name in ("created_at", "changed_at", "wake_at") if row[name] is not None}
    documents = {name: decode(row[name]) for name in ("input", "output")}
    kinds = {
        "kind": RunKind(row["kind"]),
        "state": RunState(row["state"]),
        "signal": None if row["signal"] is None else Signal(row["signal"]),
        "waiting_for": tuple(json.loads(row["waiting_for"])),
    }
    return Run.model_construct(**fields | moments | documents | kinds)


def to_entry(row: Iterable[Any]) -> Entry:
    """Return the entry of a row: sequence, key, digest, done, at, result. Validating it again would cost too much."""
    sequence, key, digest, done, at, result = row
    return Entry.model_construct(
        key=_text(key),
        digest=_text(digest),
        done=bool(done),
        result=decode(result),
        sequence=sequence,
        at=to_moment(at),
    )


def to_letter(row: sqlite3.Row) -> Letter:
    """Return the letter of a row, not validated again."""
    fields = {name: _text(row[name]) for name in ("sender", "text", "key", "answers")}
    return Letter.model_construct(to=_text(row["id"]), number=row["place"], at=to_moment(row["at"]), **fields)


def to_moment(microseconds: int) -> datetime:
    """Return the moment of a column."""
    return _EPOCH + microseconds * _MICROSECOND


def _text(value: Any) -> Any:
    return value.decode("utf-8", "surrogatepass") if isinstance(value, bytes) else value
