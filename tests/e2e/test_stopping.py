"""Stopping and sharing: Ctrl-C once keeps the work, twice leaves at once; runs in one session wait for each other."""

import contextlib
import os
import signal
from pathlib import Path

import anyio
import pytest

from tests.e2e.brain import Brain, chat, file_says, task, tool_results
from tests.e2e.person import CTRL_C, Person, lives
from tests.loopback import Answer, Hang, ModelServer, Received, Text, Tools


def fifo(folder: Path, name: str) -> Path:
    path = folder / name
    os.mkfifo(path)
    return path


def test_ctrl_c_once_stops_cleanly_and_the_run_can_go_on(person: Person) -> None:
    with ModelServer(Brain(assess=[Hang(), chat("Here I am.")])) as server:
        person.uses(server)
        screen = person.start_on_terminal("run", "Hello")
        server.wait_for(1)
        screen.press(CTRL_C)
        stopped = screen.wait()
        server.wait_for_disconnects(1)
        run_id = stopped.out.partition("oxios run --resume ")[2].split()[0]
        resumed = person.run("run", "--quiet", "--resume", run_id)
    assert stopped.code == 130
    assert "Stopping" in stopped.out
    assert (resumed.code, resumed.out) == (0, "Here I am.\n")


def test_a_run_stopped_before_its_model_was_reached_says_only_so(person: Person) -> None:
    person.environment |= {"OPENAI_BASE_URL": "http://127.0.0.1:9", "PYTHONWARNINGS": "always"}
    # An interpreter of its own has litellm to import, which takes seconds and warns of many things.
    done = person.run_fresh("run", "--model", "openai/x", "--timeout", "0.2", "Hello")
    assert done.code == 124
    assert "Warning" not in done.err
    assert "warn(" not in done.err


def test_ctrl_c_twice_leaves_at_once_and_the_next_run_picks_it_up(person: Person) -> None:
    started = fifo(person.folder.parent, "started")
    stubborn = f"trap '' TERM; echo $$ > {started}; while :; do read -t 60 < {started}; done"

    def work(received: Received) -> Answer:
        return Text("Given up.") if tool_results(received) else Tools([("bash", {"command": stubborn})])

    with ModelServer(Brain(assess=task("Wait", file_says("a.txt", "a")), agent=work, evolve=Text("{}"))) as server:
        person.uses(server)
        screen = person.start_on_terminal("run", "Wait")
        left_behind = int(started.read_text())
        screen.press(CTRL_C)
        screen.read_until("Stopping")
        screen.press(CTRL_C)
        stopped = screen.wait()
        with contextlib.suppress(ProcessLookupError):
            os.kill(left_behind, signal.SIGKILL)
        done = person.run("run", "--model", "oxios/demo", "Hello")
    assert stopped.code == 130
    assert "--resume" not in stopped.out
    assert done.code == 0
    assert "First going on with what was interrupted: Wait" in done.err
    assert "That is done now." in done.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_running_tool_with_everything_it_started(person: Person, number: signal.Signals) -> None:
    started = fifo(person.folder.parent, "started")
    command = f"sleep 600 & echo $! > {started}; wait"
    brain = Brain(
        assess=task("Wait", file_says("a.txt", "a")),
        agent=Tools([("bash", {"command": command})]),
    )
    with ModelServer(brain) as server:
        person.uses(server)
        program = person.start("run", "--json", "Wait")
        child = int(started.read_text())
        program.signal(number)
        done = program.wait()
    assert (done.code, done.json["exit_code"], done.json["phase_reached"]) == (130, 130, "execute")
    assert not lives(child)


def test_a_second_run_in_one_session_waits_for_the_first(person: Person) -> None:
    started, hold = fifo(person.folder.parent, "started"), fifo(person.folder.parent, "hold")

    def work(received: Received) -> Answer:
        if tool_results(received):
            return Text("The first is done.")
        return Tools([("bash", {"command": f"echo > {started}; cat {hold}; printf a > a.txt"})])

    brain = Brain(assess=[task("First", file_says("a.txt", "a")), chat("The second is done.")], agent=work)
    with ModelServer(brain) as server:
        person.uses(server)
        first = person.start("run", "--session", "shared", "--json", "First")
        started.read_text()
        second = person.start("run", "--session", "shared", "--json", "Second")
        anyio.run(_wait_for_hosts, person.home, 2)
        hold.write_text("")
        results = first.wait(), second.wait()
        shown = person.run("sessions", "show", "shared").out
    assert [done.code for done in results] == [0, 0], results
    assert [done.json["response"] for done in results] == ["The first is done.", "The second is done."]
    assert [name for name, asked in brain.asked.items() for _ in asked] == ["assess", "assess", "agent", "agent"]
    assert brain.asked["assess"][1].number == 3
    assert "The first is done." in brain.asked["assess"][1].text
    assert shown.index("> First") < shown.index("> Second")


async def _wait_for_hosts(home: Path, count: int) -> None:
    """Wait until so many processes have opened a home's journal."""
    with anyio.fail_after(30):
        while len(list((home / "run").glob("host-*"))) < count:
            await anyio.lowlevel.checkpoint()
