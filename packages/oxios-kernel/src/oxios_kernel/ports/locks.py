"""Locks that hold among all processes of one home and fall with the process that holds them."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

__all__ = ["Locks"]


class Locks(Protocol):
    """Locks by name. Names are identifiers (`domain.ids.is_id`)."""

    def hold(self, name: str, /) -> AbstractAsyncContextManager[None]:
        """Hold a lock for the length of a block, waiting as long as another task or process has it.

        Raises:
            HomeError: the lock's file cannot be made.
        """
        ...
