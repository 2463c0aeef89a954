"""The headers of a provider's answer, out of what litellm makes of the answer: a stream, or an error."""

from typing import Any

__all__ = ["headers_of"]

PREFIX = "llm_provider-"
"""What litellm puts before the provider's own names."""


def headers_of(answer: Any) -> dict[str, str]:
    """Return the headers of an answer by their names in lower case; empty when there are none.

    Args:
        answer: litellm's stream, or an exception of its own.
    """
    hidden = getattr(answer, "_hidden_params", None) or {}
    response = getattr(answer, "response", None)
    # An error's response is one that litellm made up, where it knows no real one; the real headers are beside it.
    found = (
        hidden.get("additional_headers")
        or getattr(answer, "litellm_response_headers", None)
        or getattr(response, "headers", None)
        or {}
    )
    return {str(name).lower().removeprefix(PREFIX): str(value) for name, value in found.items()}
