"""A process that dies at any border of its journal loses nothing: the next one finishes, without a second payment for
an answer that was written down and without a second effect."""

import itertools
import json
import os
import signal
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from tests.e2e.brain import Brain, judged, says, task, tool_results
from tests.e2e.person import Done, Person
from tests.loopback import Answer, Hang, ModelServer, Received, Text, Tools

DIED = -signal.SIGKILL
PAY = "echo paid >> effects.txt; echo appended"
WRITE = ("write", {"path": "out.txt", "content": "fine"})
LOOK = "cat effects.txt 2>/dev/null; echo looked"
CHECK = {"kind": "command", "command": 'test "$(cat effects.txt)" = paid && test "$(cat out.txt)" = fine'}


@dataclass(frozen=True, kw_only=True)
class Left:
    """What a dead process left in its journal: its turns, and how many answers of the model were written down."""

    turns: list[str]
    answers: int


def careful(received: Received) -> Answer:
    """Work as a careful agent does: pay once, and look first when it is not known whether that happened."""
    results = tool_results(received)
    if not results:
        return Tools([("ls", {"path": "."}), ("bash", {"command": PAY}), WRITE])
    if "appended" in "".join(results) or results[-1].startswith("paid"):
        return Text("It is paid.") if "Wrote" in "".join(results) else Tools([WRITE])
    return Tools([("bash", {"command": PAY if "looked" in results[-1] else LOOK})])


def paying() -> Brain:
    return Brain(
        assess=task("Pay once", {"text": "paid once", "check": CHECK}, judged("The file was written")),
        agent=careful,
        evaluate=says(verdicts=[{"criterion": 1, "status": "verified", "evidence": "Wrote 4 bytes"}]),
    )


def left_by(home: Path) -> Left:
    """Read what is in a home's journal."""
    if not (home / "oxios.db").exists():
        return Left(turns=[], answers=0)
    with closing(sqlite3.connect(home / "oxios.db")) as database:
        if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone():
            return Left(turns=[], answers=0)
        turns = [row[0] for row in database.execute("SELECT id FROM runs WHERE kind = 'turn'")]
        asked = "key LIKE 'protocol/%' OR key LIKE 'step/%/model'"
        [[answers]] = database.execute(f"SELECT count(*) FROM entries WHERE done AND ({asked})")
    return Left(turns=turns, answers=answers)


def ledger_of(home: Path) -> tuple[int, int]:
    """Read how many calls are paid in a home's ledger, and how many are still reserved."""
    with closing(sqlite3.connect(home / "oxios.db")) as database:
        [[paid]] = database.execute("SELECT count(*) FROM ledger_calls")
        [[held]] = database.execute("SELECT count(DISTINCT call_id) FROM ledger_held")
    return paid, held


def somebody_new(person: Person, number: int) -> Person:
    """Return another person beside the first, with an empty home and folder."""
    home = person.home.parent / f"home-{number}"
    folder = person.folder / f"folder-{number}"
    folder.mkdir()
    return replace(person, home=home, folder=folder, environment=person.environment | {"OXIOS_HOME": str(home)})


@pytest.mark.timeout(300)
def test_a_run_that_dies_at_any_border_of_its_journal_is_finished_and_pays_nothing_twice(person: Person) -> None:
    died = 0
    with ModelServer(paying()) as server:
        person.uses(server)
        for border in itertools.count():
            victim = somebody_new(person, border)
            before = len(server.requests)
            first = victim.run("run", "--json", "Pay once", dies_at=border)
            if first.code != DIED:
                break
            died += 1
            left = left_by(victim.home)
            asked = len(server.requests)
            assert asked - before - left.answers in (0, 1), f"border {border}"
            if left.turns:
                finished(victim, victim.run("run", "--json", "--resume", *left.turns), f"border {border}")
                answers = left_by(victim.home).answers
                assert len(server.requests) - asked == answers - left.answers, f"border {border}"
                assert ledger_of(victim.home) == (answers, 0), f"border {border}"
            else:
                assert os.listdir(victim.folder) == []
    finished(victim, first, "not killed")
    assert died > 20


def test_a_tool_that_was_cut_off_in_the_middle_is_not_run_again(person: Person) -> None:
    started, hold = person.folder.parent / "started", person.folder.parent / "hold"
    os.mkfifo(started)
    os.mkfifo(hold)

    def work(received: Received) -> Answer:
        if tool_results(received):
            return careful(received)
        return Tools([("bash", {"command": f"echo paid >> effects.txt; echo > {started}; cat {hold}"})])

    brain = paying()
    brain.scripts["agent"] = work
    with ModelServer(brain) as server:
        person.uses(server)
        program = person.start("run", "--json", "Pay once")
        started.read_text()  # returns when the tool has written there
        program.signal(signal.SIGKILL)
        assert program.wait().code == DIED
        asked = [received.body for received in server.requests]
        done = person.run("run", "--json", "--resume", *left_by(person.home).turns)
        assert [received.body for received in server.requests if received.body in asked] == asked
    release(hold)
    finished(person, done, "cut off in the tool")
    assert "not known" in "".join(tool_results(brain.asked["agent"][-1]))


def test_the_next_run_picks_up_what_was_interrupted_and_says_so(person: Person) -> None:
    brain = paying()
    brain.scripts["agent"] = [Hang(), careful, careful]
    with ModelServer(brain) as server:
        person.uses(server)
        program = person.start("run", "Pay once")
        server.wait_for(2)
        program.signal(signal.SIGKILL)
        assert program.wait().code == DIED
        [turn] = left_by(person.home).turns
        person.environment["OXIOS_ENGINE_DEFAULT_MODEL"] = "oxios/demo"
        done = person.run("run", "--json", "Hello")
        again = person.run("run", "--json", "--resume", turn)
    assert (done.code, done.json["model"]) == (0, "oxios/demo")
    assert f"First going on with what was interrupted: Pay once (run {turn})" in done.err
    finished(person, again, "picked up")
    assert len(brain.asked["assess"]) == 1


def finished(person: Person, done: Done, when: str) -> None:
    """Assert that a person's task was done, and its effect happened once."""
    assert done.code == 0, f"{when}: {done.err}"
    assert json.loads(done.out)["evaluation_passed"] is True, f"{when}: {done.out}"
    assert (person.folder / "effects.txt").read_text() == "paid\n", when
    assert (person.folder / "out.txt").read_text() == "fine", when


def release(fifo: Path) -> None:
    """Let whoever still reads from a FIFO come to its end."""
    os.close(os.open(fifo, os.O_RDWR | os.O_NONBLOCK))
