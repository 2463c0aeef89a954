"""Which hosts are alive: each holds an exclusive file lock for as long as its process lives.

The operating system lets the lock fall at the very moment in which the process dies, however it dies, and keeps it
while the process is merely stopped. So nobody needs heartbeats, or a time after which a host counts as dead. A host is
one open journal, not one process: two in a process lock each other out as strangers would.

Not for network file systems, where a lock may be held by nobody.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from oxios_kernel.errors import Conflict

__all__ = ["HostsFlock", "doorway"]

DOOR_SECONDS = 30.0
"""How long a process waits for another to open the home, which takes milliseconds unless that process is stopped."""

DOOR_RETRY_SECONDS = 0.01


class HostsFlock:
    """One host's sign of life in a folder, and the question whether another host lives.

    Attributes:
        host: this host's name.
    """

    def __init__(self, folder: Path, host: str, handle: int) -> None:
        self.host = host
        self._folder = folder
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
        lock = _lock_of(folder, host)
        if _is_held(lock):
            raise Conflict(f"Expected a host name that nobody uses, but {host!r} is alive: begin with a new name.")
        for other in folder.glob("host-*.lock"):
            if not _is_held(other):
                other.unlink(missing_ok=True)
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(handle, fcntl.LOCK_EX)
        # Only for people who look into the folder: nothing reads it, and no disk is too full to be alive.
        with suppress(OSError):
            os.write(handle, f"pid {os.getpid()}, since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode())
        return cls(folder, host, handle)

    def alive(self, host: str) -> bool:
        """Tell whether a host lives; this one does until it leaves."""
        return _is_held(_lock_of(self._folder, host))

    def leave(self) -> None:
        """Stop being alive; what this host held is free for others."""
        _lock_of(self._folder, self.host).unlink(missing_ok=True)
        os.close(self._handle)


@contextmanager
def doorway(folder: Path) -> Iterator[None]:
    """Let one process at a time open the home: hosts entering, files being checked, migrated or moved aside.

    Blocks the thread; the folder is made if need be.

    Raises:
        OSError: the folder cannot be written, or another process stays in the doorway for 30 seconds.
    """
    # Two calls, since `parents` gives the mode to the last folder only, and the home is private too.
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder / "doorway.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _lock_in_time(handle)
        yield
    finally:
        os.close(handle)


def _lock_in_time(handle: int) -> None:
    end = time.monotonic() + DOOR_SECONDS
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise TimeoutError(f"another process has been opening it for {DOOR_SECONDS:.0f} seconds") from None
        time.sleep(DOOR_RETRY_SECONDS)


def _lock_of(folder: Path, host: str) -> Path:
    return folder / f"host-{host}.lock"


def _is_held(lock: Path) -> bool:
    try:
        handle = os.open(lock, os.O_RDONLY)
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
