"""Spells a message as Anthropic's ``/v1/messages`` does: one JSON object, or named server-sent events.

Source: Anthropic API reference, "Messages", "Streaming Messages" and "Errors".
"""

import json
from typing import Any

from tests.loopback.reply import Message, pieces_of

STOP = {"stop": "end_turn", "length": "max_tokens", "refused": "refusal"}

ERRORS = {
    400: ("invalid_request_error", "The request is malformed."),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "Your API key does not have permission to use the specified resource."),
    404: ("not_found_error", "model not found"),
    413: ("request_too_large", "Request exceeds the maximum allowed number of bytes."),
    429: ("rate_limit_error", "This request would exceed your organization's rate limit."),
    529: ("overloaded_error", "Overloaded"),
}


class AnthropicWire:
    """The messages format."""

    def whole(self, message: Message) -> dict[str, Any]:
        """Return a `message` object."""
        content: list[dict[str, Any]] = [{"type": "text", "text": message.text}] if message.text else []
        content += [
            {"type": "tool_use", "id": _tool_id(call_id), "name": name, "input": _input(arguments)}
            for call_id, name, arguments in message.calls
        ]
        given, made = message.usage
        usage = {"input_tokens": given, "output_tokens": made}
        return _envelope(message) | {"content": content, "stop_reason": _stop(message), "usage": usage}

    def stream(self, message: Message) -> tuple[list[bytes], list[bytes]]:
        """Return `message_start` and the content blocks, then the two events that close them."""
        given, made = message.usage
        started = _envelope(message) | {"usage": {"input_tokens": given, "output_tokens": min(made, 1)}}
        events = [_event("message_start", message=started), _event("ping")]
        blocks = [_text_block(message.text)] if message.text else []
        blocks += [_tool_block(*call) for call in message.calls]
        for index, (start, deltas) in enumerate(blocks):
            events.append(_event("content_block_start", index=index, content_block=start))
            events += [_event("content_block_delta", index=index, delta=delta) for delta in deltas]
            events.append(_event("content_block_stop", index=index))
        delta = {"stop_reason": _stop(message), "stop_sequence": None}
        ended = _event("message_delta", delta=delta, usage={"output_tokens": made})
        return events, [ended, _event("message_stop")]

    def error(self, code: int) -> dict[str, Any]:
        """Return an `error` object with Anthropic's type and words for the status."""
        kind, text = ERRORS.get(code, ("api_error", "Internal server error"))
        return {"type": "error", "error": {"type": kind, "message": text}}

    def too_long(self) -> dict[str, Any]:
        """Return the `invalid_request_error` that names the prompt's length."""
        text = "prompt is too long: 205000 tokens > 200000 maximum"
        return {"type": "error", "error": {"type": "invalid_request_error", "message": text}}


Block = tuple[dict[str, Any], list[dict[str, Any]]]


def _text_block(text: str) -> Block:
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": piece} for piece in pieces_of(text)]


def _tool_block(call_id: str, name: str, arguments: str) -> Block:
    start = {"type": "tool_use", "id": _tool_id(call_id), "name": name, "input": {}}
    return start, [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *pieces_of(arguments)]]


def _envelope(message: Message) -> dict[str, Any]:
    return {
        "id": f"msg_{message.id}",
        "type": "message",
        "role": "assistant",
        "model": message.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _tool_id(call_id: str) -> str:
    return f"toolu_{call_id}"


def _input(arguments: str) -> Any:
    """Without a stream the input comes parsed; text that is no JSON stays text, as garbage would."""
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _stop(message: Message) -> str:
    return "tool_use" if message.calls else STOP[message.finish]


def _event(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields}, ensure_ascii=False)}\n\n".encode()
