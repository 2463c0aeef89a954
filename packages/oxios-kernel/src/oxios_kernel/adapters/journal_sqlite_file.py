"""From a path to open connections: made, checked, migrated, or moved aside when it is no database any more.

Call it inside `hosts_flock.doorway`: two processes must not migrate or move one file at once.
"""

import os
import sqlite3
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from oxios_kernel.adapters.journal_sqlite_errors import DAMAGED, primary_code
from oxios_kernel.errors import HomeError

__all__ = ["SCHEMA_VERSION", "STATEMENTS", "connect", "prepare"]

SCHEMA_VERSION = 1
"""The newest schema this program knows; `journal_sqlite_schema_N.sql` leads from the one before to it."""

BUSY_SECONDS = 30.0
"""How long a write waits for another process. Commits take milliseconds; longer means that one hangs."""

CHECKED_BYTES = 64 * 2**20
"""Files up to this size are checked whole when they are opened (about 1 ms per MiB)."""


REASON_CHARACTERS = 200
"""How much of what SQLite says of a damaged file a person is told."""


class _Damaged(Exception):
    """The file is not, or no longer, a sound database."""


def prepare(path: Path) -> str | None:
    """Make a file ready for `connect`: created, sound, of this program's schema, in WAL mode.

    Returns:
        A sentence for the person when a damaged file was moved aside, `None` otherwise.

    Raises:
        HomeError: a newer program wrote it, or its disk cannot carry it.
        OSError, sqlite3.Error: it cannot be opened or written.
    """
    try:
        _make_sound(path)
    except _Damaged as damage:
        kept = _move_aside(path)
        _make_sound(path)
        why = " ".join(str(damage).split())[:REASON_CHARACTERS]
        return f"The database {path.name} was damaged ({why}); it is kept as {kept.name}, and a fresh one was begun."
    return None


def connect(path: Path) -> sqlite3.Connection:
    """Open a connection for one thread, which need not be the one that calls this. Transactions are the caller's."""
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA synchronous = FULL")
    connection.row_factory = sqlite3.Row
    # Gives a WAL that a burst made large back to the disk at the next checkpoint.
    connection.execute(f"PRAGMA journal_size_limit = {CHECKED_BYTES}")
    return connection


def _make_sound(path: Path) -> None:
    # SQLite would create it readable for everybody; its -wal and -shm take over the mode it has. One that exists is not
    # opened here: closing it would drop the locks of all connections to it in this process, and the next process that
    # comes and goes would delete the log under them (sqlite.org/howtocorrupt.html, 2.2).
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(connect(path)) as connection:
            _check(connection, path)
            _migrate(connection, path)
    except sqlite3.DatabaseError as error:
        if primary_code(error) in DAMAGED:
            raise _Damaged(error) from error
        raise


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if path.stat().st_size <= CHECKED_BYTES:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise _Damaged(verdict)


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise HomeError(
            f"The database {path} has schema {version}, but this program knows only up to schema {SCHEMA_VERSION}: "
            "a newer oxios wrote it. Upgrade oxios, or set OXIOS_HOME to another folder.",
        )
    # Only possible before the first table, and only before WAL mode writes the first page.
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise HomeError(f"The database {path} is on a disk without shared memory: set OXIOS_HOME to a local folder.")
    for step in range(version + 1, SCHEMA_VERSION + 1):
        connection.executescript(_sql(f"journal_sqlite_schema_{step}.sql"))


def _move_aside(path: Path) -> Path:
    stem = f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    names = (path.with_name(stem + ending) for ending in ("", *(f".{count}" for count in range(2, 1000))))
    kept = next(name for name in names if not name.exists())
    # The file itself goes last: were this interrupted after it, a new file would meet the old one's WAL.
    for ending in ("-wal", "-shm", ""):
        part = path.with_name(path.name + ending)
        if part.exists():
            part.rename(kept.with_name(kept.name + ending))
    return kept


def _sql(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _by_name(text: str) -> Mapping[str, str]:
    blocks = (block.partition("\n") for block in text.split("-- name: ")[1:])
    return MappingProxyType({name: statement for name, _, statement in blocks})


STATEMENTS = _by_name(_sql("journal_sqlite.sql"))
"""The statements of `journal_sqlite.sql` by name."""
