"""A run's named effects: what is recorded is returned, what is new is carried out and recorded.

This is how a run survives `kill -9`. Whoever carries out a run asks for each effect by a stable name; a run that is
taken up again asks for the same names in the same order and gets the recorded results until it reaches what had not
happened yet. Code between two effects must not look at clock, randomness, files or network.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Self

import anyio

from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.run import Entry, Lease
from oxios_kernel.domain.tool import Repeat
from oxios_kernel.errors import JournalMismatch, OutcomeUnknown
from oxios_kernel.ports.journal import Journal

__all__ = ["Effects", "digest_of"]


def digest_of(asked: Json) -> str:
    """Return the SHA-256 of a JSON value's canonical form (sorted keys, no spaces), in hexadecimal."""
    canonical = json.dumps(asked, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


class Effects:
    """The effects of one run under one lease.

    Args:
        journal: where they are recorded.
        lease: the right to record them.
        recorded: what happened so far, by name.
        border: is called before each effect that is not recorded; what it raises stops the run there.
    """

    def __init__(
        self, journal: Journal, lease: Lease, recorded: dict[str, Entry], border: Callable[[], None] | None = None
    ) -> None:
        self._journal = journal
        self._lease = lease
        self._recorded = recorded
        self._border = border

    @classmethod
    async def open(cls, journal: Journal, lease: Lease, border: Callable[[], None] | None = None) -> Self:
        """Read what happened in the run so far.

        Raises:
            JournalError: the journal cannot be read.
        """
        return cls(journal, lease, {entry.key: entry for entry in await journal.replay(lease.run_id)}, border)

    @property
    def lease(self) -> Lease:
        """The lease that every write is made under."""
        return self._lease

    def recorded(self, key: str) -> bool:
        """Tell whether an effect's result is known already, so that asking for it costs nothing."""
        entry = self._recorded.get(key)
        return entry is not None and entry.done

    def begun(self, key: str) -> bool:
        """Tell whether an effect has an entry: its result, or the intent of one whose end is not known."""
        return key in self._recorded

    def recorded_at(self, key: str) -> datetime | None:
        """Return when an effect's result was recorded, `None` when it is not."""
        entry = self._recorded.get(key)
        return entry.at if entry is not None and entry.done else None

    async def do(
        self, key: str, asked: Json, act: Callable[[], Awaitable[Json]], repeat: Repeat, *, intend: bool = False
    ) -> Json:
        """Return the result of an effect, carrying it out only if it is not recorded.

        Args:
            key: the effect's name, unique in the run and the same on every replay.
            asked: what is asked for; the same name with another content is an error.
            act: carries it out. It is cancelled with the caller; recording its result is not.
            repeat: what to do about an effect that was begun and whose end is not known.
            intend: whether it is written down that the effect is about to happen, also when it may be repeated; that
                of a `ONCE` effect always is.

        Raises:
            Halted: the run was asked to stop, and this effect is not recorded.
            OutcomeUnknown: a `ONCE` effect was begun before, and its end is not known.
            JournalMismatch: the key is recorded with another content.
            LeaseLost: another host works on the run now.
            JournalError: the journal cannot be written.
        """
        digest = digest_of(asked)
        known = self._recorded.get(key)
        if self._border is not None and (known is None or not known.done):
            self._border()
        if known is None and (intend or repeat is Repeat.ONCE):
            intent = await self._journal.intend(self._lease, key, digest)
            known = None if intent.new else intent.entry
        if known is not None:
            if known.digest != digest:
                raise JournalMismatch(f"effect {key!r} of run {self._lease.run_id} is recorded with another content")
            if known.done:
                return known.result
            if repeat is Repeat.ONCE:
                raise OutcomeUnknown(f"effect {key!r} was begun before the run was interrupted; its end is not known")
        return await self._record(key, digest, await act())

    async def record(self, key: str, asked: Json, result: Json) -> Json:
        """Write a result down, shielded from cancellation: what happened is never forgotten.

        Raises:
            JournalMismatch: the key is recorded with another content.
            LeaseLost: another host works on the run now.
            JournalError: the journal cannot be written.
        """
        return await self._record(key, digest_of(asked), result)

    async def _record(self, key: str, digest: str, result: Json) -> Json:
        with anyio.CancelScope(shield=True):
            entry = await self._journal.record(self._lease, key, digest, result)
        self._recorded[key] = entry
        return entry.result
