"""The program's processes for tests, forked from one that has imported everything already.

Importing litellm takes three seconds, and the end-to-end tests start some hundred processes. So one process per test
worker imports the program and litellm once, and forks a child for each start: a real process of its own, with its own
streams, environment and folder, that runs `oxios.main` and can be signalled and killed. Tests of the start itself use
`sys.executable -m oxios` instead.

    python -m tests.e2e.forks DESCRIPTOR

serves the socket DESCRIPTOR: a JSON request with three descriptors in, a JSON line for each start and each end out.
"""

import asyncio
import fcntl
import itertools
import json
import os
import select
import signal
import socket
import sqlite3
import sys
import termios
import traceback
from collections.abc import Mapping
from functools import partial
from typing import Any, NoReturn

REQUEST_BYTES = 4 << 20


def serve(door: socket.socket) -> None:
    """Fork children until the test worker closes the door."""
    waking, woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready, _, _ = select.select([door.fileno(), waking], [], [])
        if waking in ready:
            os.read(waking, 4096)
            _report_ended(door)
        if door.fileno() in ready:
            request, descriptors, _, _ = socket.recv_fds(door, REQUEST_BYTES, 3)
            if not request:
                return
            _start(door, json.loads(request), descriptors)


def _start(door: socket.socket, request: Mapping[str, Any], descriptors: list[int]) -> None:
    pid = os.fork()
    if not pid:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        door.close()
        _become(request, descriptors)
    for descriptor in descriptors:
        os.close(descriptor)
    _tell(door, {"started": pid})


def _report_ended(door: socket.socket) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        _tell(door, {"ended": pid, "code": os.waitstatus_to_exitcode(status)})


def _tell(door: socket.socket, fact: Mapping[str, int]) -> None:
    door.sendall(json.dumps(fact).encode() + b"\n")


def _become(request: Mapping[str, Any], descriptors: list[int]) -> NoReturn:
    """Turn this fork into the program."""
    os.setsid()
    for target, descriptor in enumerate(descriptors):
        os.dup2(descriptor, target)
        os.close(descriptor)
    if os.isatty(0):
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w", buffering=1)
    sys.argv = ["oxios", *request["arguments"]]
    _fail_at(request["dies_at"])
    from oxios.main import main

    code: object = 1
    try:
        main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    except BaseException:  # noqa: BLE001 - what the interpreter would print at its end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def _fail_at(border: int | None) -> None:
    """Let the power go out at a border of the journal: 2n is before its n-th commit, 2n + 1 right after it."""
    if border is None:
        return
    commits = itertools.count()

    class Mortal(sqlite3.Connection):
        def execute(self, sql: str, /, *parameters: Any) -> sqlite3.Cursor:
            if sql != "COMMIT":
                return super().execute(sql, *parameters)
            reached = next(commits) * 2
            if reached == border:
                os.kill(os.getpid(), signal.SIGKILL)
            done = super().execute(sql)
            if reached + 1 == border:
                os.kill(os.getpid(), signal.SIGKILL)
            return done

    sqlite3.connect = partial(sqlite3.connect, factory=Mortal)  # type: ignore[assignment]  # an overloaded function


def _import_everything() -> None:
    import oxios.commands.run
    import oxios.program  # noqa: F401
    from oxios_kernel.adapters.llm_litellm import _import_litellm

    litellm = _import_litellm()

    async def call() -> None:
        """Make a call that reaches nobody: it imports the rest of litellm."""
        messages = [{"role": "user", "content": "Hello"}]
        stream = await litellm.acompletion("openai/test-model", messages, mock_response="Hello", stream=True)
        _ = [chunk async for chunk in stream]

    asyncio.run(call())


if __name__ == "__main__":
    _import_everything()
    with socket.socket(fileno=int(sys.argv[1])) as door:
        serve(door)
