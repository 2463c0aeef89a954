"""Documents as JSON files under `<folder>/<kind>/<name>.json`: the port `Records` on a disk.

Files are replaced whole and are for their owner alone (0600, folders 0700). Of two processes that save one document at
once the later wins. Nothing here knows what the documents mean. The fake is `testing/records.py`.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from anyio import to_thread

from oxios_kernel.config.replace import replace_file
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.ids import is_id
from oxios_kernel.errors import HomeError, InputError

__all__ = ["FileRecords"]

NAMES = "Use 1 to 64 of A–Z, a–z, 0–9, `.`, `_` and `-`, beginning with a letter or digit."
DAMAGED = "It was left as it is: mend it, or move it away."


class FileRecords:
    """Documents below one folder, which need not exist yet."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def save(self, kind: str, name: str, document: JsonObject) -> None:
        """See `ports.records`."""
        content = json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8", "backslashreplace") + b"\n"
        await to_thread.run_sync(_save, self._file(kind, name), content)

    async def load(self, kind: str, name: str) -> JsonObject | None:
        """See `ports.records`."""
        return await to_thread.run_sync(_load, self._file(kind, name))

    async def names(self, kind: str) -> Sequence[str]:
        """See `ports.records`."""
        return await to_thread.run_sync(_names, self._kind(kind))

    async def delete(self, kind: str, name: str) -> bool:
        """See `ports.records`."""
        return await to_thread.run_sync(_delete, self._file(kind, name))

    def _kind(self, kind: str) -> Path:
        if not is_id(kind):
            raise InputError(f"{kind!r} cannot name a kind of document.", hint=NAMES)
        return self._folder / kind

    def _file(self, kind: str, name: str) -> Path:
        if not is_id(name):
            raise InputError(f"{name!r} cannot be a name.", hint=NAMES)
        return self._kind(kind) / f"{name}.json"


def _save(file: Path, content: bytes) -> None:
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        replace_file(file, content)
    except OSError as error:
        raise HomeError(f"{file} cannot be written: {error.strerror}.", hint="The old content is untouched.") from error


def _load(file: Path) -> JsonObject | None:
    try:
        document: Any = json.loads(file.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise HomeError(f"{file} cannot be read: {error.strerror}.", hint="Check who may read it.") from error
    except (ValueError, RecursionError) as error:
        raise HomeError(f"{file} is damaged: {error}.", hint=DAMAGED) from error
    if not isinstance(document, dict):
        raise HomeError(
            f"{file} is damaged: expected a JSON object, not {type(document).__name__}.",
            hint=DAMAGED,
        )
    return document


def _names(folder: Path) -> Sequence[str]:
    try:
        return sorted(file.stem for file in folder.iterdir() if file.suffix == ".json" and is_id(file.stem))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise HomeError(f"{folder} cannot be read: {error.strerror}.", hint="Check who may read it.") from error


def _delete(file: Path) -> bool:
    try:
        file.unlink()
    except FileNotFoundError:
        return False
    except OSError as error:
        raise HomeError(f"{file} cannot be removed: {error.strerror}.", hint="Check who may write there.") from error
    return True
