"""Model ids and where they lead: `provider/model` taken apart, and the demo model told from the real ones.

The part after the first slash is the provider's own name of the model and may hold slashes itself. Used by `engine`.
"""

from dataclasses import dataclass
from typing import Self

from oxios_kernel.engine.catalog import DEMO_MODEL, PROVIDERS, nearest
from oxios_kernel.errors import ModelUnknown
from oxios_kernel.ports.llm import Listen, Llm, LlmReply, LlmRequest

__all__ = ["ModelId", "Routed"]


@dataclass(frozen=True)
class ModelId:
    """A model: the provider's id and the provider's name of the model."""

    provider: str
    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Take `provider/model` apart.

        Raises:
            ModelUnknown: it has another form; the hint names what may have been meant.
        """
        provider, slash, name = text.strip().partition("/")
        if slash and provider and name and not any(letter.isspace() for letter in provider + name):
            return cls(provider, name)
        message = f"expected a model as provider/model, such as openai/{_first('openai')}, got {text!r}"
        raise ModelUnknown(message, model=text, hint=_meant(text.strip()))

    def __str__(self) -> str:
        return f"{self.provider}/{self.name}"


class Routed:
    """Sends a request to the demo model or to the real ones, by the provider in its model id.

    Args:
        demo: answers `oxios/demo`.
        real: answers everything else.
    """

    def __init__(self, *, demo: Llm, real: Llm) -> None:
        self._demo = demo
        self._real = real

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the reply of the one that is meant; errors pass through."""
        target = self._demo if request.model == DEMO_MODEL else self._real
        return await target.complete(request, listen)


def _first(provider_id: str) -> str:
    return next(provider.models[0] for provider in PROVIDERS if provider.id == provider_id)


def _meant(text: str) -> str:
    full = {name: f"{provider.id}/{name}" for provider in PROVIDERS for name in provider.models}
    full["demo"] = DEMO_MODEL
    known = {provider.id: f"{provider.id}/{provider.models[0]}" for provider in PROVIDERS if provider.models}
    close = nearest(text, [*full, *known])
    if not close:
        return "`oxios models` lists what is usable"
    return "did you mean " + " or ".join(full.get(word) or known[word] for word in close) + "?"
