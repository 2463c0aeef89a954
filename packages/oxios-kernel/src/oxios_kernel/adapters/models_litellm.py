"""The names of models that litellm knows, read from its own lists without importing it (which takes seconds)."""

import importlib.util
import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

__all__ = ["ModelsLitellm"]

_PRICES = "model_prices_and_context_window_backup.json"
_PROVIDERS = "provider_endpoints_support_backup.json"


class ModelsLitellm:
    """Knows the chat models of all providers that litellm can reach."""

    def by_provider(self) -> Mapping[str, Sequence[str]]:
        """Return the names of the chat models by provider id, without the provider; empty without litellm's lists."""
        return self._names

    @cached_property
    def _names(self) -> Mapping[str, Sequence[str]]:
        names: dict[str, list[str]] = {provider: [] for provider in _listed(_PROVIDERS).get("providers", {})}
        for full, entry in _listed(_PRICES).items():
            provider = entry.get("litellm_provider")
            if entry.get("mode") == "chat" and isinstance(provider, str):
                names.setdefault(provider, []).append(full.removeprefix(f"{provider}/"))
        return names


def _listed(file: str) -> dict[str, Any]:
    spec = importlib.util.find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    path = Path(spec.origin).parent / file
    return json.loads(path.read_bytes()) if path.is_file() else {}
