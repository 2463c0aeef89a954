"""The chat with a person at it: a real process whose terminal is a real pseudo-terminal."""

import os
import pty
import select
import stat
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

CHAT = """
import fcntl, sys, termios
from pathlib import Path

import anyio
from oxios_cli import Repl, Session, Terminal, in_terminal
from oxios_gateway import Progress, Reply

fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # this process leads its session: the terminal becomes its own

class Converse:
    async def handle(self, request, *, listen):
        if request.content == "wait":
            listen(Progress(kind="step", phase="execute", step=1))
            listen(Progress(kind="text", phase="execute", text="working on it"))
            await anyio.sleep_forever()
        for letter in request.content:
            listen(Progress(kind="text", phase="chat", text=letter))
        return Reply(content=request.content, phase="chat", session_id="s1")

async def main():
    return await in_terminal(Converse(), Repl(Terminal.of_process(), Session(user_id="kim"), history=history).run)

history = Path(sys.argv[1])
sys.executable = sys.argv[3]
sys.exit(anyio.run(main, backend=sys.argv[2]))
"""

SECONDS = 30.0
"""For starting Python and drawing; only a hang takes that long."""


class Person:
    """Types into a terminal and watches its screen."""

    def __init__(self, terminal: int, process: subprocess.Popen[bytes]) -> None:
        self._terminal = terminal
        self._process = process
        self._seen = b""

    def types(self, keys: str) -> None:
        os.write(self._terminal, keys.encode())

    def sees(self, text: str) -> str:
        """Wait for a text on the screen; return everything up to it since the last one."""
        wanted, deadline = text.encode(), time.monotonic() + SECONDS
        while wanted not in self._seen:
            ready, _, _ = select.select([self._terminal], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, f"expected {text!r}, saw {self._seen.decode(errors='replace')!r}"
            try:
                self._seen += os.read(self._terminal, 4096)
            except OSError as error:  # how Linux says that nobody holds the other end
                raise AssertionError(f"expected {text!r}, saw {self._seen!r} and the end") from error
        before, _, self._seen = self._seen.partition(wanted)
        return before.decode(errors="replace")

    def presses_until(self, key: str, text: str) -> None:
        """Press a key, and again when nothing happens.

        CPython's readline misses a Ctrl-C that falls between two of its system calls, as no person's does.
        """
        for _ in range(int(SECONDS)):
            self.types(key)
            if select.select([self._terminal], [], [], 1.0)[0]:
                break
        self.sees(text)

    def presses_until_left(self, key: str) -> int:
        """Press a key, and again when nothing happens, until the program has ended; return its exit code."""
        for _ in range(6):
            self.types(key)
            with suppress(subprocess.TimeoutExpired):
                return self._process.wait(SECONDS / 6)
        return self.leaves_with()

    def leaves_with(self) -> int:
        return self._process.wait(SECONDS)


@contextmanager
def person(tmp_path: Path, backend: str, *, python: str = sys.executable, **environment: str) -> Iterator[Person]:
    script = tmp_path / "chat.py"
    script.write_text(CHAT, encoding="utf-8")
    screen, side = pty.openpty()
    termios.tcsetwinsize(side, (24, 80))
    before = termios.tcgetattr(side)
    process = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "history"), backend, python],
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "1", **environment},
    )
    try:
        yield Person(screen, process)
        assert termios.tcgetattr(side) == before, "the terminal was not left as it was"
    finally:
        process.kill()
        process.wait()
        os.close(side)
        os.close(screen)


@pytest.fixture(params=["asyncio", "trio"])
def backend(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def test_a_person_types_in_any_script_sees_the_answer_and_leaves_with_ctrl_d(tmp_path: Path, backend: str) -> None:
    with person(tmp_path, backend) as kim:
        kim.sees("oxios> ")
        kim.types("안녕 👩‍👩‍👧\r")
        kim.sees("\n안녕 👩‍👩‍👧\r\n")
        kim.sees("session s1")
        kim.sees("oxios> ")
        kim.types("\x04")
        assert kim.leaves_with() == 0

    history = tmp_path / "history"
    assert history.read_text(encoding="utf-8").splitlines() == ["안녕 👩‍👩‍👧"]
    assert stat.S_IMODE(history.stat().st_mode) == 0o600


def test_ctrl_c_at_the_prompt_clears_the_line(tmp_path: Path, backend: str) -> None:
    with person(tmp_path, backend) as kim:
        kim.sees("oxios> ")
        kim.types("never mind")
        kim.sees("never mind")
        kim.presses_until("\x03", "oxios> ")
        kim.types("hello\r")
        kim.sees("\nhello\r\n")
        kim.sees("oxios> ")
        kim.types("/quit\r")
        assert kim.leaves_with() == 0

    assert (tmp_path / "history").read_text(encoding="utf-8").splitlines() == ["hello", "/quit"]


def test_ctrl_c_twice_at_an_empty_prompt_leaves_and_typing_between_them_stays(tmp_path: Path, backend: str) -> None:
    with person(tmp_path, backend) as kim:
        kim.sees("oxios> ")
        kim.presses_until("\x03", "(Ctrl-C again leaves)")
        kim.sees("oxios> ")
        kim.types("never mind")
        kim.sees("never mind")
        kim.presses_until("\x03", "oxios> ")
        kim.presses_until("\x03", "(Ctrl-C again leaves)")
        kim.sees("oxios> ")
        assert kim.presses_until_left("\x03") == 0


def test_ctrl_c_during_a_turn_stops_it_and_the_chat_goes_on(tmp_path: Path, backend: str) -> None:
    with person(tmp_path, backend) as kim:
        kim.sees("oxios> ")
        kim.types("wait\r")
        kim.sees("working on it")
        kim.types("\x03")
        kim.sees("error: The work was stopped before it was done.")
        kim.sees("oxios> ")
        kim.types("hello\r")
        kim.sees("\nhello\r\n")
        kim.sees("oxios> ")
        kim.types("\x04")
        assert kim.leaves_with() == 0


def test_what_was_typed_before_is_there_again(tmp_path: Path) -> None:
    (tmp_path / "history").write_text("엊그제\n어제\n", encoding="utf-8")
    (tmp_path / "history").chmod(0o644)
    with person(tmp_path, "asyncio") as kim:
        kim.sees("oxios> ")
        kim.types("\x10\x10\r")
        kim.sees("\n엊그제\r\n")
        kim.sees("oxios> ")
        kim.types("\x04")
        assert kim.leaves_with() == 0

    assert stat.S_IMODE((tmp_path / "history").stat().st_mode) == 0o600


def test_a_terminal_whose_locale_knows_only_ascii_takes_whole_characters(tmp_path: Path) -> None:
    with person(tmp_path, "asyncio", LC_ALL="C") as kim:
        kim.sees("oxios> ")
        kim.types("안녕X\x7f\x7f하\r")
        kim.sees("\n안하\r\n")
        kim.sees("oxios> ")
        kim.types("\x04")
        assert kim.leaves_with() == 0


@pytest.mark.parametrize(("python", "words"), [("/bin/false", "ended with 1"), ("/nowhere/python", "No such file")])
def test_without_a_line_editor_the_chat_ends_with_a_sentence(tmp_path: Path, python: str, words: str) -> None:
    with person(tmp_path, "asyncio", python=python) as kim:
        kim.sees("error: Expected")
        kim.sees(words)
        assert kim.leaves_with() == 1
