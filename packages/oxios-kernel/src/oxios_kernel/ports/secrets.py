"""Keys of providers. Only the engine asks; nothing prints or journals them."""

from typing import Protocol

__all__ = ["Secrets"]


class Secrets(Protocol):
    """Secrets by name, where the name is the provider's environment variable, such as `OPENAI_API_KEY`."""

    def get(self, name: str, /) -> str | None:
        """Return a secret from the environment, the credentials file or the keyring, in this order.

        Raises:
            ConfigError: the credentials file cannot be read, or others may read it too.
        """
        ...

    def source(self, name: str, /) -> str | None:
        """Say where `get` finds it, for a person (`environment`, the file's path, `keyring`); `None` when nowhere."""
        ...
