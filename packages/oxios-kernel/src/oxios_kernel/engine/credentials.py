"""Which key and which base URL for which provider: the setting, then the environment, then the provider's own.

The engine asks it whether a provider is usable, the litellm adapter asks it at each call (`Credentials.connect` is the
port `Connect`). It never puts a key into a sentence.
"""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from oxios_kernel.engine.catalog import Provider, provider_named
from oxios_kernel.errors import ConfigError, CredentialsMissing
from oxios_kernel.ports.models import Connection
from oxios_kernel.ports.secrets import Secrets

__all__ = ["Credentials", "without_login"]


class Credentials:
    """Knows how providers are reached.

    Args:
        secrets: where keys are.
        environ: the environment, for the base URLs.
        api_base: the setting `engine.api_base`, base URL by provider.
        file: the credentials file, as it is named to a person.
    """

    def __init__(self, secrets: Secrets, *, environ: Mapping[str, str], api_base: Mapping[str, str], file: str) -> None:
        self._secrets = secrets
        self._environ = environ
        self._api_base = api_base
        self._file = file

    def connect(self, provider_id: str) -> Connection:
        """Return the connection of a provider. Blocks while it reads the credentials file.

        Raises:
            CredentialsMissing: it needs a key and there is none; the sentence names variable and file.
            ConfigError: the base URL is none, or the credentials file cannot be read.
        """
        provider = provider_named(provider_id) or _unlisted(provider_id)
        base = self._base(provider)
        key = next(filter(None, map(self._secrets.get, provider.keys)), None)
        listed = provider_named(provider_id) is not None
        if key is None and base is None and provider.keys and listed:
            raise CredentialsMissing(f"there is no key for {provider.title}", hint=self.remedy(provider))
        return Connection(api_key=key, api_base=base or provider.default_base, free=provider.local)

    def key_source(self, provider: Provider) -> str | None:
        """Say where the key of a provider is found (`OPENAI_API_KEY in the environment`), `None` when nowhere.

        Raises:
            ConfigError: the credentials file cannot be read.
        """
        for name in provider.keys:
            source = self._secrets.source(name)
            if source is not None:
                return f"{name} in the {source}" if source in ("environment", "keyring") else f"{name} in {source}"
        return None

    def remedy(self, provider: Provider) -> str:
        """Return how a person gives the provider's key."""
        name = provider.keys[0]
        return f'set the environment variable {name}, or write {name} = "…" to {self._file} (mode 600)'

    def _base(self, provider: Provider) -> str | None:
        where, url = f"the setting engine.api_base.{provider.id}", self._api_base.get(provider.id, "")
        for name in provider.bases:
            if not url.strip():
                where, url = f"the environment variable {name}", self._environ.get(name, "")
        return _checked(url.strip(), where) if url.strip() else None


def _unlisted(provider_id: str) -> Provider:
    """A provider that only litellm knows; by convention its key is `<ID>_API_KEY`, and litellm may find another."""
    return Provider(id=provider_id, title=provider_id, keys=(f"{provider_id.upper().replace('-', '_')}_API_KEY",))


def _checked(url: str, where: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        came = without_login(url)
        raise ConfigError(f"expected a base URL such as https://api.example.com/v1 in {where}, got {came!r}")
    return url


def without_login(url: str) -> str:
    """Return a URL without the name and password that may stand in it, for a person to see."""
    return re.sub(r"//[^/]*@", "//", url)
