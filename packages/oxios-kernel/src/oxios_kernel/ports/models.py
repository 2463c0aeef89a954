"""What is known of models without asking one: how a provider is reached, which local servers run, which names exist.

`Connect` is how an adapter learns a key: it asks at the moment of a call and keeps nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Connect", "Connection", "KnownModels", "LocalServer", "LocalServers"]


@dataclass(frozen=True, kw_only=True)
class Connection:
    """How a provider is reached.

    Attributes:
        api_key: the key, `None` when the provider needs none or finds it by itself; never printed.
        api_base: the base URL, `None` for the provider's own.
        free: whether calls cost nothing (a server of the person's own), so that the price is 0 and not unknown.
    """

    api_key: str | None = field(default=None, repr=False)
    api_base: str | None = None
    free: bool = False


Connect = Callable[[str], Connection]
"""Returns the connection of a provider, by its id.

Raises:
    CredentialsMissing: the provider needs a key and there is none.
    ConfigError: the base URL is none, or the credentials file cannot be read.
"""


@dataclass(frozen=True, kw_only=True)
class LocalServer:
    """A model server on this machine.

    Attributes:
        name: the program, for a person.
        provider: the provider id under which its models are called.
        url: the base URL that answered.
        models: the names of its models, without the provider.
    """

    name: str
    provider: str
    url: str
    models: tuple[str, ...]


class LocalServers(Protocol):
    """Looks for model servers on the loopback interface, and nowhere else."""

    async def find(self) -> Sequence[LocalServer]:
        """Return the servers that answer now, in a fixed order; those that do not are left out."""
        ...


class KnownModels(Protocol):
    """The names of the many models that a library knows. Blocks while it reads them for the first time."""

    def by_provider(self) -> Mapping[str, Sequence[str]]:
        """Return the names of the chat models by provider id, without the provider."""
        ...
