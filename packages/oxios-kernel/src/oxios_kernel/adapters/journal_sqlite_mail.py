"""What is done to the mailboxes of runs, on a connection inside a transaction that the lane owns."""

import sqlite3
from datetime import datetime

from oxios_kernel.adapters.journal_sqlite_facts import to_column, to_letter
from oxios_kernel.adapters.journal_sqlite_file import STATEMENTS
from oxios_kernel.adapters.journal_sqlite_runs import queue_waiting
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.letter import MAILBOX_LETTERS, Letter
from oxios_kernel.domain.run import RunState
from oxios_kernel.errors import Conflict, NotFound

__all__ = ["has_more", "letters", "post"]


def post(connection: sqlite3.Connection, letter: Letter, at: datetime) -> Letter:
    """See `RunControl.post`."""
    box = {"id": to_column(letter.to), "key": to_column(letter.key)}
    row = connection.execute(STATEMENTS["mailbox"], box).fetchone()
    if row is None:
        raise NotFound(f"Expected a run to write to, but there is none with the id {letter.to!r}: list the runs.")
    if row["place"] is not None:
        return to_letter(row)
    if RunState(row["state"]).final:
        raise Conflict(f"Expected a reader that goes on, but the run {letter.to!r} is {row['state']!r}: write no more.")
    if row["letters"] >= MAILBOX_LETTERS:
        raise Conflict(
            f"Expected room in the mailbox of {letter.to!r}, but it holds {MAILBOX_LETTERS} letters already."
        )
    posted = letter.model_copy(update={"number": row["letters"] + 1})
    columns = {name: to_column(getattr(posted, name)) for name in ("sender", "text", "key", "answers", "at")}
    connection.execute(STATEMENTS["add_letter"], columns | {"run": row["number"], "place": posted.number})
    queue_waiting(connection, letter.to, at)
    return posted


def letters(connection: sqlite3.Connection, run_id: RunId, after: int) -> list[Letter]:
    """See `RunControl.letters`."""
    return [
        to_letter(row) for row in connection.execute(STATEMENTS["letters"], {"id": to_column(run_id), "after": after})
    ]


def has_more(connection: sqlite3.Connection, run_id: RunId, read: int) -> bool:
    """Tell whether a mailbox holds more letters than were read; of -1 read letters there are never more."""
    wanted = {"id": to_column(run_id), "after": read}
    return read >= 0 and connection.execute(STATEMENTS["letters"], wanted).fetchone() is not None
