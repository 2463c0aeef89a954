"""Conversations kept as documents: opened, continued, listed, deleted. One at a time works in a session: `hold` is a
lock among all processes of the home."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager

from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.ids import NewId, is_id
from oxios_kernel.domain.session import Session, Turn
from oxios_kernel.errors import HomeError, InputError, NotFound
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.locks import Locks
from oxios_kernel.ports.records import Records

__all__ = ["Sessions"]

KIND = "sessions"
TITLE_CHARACTERS = 80


class Sessions:
    """The conversations of a home."""

    def __init__(self, *, records: Records, locks: Locks, clock: Clock, new_id: NewId) -> None:
        self._records = records
        self._locks = locks
        self._clock = clock
        self._new_id = new_id

    def hold(self, session_id: str) -> AbstractAsyncContextManager[None]:
        """Hold a session for the length of a block, waiting for whoever works in it."""
        return self._locks.hold(f"session-{session_id}")

    def name(self, session_id: str | None) -> str:
        """Return the id to work under: the one given, or a new one.

        Raises:
            InputError: the given one cannot be an id.
        """
        if session_id is None:
            return self._new_id()
        if not is_id(session_id) or len(session_id) > 48:
            raise InputError(
                f"A session id has 1 to 48 letters, digits, '.', '_' or '-', not {session_id!r}.",
                hint="`oxios sessions list` shows the ids there are.",
            )
        return session_id

    async def open(self, session_id: str) -> Session:
        """Return a session, or a new empty one of that id.

        Raises:
            HomeError: its document is damaged.
        """
        try:
            return await self.get(session_id)
        except NotFound:
            now = self._clock.now()
            return Session(id=session_id, created_at=now, updated_at=now)

    async def get(self, session_id: str) -> Session:
        """Return a session.

        Raises:
            NotFound: there is none of that id.
            HomeError: its document is damaged.
        """
        document = await self._records.load(KIND, self.name(session_id))
        if document is None:
            raise NotFound(f"There is no session {session_id!r}.", hint="`oxios sessions list` shows those there are.")
        try:
            return Session.from_json(document)
        except ValueError as error:
            raise HomeError(
                f"The document of session {session_id} is damaged.",
                hint=f"Mend or move workspace/{KIND}/{session_id}.json, or begin a new session.",
            ) from error

    async def list(self) -> Sequence[Session]:
        """Return all readable sessions, the one that changed last first."""
        found = []
        for name in await self._records.names(KIND):
            try:
                found.append(await self.get(name))
            except (HomeError, NotFound):
                continue  # damaged or just deleted: the list shows the others
        return sorted(found, key=lambda session: session.updated_at, reverse=True)

    async def delete(self, session_id: str) -> None:
        """Remove a session's document.

        Raises:
            NotFound: there is none of that id.
        """
        if not await self._records.delete(KIND, self.name(session_id)):
            raise NotFound(f"There is no session {session_id!r}.", hint="`oxios sessions list` shows those there are.")

    async def keep(self, session: Session, turn: Turn, *, interview: JsonObject | None) -> Session:
        """Add a turn to a session and save it. A turn of the same run that is there already is replaced."""
        others = tuple(earlier for earlier in session.turns if earlier.run_id != turn.run_id)
        changed = session.model_copy(
            update={
                "turns": (*others, turn),
                "title": session.title or " ".join(turn.request.split())[:TITLE_CHARACTERS],
                "interview": interview,
                "updated_at": turn.at,
            }
        )
        await self._records.save(KIND, session.id, changed.to_json())
        return changed
