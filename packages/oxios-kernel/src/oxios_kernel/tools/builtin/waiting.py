"""What the tools that wait for other agents have in common: until when, for which letters, and how an end is told."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from oxios_kernel.domain.exit import Exit
from oxios_kernel.domain.letter import Letter
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.toolset import ToolContext

__all__ = ["INTERRUPTED", "end_of_wait", "exit_line", "is_asked", "last_number"]

SHOWN_CHARACTERS = 4_000
"""How much of another agent's answer is shown."""

INTERRUPTED = "You are asked something yourself, see the question below: answer it first"
"""What an agent is told whose waiting a question ends: two that wait for each other would wait for ever."""


def end_of_wait(context: ToolContext, clock: Clock, seconds: float | None) -> datetime | None:
    """Return when waiting is over, counted from when the model asked for it; `None` for never."""
    return None if seconds is None else (context.asked_at or clock.now()) + timedelta(seconds=seconds)


def is_asked(letters: Sequence[Letter]) -> bool:
    """Tell whether there is a question among the letters that an agent has not read yet."""
    return any(letter.asks for letter in letters)


def last_number(letters: Sequence[Letter], context: ToolContext) -> int:
    """Return the number of the last letter that was looked at."""
    return letters[-1].number if letters else context.letters


def exit_line(exit_: Exit) -> str:
    """Return how an agent ended, or where it is, with what it said."""
    text = exit_.text if len(exit_.text) <= SHOWN_CHARACTERS else f"{exit_.text[:SHOWN_CHARACTERS]} […]"
    reason = f" ({exit_.reason})" if exit_.reason else ""
    return f"{exit_.run_id} {exit_.state}{reason}: {text or exit_.title}"
