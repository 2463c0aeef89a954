"""Spells a message as OpenAI's ``/v1/chat/completions`` does: one JSON object, or server-sent chunks.

Source: OpenAI API reference, "Create chat completion" and "The chat completion chunk object".
"""

import json
from typing import Any

from tests.loopback.reply import Message, pieces_of

FINISH = {"stop": "stop", "length": "length", "refused": "content_filter"}

ERRORS: dict[int, tuple[str, str | None, str]] = {
    401: ("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    403: ("invalid_request_error", "country_not_supported", "Country, region, or territory not supported"),
    404: (
        "invalid_request_error",
        "model_not_found",
        "The model does not exist or you do not have access to it.",
    ),
    429: ("requests", "rate_limit_exceeded", "Rate limit reached for this model."),
    500: ("server_error", None, "The server had an error while processing your request."),
    503: ("server_error", None, "The engine is currently overloaded, please try again later."),
}


class OpenAIWire:
    """The chat completions format."""

    def whole(self, message: Message) -> dict[str, Any]:
        """Return a `chat.completion` object."""
        said: dict[str, Any] = {"role": "assistant", "content": message.text or None, "refusal": None}
        if message.calls:
            said["tool_calls"] = [_call(*call) for call in message.calls]
        choice = {"index": 0, "message": said, "finish_reason": _finish(message), "logprobs": None}
        return _envelope(message, "chat.completion") | {"choices": [choice], "usage": _usage(message)}

    def stream(self, message: Message) -> tuple[list[bytes], list[bytes]]:
        """Return `chat.completion.chunk` events, and the finish, the usage and ``[DONE]`` that close them."""
        deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "" if message.text else None}]
        deltas += [{"content": piece} for piece in pieces_of(message.text)]
        for index, (call_id, name, arguments) in enumerate(message.calls):
            deltas.append({"tool_calls": [{"index": index, **_call(call_id, name, "")}]})
            deltas += [
                {"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in pieces_of(arguments)
            ]
        closing = [_chunk(message, {}, _finish(message))]
        if message.counts_usage:
            envelope = _envelope(message, "chat.completion.chunk")
            closing.append(_event(envelope | {"choices": [], "usage": _usage(message)}))
        return [_chunk(message, delta, None) for delta in deltas], [*closing, b"data: [DONE]\n\n"]

    def error(self, code: int) -> dict[str, Any]:
        """Return an `error` object with OpenAI's type, code and words for the status."""
        kind, name, text = ERRORS.get(code, ("invalid_request_error", None, f"The request failed ({code})."))
        return {"error": {"message": text, "type": kind, "param": None, "code": name}}

    def too_long(self) -> dict[str, Any]:
        """Return the `context_length_exceeded` error."""
        text = (
            "This model's maximum context length is 8192 tokens. "
            "However, your messages resulted in 9001 tokens. Please reduce the length of the messages."
        )
        error = {"message": text, "type": "invalid_request_error", "param": "messages"}
        return {"error": error | {"code": "context_length_exceeded"}}


def _envelope(message: Message, kind: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{message.id}", "object": kind, "created": 1735689600, "model": message.model}


def _call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _finish(message: Message) -> str:
    return "tool_calls" if message.calls else FINISH[message.finish]


def _usage(message: Message) -> dict[str, int]:
    given, made = message.usage
    return {"prompt_tokens": given, "completion_tokens": made, "total_tokens": given + made}


def _chunk(message: Message, delta: dict[str, Any], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}
    return _event(_envelope(message, "chat.completion.chunk") | {"choices": [choice]})


def _event(body: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(body, ensure_ascii=False)}\n\n".encode()
