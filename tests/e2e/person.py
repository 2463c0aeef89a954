"""A person at a terminal: an empty home, a folder to work in, and the `oxios` program to call.

`run` and `start` use `forks` (a real process without the seconds that importing litellm takes); `run_fresh` starts a
new interpreter.
"""

import json
import os
import select
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.loopback import ModelServer

ROOT = Path(__file__).resolve().parents[2]

CTRL_C, CTRL_D = "\x03", "\x04"

SECONDS = 60.0
"""How long any one process may take on a loaded machine; a hang fails the test, nothing waits for it."""


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a process ended: its exit code (negative for a signal) and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        document = json.loads(self.out)
        assert isinstance(document, dict)
        return document


def lives(pid: int) -> bool:
    """Tell whether a process is at work; one that has ended and waits to be looked at (a zombie) is not."""
    try:
        return Path("/proc", str(pid), "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


class Forks:
    """The door to `forks.serve` in a process of its own."""

    def __init__(self) -> None:
        here, there = socket.socketpair()
        self._door = here
        self._door.settimeout(SECONDS)
        self._facts = here.makefile("r", encoding="utf-8")
        self._codes: dict[int, int] = {}
        environment = {"PATH": os.environ["PATH"], "HOME": tempfile.gettempdir(), "LANG": "C.UTF-8"}
        command = [sys.executable, "-m", "tests.e2e.forks", str(there.fileno())]
        self._server = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[there.fileno()])
        there.close()

    def start(self, request: Mapping[str, Any], descriptors: list[int]) -> int:
        """Start a process and return its id."""
        socket.send_fds(self._door, [json.dumps(request).encode()], descriptors)
        while (pid := self._next_fact()) is None:
            pass
        return pid

    def wait(self, pid: int) -> int:
        """Return the exit code of a process once it has ended."""
        while pid not in self._codes:
            self._next_fact()
        return self._codes.pop(pid)

    def close(self) -> None:
        """End the server; its children end with their tests."""
        self._facts.close()
        self._door.close()
        self._server.wait(SECONDS)

    def _next_fact(self) -> int | None:
        fact = json.loads(self._facts.readline())
        if "started" in fact:
            return int(fact["started"])
        self._codes[fact["ended"]] = fact["code"]
        return None


class Program:
    """A started process; its outputs go to files, so that it never waits for a reader."""

    def __init__(self, forks: Forks, request: Mapping[str, Any], stdin: int) -> None:
        self._forks = forks
        self._out = tempfile.TemporaryFile()  # noqa: SIM115 - read when the process has ended
        self._err = tempfile.TemporaryFile()  # noqa: SIM115
        self.pid = forks.start(request, [stdin, self._out.fileno(), self._err.fileno()])

    def signal(self, number: int) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def wait(self) -> Done:
        """Return how it ended."""
        code = self._forks.wait(self.pid)
        out, err = self._read(self._out), self._read(self._err)
        return Done(code=code, out=out, err=err)

    def _read(self, file: Any) -> str:
        file.seek(0)
        with file:
            return str(file.read().decode())


class Screen:
    """A started process on a terminal of its own: what it shows can be read while it works, keys can be pressed."""

    def __init__(self, forks: Forks, request: Mapping[str, Any]) -> None:
        self._forks = forks
        self._master, slave = os.openpty()
        self._shown = b""
        try:
            self.pid = forks.start(request, [slave, slave, slave])
        finally:
            os.close(slave)

    def press(self, keys: str) -> None:
        """Type something; `CTRL_C` and `CTRL_D` are keys as well."""
        os.write(self._master, keys.encode())

    def read_until(self, text: str) -> str:
        """Return what was shown since the last call, up to and with a text; fail when it does not come."""
        while (at := self._shown.find(text.encode())) < 0:
            piece = self._read()
            assert piece, f"the program ended without {text!r}; it showed: {self._shown.decode()}"
            self._shown += piece
        end = at + len(text.encode())
        seen, self._shown = self._shown[:end].decode(), self._shown[end:]
        return seen

    def wait(self) -> Done:
        """Return how it ended, with what was shown since the last call as its output."""
        while piece := self._read():
            self._shown += piece
        os.close(self._master)
        return Done(code=self._forks.wait(self.pid), out=self._shown.decode(), err="")

    def _read(self) -> bytes:
        ready, _, _ = select.select([self._master], [], [], SECONDS)
        assert ready, f"nothing happened for {SECONDS:g} s; shown: {self._shown.decode()}"
        try:
            return os.read(self._master, 65536)
        except OSError:  # the way a terminal says that nobody is at its other side any more
            return b""


@dataclass(kw_only=True)
class Person:
    """Somebody with an empty home.

    Attributes:
        folder: where they work.
        home: their Oxios home.
        environment: the environment of what they start.
    """

    forks: Forks
    folder: Path
    home: Path
    environment: dict[str, str] = field(default_factory=dict)

    def uses(self, server: ModelServer, wire: str = "openai") -> None:
        """Point the wire's own environment variables at a server, and make its model the default one."""
        if wire == "openai":
            self.environment |= {"OPENAI_API_KEY": "k-right", "OPENAI_BASE_URL": server.openai_base}
            self.environment["OXIOS_ENGINE_DEFAULT_MODEL"] = "openai/test-model"
        else:
            self.environment |= {"ANTHROPIC_API_KEY": "k-right", "ANTHROPIC_BASE_URL": server.anthropic_base}
            self.environment["OXIOS_ENGINE_DEFAULT_MODEL"] = "anthropic/claude-test"

    def start(self, *arguments: str, stdin: bytes = b"", dies_at: int | None = None) -> Program:
        """Start the program with what it reads, and return at once."""
        with tempfile.TemporaryFile() as file:
            file.write(stdin)
            file.seek(0)
            return Program(self.forks, self._request(arguments, dies_at), file.fileno())

    def start_on_terminal(self, *arguments: str) -> Screen:
        """Start the program on a terminal and return at once."""
        return Screen(self.forks, self._request(arguments, None))

    def _request(self, arguments: Sequence[str], dies_at: int | None) -> Mapping[str, Any]:
        return {
            "arguments": arguments,
            "environment": self.environment,
            "folder": str(self.folder),
            "dies_at": dies_at,
        }

    def run(self, *arguments: str, stdin: bytes = b"", dies_at: int | None = None) -> Done:
        """Run the program to its end."""
        return self.start(*arguments, stdin=stdin, dies_at=dies_at).wait()

    def run_fresh(self, *arguments: str) -> Done:
        """Run the program to its end in an interpreter that has imported nothing."""
        done = subprocess.run(
            [sys.executable, "-m", "oxios", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return Done(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())
