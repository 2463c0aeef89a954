"""The `Llm` port on rules: the built-in model `oxios/demo`, which needs no key, no network and no time.

It answers the specification protocol's prompts and carries out a handful of task shapes with the tools it is offered
(`demo/`); everything else it declines. The same request always gets the same reply. Calls cost nothing; tokens are an
estimate of one for every four characters, because it has none.
"""

import json
import re
from collections.abc import Sequence

import anyio.lowlevel

from oxios_kernel.adapters.demo.phrases import DECLINE, GREETING
from oxios_kernel.adapters.demo.protocol import answer_prompt, purpose_of
from oxios_kernel.adapters.demo.reading import is_greeting, read_wish
from oxios_kernel.adapters.demo.work import Step, next_move
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import ToolCall
from oxios_kernel.domain.transcript import Message, SystemMessage, ToolMessage, UserMessage, message_characters
from oxios_kernel.ports.llm import Listen, LlmReply, LlmRequest

__all__ = ["DemoLlm"]

CHARACTERS_PER_TOKEN = 4

_TASK = re.compile(r"^Task: (.*?)(?=\n\n(?:The request in|Constraints:|Context that|An earlier try)|\Z)", re.DOTALL)
_PIECE = re.compile(r"\S+\s*|\s+")
_NOTE = "[Earlier steps, summarised"
"""How a message of the kernel begins that stands for the middle of a long transcript."""

_IN_DOUBT = "It is not known whether this call happened"
"""How the result of a call begins that was interrupted; all calls of the demo model may be made again."""


class DemoLlm:
    """Answers by rule."""

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        """Return the reply; it never fails, a request that it does not understand is declined in the reply."""
        await anyio.lowlevel.checkpoint()
        system = next((message.text for message in request.messages if isinstance(message, SystemMessage)), "")
        purpose = purpose_of(system)
        said = _prompt(purpose, request.messages) if purpose else _work(request)
        if isinstance(said, Step):
            return _reply(request, call=said)
        if listen is not None:
            for piece in _PIECE.findall(said):
                listen(piece)
        return _reply(request, text=said)


def _prompt(purpose: str, messages: Sequence[Message]) -> str:
    asked = next(message.text for message in reversed(messages) if isinstance(message, UserMessage))
    try:
        inputs = json.loads(asked)
    except ValueError:
        inputs = None
    return json.dumps(answer_prompt(purpose, inputs), ensure_ascii=False) if isinstance(inputs, dict) else DECLINE


def _work(request: LlmRequest) -> Step | str:
    task, results = _task_and_results(request.messages)
    wish = read_wish(task)
    if wish is None:
        return GREETING if is_greeting(task) else DECLINE
    if wish.missing:
        return wish.missing[0].value
    return next_move(wish, {spec.name for spec in request.tools}, results)


def _task_and_results(messages: Sequence[Message]) -> tuple[str, Sequence[str]]:
    """Return the newest task and what the tool calls since then brought, those in doubt left out."""
    task, results = "", list[str]()
    for message in messages:
        if isinstance(message, UserMessage) and not message.text.startswith(_NOTE):
            match = _TASK.match(message.text)
            task, results = (match[1] if match else message.text), []
        elif isinstance(message, ToolMessage) and not message.text.startswith(_IN_DOUBT):
            results.append(message.text)
    return task, results


def _reply(request: LlmRequest, *, text: str = "", call: Step | None = None) -> LlmReply:
    calls: tuple[ToolCall, ...] = ()
    raw = ""
    if call is not None:
        raw = json.dumps(call.arguments, ensure_ascii=False)
        number = sum(isinstance(message, ToolMessage) for message in request.messages) + 1
        calls = (ToolCall(id=f"call_{number}", name=call.tool, arguments=call.arguments, raw=raw),)
    usage = Usage(
        input_tokens=_tokens(sum(map(message_characters, request.messages))),
        output_tokens=_tokens(len(text) + len(raw)),
        calls=1,
        cost_micro_usd=0,
    )
    return LlmReply(text=text, tool_calls=calls, finish="tools" if calls else "stop", usage=usage, model=request.model)


def _tokens(characters: int) -> int:
    return -(-characters // CHARACTERS_PER_TOKEN)
