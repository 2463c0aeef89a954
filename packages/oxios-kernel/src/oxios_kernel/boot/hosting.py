"""One host for each home: the kernel that carries out everybody's runs holds a file lock, and a second one is told who
it is. The lock falls with its process, so what a dead host left never blocks the next."""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import anyio

from oxios_kernel.errors import HomeError, HomeHosted

__all__ = ["host_of", "hosting"]

LOCK = "host.lock"

TRIES = 25
RETRY_SECONDS = 0.02
"""How often a kernel tries to become the host: somebody who asks who is (`host_of`) holds the lock for a moment."""


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
    descriptor = _open(folder)
    try:
        await _enter(descriptor)
        yield
    finally:
        os.close(descriptor)


def host_of(folder: Path) -> str | None:
    """Return which process is the host of a home and since when, `None` when there is no host.

    Args:
        folder: where the locks are, `run/` in the home.

    Raises:
        HomeError: the lock's file cannot be read.
    """
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HomeError(f"The lock of the home's host cannot be read in {folder}: {error.strerror}.") from error
    try:
        # Shared, so that two who ask at the same time do not take each other for the host.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _named(descriptor)
    else:
        return None
    finally:
        os.close(descriptor)


def _open(folder: Path) -> int:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise HomeError(f"The lock of the home's host cannot be made in {folder}: {error.strerror}.") from error


async def _enter(descriptor: int) -> None:
    for _ in range(TRIES):
        if _locked(descriptor):
            os.ftruncate(descriptor, 0)
            os.write(descriptor, f"process {os.getpid()}, since {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n".encode())
            return
        await anyio.sleep(RETRY_SECONDS)
    raise HomeHosted(
        f"This home has a host already: {_named(descriptor)}.",
        hint="Stop that one first, or set OXIOS_HOME to another folder.",
    )


def _locked(descriptor: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _named(descriptor: int) -> str:
    return os.pread(descriptor, 200, 0).decode("utf-8", "replace").strip() or "another process"
