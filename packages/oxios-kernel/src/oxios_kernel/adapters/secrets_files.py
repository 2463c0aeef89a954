"""Keys of providers: from the environment, then the credentials file, then the system's keyring.

The file is TOML with one line a key, `OPENAI_API_KEY = "…"`, and only its owner may read it. It is read at every call,
so a key that was just written counts at once. No error quotes what the file holds.
"""

import importlib.util
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

from oxios_kernel.errors import ConfigError

__all__ = ["SecretsFiles"]

KEYRING_SERVICE = "oxios"
"""The name under which the keyring keeps the keys."""


class SecretsFiles:
    """Looks keys up.

    Args:
        environ: the environment.
        file: the credentials file; it need not exist.
    """

    def __init__(self, *, environ: Mapping[str, str], file: Path) -> None:
        self._environ = environ
        self._file = file

    def get(self, name: str, /) -> str | None:
        """Return a secret from the environment, the credentials file or the keyring, in this order.

        Raises:
            ConfigError: the credentials file cannot be read, is not TOML, or others may read it too.
        """
        return self._find(name)[0]

    def source(self, name: str, /) -> str | None:
        """Say where `get` finds it: `environment`, the file's path, `keyring`; `None` when nowhere.

        Raises:
            ConfigError: as `get`.
        """
        return self._find(name)[1]

    def _find(self, name: str) -> tuple[str | None, str | None]:
        if self._environ.get(name, "").strip():
            return self._environ[name].strip(), "environment"
        kept = self._in_file(name)
        if kept:
            return kept, str(self._file)
        ring = _in_keyring(name)
        return (ring, "keyring") if ring else (None, None)

    def _in_file(self, name: str) -> str | None:
        try:
            with self._file.open("rb") as file:
                mode = stat.S_IMODE(self._file.stat().st_mode)
                document = tomllib.loads(file.read().decode())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigError(f"the credentials file {self._file} cannot be read: {error.strerror}") from None
        except ValueError as error:
            where = f": {error}" if isinstance(error, tomllib.TOMLDecodeError) else ", because it is not UTF-8"
            raise ConfigError(f"the credentials file {self._file} is not TOML{where}") from None
        if mode & 0o077:
            message = f"the credentials file {self._file} can be read by others (mode {mode:03o})"
            raise ConfigError(message, hint=f"chmod 600 {self._file}")
        value = document.get(name)
        return value.strip() or None if isinstance(value, str) else None

    def __repr__(self) -> str:
        return f"SecretsFiles(file={str(self._file)!r})"


def _in_keyring(name: str) -> str | None:
    if importlib.util.find_spec("keyring") is None:
        return None
    import keyring  # Optional, and slow to import.
    import keyring.errors

    try:
        password: str | None = keyring.get_password(KEYRING_SERVICE, name)
    except keyring.errors.KeyringError:
        return None
    return password
