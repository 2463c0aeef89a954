"""`oxios budget` and `oxios scheduler stats --vitals`: limits are set, changed in part, met by runs, and removed; what
was spent, and what the machine is like, is told."""

import json
from typing import Any

import pytest

from tests.e2e.person import Person


def budgets(person: Person, *arguments: str) -> list[Any]:
    done = person.run("budget", *arguments, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert isinstance(found, list)
    return found


def test_a_limit_is_set_changed_in_part_listed_and_removed(person: Person) -> None:
    first = person.run("budget", "set", "global", "--usd", "2.50", "--window", "86400", "--json").json
    assert first["limit"] == {"tokens": None, "calls": None, "usd": "2.5"}
    assert first["on_exhausted"] == "ask"
    more = ("--tokens", "1000", "--on-exhausted", "stop", "--window", "86400")
    changed = person.run("budget", "set", "global", *more, "--json").json
    assert (changed["limit"], changed["on_exhausted"]) == ({"tokens": 1000, "calls": None, "usd": "2.5"}, "stop")
    assert person.run("budget", "set", "principal:me", "--calls", "3").code == 0
    assert [budget["scope"] for budget in budgets(person, "list")] == ["global", "principal:me"]
    assert "0 of 1,000 tokens, 0 of 2.5 USD in 86,400 s" in person.run("budget", "list").out
    removed = person.run("budget", "remove", "global", "--window", "86400", "--json").json
    assert removed == {"removed": "global", "window_seconds": 86400}
    assert budgets(person, "show", "global") == []


def test_a_limit_that_is_used_up_is_told_apart_from_one_that_will_be(person: Person) -> None:
    assert person.run("run", "good morning").code == 0
    assert person.run("budget", "set", "global", "--calls", "1").out.endswith(", then ask, used up\n")
    assert ", then ask, at this rate used up 2" in person.run("budget", "set", "global", "--calls", "100").out


def test_a_run_that_does_not_fit_is_paused_and_goes_on_once_its_limit_is_raised(person: Person) -> None:
    person.run("budget", "set", "global", "--calls", "1")
    stopped = person.run("run", 'Write "hello" to hello.txt', "--json")
    assert "oxios budget set global --calls N" in stopped.err
    assert person.run("budget", "set", "global", "--calls", "100").code == 0
    resumed = person.run("run", "--resume", stopped.json["run_id"])
    assert (resumed.code, (person.folder / "hello.txt").exists()) == (0, True), resumed.err


def test_what_was_spent_is_told_for_everybody_a_run_and_lately(person: Person) -> None:
    done = person.run("run", "good morning", "--json").json
    calls = done["usage"]["model_calls"]
    everybody = person.run("budget", "spent", "--json").json
    assert (everybody["scope"], everybody["calls"], everybody["usd"]) == ("global", calls, "0")
    assert person.run("budget", "spent", f"agent:{done['run_id'][:8]}", "--json").json["calls"] == calls
    assert person.run("budget", "spent", "principal:nobody").out == "0 tokens, 0 calls, 0 USD\n"
    assert person.run("budget", "spent", "--last", "3600", "--json").json["calls"] == calls


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["set", "global"], "needs a number"),
        (["set", "everything", "--calls", "1"], "'everything'"),
        (["set", "agent:nobody", "--calls", "1"], "'nobody'"),
        (["set", "global", "--usd", "-1"], "'-1'"),
        (["set", "global", "--usd", "much"], "'much'"),
        (["set", "global", "--usd", "0.0000001"], "'0.0000001'"),
        (["set", "global", "--usd", "1e99"], "'1e99'"),
        (["set", "global", "--tokens", "-1"], "-1"),
        (["set", "global", "--calls", "1", "--window", "0"], "0"),
        (["set", "global", "--calls", "1", "--on-exhausted", "panic"], "'panic'"),
        (["remove", "global"], "no limit without a window"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(person: Person, arguments: list[str], reason: str) -> None:
    done = person.run("budget", *arguments)
    assert (done.code, done.out) == (2, "")
    assert reason in done.err
    assert "Traceback" not in done.err


def test_the_machine_is_looked_at_where_that_is_asked_for(person: Person) -> None:
    assert "vitals" not in person.run("scheduler", "stats", "--json").json
    vitals = person.run("scheduler", "stats", "--vitals", "--json").json["vitals"]
    assert vitals["memory_total_mb"] > vitals["memory_percent"] > 0
    assert 0.25 <= vitals["pressure"] <= 1
    assert "disk_free_mb" in person.run("scheduler", "stats", "--vitals").out
