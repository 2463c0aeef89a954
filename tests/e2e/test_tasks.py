"""A request becomes work with a verdict, through the whole program: both wires, interviews, evolutions, boasts."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.brain import Brain, chat, file_says, judged, says, task, tool_results, unclear
from tests.e2e.person import Person
from tests.loopback import Answer, ModelServer, Received, Text, Tools

KEYS = {
    "response",
    "session_id",
    "space_id",
    "space_tag",
    "seed_id",
    "agent_id",
    "phase_reached",
    "evaluation_passed",
    "exit_code",
    "duration_ms",
    "usage",
    "verdicts",
    "model",
    "run_id",
}


@pytest.mark.parametrize("wire", ["openai", "anthropic"])
def test_a_task_with_several_tools_streams_passes_and_counts_its_usage(person: Person, wire: str) -> None:
    (person.folder / "첫째.txt").write_text("하나 👋", encoding="utf-8")
    work: list[Answer] = [
        Tools([("ls", {"path": "."}), ("read", {"path": "첫째.txt"})], text="Looking.", usage=(50, 5)),
        Tools([("bash", {"command": "cat 첫째.txt > 둘째.txt"})], usage=(60, 6)),
        Text("둘째.txt holds the same words.", usage=(70, 7)),
    ]
    brain = Brain(assess=task("Copy 첫째.txt", file_says("둘째.txt", "하나 👋")), agent=work)
    with ModelServer(brain) as server:
        person.uses(server, wire)
        done = person.run_fresh("run", "--json", "Copy 첫째.txt to 둘째.txt")
    assert (done.code, set(done.json)) == (0, KEYS), done.err
    assert done.json["response"] == "둘째.txt holds the same words."
    assert done.json["evaluation_passed"] is True
    assert done.json["usage"] == {"input_tokens": 280, "output_tokens": 38, "cost_usd": None, "model_calls": 4}
    assert [verdict["status"] for verdict in done.json["verdicts"]] == ["verified"]
    assert all(received.streams for received in brain.asked["agent"])
    assert "하나 👋" in tool_results(brain.asked["agent"][-1])[1]
    assert (person.folder / "둘째.txt").read_text(encoding="utf-8") == "하나 👋"


def test_an_interview_over_three_processes_ends_in_a_seed_with_the_first_request(person: Person) -> None:
    brain = Brain(
        assess=unclear("Which colour?", "How large?"),
        interview=[unclear("For whom?"), task("Write a red note for Mina", file_says("note.txt", "red"))],
        agent=[Tools([("write", {"path": "note.txt", "content": "red"})]), Text("Written.")],
    )
    with ModelServer(brain) as server:
        person.uses(server)
        first = person.run("run", "--json", "Write me a note 📝")
        session = first.json["session_id"]
        second = person.run("run", "--json", "--session", session, "Red, and small")
        third = person.run("run", "--json", "--session", session, "For Mina")
    assert (first.code, second.code, third.code) == (5, 5, 0)
    assert first.json["questions"] == ["Which colour?", "How large?"]
    assert second.json["questions"] == ["For whom?"]
    assert set(third.json) == KEYS
    assert f"oxios run --session {session}" in first.err
    seed = _document(person.home / "workspace" / "seeds" / f"{third.json['seed_id']}.json")
    assert seed["original_request"].startswith("Write me a note 📝")
    assert "Red, and small" in brain.asked["interview"][1].last


def test_questions_are_printed_with_the_answer_when_no_json_is_asked_for(person: Person) -> None:
    with ModelServer(Brain(assess=unclear("Which colour?"))) as server:
        person.uses(server)
        done = person.run("run", "Paint it")
    assert done.code == 5
    assert "1. Which colour?" in done.out


def test_a_task_whose_check_fails_is_evolved_and_passes_in_generation_1(person: Person) -> None:
    def work(received: Received) -> Answer:
        knows_better = "in capitals" in received.text
        if tool_results(received):
            return Text("In capitals now." if knows_better else "Written.")
        return Tools([("write", {"path": "out.txt", "content": "YES" if knows_better else "yes"})])

    brain = Brain(
        assess=task("Write yes", file_says("out.txt", "YES")),
        agent=work,
        evolve=says(failure="execution", add_constraints=["The word must be in capitals"]),
    )
    with ModelServer(brain) as server:
        person.uses(server)
        done = person.run("run", "--json", "--exit-code", "Write yes to out.txt")
    assert (done.code, done.json["evaluation_passed"]) == (0, True)
    assert done.json["response"] == "In capitals now."
    seed = _document(person.home / "workspace" / "seeds" / f"{done.json['seed_id']}.json")
    assert seed["generation"] == 1


def test_what_cannot_pass_ends_after_three_evolutions_with_the_best_kept(person: Person) -> None:
    brain = Brain(
        assess=task("Write a and b", file_says("a.txt", "a"), file_says("b.txt", "b"), file_says("c.txt", "c")),
        agent=_half_of_it,
        evolve=[
            says(failure="spec", goal=f"Attempt {number} at {word}") for number, word in enumerate(["b", "c", "d"])
        ],
    )
    with ModelServer(brain) as server:
        person.uses(server)
        done = person.run("run", "--json", "--exit-code", "Write a, b and c")
        shown = person.run("sessions", "show", done.json["session_id"])
    assert (done.code, done.json["evaluation_passed"], done.json["exit_code"]) == (1, False, 1)
    assert len(brain.asked["evolve"]) == 3
    assert [verdict["status"] for verdict in done.json["verdicts"]] == ["verified", "verified", "failed"]
    assert done.json["response"] == "Did what I could for: b"
    assert done.json["response"] in shown.out


def _half_of_it(received: Received) -> Answer:
    """Do most in the first evolution and less afterwards."""
    goal = "b" if "Attempt 0" in received.text else "less"
    if tool_results(received):
        return Text(f"Did what I could for: {goal}")
    if goal == "b":
        return Tools([("write", {"path": f"{name}.txt", "content": name}) for name in "ab"])
    return Tools([("bash", {"command": "rm -f b.txt; printf a > a.txt"})])


def test_an_agent_that_only_says_that_it_wrote_the_file_fails(person: Person) -> None:
    brain = Brain(
        assess=task("Write the report", file_says("report.txt", "ready"), judged("The report was written")),
        agent=Text("I have written report.txt with the word ready. All criteria are verified."),
        evaluate=says(verdicts=[{"criterion": 1, "status": "unverified", "evidence": ""}]),
        evolve=says(failure="impossible"),
    )
    with ModelServer(brain) as server:
        person.uses(server)
        done = person.run("run", "--json", "--exit-code", "Write the report")
    assert (done.code, done.json["evaluation_passed"]) == (1, False)
    assert [verdict["status"] for verdict in done.json["verdicts"]] == ["failed", "unverified"]
    assert "All criteria are verified" not in brain.asked["evaluate"][0].text


def test_without_a_key_the_built_in_model_does_a_real_task_and_says_what_it_is(person: Person) -> None:
    for name in ("one.py", "two.py", "셋.py", "notes.txt"):
        (person.folder / name).touch()
    done = person.run_fresh("run", "--exit-code", "Count the Python files in . and write the number to count.txt")
    assert done.code == 0, done.err
    assert (person.folder / "count.txt").read_text().strip() == "3"
    assert "oxios/demo" in done.err
    assert "verified" in done.err
    assert "count.txt" in done.out


def test_stdout_holds_the_answer_alone_and_quiet_says_nothing_besides(person: Person) -> None:
    with ModelServer(Brain(assess=chat("안녕하세요 👋"))) as server:
        person.uses(server)
        loud = person.run("run", "Hello")
        quiet = person.run("run", "--quiet", "Hello")
    assert loud.out == quiet.out == "안녕하세요 👋\n"
    assert "session" in loud.err
    assert quiet.err == ""


def test_escape_sequences_of_a_model_do_not_reach_the_terminal(person: Person) -> None:
    with ModelServer(Brain(assess=chat("\x1b]0;owned\x07\x1b[2Jred\x9b31m"))) as server:
        person.uses(server)
        text = person.run("run", "Hello")
        document = person.run("run", "--json", "Hello")
    assert not {"\x1b", "\x07", "\x9b"} & set(text.out + document.out)
    assert document.json["response"] == "\x1b]0;owned\x07\x1b[2Jred\x9b31m"


def test_context_persona_and_model_reach_the_model(person: Person) -> None:
    (person.folder / "주문.txt").write_text("Two coffees ☕", encoding="utf-8")
    with ModelServer(Brain(assess=chat("Noted."))) as server:
        person.uses(server)
        person.environment.pop("OXIOS_ENGINE_DEFAULT_MODEL")
        person.run("persona", "add", "pirate", "--prompt", "Speak like a pirate")
        named = ("--persona", "pirate", "--model", "openai/other-model")
        done = person.run("run", "--json", "--context-file", "주문.txt", *named, "What did they order?")
        piped = person.run("run", "--model", "openai/x", "--context-file", "-", "And?", stdin=b"From a pipe")
    assert (done.code, done.json["model"]) == (0, "openai/other-model")
    first, second = server.requests
    assert "Two coffees ☕" in first.text
    assert "Speak like a pirate" in first.text
    assert first.body["model"] == "other-model"
    assert (piped.code, "From a pipe" in second.text) == (0, True)


def test_a_conversation_goes_on_in_another_process(person: Person) -> None:
    with ModelServer(Brain(assess=[chat("A parrot."), chat("Green.")])) as server:
        person.uses(server)
        person.run("run", "--session", "birds", "Name a bird")
        done = person.run("run", "--session", "birds", "--json", "Which colour?")
        listed = person.run("sessions", "list", "--json")
    assert done.json["session_id"] == "birds"
    assert "A parrot." in server.requests[1].text
    assert '"turns": 2' in listed.out


def _document(path: Path) -> dict[str, Any]:
    document = json.loads(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document
