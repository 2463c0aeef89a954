"""Our requests as litellm's arguments, and its stream of chunks as our reply; touches no network, imports no litellm.

A chunk is read by attribute, in OpenAI's shape, which litellm gives every provider's stream. Called by `llm_litellm`.
"""

import json
from typing import Any

from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import ToolCall
from oxios_kernel.domain.transcript import AssistantMessage, Message, SystemMessage, ToolMessage, UserMessage
from oxios_kernel.errors import ModelMalformed, ModelUnavailable
from oxios_kernel.ports.llm import Finish, LlmReply, LlmRequest

__all__ = ["Assembly", "body_of"]

_FINISHES: dict[str, Finish] = {
    "stop": "stop",
    "tool_calls": "tools",
    "function_call": "tools",
    "length": "length",
    "content_filter": "refused",
}


def body_of(request: LlmRequest) -> JsonObject:
    """Return the arguments of `litellm.acompletion` that say what is asked."""
    provider, _, name = request.model.partition("/")
    # Ollama's chat endpoint is the one that takes tools; litellm has it under a name of its own.
    body: JsonObject = {"model": f"ollama_chat/{name}" if provider == "ollama" else request.model}
    body["messages"] = [_message(message) for message in request.messages]
    if request.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {"name": spec.name, "description": spec.description, "parameters": spec.parameters},
            }
            for spec in request.tools
        ]
    # For Anthropic, litellm would turn this hint into a tool that the model is forced to call.
    if request.json_only and provider != "anthropic":
        body["response_format"] = {"type": "json_object"}
    if request.max_output_tokens is not None:
        body["max_tokens"] = request.max_output_tokens
    if request.temperature is not None:
        body["temperature"] = request.temperature
    return body


class Assembly:
    """A reply while it streams in.

    Args:
        model: the model that was asked.

    Attributes:
        usage: the tokens counted so far, without their price.
        counted: the provider's own count as litellm gives it, `None` before it came.
    """

    def __init__(self, model: str) -> None:
        self._model = model
        self._texts: list[str] = []
        self._calls: list[dict[str, str]] = []
        self._places: dict[Any, int] = {}
        self._finish: str | None = None
        self._request_id: str | None = None
        self.usage = Usage(calls=1)
        self.counted: Any = None

    def add(self, chunk: Any) -> str:
        """Take a chunk in and return the text it brings."""
        self._request_id = getattr(chunk, "id", None) or self._request_id
        counted = getattr(chunk, "usage", None)
        if counted is not None:
            self.counted = counted
            self.usage = _usage(counted)
        text = ""
        for choice in chunk.choices or ():
            self._finish = choice.finish_reason or self._finish
            text += choice.delta.content or ""
            for piece in choice.delta.tool_calls or ():
                self._add_call(piece)
        if text:
            self._texts.append(text)
        return text

    def reply(self, cost_micro_usd: int | None) -> LlmReply:
        """Return the whole reply.

        Raises:
            ModelUnavailable: the stream ended before the model had finished.
            ModelMalformed: it brought neither words nor calls.
        """
        text = "".join(self._texts)
        if self._finish is None:
            raise ModelUnavailable(f"the reply of {self._model} was cut off", model=self._model)
        calls = tuple(_call(parts) for parts in self._calls if parts["name"])
        finish = _FINISHES.get(self._finish, "stop")
        if not text.strip() and not calls and finish != "refused":
            raise ModelMalformed(f"{self._model} sent an empty or unreadable reply", model=self._model)
        return LlmReply(
            text=text,
            tool_calls=calls,
            finish="tools" if calls and finish == "stop" else finish,
            usage=self.usage.model_copy(update={"cost_micro_usd": cost_micro_usd}),
            model=self._model,
            request_id=self._request_id,
        )

    def _add_call(self, piece: Any) -> None:
        """Put a piece of a call to its call; a piece with a new id begins one, whatever place it says it has."""
        place = piece.index
        known = self._places.get(place)
        if known is None or (piece.id and self._calls[known]["id"] not in ("", piece.id)):
            self._places[place] = known = len(self._calls)
            self._calls.append({"id": "", "name": "", "raw": ""})
        parts = self._calls[known]
        parts["id"] = parts["id"] or piece.id or ""
        parts["name"] = parts["name"] or piece.function.name or ""
        parts["raw"] += piece.function.arguments or ""


def _message(message: Message) -> JsonObject:
    match message:
        case SystemMessage() | UserMessage():
            return {"role": message.role, "content": message.text}
        case ToolMessage():
            return {"role": "tool", "tool_call_id": message.call_id, "content": message.text}
        case AssistantMessage():
            body: JsonObject = {"role": "assistant", "content": message.text or None}
            if message.tool_calls:
                body["tool_calls"] = [_spelt(call) for call in message.tool_calls]
            return body


def _spelt(call: ToolCall) -> JsonObject:
    # Arguments that were no JSON object are sent back as an empty one: providers refuse a transcript that holds them,
    # and the tool's answer says what was wrong.
    arguments = json.dumps(call.arguments or {}, ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _call(parts: dict[str, str]) -> ToolCall:
    try:
        arguments = json.loads(parts["raw"] or "{}")
    except ValueError:
        arguments = None
    return ToolCall(
        id=parts["id"],
        name=parts["name"],
        arguments=arguments if isinstance(arguments, dict) else None,
        raw=parts["raw"],
    )


def _usage(counted: Any) -> Usage:
    details = getattr(counted, "prompt_tokens_details", None)
    return Usage(
        input_tokens=counted.prompt_tokens or 0,
        output_tokens=counted.completion_tokens or 0,
        cached_tokens=getattr(details, "cached_tokens", None) or 0,
        calls=1,
    )
