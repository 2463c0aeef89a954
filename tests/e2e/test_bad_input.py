"""What a person or a file can do wrong: one clear sentence with what to do next, the right exit code, no traceback."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

import pytest

from tests.e2e.brain import Brain, chat
from tests.e2e.person import Done, Person
from tests.loopback import ModelServer


def assert_told(done: Done, code: int, *words: str) -> None:
    """Assert that a failure was told as it should be: its code, the words, a second line with what to do."""
    assert done.code == code, done
    assert "Traceback" not in done.err
    assert done.err.startswith("error: "), done.err
    assert re.search(r"[.?!]\s+\S", done.err), f"nothing says what to do next: {done.err}"
    for word in words:
        assert word in done.err, done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("arguments", "stdin", "words"),
    [
        ([""], b"", ["empty"]),
        ([" \n\t"], b"", ["empty"]),
        (["-"], b"", ["empty"]),
        (["-"], b"x" * (1024**2 + 1), ["1,048,577", "1,048,576", "--context-file"]),
        (["-"], "가".encode() * 400_000, ["at most 1,048,576"]),
        (["-"], b"caf\xe9", ["UTF-8", "byte 3"]),
        (["-"], b"PK\x03\x04\x00\x00", ["binary"]),
        (["caf\udce9"], b"", ["UTF-8"]),
        ([], b"", ["what is to be done", "--help"]),
        (["-", "--context-file", "-"], b"x", ["not both"]),
        (["x", "--resume", "r"], b"", ["leave a prompt out"]),
        (["--resume", "r"], b"", ["'r'"]),
        (["x", "--session", "../x"], b"", ["session", "'../x'"]),
        (["x", "--persona", "reviw"], b"", ["'reviw'", "`review`"]),
        *((["x", "--timeout", seconds], b"", ["--timeout", seconds]) for seconds in ("0", "-1", "nan", "inf", "soon")),
        (
            ["x", "--workdir", "nowhere"],
            b"",
            ["The folder nowhere cannot be used: No such file or directory.", "--work"],
        ),
        (["x", "--workdir", "/dev/null"], b"", ["/dev/null is not a folder"]),
        (["x", "--jsn"], b"", ["--jsn"]),
    ],
)
def test_wrong_usage_is_told_with_exit_code_2(
    person: Person, arguments: Sequence[str], stdin: bytes, words: Sequence[str]
) -> None:
    assert_told(person.run("run", *arguments, stdin=stdin), 2, *words)


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "x", "--space", "caf\udce9"],
        ["run", "x", "--model", "openai/caf\udce9"],
        ["agent", "fork", "x", "--group", "caf\udce9"],
        ["agent", "fork", "x", "--group", "two\nlines"],
        ["budget", "set", "space:caf\udce9", "--calls", "5"],
        ["cron", "add", "two\nlines", "--schedule", "@daily", "--goal", "x"],
        ["cron", "add", "x", "--schedule", "@daily", "--goal", "x", "--constraint", "caf\udce9"],
    ],
)
def test_a_name_that_is_no_plain_text_is_wrong_usage(person: Person, arguments: Sequence[str]) -> None:
    assert_told(person.run(*arguments), 2, "is not plain text in UTF-8")


@pytest.mark.parametrize("arguments", [["wait", "x", "--timeout", "nan"], ["kill", "x", "--grace", "nan"]])
def test_no_number_of_seconds_is_wrong_usage(person: Person, arguments: Sequence[str]) -> None:
    assert_told(person.run("agent", *arguments), 2, "nan is not a number of seconds")


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("missing.txt", lambda path: None, ["missing.txt", "No such file"]),
        ("folder", Path.mkdir, ["is a folder"]),
        ("empty.txt", Path.touch, ["is empty"]),
        ("picture.png", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\x00"), ["binary"]),
        ("latin.txt", lambda path: path.write_bytes(b"ab\xe9"), ["UTF-8", "byte 2"]),
        ("large.txt", lambda path: path.write_bytes(b"x" * (10 * 1024**2 + 1)), ["10 MiB"]),
    ],
)
def test_a_context_file_that_cannot_be_used_is_told_with_exit_code_2(
    person: Person, name: str, make: Callable[[Path], object], words: Sequence[str]
) -> None:
    make(person.folder / name)
    assert_told(person.run("run", "--context-file", name, "Read it"), 2, *words)


def test_a_failure_with_json_is_still_one_object_with_the_exit_code(person: Person) -> None:
    done = person.run("run", "--json", " ")
    assert (done.code, done.json["exit_code"], done.json["response"], done.json["run_id"]) == (2, 2, "", None)
    assert "error: The prompt is empty." in done.err


def test_an_unknown_command_names_the_nearest(person: Person) -> None:
    assert_told(person.run("docter"), 2, "docter", "doctor")


@pytest.mark.parametrize("where", ["/", "above", "person", "oxios"])
def test_work_in_a_folder_with_everything_in_it_needs_to_be_asked_for_by_name(person: Person, where: str) -> None:
    person.home.mkdir()
    above = person.home.parent.parent
    folder = {"/": Path("/"), "above": above, "person": person.home.parent, "oxios": person.home}[where]
    person.folder = folder
    assert_told(person.run("run", "hello"), 6, str(folder), "--workdir")
    assert_told(person.run("chat"), 6, "--workdir")
    assert person.run("run", "--workdir", str(folder), "hello").code == 0


def test_a_setting_that_cannot_be_read_is_told_with_line_and_column(person: Person) -> None:
    person.home.mkdir()
    config = person.home / "config.toml"
    config.write_text("[engine]\nmax_retries = = 3\n")
    assert_told(person.run("run", "hello"), 3, "line 2", "column 15", str(config))
    assert config.read_text() == "[engine]\nmax_retries = = 3\n"


def test_a_setting_out_of_bounds_or_of_a_newer_program_stops_and_an_unknown_one_is_only_told(person: Person) -> None:
    person.home.mkdir()
    config = person.home / "config.toml"
    config.write_text("[engine]\nmax_retries = 300\n")
    assert_told(person.run("run", "hello"), 3, "engine.max_retries", "300")
    config.write_text("config_version = 99\n")
    assert_told(person.run("run", "hello"), 3, "99", "newer")
    config.write_text("[engine]\nmax_retires = 3\n")
    done = person.run("run", "hello")
    assert done.code == 0
    assert "did you mean `engine.max_retries`" in done.err


def test_a_home_that_cannot_be_made_is_told_with_exit_code_3(person: Person) -> None:
    person.home.write_text("a file in its place")
    assert_told(person.run("run", "hello"), 3, str(person.home), "OXIOS_HOME")
    assert person.home.read_text() == "a file in its place"


def test_a_damaged_database_is_kept_aside_and_work_goes_on(person: Person) -> None:
    person.home.mkdir()
    (person.home / "oxios.db").write_bytes(b"this was a database " * 500)
    done = person.run("run", "hello")
    kept = [name for name in os.listdir(person.home) if name.startswith("oxios.db.damaged")]
    assert (done.code, len(kept)) == (0, 1)
    assert kept[0] in done.err
    assert (person.home / kept[0]).read_bytes() == b"this was a database " * 500


def test_a_database_of_a_newer_program_is_left_alone(person: Person) -> None:
    person.home.mkdir()
    with closing(sqlite3.connect(person.home / "oxios.db")) as database:
        database.execute("PRAGMA user_version = 99")
    before = (person.home / "oxios.db").read_bytes()
    assert_told(person.run("run", "hello"), 3, "99")
    assert (person.home / "oxios.db").read_bytes() == before


def test_a_full_disk_is_told_and_work_goes_on_when_there_is_space(person: Person) -> None:
    limited = f'ulimit -f 16; exec {sys.executable} -m oxios run "hello"'
    done = subprocess.run(
        ["bash", "-c", limited], cwd=person.folder, env=person.environment, capture_output=True, check=False
    )
    err = done.stderr.decode()
    assert done.returncode == 3, err
    assert "Traceback" not in err
    assert person.run("run", "hello").code == 0


def test_an_answer_that_cannot_be_written_or_is_not_read_ends_quietly(person: Person) -> None:
    program = f"{sys.executable} -m oxios"
    full = ["bash", "-c", f"{program} run hello > /dev/full"]
    cut = ["bash", "-o", "pipefail", "-c", f"{program} config show | head -n 1"]
    done = [
        subprocess.run(command, cwd=person.folder, env=person.environment, capture_output=True, check=False)
        for command in (full, cut)
    ]
    assert done[0].returncode == 3
    assert b"error: No space left on device" in done[0].stderr
    assert (done[1].returncode, done[1].stderr) == (0, b"") or (done[1].returncode, done[1].stderr) == (141, b"")
    assert done[1].stdout == b"[engine]\n"


def test_closed_standard_streams_are_no_trouble(person: Person) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m oxios run hello <&- && {sys.executable} -m oxios run hello >&- 2>&-"],
        cwd=person.folder,
        env=person.environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"demo model" in done.stdout


def test_debug_shows_where_an_error_came_from(person: Person) -> None:
    done = person.run("--debug", "run", " ")
    assert done.code != 0
    assert "Traceback" in done.err
    assert "InputError: The prompt is empty." in done.err


def test_text_of_any_script_survives_from_prompt_to_session(person: Person) -> None:
    words = "한국어 👩‍👩‍👧 עברית العربية é 𝔘"
    with ModelServer(Brain(assess=chat(words))) as server:
        person.uses(server)
        done = person.run("run", "--json", "--session", "words", words)
        shown = person.run("sessions", "show", "words")
    assert done.json["response"] == words
    assert words in server.requests[0].text
    assert shown.out.count(words) == 2
