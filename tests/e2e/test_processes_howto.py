"""The demonstration of `docs/howto/processes.md`, run as it stands there: its console blocks one after the other in one
shell, with a model server in the place of a real model."""

import json
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import pytest

from tests.architecture.pages import blocks, script
from tests.architecture.workspace import ROOT
from tests.e2e.brain import Brain, tool_results
from tests.e2e.person import Person
from tests.loopback import Answer, Hang, ModelServer, Received, Text, Tools

PAGE = ROOT / "docs" / "howto" / "processes.md"
MARK = "the demonstration"

ASKED = 11
"""How many requests come before anybody is killed: 4 of the counter, 2 of the parent, one of each other agent."""


class Shell:
    """A shell that keeps its variables and its background jobs between the blocks."""

    def __init__(self, person: Person) -> None:
        scripts = os.path.dirname(sys.executable)
        environment = person.environment | {"PATH": os.pathsep.join([scripts, person.environment["PATH"]])}
        self._process = subprocess.Popen(
            ["bash"],
            cwd=person.folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, text: str) -> str:
        """Run a script and return what it printed; fail when it ended the shell."""
        end = uuid.uuid4().hex
        self._stdin.write(f"{text}\necho {end}\n")
        self._stdin.flush()
        lines: list[str] = []
        for line in self._stdout:
            if line.strip() == end:
                return "".join(lines)
            lines.append(line)
        raise AssertionError(f"the shell ended in:\n{text}\nafter:\n{''.join(lines)}")

    def close(self) -> None:
        """End the shell and everything that it started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._stdin.close()
        self._stdout.close()

    @property
    def _stdin(self) -> IO[str]:
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def _stdout(self) -> IO[str]:
        assert self._process.stdout is not None
        return self._process.stdout


@contextmanager
def shell_of(person: Person) -> Iterator[Shell]:
    shell = Shell(person)
    try:
        yield shell
    finally:
        shell.close()


class Model:
    """Does each agent's task; those that are to be under way when the host dies get no answer until then."""

    def __init__(self) -> None:
        self.host_died = False

    def __call__(self, received: Received) -> Answer:
        task, done = str(received.body["messages"][1]["content"]), len(tool_results(received))
        if "Count the pages" in task:
            return self._count(received, done)
        if "one agent for each half" in task:
            halves = [("fork", {"goal": f"the {half} half of docs"}) for half in ("first", "second")]
            return Tools([("wait", {})]) if done else Tools(halves)
        if not self.host_died:
            return Hang()
        if "summary" in task and not done:
            return Tools([("ls", {"path": "."})])
        if "summary" in task:
            return Text("Un résumé." if "in French" in received.text else "A summary.")
        return Text("A poem." if "poem" in task else "About Oxios.")

    def _count(self, received: Received, done: int) -> Answer:
        if "Count the words instead" in received.text:
            return Text("So many words.") if self.host_died else Hang()
        steps = [("ls", {"path": "."}), ("find", {"pattern": "*"}), ("write", {"path": "number.txt", "content": "0"})]
        return Tools([steps[done]]) if done < len(steps) else Text("None at all.")


def demonstration() -> Iterator[str]:
    """Yield the blocks of the demonstration as scripts."""
    return (script(block) for block in blocks(PAGE) if block.norun is not None and MARK in block.norun)


def wait_for(server: ModelServer, count: int) -> None:
    """Wait for so many requests, longer than the server does: the host imports its libraries before the first."""
    for _ in range(5):
        with suppress(TimeoutError):
            server.wait_for(count)
            return
    raise AssertionError(f"{count} requests were expected, {len(server.requests)} came")


@pytest.mark.timeout(240)
def test_the_demonstration_of_the_page_does_what_the_page_says(person: Person) -> None:
    model, shown = Model(), []
    with ModelServer(Brain(agent=model)) as server:
        person.uses(server)
        with shell_of(person) as shell:
            for commands in demonstration():
                if "kill -9" in commands:
                    wait_for(server, ASKED + 1)  # the branch too is under way
                    model.host_died = True
                shown.append(shell.run(commands))
                if "agent list --group" in commands:
                    wait_for(server, ASKED)
            names = ("counter", "writer", "poet", "crowd", "reader", "branched")
            ids = dict(zip(shell.run(f"echo ${' $'.join(names)}").split(), names, strict=True))
            rows = json.loads(shell.run("oxios agent list --all --json"))
            answers = json.loads(shell.run("oxios agent wait --json $writer $branched"))
            log = person.folder.joinpath("host.log").read_text()
    states = {ids.get(row["id"], row["title"]): row["state"] for row in rows}
    halves = {"the first half of docs": "killed", "the second half of docs": "killed"}
    assert states == dict.fromkeys(names, "done") | halves | {"crowd": "killed"}
    assert [row["priority"] for row in rows if row["id"] in ids and ids[row["id"]] == "reader"] == ["critical"]
    assert [answer["text"] for answer in answers] == ["Un résumé.", "So many words."]
    listed, tree, killed, _, _, left, everything, _ = shown[1:]
    assert all(run_id in listed for run_id, name in ids.items() if name != "branched")
    assert [line[:2] for line in tree.splitlines()[1:]] == ["├─", "└─"]
    assert killed.count("killed, normal") == 3
    assert left.count("  interrupted") == 4 + 4  # in the tree and in the list
    assert all(name in everything for name in ids)
    assert log.count("Host of") == 2
    assert "Stopped." in log
