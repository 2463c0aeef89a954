"""An `Llm` that puts the settings' limits on every call: how long it may take in all, how long the answer may be."""

from dataclasses import replace

from oxios_kernel.config.sections import EngineSettings
from oxios_kernel.ports.llm import Listen, Llm, LlmReply, LlmRequest

__all__ = ["Bounded"]


class Bounded:
    """Bounds calls.

    Args:
        inner: the model.
        settings: the limits; the deadline is the setting's, an answer's length only where the request names none.
    """

    def __init__(self, inner: Llm, settings: EngineSettings) -> None:
        self._inner = inner
        self._settings = settings

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the reply; errors pass through."""
        longest = request.max_output_tokens or self._settings.max_output_tokens or None
        bounded = replace(request, deadline_seconds=self._settings.deadline_seconds, max_output_tokens=longest)
        return await self._inner.complete(bounded, listen)
