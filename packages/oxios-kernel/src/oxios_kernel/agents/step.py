"""The agent's next step, decided from its transcript alone: no I/O, no clock, no chance. `agents/loop.py` does what
this says and asks again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from oxios_kernel.agents.transcript import Transcript
from oxios_kernel.domain.tool import Repeat, ToolCall, ToolSpec
from oxios_kernel.domain.transcript import AssistantMessage

__all__ = ["Action", "AskModel", "CallTools", "Compact", "Ending", "Finish", "Limits", "next_step", "repeats"]

LONGEST_CYCLE = 3
"""How many rounds of calls a repeated cycle may have and still be noticed."""

Ending = Literal["answered", "step_limit", "loop", "empty"]
"""How an agent's work ended by itself."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Where an agent is stopped.

    Attributes:
        max_steps: model answers.
        loop_repeats: how often the same calls with the same results may follow one another.
        max_calls: tool calls in one answer; those beyond it are refused.
        compact_at_characters: from which length on a transcript is made shorter.
    """

    max_steps: int = 50
    loop_repeats: int = 4
    max_calls: int = 64
    compact_at_characters: int = 240_000


@dataclass(frozen=True, kw_only=True)
class AskModel:
    """Ask the model; `step` counts its answers from 1."""

    step: int


@dataclass(frozen=True, kw_only=True)
class CallTools:
    """Carry out the calls of an answer, side by side when `together`, else in order; refuse those in `surplus`."""

    step: int
    calls: Sequence[ToolCall]
    surplus: Sequence[ToolCall]
    together: bool


@dataclass(frozen=True, kw_only=True)
class Compact:
    """Make the transcript shorter before the model's next answer."""

    step: int


@dataclass(frozen=True, kw_only=True)
class Finish:
    """Stop; `text` is the answer, or a sentence that says why there is none."""

    ending: Ending
    text: str


Action = AskModel | CallTools | Compact | Finish
"""What an agent does next."""


def next_step(transcript: Transcript, specs: Mapping[str, ToolSpec], limits: Limits) -> Action:
    """Return what to do next.

    Args:
        transcript: opened with at least one message.
        specs: the tools on offer, by name.
        limits: where to stop.
    """
    last = transcript.last
    if isinstance(last, AssistantMessage):
        return _after_answer(last, transcript.steps, specs, limits)
    if transcript.steps >= limits.max_steps:
        return Finish(
            ending="step_limit", text=f"Stopped after {transcript.steps} steps without an answer (agents.max_steps)."
        )
    if (cycle := repeats(transcript.rounds, limits.loop_repeats)) is not None:
        return Finish(ending="loop", text=_loop_sentence(cycle, limits.loop_repeats))
    if transcript.characters > limits.compact_at_characters and transcript.compacted_at != transcript.steps:
        return Compact(step=transcript.steps + 1)
    return AskModel(step=transcript.steps + 1)


def repeats(rounds: Sequence[object], times: int) -> Sequence[object] | None:
    """Return the shortest cycle of up to three rounds that ends the sequence `times` times over, else `None`."""
    for length in range(1, LONGEST_CYCLE + 1):
        cycle = rounds[-length:]
        if len(rounds) >= length * times and list(cycle) * times == list(rounds[-length * times :]):
            return cycle
    return None


def _after_answer(answer: AssistantMessage, step: int, specs: Mapping[str, ToolSpec], limits: Limits) -> Action:
    if not answer.tool_calls:
        if answer.text.strip():
            return Finish(ending="answered", text=answer.text)
        return Finish(ending="empty", text="The model gave an empty answer.")
    calls, surplus = answer.tool_calls[: limits.max_calls], answer.tool_calls[limits.max_calls :]
    together = all(call.name not in specs or specs[call.name].repeat is Repeat.PURE for call in calls)
    return CallTools(step=step, calls=calls, surplus=surplus, together=together)


def _loop_sentence(cycle: Sequence[object], times: int) -> str:
    names = ", ".join(call[0].split(" ", 1)[0] for round_ in cycle if isinstance(round_, tuple) for call in round_)
    return f"Stopped: the same calls ({names}) gave the same results {times} times in a row (agents.loop_repeats)."
