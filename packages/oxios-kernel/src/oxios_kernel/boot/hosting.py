"""One host for each home: the kernel that carries out everybody's runs holds a file lock, and a second one is told who
it is. The lock falls with its process, so what a dead host left never blocks the next."""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from oxios_kernel.errors import HomeError, HomeHosted

__all__ = ["hosting"]


@asynccontextmanager
async def hosting(folder: Path, *, host: bool) -> AsyncIterator[None]:
    """Be the host of a home for the length of a block, if that is asked for.

    Raises:
        HomeHosted: another kernel is; the sentence names its process and since when.
        HomeError: the lock's file cannot be made.
    """
    if not host:
        yield
        return
    descriptor = _enter(folder)
    try:
        yield
    finally:
        os.close(descriptor)


def _enter(folder: Path) -> int:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "host.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HomeError(f"The lock of the home's host cannot be made in {folder}: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        named = os.read(descriptor, 200).decode("utf-8", "replace").strip() or "another process"
        os.close(descriptor)
        raise HomeHosted(
            f"This home has a host already: {named}.", hint="Stop that one first, or set OXIOS_HOME to another folder."
        ) from error
    os.ftruncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode())
    return descriptor
