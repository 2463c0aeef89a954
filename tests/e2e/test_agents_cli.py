"""`oxios agent`, `oxios host` and `oxios scheduler`: agents are started, watched, steered and stopped from processes
other than the one that carries them out, and none is lost when that one dies."""

import json
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from oxios_kernel.agents import AgentTask
from oxios_kernel.boot import open_kernel
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSPACE_ALL

from tests.e2e.brain import Brain, file_says, task, tool_results
from tests.e2e.person import CTRL_C, Person, Screen, lives
from tests.loopback import Answer, Hang, ModelServer, Received, Status, Text, Tools


def work(received: Received) -> Answer:
    """Look around, write a file, and answer: three steps, each for an agent of its own."""
    match len(tool_results(received)):
        case 0:
            return Tools([("ls", {"path": "."})])
        case 1:
            return Tools([("write", {"path": "note.txt", "content": "done"})])
    return Text("The note is written.", usage=(100, 20))


def told(received: Received) -> str:
    """Return the task of the agent that asks."""
    return str(received.body["messages"][1]["content"])


@contextmanager
def hosted(person: Person) -> Iterator[Screen]:
    """Have a host at work for the length of a block; what it shows can be read."""
    screen = person.start_on_terminal("host")
    screen.read_until("Ctrl-C stops it.")
    try:
        yield screen
    finally:
        if lives(screen.pid):
            os.kill(screen.pid, signal.SIGKILL)
            screen.wait()


def rows(person: Person, *arguments: str) -> dict[str, Any]:
    """Return the agents that a list shows, by id."""
    return {row["id"]: row for row in json.loads(person.run("agent", "list", "--json", *arguments).out)}


def detached(person: Person, *arguments: str) -> str:
    """Start an agent that somebody else carries out, and return its id."""
    done = person.run("agent", "fork", "--detach", *arguments)
    assert done.code == 0, done.err
    return done.out.strip()


def fifo(folder: Path, name: str) -> Path:
    path = folder / name
    os.mkfifo(path)
    return path


# Without a host


def test_without_a_host_the_command_carries_its_agent_out_and_prints_the_answer(person: Person) -> None:
    with ModelServer(Brain(agent=work)) as server:
        person.uses(server)
        done = person.run("agent", "fork", "--priority", "high", "--group", "notes", "Write a note 📝")
    assert (done.code, done.out) == (0, "The note is written.\n")
    assert (person.folder / "note.txt").read_text() == "done"
    assert rows(person) == {}
    [(agent_id, row)] = rows(person, "--all").items()
    assert f"Agent {agent_id}: Write a note 📝" in done.err
    assert (row["state"], row["priority"], row["group"], row["title"]) == ("done", "high", "notes", "Write a note 📝")
    assert rows(person, "--group", "notes", "--state", "done").keys() == {agent_id}
    assert rows(person, "--all", "--group", "other") == {}


def test_what_an_agent_did_is_told_step_by_step_and_entry_by_entry(person: Person) -> None:
    with ModelServer(Brain(agent=work)) as server:
        person.uses(server)
        agent_id = person.run("agent", "fork", "--json", "Write a note").json["id"]
    shown = person.run("agent", "show", agent_id[:8], "--json").json
    assert (shown["passed"], shown["text"], shown["steps"]) == (True, "The note is written.", 3)
    assert shown["usage"] == {"input_tokens": 124, "output_tokens": 34, "cost_usd": None, "model_calls": 3}
    assert (shown["prompt"], shown["model"]) == ("Task: Write a note", "openai/test-model")
    assert "The note is written." in person.run("agent", "show", agent_id).out
    steps = json.loads(person.run("agent", "logs", "--json", agent_id).out)
    assert [[call["name"] for call in step["calls"]] for step in steps] == [["ls"], ["write"], []]
    assert steps[1]["calls"][0]["arguments"] == {"path": "note.txt", "content": "done"}
    assert "Step 2\n  write " in person.run("agent", "logs", agent_id).out
    keys = ["step/1/model", "step/1/tool/0", "step/2/model", "step/2/tool/0", "step/3/model"]
    assert [entry["key"] for entry in json.loads(person.run("agent", "journal", "--json", agent_id).out)] == keys
    assert [line.split()[-1] for line in person.run("agent", "journal", agent_id).out.splitlines()] == keys


def test_an_agent_whose_model_is_away_is_paused_and_goes_on_where_it_was(person: Person) -> None:
    brain = Brain(agent=[work, Status(500), work, work])
    with ModelServer(brain) as server:
        person.uses(server)
        stopped = person.run("agent", "fork", "--json", "Write a note")
        agent_id = stopped.json["id"]
        waited = person.run("agent", "wait", agent_id)
        resumed = person.run("agent", "resume", agent_id)
    assert (stopped.code, stopped.json["state"], stopped.json["passed"]) == (1, "paused", None)
    assert f"oxios agent resume {agent_id}" in stopped.err
    assert (waited.code, "paused" in waited.out) == (1, True)
    assert (resumed.code, resumed.out) == (0, "The note is written.\n")
    assert len(server.requests) == 4


def test_ctrl_c_puts_the_agent_back_into_the_queue_and_it_can_go_on(person: Person) -> None:
    with ModelServer(Brain(agent=[work, Hang(), work, work])) as server:
        person.uses(server)
        screen = person.start_on_terminal("agent", "fork", "Write a note")
        server.wait_for(2)
        screen.press(CTRL_C)
        stopped = screen.wait()
        [(agent_id, row)] = rows(person).items()
        resumed = person.run("agent", "resume", agent_id)
    assert (stopped.code, row["state"]) == (130, "queued")
    assert f"oxios agent resume {agent_id}" in stopped.out
    assert (resumed.code, resumed.out) == (0, "The note is written.\n")


def test_an_agent_that_is_killed_from_elsewhere_ends_the_command_that_waits_for_it(person: Person) -> None:
    with ModelServer(Brain(agent=Hang())) as server:
        person.uses(server)
        program = person.start("agent", "fork", "Never end")
        server.wait_for(1)
        [agent_id] = rows(person)
        killed = person.run("agent", "kill", "--json", agent_id)
        done = program.wait()
        server.wait_for_disconnects(1)
    assert (killed.code, [row["state"] for row in json.loads(killed.out)]) == (0, ["killed"])
    assert (done.code, "is killed: killed by a person" in done.err) == (1, True)


def test_a_detached_agent_waits_for_a_host_and_the_queue_says_in_which_order(person: Person) -> None:
    low = detached(person, "--priority", "low", "Something small")
    done = person.run("agent", "fork", "--detach", "--priority", "critical", "Something urgent")
    urgent = done.out.strip()
    assert "oxios host" in done.err
    assert "oxios host" in person.run("agent", "list").err
    listed = [json.loads(person.run("scheduler", "queue", "--json").out), person.run("scheduler", "queue").out]
    assert [row["id"] for row in listed[0]] == [line.split()[0] for line in listed[1].splitlines()] == [urgent, low]
    stats = person.run("scheduler", "stats", "--json").json
    assert stats["host"] is None
    assert {name: count["total"] for name, count in stats["runs"].items() if count["total"]} == {"queued": 2}
    assert (stats["runs"]["queued"]["low"], stats["runs"]["queued"]["critical"]) == (1, 1)
    assert stats["runs"]["queued"]["oldest_seconds"] >= 0
    assert "queued               1         0         0         1" in person.run("scheduler", "stats").out


# With a host


def test_a_host_carries_out_what_is_queued_and_a_second_one_is_told_who_it_is(person: Person) -> None:
    with ModelServer(Brain(agent=work)) as server:
        person.uses(server)
        queued = detached(person, "Write a note")
        with hosted(person) as host:
            begun = person.run("agent", "fork", "Write another note").out.strip()
            done = person.run("agent", "wait", queued, begun, "--json")
            waited = person.run("agent", "fork", "--wait", "And one more")
            second = person.run("host")
            stats = person.run("scheduler", "stats", "--json").json
            host.press(CTRL_C)
            stopped = host.wait()
    assert (done.code, [end["passed"] for end in json.loads(done.out)]) == (0, [True, True])
    assert (waited.code, waited.out) == (0, "The note is written.\n")
    assert (second.code, f"process {host.pid}, since" in second.err) == (3, True)
    assert f"process {host.pid}" in stats["host"]
    assert (stopped.code, f"{begun}  done" in stopped.out) == (0, True)


def test_a_stopped_host_hands_its_agents_to_the_next_one(person: Person) -> None:
    with ModelServer(Brain(agent=[work, Hang(), work, work])) as server:
        person.uses(server)
        agent_id = detached(person, "Write a note")
        with hosted(person) as first:
            server.wait_for(2)
            os.kill(first.pid, signal.SIGTERM)
            stopped = first.wait()
            left = rows(person)[agent_id]["state"]
        with hosted(person):
            done = person.run("agent", "wait", agent_id)
    assert (stopped.code, left, done.code) == (0, "queued", 0)
    assert len(server.requests) == 4


def test_after_kill_9_of_the_host_the_agents_are_interrupted_and_the_next_host_finishes_them(person: Person) -> None:
    with ModelServer(Brain(agent=[work, Hang(), work, work])) as server:
        person.uses(server)
        agent_id = detached(person, "Write a note")
        with hosted(person) as first:
            server.wait_for(2)
            os.kill(first.pid, signal.SIGKILL)
            assert first.wait().code == -signal.SIGKILL
            assert rows(person)[agent_id]["state"] == "interrupted"
            assert rows(person, "--state", "interrupted").keys() == {agent_id}
            assert rows(person, "--state", "running") == {}
            assert f"{agent_id}  interrupted, normal" in person.run("agent", "tree").out
            too_late = person.run("agent", "wait", "--timeout", "0.1", agent_id)
        with hosted(person):
            done = person.run("agent", "wait", agent_id)
    assert (too_late.code, "oxios host" in too_late.err) == (124, True)
    assert (done.code, "The note is written." in done.out) == (0, True)
    assert len(server.requests) == 4


def test_a_whole_tree_is_drawn_and_killed(person: Person) -> None:
    def family(received: Received) -> Answer:
        if "child" in told(received):
            return Hang()
        match len(tool_results(received)):
            case 0:
                return Tools([("fork", {"goal": "child one"}), ("fork", {"goal": "child two"})])
            case _:
                return Tools([("wait", {})])

    with ModelServer(Brain(agent=family)) as server:
        person.uses(server)
        with hosted(person):
            other = person.run("agent", "fork", "The only child stays").out.strip()
            parent = person.run("agent", "fork", "Have a family").out.strip()
            server.wait_for(5)
            drawn = person.run("agent", "tree", parent).out.splitlines()
            [nested] = json.loads(person.run("agent", "tree", "--json", parent).out)
            killed = person.run("agent", "kill", parent)
            server.wait_for_disconnects(2)
            forest = person.run("agent", "tree").out
            ended = person.run("agent", "wait", parent)
    assert [line[:3] for line in drawn[1:]] == ["├─ ", "└─ "]
    assert [child["title"] for child in nested["children"]] == ["child one", "child two"]
    assert (killed.code, killed.out.count("killed, normal")) == (0, 3)
    assert (other in forest, parent in forest) == (True, False)
    assert (ended.code, "killed by a person" in ended.out) == (1, True)


def test_a_pause_is_obeyed_at_the_end_of_the_step_and_taken_back_by_resume(person: Person) -> None:
    started, hold = fifo(person.folder.parent, "started"), fifo(person.folder.parent, "hold")
    enough = threading.Event()

    def slow(received: Received) -> Answer:
        if enough.is_set():
            return Text("Slow, but done.")
        count = len(tool_results(received))
        # The host may notice the pause some steps late.
        return Tools([("bash", {"command": f"sleep 0.1; echo {count}" if count else f"echo > {started}; cat {hold}"})])

    with ModelServer(Brain(agent=slow)) as server:
        person.uses(server)
        with hosted(person):
            agent_id = person.run("agent", "fork", "Take your time").out.strip()
            started.read_text()
            asked = person.run("agent", "pause", "--grace", "0", agent_id)
            hold.write_text("")
            obeyed = person.run("agent", "pause", "--grace", "60", agent_id)
            paused = rows(person, "--state", "paused")
            enough.set()
            again = person.run("agent", "resume", "--wait", agent_id)
    assert (asked.code, "[asked to pause]" in asked.out) == (124, True)
    assert (obeyed.code, list(paused)) == (0, [agent_id])
    assert (again.code, again.out) == (0, "Slow, but done.\n")


def test_a_message_reaches_an_agent_before_its_next_step(person: Person) -> None:
    started, hold = fifo(person.folder.parent, "started"), fifo(person.folder.parent, "hold")

    def listen(received: Received) -> Answer:
        if tool_results(received):
            return Text("In French, then." if "in French 🇫🇷" in received.text else "Nobody told me.")
        return Tools([("bash", {"command": f"echo > {started}; cat {hold}"})])

    with ModelServer(Brain(agent=listen)) as server:
        person.uses(server)
        with hosted(person):
            agent_id = person.run("agent", "fork", "Write a poem").out.strip()
            started.read_text()
            letter = person.run("agent", "message", "--json", agent_id, "-", stdin="in French 🇫🇷".encode())
            hold.write_text("")
            done = person.run("agent", "wait", agent_id)
            logs = person.run("agent", "logs", agent_id).out
    assert (letter.code, letter.json["to"], letter.json["number"]) == (0, agent_id, 1)
    assert "In French, then." in done.out
    assert "message from person: in French 🇫🇷" in logs


def test_a_branch_does_not_repeat_the_steps_that_it_begins_with(person: Person) -> None:
    def other(received: Received) -> Answer:
        return Text("In a poem, then.") if "a poem" in received.last else work(received)

    with ModelServer(Brain(agent=other)) as server:
        person.uses(server)
        source = person.run("agent", "fork", "--json", "Write a note").json["id"]
        (person.folder / "note.txt").unlink()
        done = person.run("agent", "branch", source, "2", "Now as a poem")
    assert (done.code, done.out) == (0, "In a poem, then.\n")
    assert not (person.folder / "note.txt").exists()
    assert len(server.requests) == 4


def test_waiting_for_any_is_over_with_the_first(person: Person) -> None:
    def some(received: Received) -> Answer:
        return Hang() if "slow" in told(received) else Text("Quick.")

    with ModelServer(Brain(agent=some)) as server:
        person.uses(server)
        with hosted(person):
            slow = person.run("agent", "fork", "Be slow").out.strip()
            quick = person.run("agent", "fork", "Be quick").out.strip()
            done = person.run("agent", "wait", "--any", "--json", slow, quick)
            at_once = [person.run("agent", "wait", "--timeout", "0", *ids).code for ids in ([quick], [quick, slow])]
    assert (done.code, [end["state"] for end in json.loads(done.out)]) == (0, ["running", "done"])
    assert at_once == [0, 124]


def test_the_agent_of_a_turn_is_below_it_and_killing_it_ends_the_turn(person: Person) -> None:
    brain = Brain(assess=task("Wait", file_says("a.txt", "a")), agent=Hang())
    with ModelServer(brain) as server:
        person.uses(server)
        program = person.start("run", "--json", "Wait")
        server.wait_for(2)
        [turn] = json.loads(person.run("agent", "tree", "--json").out)
        [agent] = turn["children"]
        refused = person.run("agent", "message", turn["id"], "Hello")
        killed = person.run("agent", "kill", agent["id"])
        done = program.wait()
    assert (turn["kind"], agent["kind"], agent["id"]) == ("turn", "agent", f"{turn['id']}.g0")
    assert (refused.code, "is a turn" in refused.err) == (2, True)
    assert (killed.code, done.json["run_id"], "killed" in done.err) == (0, turn["id"], True)
    assert done.code != 0


# Wrong input


async def _put(person: Person, *ids: str) -> None:
    start = AgentTask(
        system="rules",
        prompt="Task: wait",
        model="oxios/demo",
        root=str(person.folder),
        principal="person",
        role=Role.USER,
        rights=CSPACE_ALL,
    )
    async with open_kernel(person.home, idle=True) as kernel:
        for run_id in ids:
            await kernel.processes.forks.fork(start, title=f"the agent {run_id}", run_id=run_id)


def test_an_id_may_be_shortened_as_long_as_it_names_one_agent(person: Person) -> None:
    anyio.run(_put, person, "abcd-1", "abcd-2", "abcd", "bcde-1")
    found = [person.run("agent", "show", name) for name in ("bcde", "abcd", "abcd-2")]
    several, short = person.run("agent", "show", "abcd-"), person.run("agent", "show", "bcd")
    assert [done.code for done in found] == [0, 0, 0]
    assert [
        text
        for text, done in zip(("the agent bcde-1", "the agent abcd\n", "the agent abcd-2"), found, strict=True)
        if text in done.out
    ] == ["the agent bcde-1", "the agent abcd\n", "the agent abcd-2"]
    assert (several.code, "abcd-1  the agent abcd-1" in several.err, "abcd-2" in several.err) == (2, True, True)
    assert (short.code, "4 characters" in short.err) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    ["show", "tree", "wait", "kill", "pause", "resume", "logs", "journal", "message ID hi", "branch ID 1 again"],
)
def test_an_agent_that_does_not_exist_is_named_and_nothing_happens(person: Person, arguments: str) -> None:
    name, *more = arguments.replace("ID", "no-such-agent").split()
    done = person.run("agent", name, *(more or ["no-such-agent"]))
    assert (done.code, done.out) == (2, "")
    assert "There is no run 'no-such-agent'." in done.err
    assert "oxios agent list" in done.err


@pytest.mark.parametrize("arguments", ["kill ID", "pause ID", "resume ID", "message ID hi"])
def test_an_agent_that_has_ended_cannot_be_steered(person: Person, arguments: str) -> None:
    with ModelServer(Brain(agent=Text("Done."))) as server:
        person.uses(server)
        agent_id = person.run("agent", "fork", "--json", "Do nothing").json["id"]
        done = person.run("agent", *arguments.replace("ID", agent_id).split())
    assert (done.code, "done" in done.err) == (2, True)
    assert rows(person, "--all")[agent_id]["state"] == "done"


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["wait", "--timeout", "-1", "ID"], "--timeout"),
        (["kill", "--grace", "-1", "ID"], "--grace"),
        (["branch", "ID", "0", "again"], "0 is not in the range"),
        (["branch", "ID", "99", "again"], "has not done 99 steps"),
        (["branch", "ID", "1", " "], "empty"),
        (["message", "ID", " "], "empty"),
        (["fork", "--wait", "--detach", "x"], "not both"),
        (["fork", "--priority", "huge", "x"], "--priority"),
        (["fork", "--group", " ", "x"], "group"),
        (["fork", "--group", "g" * 65, "x"], "64"),
        (["fork", "--workdir", "missing", "x"], "missing"),
        (["fork", "--model", "nobody/nothing", "x"], "nobody"),
        (["fork", ""], "empty"),
    ],
)
def test_wrong_input_is_refused_in_words(person: Person, arguments: list[str], complaint: str) -> None:
    anyio.run(_put, person, "abcd-1")
    done = person.run("agent", *(argument.replace("ID", "abcd-1") for argument in arguments))
    assert done.code in (2, 3)
    assert complaint in done.err
    assert list(rows(person, "--all")) == ["abcd-1"]


def test_a_message_that_is_too_long_is_refused(person: Person) -> None:
    anyio.run(_put, person, "abcd-1")
    done = person.run("agent", "message", "abcd", "-", stdin=b"x" * 100_001)
    assert (done.code, "100,001 characters" in done.err) == (2, True)


@pytest.mark.parametrize("arguments", [["host"], ["agent", "list"], ["agent", "fork", "x"], ["scheduler", "stats"]])
def test_a_home_that_cannot_be_used_is_one_clear_error(person: Person, arguments: list[str]) -> None:
    person.environment["OXIOS_HOME"] = "/dev/null/oxios"
    done = person.run(*arguments)
    assert (done.code, "/dev/null" in done.err) == (3, True)
