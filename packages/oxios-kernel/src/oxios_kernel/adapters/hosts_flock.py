"""Which hosts are alive: each holds an exclusive file lock for as long as its process lives.

The kernel of the operating system lets the lock fall at the very moment in which the process dies, however it dies, and
keeps it while the process is merely stopped. So nobody needs heartbeats, clocks or a time after which a host counts as
dead. A host is one open journal, not one process: two in a process lock each other out as strangers would.

Not for network file systems, where a lock may be held by nobody.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from oxios_kernel.errors import Conflict

__all__ = ["HostsFlock", "doorway"]


class HostsFlock:
    """One host's sign of life in a folder, and the question whether another host lives."""

    def __init__(self, folder: Path, host: str, handle: int) -> None:
        self._folder = folder
        self.host = host
        self._handle = handle

    @classmethod
    def enter(cls, folder: Path, host: str) -> Self:
        """Become a living host, and clear away what dead ones left. Call it inside `doorway`.

        Args:
            folder: where the locks are, `run/` in a home.
            host: a name that was never used before, an identifier; it becomes part of a file name.

        Raises:
            Conflict: a living host has that name.
            OSError: the folder cannot be written.
        """
        hosts = cls(folder, host, -1)
        if hosts.alive(host):
            raise Conflict(f"Expected a host name that nobody uses, but {host!r} is alive: begin with a new name.")
        hosts._clear()
        hosts._handle = os.open(hosts._lock_of(host), os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        fcntl.flock(hosts._handle, fcntl.LOCK_EX)
        # Only for people who look into the folder; nothing reads it.
        os.write(hosts._handle, f"pid {os.getpid()}, since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode())
        return hosts

    def alive(self, host: str) -> bool:
        """Tell whether a host lives; this one does until it leaves."""
        try:
            handle = os.open(self._lock_of(host), os.O_RDONLY)
        except FileNotFoundError:
            return False
        try:
            # Shared, so that two who ask at the same time do not take each other for the host.
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        else:
            return False
        finally:
            os.close(handle)

    def leave(self) -> None:
        """Stop being alive; what this host held is free for others."""
        self._lock_of(self.host).unlink(missing_ok=True)
        os.close(self._handle)

    def _lock_of(self, host: str) -> Path:
        return self._folder / f"host-{host}.lock"

    def _clear(self) -> None:
        for lock in self._folder.glob("host-*.lock"):
            if not self.alive(lock.stem.removeprefix("host-")):
                lock.unlink(missing_ok=True)


@contextmanager
def doorway(folder: Path) -> Iterator[None]:
    """Let one process at a time open the home: hosts entering, files being checked, migrated or moved aside.

    Blocks until it is free; the folder is made if need be.

    Raises:
        OSError: the folder cannot be written.
    """
    # Two calls, since `parents` gives the mode to the last folder only, and the home is private too.
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder / "doorway.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
