"""What no tool may reach, whatever the settings say: the Oxios home, where keys, settings and the journal are.

A run in a folder above the home would otherwise have them all. Where the run's folder is the home itself, or in it,
somebody named it; then its secrets, its settings and its database stay closed. Asked by the gate and by the fence of
files; commands are held by it only as far as their text names such a path.
"""

import os
import posixpath
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Closed"]

PRIVATE = ("config.toml", "credentials.toml", "oxios.db", "oxios.db-shm", "oxios.db-wal", "run")
"""What is closed in a home even to a run whose folder it is."""


@dataclass(frozen=True, kw_only=True)
class Closed:
    """What is closed to a run in one folder.

    Attributes:
        roots: the names of the folder, more than one when it is reached through a link.
        places: what is closed, as absolute paths in lower case, because some disks do not tell cases apart.
    """

    roots: Collection[str]
    places: Collection[str]

    @classmethod
    def to(cls, root: Path, home: Path | None) -> "Closed":
        """Return what of a home is closed to a run in a folder; nothing when there is no home. Blocking."""
        roots, homes = _names(root), _names(home) if home else ()
        named = any(_within(folder, one) for folder in roots for one in homes)
        places = [f"{one}/{name}" for one in homes for name in PRIVATE] if named else homes
        return cls(roots=roots, places=tuple(place.lower() for place in places))

    def hides(self, path: str) -> bool:
        """Tell whether a path, absolute or relative to the folder, leads to something closed by its spelling."""
        leads = (posixpath.normpath(posixpath.join(root, path)).lower() for root in self.roots)
        return any(_within(place, closed) for place in leads for closed in self.places)


def _names(folder: Path) -> Collection[str]:
    return tuple(dict.fromkeys((os.path.abspath(folder), os.path.realpath(folder))))


def _within(place: str, folder: str) -> bool:
    return place == folder or place.startswith(f"{folder.rstrip('/')}/")
