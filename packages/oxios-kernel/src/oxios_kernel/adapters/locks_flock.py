"""Locks as `flock` on one file each: they hold among processes, and the system drops them when a process dies."""

import fcntl
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio

from oxios_kernel.domain.ids import is_id
from oxios_kernel.errors import HomeError, InputError

__all__ = ["LocksFlock"]

ASK_AGAIN_SECONDS = 0.02
"""How often a waiting task asks: `flock` can only block a thread that cannot be cancelled, or not wait at all."""


class LocksFlock:
    """Locks in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @asynccontextmanager
    async def hold(self, name: str, /) -> AsyncIterator[None]:
        """Hold a lock; see `Locks.hold`."""
        descriptor = self._open(name)
        try:
            while not _taken(descriptor):  # noqa: ASYNC110  # another process cannot set an event of ours
                await anyio.sleep(ASK_AGAIN_SECONDS)
            yield
        finally:
            os.close(descriptor)

    def _open(self, name: str) -> int:
        if not is_id(name):
            raise InputError(f"A lock's name must be letters, digits, '.', '_' or '-', not {name!r}.")
        path = self._folder / f"{name}.lock"
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise HomeError(f"The lock {path} cannot be made: {error.strerror}.") from error


def _taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
