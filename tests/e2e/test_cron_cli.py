"""`oxios cron`: jobs are made, looked at, changed and run from the command line, and a host runs them by the clock."""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.person import Person, Screen, lives

WRITE = 'Write "hello" to hello.txt'


@contextmanager
def hosted(person: Person) -> Iterator[Screen]:
    """Have a host at work for the length of a block, and kill it then."""
    screen = person.start_on_terminal("host")
    screen.read_until("Ctrl-C stops it.")
    try:
        yield screen
    finally:
        if lives(screen.pid):
            os.kill(screen.pid, signal.SIGKILL)
        screen.wait()


def add(person: Person, *options: str, schedule: str = "0 9 * * MON-FRI", goal: str = WRITE) -> dict[str, Any]:
    """Keep the job `greet` and return it."""
    return person.run("cron", "add", "greet", "--schedule", schedule, "--goal", goal, "--json", *options).json


def listed(person: Person, *arguments: str) -> list[Any]:
    done = person.run("cron", *arguments, "--json")
    assert done.code == 0, done.err
    found = json.loads(done.out)
    assert isinstance(found, list)
    return found


def test_a_job_is_added_listed_shown_changed_and_removed(person: Person) -> None:
    job = add(person, "--zone", "Europe/Berlin", "--constraint", "be brief", "--priority", "high", "--jitter", "30")
    assert (job["name"], job["priority"], job["constraints"], job["enabled"]) == ("greet", "high", ["be brief"], True)
    assert [entry["id"] for entry in listed(person, "list")] == [job["id"]]
    assert person.run("cron", "show", job["id"], "--json").json["next_run"] is not None
    assert "Europe/Berlin" in person.run("cron", "show", "greet").out
    assert person.run("cron", "disable", "greet", "--json").json["next_run"] is None
    assert "disabled" in person.run("cron", "list").out
    assert person.run("cron", "enable", "greet").code == 0
    assert person.run("cron", "remove", "greet", "--json").json == {"removed": job["id"], "name": "greet"}
    assert listed(person, "list") == []


def test_slots_are_shown_by_the_clocks_of_their_zone(person: Person) -> None:
    shown = person.run("cron", "preview", "--schedule", "30 9 1 1 *", "--zone", "Asia/Seoul", "-n", "2").out
    assert [line[4:] for line in shown.splitlines()] == ["-01-01 09:30:00+09:00"] * 2
    add(person, schedule="0 12 1 7 *")
    assert [slot[4:] for slot in listed(person, "preview", "greet", "-n", "1")] == ["-07-01T12:00:00Z"]


def test_a_job_is_run_at_once_by_the_command_when_no_host_is_at_work(person: Person) -> None:
    job = add(person, "--workdir", str(person.folder), "--disabled")
    done = person.run("cron", "run", "greet")
    assert (done.code, "hello.txt" in done.out) == (0, True), done.err
    assert (person.folder / "hello.txt").read_text().strip() == "hello"
    [row] = person.run("cron", "history", "greet", "--json").json["rows"]
    assert (row["state"], row["missed"]) == ("done", False)
    assert row["run_id"] in person.run("cron", "history", "greet").out
    assert f"cron-{job['id']}" in person.run("sessions", "list").out


def test_a_run_that_a_budget_pauses_is_told_and_goes_on_when_that_is_raised(person: Person) -> None:
    add(person, "--workdir", str(person.folder))
    person.run("budget", "set", "global", "--calls", "1")
    paused = person.run("cron", "run", "greet")
    [row] = person.run("cron", "history", "greet", "--json").json["rows"]
    assert (paused.code, paused.out, row["state"]) == (1, "", "running")
    assert f"`oxios agent resume {row['run_id']}`" in paused.err
    person.run("budget", "set", "global", "--calls", "100")
    resumed = person.run("agent", "resume", row["run_id"])
    assert (resumed.code, (person.folder / "hello.txt").exists()) == (0, True), resumed.err


def test_a_detached_run_is_done_by_the_next_host_in_a_folder_of_the_job(person: Person) -> None:
    job = add(person, "--disabled")
    run_id = person.run("cron", "run", "greet", "--detach").out.strip()
    with hosted(person) as host:
        host.read_until(f"{run_id}  done")
    assert (person.home / "workspace" / "cron" / job["id"] / "hello.txt").exists()


def test_a_host_runs_a_job_by_the_clock_that_was_added_while_it_was_at_work(person: Person) -> None:
    with hosted(person) as host:
        job = add(person, schedule="* * * * * *", goal="good morning")
        host.read_until(f"cron.{job['id']}")
        host.read_until("done")
        assert person.run("cron", "disable", "greet").err.splitlines() == ["Disabled greet."]
    assert person.run("cron", "show", "greet", "--json").json["run_count"] >= 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["add", "b", "--schedule", "61 * * * *", "--goal", "x"], "61"),
        (["add", "b", "--schedule", "@daily", "--goal", "x", "--zone", "Moon"], "'Moon'"),
        (["add", "b", "--schedule", "@daily", "--goal", " "], "empty"),
        (["add", "b", "--schedule", "@daily", "--goal", "x", "--workdir", "nowhere"], "nowhere"),
        (["add", "b", "--schedule", "@daily", "--goal", "x", "--jitter", "4000"], "4000"),
        (["add", "greet", "--schedule", "@daily", "--goal", "x"], "already"),
        (["add", "b", "--goal", "x"], "--schedule"),
        (["show", "gret"], "Did you mean 'greet'?"),
        (["run", "nobody"], "'nobody'"),
        (["run", "greet", "--wait", "--detach"], "--wait or --detach"),
        (["preview"], "--schedule"),
        (["preview", "--schedule", "0 0 31 2 *"], "never"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(person: Person, arguments: list[str], reason: str) -> None:
    add(person)
    done = person.run("cron", *arguments)
    assert (done.code, done.out) == (2, "")
    assert reason in done.err
    assert "Traceback" not in done.err


def test_a_job_of_the_settings_is_there_and_changed_only_where_it_is_written(person: Person) -> None:
    person.home.mkdir()
    (person.home / "config.toml").write_text('[cron.jobs.nightly]\nschedule = "@daily"\ngoal = "tidy up"\n')
    assert [(job["id"], job["source"]) for job in listed(person, "list")] == [("nightly", "config")]
    refused = person.run("cron", "remove", "nightly")
    assert (refused.code, "[cron.jobs.nightly]" in refused.err) == (2, True)
    (person.home / "config.toml").write_text('[cron.jobs.nightly]\nschedule = "@nightly"\ngoal = "tidy up"\n')
    wrong = person.run("cron", "list")
    assert (wrong.code, "[cron.jobs.nightly]" in wrong.err) == (3, True)
    (person.home / "config.toml").unlink()
    assert listed(person, "list") == []


def test_jobs_that_name_a_folder_name_it_whole(person: Person) -> None:
    assert Path(add(person, "--workdir", ".")["workdir"]) == person.folder.resolve()
