"""What a model can do wrong with its tools: it is told, it is stopped, and nothing outside the folder is touched."""

import os

from tests.e2e.brain import Brain, file_says, says, task, tool_results
from tests.e2e.person import Person, lives
from tests.loopback import Answer, Arguments, ModelServer, Received, Text, Tools


def working(*steps: Answer, goal: str = "Write ok") -> Brain:
    """Return a model whose agent takes these steps, writes ok.txt and is done."""
    write = Tools([("write", {"path": "ok.txt", "content": "ok"})])
    return Brain(
        assess=task(goal, file_says("ok.txt", "ok")),
        agent=[*steps, write, Text("Done.")],
        evolve=says(failure="impossible"),
    )


def results(brain: Brain) -> list[str]:
    """Return what the agent's tools answered in all."""
    return tool_results(brain.asked["agent"][-1])


def test_calls_that_make_no_sense_are_answered_and_the_work_goes_on(person: Person) -> None:
    calls: list[tuple[str, Arguments]] = [
        ("reed", {"path": "x"}),
        ("read", {"path": ["x"]}),
        ("read", {"file": "x"}),
        ("read", '{"path": '),
        ("write", "[]"),
    ]
    brain = working(Tools(calls))
    with ModelServer(brain) as server:
        person.uses(server)
        done = person.run("run", "--exit-code", "Write ok")
    assert done.code == 0, done.err
    unknown, kind, name, broken, shape, _ = results(brain)
    assert "read" in unknown
    assert "path" in kind
    assert "file" in name
    assert "JSON" in broken
    assert shape


def test_a_hundred_calls_at_once_are_carried_out_up_to_the_limit(person: Person) -> None:
    (person.folder / "one.txt").write_text("1")
    brain = working(Tools([("read", {"path": "one.txt"})] * 100))
    with ModelServer(brain) as server:
        person.uses(server)
        done = person.run("run", "--exit-code", "Write ok")
    assert done.code == 0
    assert len(results(brain)) == 101
    assert sum("agents.max_calls" in text for text in results(brain)) == 36


def test_the_same_call_for_ever_is_stopped_with_a_sentence(person: Person) -> None:
    brain = working()
    brain.scripts["agent"] = Tools([("ls", {"path": "."})])
    with ModelServer(brain) as server:
        person.uses(server)
        done = person.run("run", "--json", "--exit-code", "Write ok")
    assert (done.code, done.json["evaluation_passed"]) == (1, False)
    assert len(brain.asked["agent"]) < 10
    assert done.json["response"].strip()


def test_a_flood_is_cut_and_kept_and_a_hang_and_its_children_are_ended(person: Person) -> None:
    flood = "head -c 100000000 /dev/zero | tr '\\0' x"
    hang = "(setsid sh -c 'echo $$ > child.pid; exec sleep 600' &) ; sleep 600"
    brain = working(
        Tools([("bash", {"command": flood})]),
        Tools([("bash", {"command": hang, "timeout_seconds": 1})]),
    )
    with ModelServer(brain) as server:
        person.uses(server)
        done = person.run("run", "--exit-code", "Write ok")
    assert done.code == 0, done.err
    cut, late, _ = results(brain)
    assert len(cut) < 20_000
    kept = [path for path in (person.home / "outputs").rglob("*.txt") if path.stat().st_size >= 100_000_000]
    assert len(kept) == 1
    assert kept[0].name in cut
    assert "1" in late
    assert not lives(int((person.folder / "child.pid").read_text()))


def test_nothing_outside_the_folder_can_be_read_or_written(person: Person) -> None:
    secret = person.folder.parent / "secret.txt"
    secret.write_text("treasure")
    (person.folder / "out").symlink_to(secret)
    (person.folder / "up").symlink_to("..")
    person.environment["TREASURE"] = "treasure"
    reads = [
        "../secret.txt",
        str(secret),
        "out",
        "up/secret.txt",
        "/proc/self/environ",
        "/etc/passwd",
        str(person.home / "oxios.db"),
    ]
    brain = working(
        Tools([("read", {"path": path}) for path in reads]),
        Tools([("write", {"path": path, "content": "gone"}) for path in ("../secret.txt", "out", "up/new.txt")]),
        Tools([("grep", {"pattern": "treasure", "path": "."}), ("find", {"pattern": "*"})]),
    )
    with ModelServer(brain) as server:
        person.uses(server)
        person.run("run", "Write ok")
    said = results(brain)
    assert "treasure" not in "".join(said).replace("'treasure'", "")
    assert "root:" not in "".join(said)
    assert secret.read_text() == "treasure"
    assert sorted(os.listdir(person.folder.parent)) == ["person", "project", "secret.txt"]


def test_the_oxios_home_is_closed_to_a_run_that_was_given_the_folder_above_it(person: Person) -> None:
    (person.home).mkdir(mode=0o700)
    keys = person.home / "credentials.toml"
    keys.write_text('XAI_API_KEY = "treasure"\n')
    keys.chmod(0o600)
    named = ".oxios/credentials.toml"
    brain = working(
        Tools([("read", {"path": named}), ("grep", {"pattern": "treasure", "hidden": True})]),
        Tools([("bash", {"command": f"cat {named}"}), ("bash", {"command": f"cat {keys}"})]),
    )
    with ModelServer(brain) as server:
        person.uses(server)
        person.run("run", "--workdir", str(person.home.parent), "Write ok")
    assert "treasure" not in "".join(results(brain)).replace("'treasure'", "")
    assert sum("Oxios keeps its own files" in said for said in results(brain)) == 3


def test_what_policy_forbids_ends_with_exit_code_6_and_names_the_rule(person: Person) -> None:
    brain = Brain(
        assess=task("Become root", file_says("root.txt", "root")),
        agent=lambda received: Text("I may not.") if tool_results(received) else _sudo(received),
        evolve=says(failure="impossible"),
    )
    with ModelServer(brain) as server:
        person.uses(server)
        done = person.run("run", "--json", "Become root")
    assert (done.code, done.json["exit_code"]) == (6, 6)
    assert "list of denied commands" in done.err


def _sudo(received: Received) -> Answer:
    return Tools([("bash", {"command": "sudo touch root.txt"})])
