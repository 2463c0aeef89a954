"""Kills hosts of one home at random instants, lets the last one finish, and says what is wrong with what is left."""

import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from tests.e2e.faults.host import host, load, start, strays_of
from tests.e2e.faults.script import LOG, children_of, lines_of

LONGEST_LIFE = 0.6
"""Seconds until a host is killed at the latest."""


def ordeal(place: Path, kills: int, seed: int) -> list[str]:
    """Kill hosts under a mixed load; return a sentence for each thing that is wrong at the end.

    Args:
        place: an empty folder.
        kills: how many hosts are killed, each with a wave of agents more than the one before.
        seed: decides on the instants.
    """
    home, folder = place / "home", place / "folder"
    folder.mkdir()
    instants = random.Random(seed)
    wrong = []
    for wave in range(1, kills + 1):
        victim = start(host, home, folder, wave, False)
        time.sleep(instants.uniform(0.0, LONGEST_LIFE))  # the instant is what is tested
        victim.kill()
        victim.join()
        if victim.exitcode != -9:
            wrong.append(f"host {wave} ended by itself with {victim.exitcode}")
    last = start(host, home, folder, kills, True)
    last.join()
    if last.exitcode:
        wrong.append(f"the last host ended with {last.exitcode}")
    return wrong + list(_faults(home, folder, kills))


def _faults(home: Path, folder: Path, waves: int) -> Iterator[str]:
    with closing(sqlite3.connect(home / "oxios.db")) as database:
        [[integrity]] = database.execute("PRAGMA integrity_check")
        rows = database.execute("SELECT id, state, reason, title FROM runs").fetchall()
    if integrity != "ok":
        yield f"the database is damaged: {integrity}"
    yield from (f"a process was left alive: {mark}" for mark in strays_of(folder))
    written = Counter((folder / LOG).read_text().splitlines())
    yield from (f"{line!r} was written {times} times" for line, times in written.items() if times > 1)
    titles = {title.split(" ", 1)[1]: (state, reason) for _, state, reason, title in rows}
    for label, kind in load(waves):
        wanted = [label, *(children_of(label) if kind == "parent" else ())]
        for name in wanted:
            state, reason = titles.get(name, ("missing", None))
            if state == "failed" and str(reason).startswith("quarantine"):
                break  # what a parent in quarantine did not fork yet is nowhere
            if state != "done":
                yield f"{name} is {state}: {reason}"
            elif not (kind == "parent" and name == label):
                yield from (f"{line!r} is missing" for line in lines_of(name) if not written[line])
