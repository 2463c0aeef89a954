"""Documents in memory: the fake of `ports/records.py`, held to the adapter by one test that both pass."""

import json
from collections.abc import Sequence

from anyio.lowlevel import checkpoint

from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.ids import is_id
from oxios_kernel.errors import HomeError, InputError

__all__ = ["MemoryRecords"]


class MemoryRecords:
    """Keeps each document as JSON text, so that nobody shares a mutable value with it.

    Attributes:
        texts: the documents by kind and name; a test may put a damaged one there.
    """

    def __init__(self) -> None:
        self.texts: dict[tuple[str, str], str] = {}

    async def save(self, kind: str, name: str, document: JsonObject) -> None:
        """See `ports.records`."""
        await self._check(kind, name)
        self.texts[kind, name] = json.dumps(document, ensure_ascii=False)

    async def load(self, kind: str, name: str) -> JsonObject | None:
        """See `ports.records`."""
        await self._check(kind, name)
        if (text := self.texts.get((kind, name))) is None:
            return None
        try:
            document = json.loads(text)
        except ValueError as error:
            raise HomeError(f"{kind}/{name} is damaged: {error}.") from error
        if not isinstance(document, dict):
            raise HomeError(f"{kind}/{name} is damaged: expected a JSON object, not {type(document).__name__}.")
        return document

    async def names(self, kind: str) -> Sequence[str]:
        """See `ports.records`."""
        await self._check(kind)
        return sorted(name for held, name in self.texts if held == kind)

    async def delete(self, kind: str, name: str) -> bool:
        """See `ports.records`."""
        await self._check(kind, name)
        return self.texts.pop((kind, name), None) is not None

    async def _check(self, *words: str) -> None:
        await checkpoint()
        for word in words:
            if not is_id(word):
                raise InputError(f"{word!r} cannot be a name.")
