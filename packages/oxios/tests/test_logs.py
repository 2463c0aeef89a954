"""The log file: what is in it, what is not, and that the terminal stays quiet."""

import logging
import stat
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios.logs import FILE_BYTES, OLD_FILES, known_secrets, log_to, redacted

KEY = "sk-proj-Abcdef0123456789"


def test_ours_are_logged_from_the_level_on_and_others_from_warning_on(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "oxios.log"
    with log_to(file, level="info"):
        logging.getLogger("oxios_kernel.engine").debug("too quiet")
        logging.getLogger("oxios_kernel.engine").info("안녕")
        logging.getLogger("somebody.else").info("chatter")
        logging.getLogger("somebody.else").warning("worth it")
    lines = file.read_text("utf-8").splitlines()
    assert [line.split(" ", 1)[1] for line in lines] == [
        "INFO oxios_kernel.engine: 안녕",
        "WARNING somebody.else: worth it",
    ]
    assert capfd.readouterr() == ("", "")


def test_afterwards_logging_is_as_it_was(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (list(root.handlers), root.level, logging.getLogger("oxios").level)
    with log_to(tmp_path / "oxios.log", level="debug"):
        assert root.handlers != before[0]
    assert (root.handlers, root.level, logging.getLogger("oxios").level) == before


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "oxios.log"
    with log_to(file, level="info"):
        logging.getLogger("oxios").info("x")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_known_secrets_are_nowhere_in_the_file_not_even_in_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "oxios.log"
    secrets = known_secrets({"MY_API_KEY": "hunter2-비밀", "SHORT_KEY": "abc", "PATH": "/usr/bin:/bin"})
    assert secrets == {"hunter2-비밀"}
    with log_to(file, level="info", secrets=secrets):
        try:
            raise ValueError("wrong key hunter2-비밀")
        except ValueError:
            logging.getLogger("oxios").exception("it failed with %s", "hunter2-비밀")
    text = file.read_text("utf-8")
    assert "hunter2" not in text
    assert text.count("[secret]") == 3
    assert "Traceback" in text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (f"Authorization: Bearer {KEY}", "Authorization: Bearer [secret]"),
        (f"{{'api_key': '{KEY}', 'model': 'm'}}", "{'api_key': '[secret]', 'model': 'm'}"),
        ("x-api-key=abcd1234&x=1", "x-api-key=[secret]&x=1"),
        (f"key {KEY} refused", "key [secret] refused"),
        ("AIzaSyA0123456789abcdef was", "[secret] was"),
        ("http://mina:pass@host/v1", "http://mina:[secret]@host/v1"),
        ("output_tokens=1200, task-based work", "output_tokens=1200, task-based work"),
        ("http://127.0.0.1:8000/v1 asks mail@host", "http://127.0.0.1:8000/v1 asks mail@host"),
    ],
)
def test_what_looks_like_a_secret_is_hidden_and_the_rest_is_kept(text: str, clean: str) -> None:
    assert redacted(text) == clean


@given(st.text(), st.text(min_size=8, alphabet="abcXYZ0189-_가"), st.text())
def test_a_known_secret_is_hidden_whatever_is_around_it(before: str, secret: str, after: str) -> None:
    assert secret not in redacted(before + secret + after, {secret}).replace("[secret]", "\0")


def test_a_message_of_several_lines_cannot_forge_a_record(tmp_path: Path) -> None:
    file = tmp_path / "oxios.log"
    with log_to(file, level="info"):
        logging.getLogger("oxios").info("one\n2030-01-01T00:00:00.000Z INFO oxios: forged")
    assert [line.startswith("    ") for line in file.read_text().splitlines()] == [False, True]


def test_old_logs_are_kept_up_to_a_number(tmp_path: Path) -> None:
    with log_to(tmp_path / "oxios.log", level="info"):
        for _ in range(6):
            logging.getLogger("oxios").info("x" * (FILE_BYTES - 100))
    names = sorted(file.name for file in tmp_path.iterdir())
    assert names == ["oxios.log", *(f"oxios.log.{number}" for number in range(1, OLD_FILES + 1))]
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in tmp_path.iterdir())


def test_a_log_that_cannot_be_written_stops_nothing_and_says_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with log_to(tmp_path / "missing" / "oxios.log", level="info"):
        logging.getLogger("oxios").error("lost")
    assert capfd.readouterr() == ("", "")


def test_half_of_a_character_is_logged_as_an_escape(tmp_path: Path) -> None:
    # In a process of its own: the report of a test that logs such a text cannot be sent to another process.
    file = tmp_path / "oxios.log"
    program = """
import logging, pathlib, sys
from oxios.logs import log_to
with log_to(pathlib.Path(sys.argv[1]), level="info"):
    logging.getLogger("oxios").info("name %s", "a\\udcff")
"""
    subprocess.run([sys.executable, "-c", program, str(file)], check=True)
    assert "name a\\udcff" in file.read_text("utf-8")


def test_warnings_of_the_language_go_to_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "oxios.log"
    with log_to(file, level="info"):
        warnings.simplefilter("always")
        warnings.warn("old ways", DeprecationWarning, stacklevel=1)
    assert "old ways" in file.read_text("utf-8")
    assert capfd.readouterr().err == ""
