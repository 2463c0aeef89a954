"""A person's answer to a question about a missing part, read as that part's value."""

import re

from oxios_kernel.adapters.demo.scope import read_pattern
from oxios_kernel.adapters.demo.wish import Slot

__all__ = ["read_answer"]

_QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”|`([^`]+)`|'([^']+)'")
_FILLER = re.compile(r"^(?:the|in|to|into|a|file|column|called|named|please|it is|it's)\s+", re.IGNORECASE)


def read_answer(slot: Slot, answer: str) -> str | None:
    """Return the value that an answer names, `None` when it names none."""
    answer = answer.strip()
    quoted = _QUOTED.search(answer)
    if quoted:
        return next(part for part in quoted.groups() if part)
    if slot is Slot.TEXT:
        return answer or None
    plain = _without_filler(answer.rstrip(".!"))
    if slot is Slot.PATTERN:
        return read_pattern(re.sub(r"\s*files?$", "", plain, flags=re.IGNORECASE))
    if slot is Slot.COLUMN:
        return re.sub(r"\s*column$", "", plain, flags=re.IGNORECASE) or None
    words = plain.split()
    named = [word.rstrip(",;") for word in words if re.search(r"[./]\w", word)]
    return named[0] if named else (plain if len(words) == 1 else None)


def _without_filler(text: str) -> str:
    shorter = _FILLER.sub("", text)
    return shorter if shorter == text else _without_filler(shorter)
