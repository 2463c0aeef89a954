"""Finds and ends all processes that a command started, whatever they did to get away from it.

A process belongs to a command when one of these holds: it is in the command's session or process group; its
environment carries the command's mark; its standard output or error is the command's pipe; its parent belongs. One that
gives up all four at once gets away: only confinement ends that. Blocking: `processes_posix.py` calls it in a thread.
"""

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MARK", "Family", "all_processes", "began"]

MARK = "OXIOS_CALL"
"""The environment variable that marks a command's processes."""

_PROC = Path("/proc")
_POLL_SECONDS = 0.02
_FORCED_SECONDS = 10.0
"""After this long, what a SIGKILL did not end hangs in the system itself and cannot be ended by anybody."""


@dataclass(frozen=True, kw_only=True)
class _Process:
    pid: int
    parent: int
    group: int
    session: int
    began: int


@dataclass(frozen=True, kw_only=True)
class Family:
    """The processes of one command.

    Attributes:
        leader: the process id of its shell, which leads the session and the group.
        began: when the shell began, in clock ticks since the machine did; nothing older belongs.
        mark: the value of `MARK` in its environment.
        pipe: device and inode of the pipe that takes its output.
    """

    leader: int
    began: int
    mark: str
    pipe: tuple[int, int]

    def end(self, grace_seconds: float) -> int:
        """Ask all to end, then kill those that are left.

        Returns:
            How many there were beside the leader.
        """
        seen = self._signal_until_none(signal.SIGTERM, grace_seconds)
        if self.alive():
            seen |= self._signal_until_none(signal.SIGKILL, _FORCED_SECONDS)
        return len(seen - {self.leader})

    def alive(self) -> set[int]:
        """Return the process ids of those that belong and are not dead (a zombie is dead)."""
        if not _PROC.is_dir():
            return _group(self.leader)
        young = [one for one in all_processes() if one.began >= self.began and one.pid != os.getpid()]
        mine = {one.pid for one in young if self._belongs(one)}
        size = -1
        while size != len(mine):
            size = len(mine)
            mine |= {one.pid for one in young if one.parent in mine}
        return mine

    def _signal_until_none(self, number: signal.Signals, seconds: float) -> set[int]:
        deadline = time.monotonic() + seconds
        told: set[int] = set()
        while (alive := self.alive()) and (not told or time.monotonic() < deadline):
            # SIGKILL is sent again at every look: between two of them a process may have had children.
            for pid in alive if number == signal.SIGKILL else alive - told:
                with suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
            told |= alive
            time.sleep(_POLL_SECONDS)
        return told

    def _belongs(self, one: _Process) -> bool:
        if self.leader in (one.session, one.group, one.pid):
            return True
        with suppress(OSError):
            if self.mark.encode() in (_PROC / str(one.pid) / "environ").read_bytes():
                return True
        return any(self._is_pipe(_PROC / str(one.pid) / "fd" / number) for number in ("1", "2"))

    def _is_pipe(self, descriptor: Path) -> bool:
        with suppress(OSError):
            about = descriptor.stat()
            return (about.st_dev, about.st_ino) == self.pipe
        return False


def began(pid: int) -> int:
    """Return when a process began, in clock ticks since the machine did; 0 when nobody can tell."""
    one = _read(str(pid))
    return one.began if one else 0


def _group(leader: int) -> set[int]:
    """Return the leader's id while its group has a process, for systems without `/proc`."""
    with suppress(ProcessLookupError):
        os.killpg(leader, 0)
        return {leader}
    return set()


def all_processes() -> list[_Process]:
    """Return the processes of the machine that are not dead; none where there is no `/proc`."""
    if not _PROC.is_dir():
        return []
    return [one for name in os.listdir(_PROC) if name.isdigit() and (one := _read(name))]


def _read(name: str) -> _Process | None:
    try:
        line = (_PROC / name / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The second field is the program's name in parentheses and may hold anything, parentheses and blanks included.
    fields = line[line.rindex(")") + 2 :].split()
    if fields[0] in "ZX":
        return None
    parent, group, session = (int(field) for field in fields[1:4])
    return _Process(pid=int(name), parent=parent, group=group, session=session, began=int(fields[19]))
