"""Documents of one kind by name: sessions, seeds, personas. JSON values under `workspace/<kind>/<id>.json`."""

from collections.abc import Sequence
from typing import Protocol

from oxios_kernel.domain.fact import JsonObject

__all__ = ["Records"]


class Records(Protocol):
    """Documents by kind and name. Kinds and names are identifiers (`domain.ids.is_id`)."""

    async def save(self, kind: str, name: str, document: JsonObject) -> None:
        """Write a document whole, or not at all.

        Raises:
            InputError: kind or name is not an identifier.
            HomeError: it cannot be written.
        """
        ...

    async def load(self, kind: str, name: str) -> JsonObject | None:
        """Return a document, `None` when there is none.

        Raises:
            HomeError: it cannot be read, or is not a JSON object; the damaged file is kept.
        """
        ...

    async def names(self, kind: str) -> Sequence[str]:
        """Return the names of a kind, sorted."""
        ...

    async def delete(self, kind: str, name: str) -> bool:
        """Remove a document; `False` when there was none."""
        ...
