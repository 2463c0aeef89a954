"""What a provider can do wrong: the exit code says what kind it is, the sentence what to do, and the work is kept."""

import os
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.brain import Brain, chat, file_says, judged, says, task, tool_results
from tests.e2e.person import Person
from tests.loopback import Answer, Cut, Empty, Hang, ModelServer, Raw, Received, Status, Text, Tools

GARBAGE = Text("%%% I had rather write a poem { than JSON [")


def writing(received: Received) -> Answer:
    return Text("Written.") if tool_results(received) else Tools([("write", {"path": "a.txt", "content": "a"})])


@pytest.mark.parametrize(
    ("answer", "code", "words"),
    [
        (Status(401), 3, ["openai refuses the key", "oxios models"]),
        (Status(404), 3, ["test-model"]),
        (Status(429), 4, ["429"]),
        (Status(429, {"error": {"code": "insufficient_quota", "message": "quota"}}), 4, ["quota"]),
        (Status(500), 4, ["127.0.0.1", "500"]),
        (Status(503, "<html>bad gateway</html>"), 4, ["127.0.0.1", "503"]),
        (Cut(5), 4, ["test-model"]),
    ],
)
def test_a_provider_that_refuses_is_told_and_the_task_can_go_on_later(
    person: Person, answer: Answer, code: int, words: list[str]
) -> None:
    brain = Brain(assess=[answer, chat("Better now.")])
    with ModelServer(brain) as server:
        person.uses(server)
        failed = person.run("run", "--json", "Hello")
        resumed = person.run("run", "--json", "--resume", failed.json["run_id"])
    assert (failed.code, failed.json["exit_code"], failed.json["response"]) == (code, code, ""), failed.err
    for word in words:
        assert word in failed.err
    assert f"oxios run --resume {failed.json['run_id']}" in failed.err
    assert (resumed.code, resumed.json["response"]) == (0, "Better now.")
    assert resumed.json["session_id"] == failed.json["session_id"]


def test_a_run_that_was_stopped_goes_on_with_another_model(person: Person) -> None:
    brain = Brain(
        assess=task("Write a", file_says("a.txt", "a")),
        agent=[Tools([("write", {"path": "a.txt", "content": "a"})]), Status(404), Text("Written.")],
    )
    with ModelServer(brain) as server:
        person.uses(server)
        run_id = person.run("run", "--json", "Write a to a.txt").json["run_id"]
        resumed = person.run("run", "--json", "--resume", run_id, "--model", "openai/other")
    assert (resumed.code, resumed.json["evaluation_passed"]) == (0, True), resumed.err
    assert [received.body["model"] for received in server.requests] == ["test-model"] * 3 + ["other"]


def test_the_key_is_in_no_error_no_log_and_no_database(person: Person) -> None:
    with ModelServer(Status(401)) as server:
        person.uses(server)
        person.environment |= {"OPENAI_API_KEY": "k-quite-secret-0123456789", "OXIOS_LOGGING_LEVEL": "debug"}
        done = person.run("run", "Hello")
    files = [path for path in person.home.rglob("*") if path.is_file()]
    assert any(path.name == "oxios.log" for path in files)
    assert "quite-secret" not in done.err
    assert [path for path in files if b"quite-secret" in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("model", "code", "words"),
    [
        ("opnai/gpt-x", 3, ["opnai", "openai"]),
        ("gpt", 3, ["provider/model"]),
        ("oxios/dmo", 3, ["oxios/demo"]),
        ("anthropic/claude-x", 3, ["ANTHROPIC_API_KEY", "credentials.toml"]),
    ],
)
def test_a_model_that_cannot_be_asked_is_told_before_anything_is_begun(
    person: Person, model: str, code: int, words: list[str]
) -> None:
    done = person.run("run", "--model", model, "Hello")
    assert done.code == code
    for word in words:
        assert word in done.err
    assert "--resume" not in done.err


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port on which nobody listens, held so that nobody will."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_host_that_cannot_be_reached_and_a_broken_tls_are_told_apart(person: Person, closed_port: int) -> None:
    with ModelServer([]) as server:
        person.uses(server)
        away, broken = dict(person.environment), dict(person.environment)
        away["OPENAI_BASE_URL"] = f"http://127.0.0.1:{closed_port}/v1"
        broken["OPENAI_BASE_URL"] = server.openai_base.replace("http:", "https:")
        unreachable = replace(person, environment=away).run("run", "Hello")
        no_tls = replace(person, environment=broken).run("run", "Hello")
    assert (unreachable.code, no_tls.code) == (4, 4)
    assert f"127.0.0.1:{closed_port}" in unreachable.err
    assert "TLS" in no_tls.err


def test_a_provider_that_fails_in_the_middle_costs_nothing_that_was_done(person: Person) -> None:
    brain = Brain(
        assess=task("Write a", file_says("a.txt", "a")),
        agent=[Tools([("write", {"path": "a.txt", "content": "a"})]), Status(500), Text("Written.")],
    )
    with ModelServer(brain) as server:
        person.uses(server)
        failed = person.run("run", "--json", "Write a to a.txt")
        resumed = person.run("run", "--json", "--resume", failed.json["run_id"])
    assert (failed.code, failed.json["phase_reached"]) == (4, "execute")
    assert (resumed.code, resumed.json["evaluation_passed"]) == (0, True)
    assert len(brain.asked["assess"]) == 1
    assert len(brain.asked["agent"]) == 3
    assert resumed.json["usage"]["model_calls"] == 3


@pytest.mark.parametrize("nonsense", [GARBAGE, Raw(b"<html>\xff"), Empty()], ids=["words", "bytes", "empty"])
@pytest.mark.parametrize("phase", ["assess", "agent", "evaluate", "evolve"])
def test_nonsense_in_any_phase_ends_in_words_and_never_in_a_pass(person: Person, phase: str, nonsense: Answer) -> None:
    brain = Brain(
        assess=task("Write a", file_says("a.txt", "a"), judged("It is well written")),
        agent=writing,
        evaluate=says(verdicts=[{"criterion": 1, "status": "unverified", "evidence": ""}]),
        evolve=says(failure="impossible"),
    )
    brain.scripts[phase] = nonsense
    with ModelServer(brain) as server:
        person.uses(server)
        done = person.run("run", "--json", "--exit-code", "Write a to a.txt")
    assert done.code in (1, 4), done.err
    assert "Traceback" not in done.err
    assert done.json["evaluation_passed"] is not True
    if phase in ("evaluate", "evolve"):
        assert (done.code, (person.folder / "a.txt").read_text()) == (1, "a")


def test_a_time_limit_stops_the_work_and_the_run_can_go_on(person: Person) -> None:
    brain = Brain(assess=[Hang(), chat("Here I am.")])
    with ModelServer(brain) as server:
        person.uses(server)
        late = person.run("run", "--json", "--timeout", "0.5", "Hello")
        server.wait_for_disconnects(1)
        resumed = person.run("run", "--json", "--resume", late.json["run_id"])
    assert (late.code, late.json["exit_code"]) == (124, 124)
    assert "0.5 seconds" in late.err
    assert (resumed.code, resumed.json["response"]) == (0, "Here I am.")


def test_keys_are_found_in_the_credentials_file_and_one_that_others_can_read_is_refused(person: Person) -> None:
    with ModelServer(Brain(assess=chat("Hi."))) as server:
        person.uses(server)
        del person.environment["OPENAI_API_KEY"]
        person.home.mkdir()
        credentials = person.home / "credentials.toml"
        _write(credentials, 'OPENAI_API_KEY = "k-from-file"\n', 0o600)
        done = person.run("run", "Hello")
        _write(credentials, 'OPENAI_API_KEY = "k-from-file"\n', 0o644)
        refused = person.run("run", "Hello")
    assert done.code == 0, done.err
    assert server.requests[0].headers["authorization"] == "Bearer k-from-file"
    assert refused.code == 3
    assert "credentials.toml" in refused.err
    assert len(server.requests) == 1


def _write(path: Path, text: str, mode: int) -> None:
    path.write_text(text)
    os.chmod(path, mode)
