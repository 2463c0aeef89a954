"""Ends what commands of dead kernels left running.

A kernel that is killed with SIGKILL cannot end its commands. Each of their processes carries the kernel's name in its
mark (`processes_posix_family.MARK`): process id, when that began, and the namespace in which the id holds. The next
kernel that opens, of whatever home of the same user, ends those whose kernel is gone, before it takes up any run: a
command that goes on would do its work beside the agent that looks whether it was done. Blocking.
"""

import os
import re
import signal
import time
from contextlib import suppress
from pathlib import Path

from oxios_kernel.adapters.processes_posix_family import MARK, all_processes, began

__all__ = ["end_strays", "kernel_name"]

_PROC = Path("/proc")
_NAME = re.compile(rb"/(\d+)-(\d+)-(\d+)-")
_SECONDS = 5.0
_POLL_SECONDS = 0.01


def kernel_name() -> str:
    """Return this process's name, to be followed by a dash and a command's own in a mark."""
    return f"{_namespace()}-{os.getpid()}-{began(os.getpid())}"


def end_strays() -> int:
    """Kill the processes of commands whose kernel is dead, and return how many there were.

    One that the system itself keeps from dying is left behind after five seconds.
    """
    killed, deadline = set[int](), time.monotonic() + _SECONDS
    while (strays := _strays()) and time.monotonic() < deadline:
        for pid in strays:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        killed |= strays
        time.sleep(_POLL_SECONDS)
    return len(killed)


def _strays() -> set[int]:
    """Return the processes with the mark of a dead kernel, what they started, and the sessions that they lead."""
    everybody, namespace = all_processes(), _namespace()
    alive = {(one.pid, one.began) for one in everybody}
    strays = {one.pid for one in everybody if _kernels(one.pid, namespace) - alive}
    size = 0
    while size != len(strays):
        size = len(strays)
        strays |= {one.pid for one in everybody if one.parent in strays or one.session in strays}
    return strays - {os.getpid()}


def _kernels(pid: int, namespace: int) -> set[tuple[int, int]]:
    """Return process id and beginning of the kernels, of this namespace, in whose commands a process is."""
    with suppress(OSError):
        environment = (_PROC / str(pid) / "environ").read_bytes()
        at = environment.find(MARK.encode() + b"=")
        if at >= 0:
            marks = environment[at : environment.find(b"\0", at)]
            named = (tuple(map(int, fields)) for fields in _NAME.findall(marks))
            return {(kernel, since) for space, kernel, since in named if space == namespace}
    return set()


def _namespace() -> int:
    with suppress(OSError):
        return (_PROC / "self" / "ns" / "pid").stat().st_ino
    return 0
