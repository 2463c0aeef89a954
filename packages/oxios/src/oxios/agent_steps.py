"""An agent's journal → what it was told, said and did, step by step, for people. Pure; what is written down how is the
kernel's affair (`oxios_kernel.agents.loop`)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.run import Entry
from oxios_kernel.domain.tool import ToolCall, ToolResult
from oxios_kernel.ports.llm import LlmReply

__all__ = ["Step", "read_steps", "step_lines"]

SHOWN_CHARACTERS = 600
"""How much of a call, or of what came of it, a line shows."""


@dataclass(frozen=True, kw_only=True)
class Step:
    """One answer of an agent's model, and what was done about it.

    Attributes:
        number: from 1.
        letters: what it was told before.
        reply: the answer; `None` when there is none yet.
        results: what came of its calls, in their order; `None` for one that has not ended, or whose end is not known.
    """

    number: int
    letters: tuple[Letter, ...]
    reply: LlmReply | None
    results: tuple[ToolResult | None, ...]

    @property
    def deeds(self) -> Iterator[tuple[ToolCall, ToolResult | None]]:
        """The calls with what came of them."""
        calls = self.reply.tool_calls if self.reply else ()
        missing = (None,) * (len(calls) - len(self.results))
        return zip(calls, (*self.results, *missing), strict=False)

    def to_json(self) -> JsonObject:
        """Return the JSON form."""
        return {
            "step": self.number,
            "letters": [letter.to_json() for letter in self.letters],
            "text": self.reply.text if self.reply else "",
            "model": self.reply.model if self.reply else None,
            "calls": [
                {
                    "name": call.name,
                    "arguments": call.arguments,
                    "status": result.status.value if result else None,
                    "text": result.text if result else None,
                }
                for call, result in self.deeds
            ],
        }


def read_steps(entries: Sequence[Entry]) -> list[Step]:
    """Return the steps of an agent's journal, in order."""
    by_step: dict[int, dict[str, Entry]] = {}
    for entry in entries:
        parts = entry.key.split("/", 2)
        if len(parts) == 3 and parts[0] == "step" and parts[1].isdigit():
            by_step.setdefault(int(parts[1]), {})[parts[2]] = entry
    return [_step(number, by_step[number]) for number in sorted(by_step)]


def step_lines(step: Step) -> Iterator[str]:
    """Yield a step as lines for a person; long calls and results are cut."""
    yield f"Step {step.number}"
    for letter in step.letters:
        yield f"  message from {letter.sender}: {_cut(letter.text)}"
    if step.reply is None:
        yield "  no answer of the model yet"
    elif step.reply.text.strip():
        yield "\n".join(f"  {line}" for line in step.reply.text.strip().splitlines())
    for call, result in step.deeds:
        yield f"  {call.name} {_cut(call.raw)}"
        yield f"    {'not ended, or its end is not known' if result is None else _result(result)}"


def _step(number: int, found: dict[str, Entry]) -> Step:
    done = {name: entry for name, entry in found.items() if entry.done}
    letters = done["letters"].result if "letters" in done else []
    answered = done.get("model/shorter") or done.get("model")
    reply = LlmReply.from_json(answered.result) if answered else None
    count = len(reply.tool_calls) if reply else 0
    tools = [done.get(f"tool/{index}") for index in range(count)]
    return Step(
        number=number,
        letters=tuple(Letter.from_json(letter) for letter in (letters if isinstance(letters, list) else [])),
        reply=reply,
        results=tuple(None if entry is None else ToolResult.from_json(entry.result) for entry in tools),
    )


def _result(result: ToolResult) -> str:
    return f"{result.status}: {_cut(result.text)}"


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= SHOWN_CHARACTERS else f"{flat[:SHOWN_CHARACTERS]} […]"
