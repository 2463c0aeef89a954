"""Which models can be asked right now, and what is missing for the others: keys, base URLs and local servers looked at.

Nobody but servers on this machine is asked; whether a key is right or a model exists shows when it is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import anyio.to_thread

from oxios_kernel.engine.catalog import DEMO_MODEL, PROVIDERS, Provider
from oxios_kernel.engine.credentials import Credentials, without_login
from oxios_kernel.errors import ConfigError, CredentialsMissing
from oxios_kernel.ports.models import LocalServer, LocalServers

__all__ = ["ModelStatus", "Survey"]


@dataclass(frozen=True, kw_only=True)
class ModelStatus:
    """Whether a model can be asked right now.

    Attributes:
        model: `provider/model`; only the provider when no model of it is known.
        usable: whether it can be asked.
        default: whether it is asked when nobody names a model.
        sentence: why it can or cannot, and what to do then.
    """

    model: str
    usable: bool
    default: bool
    sentence: str


class Survey:
    """Looks at what there is.

    Args:
        credentials: how providers are reached.
        servers: finds model servers on this machine.
        default: the model that is asked when nobody names one.
    """

    def __init__(self, credentials: Credentials, servers: LocalServers, default: str) -> None:
        self._credentials = credentials
        self._servers = servers
        self._default = default

    async def rows(self) -> Sequence[ModelStatus]:
        """Return the models that can be asked (with a key, on a server, the demo model), then the others.

        A credentials file that cannot be read is told in the sentences of what depends on it.
        """
        found = await self._servers.find()
        rows: list[ModelStatus] = []
        for provider in PROVIDERS:
            servers = [server for server in found if server.provider == provider.id]
            rows += await anyio.to_thread.run_sync(self._provider, provider, servers)
        rows.append(self._status(DEMO_MODEL, "built in; works by rules, needs no key"))
        return sorted(rows, key=lambda row: not row.usable)

    def _provider(self, provider: Provider, servers: Sequence[LocalServer]) -> list[ModelStatus]:
        first = next(iter(self._names(provider)))
        try:
            source = self._credentials.key_source(provider)
            connection = self._credentials.connect(provider.id)
        except ConfigError as error:
            return [self._status(first, error.message, usable=False)]
        except CredentialsMissing:
            sentence = f"no key for {provider.title}: {self._credentials.remedy(provider)}"
            return [self._status(first, sentence, usable=False)]
        if provider.local and connection.api_base == provider.default_base:
            return self._local(provider, servers)
        where = f" at {without_login(connection.api_base)}" if connection.api_base else ""
        if source is not None:
            return [self._status(name, f"{provider.title}{where}, with {source}") for name in self._names(provider)]
        # A server of somebody's own that only speaks the provider's protocol has other models than the provider.
        own = self._default if self._default.startswith(f"{provider.id}/") else provider.id
        needs = "" if provider.local else ", without a key"
        return [self._status(own, f"{provider.title}{where}{needs}; it knows its models: {provider.id}/MODEL")]

    def _local(self, provider: Provider, servers: Sequence[LocalServer]) -> list[ModelStatus]:
        rows = []
        for server in servers:
            sentence = f"{server.name} on this machine at {server.url}"
            rows += [self._status(f"{provider.id}/{name}", sentence) for name in server.models]
            if not server.models:
                rows.append(self._status(provider.id, f"{sentence} has no model loaded", usable=False))
        wanted = self._default.startswith(f"{provider.id}/") and not any(row.default for row in rows)
        if wanted or not servers:
            name = self._default if wanted else provider.id
            lacks = "has no such model" if servers else f"does not answer at {provider.default_base}; start it"
            rows.append(self._status(name, f"{provider.title} {lacks}", usable=False))
        return rows

    def _names(self, provider: Provider) -> Sequence[str]:
        """Return the provider's models that are shown, the default one first if it is another one of that provider."""
        known = [f"{provider.id}/{name}" for name in provider.models]
        chosen = [self._default] if self._default.startswith(f"{provider.id}/") else []
        return list(dict.fromkeys((*chosen, *known))) or [provider.id]

    def _status(self, model: str, sentence: str, *, usable: bool = True) -> ModelStatus:
        return ModelStatus(model=model, usable=usable, default=model == self._default, sentence=sentence)
