"""SQLite's errors as the kernel's, each with a sentence that says what to do."""

import sqlite3

from oxios_kernel.errors import JournalError

__all__ = ["DAMAGED", "explain", "primary_code"]

DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""The codes that mean: this is not, or no longer, a database."""

_SENTENCES = {
    sqlite3.SQLITE_FULL: (
        "The journal could not be written, because the disk is full",
        "Free some space and resume the run; nothing that was recorded is lost.",
    ),
    sqlite3.SQLITE_IOERR: (
        "The journal could not be read or written, because the disk refused ({error})",
        "Look at the disk's space, quota and health, then resume the run; nothing that was recorded is lost.",
    ),
    sqlite3.SQLITE_BUSY: (
        "The journal could not be written, because another process held it for too long",
        "See which process hangs on the home's oxios.db, then resume the run.",
    ),
    sqlite3.SQLITE_READONLY: (
        "The journal could not be written, because its file may only be read",
        "Give yourself the right to write the home's oxios.db and resume the run.",
    ),
} | dict.fromkeys(
    DAMAGED,
    (
        "The journal is damaged ({error})",
        "Stop every oxios process and move oxios.db with its -wal and -shm out of the home; a fresh one is begun.",
    ),
)


def explain(error: sqlite3.Error) -> JournalError:
    """Return what to raise in an error's place; it is kept as the cause."""
    message, hint = _SENTENCES.get(primary_code(error), ("The journal could not be used ({error})", None))
    explained = JournalError(message.format(error=error) + ".", hint=hint)
    explained.__cause__ = error
    return explained


def primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, 0 for an error of Python's binding, which has none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF
