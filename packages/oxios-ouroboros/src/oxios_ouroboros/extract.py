"""A model's reply text becomes one JSON value: read as it stands, out of a fence, or out of the prose
around it.

Pure and without a model: `repair` asks again when this module gives up, `check` reads an answer's own JSON
with it. A reply that holds two objects is an error, not a choice: which of them was meant cannot be known.
"""

import json
import re

from oxios_ouroboros.errors import ReplyUnreadable

__all__ = ["extract_json"]

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>", re.DOTALL)
_FENCE = re.compile(r"```[ \t]*(?:[A-Za-z0-9_+.-]+(?=[\s{\[]))?(.*?)(?:```|\Z)", re.DOTALL)
_START = re.compile(r"[{\[]")
_STARTS_TRIED = 200
"""Opening brackets tried in prose before giving up, so that a wall of brackets costs linear time."""


def extract_json(text: str) -> tuple[object, str]:
    """Find the one JSON object or array of a reply.

    Args:
        text: The reply. A leading `<think>…</think>` block is skipped.

    Returns:
        The value, and how it was found: `"strict"`, `"fenced"` (closed or not, on one line or several) or
        `"embedded"`.

    Raises:
        ReplyUnreadable: when the reply is empty, holds no complete object or array, or holds several objects.
    """
    body = _THOUGHT.sub("", text.removeprefix("\ufeff"), count=1).strip()
    if not body:
        raise ReplyUnreadable("expected one JSON object, got an empty reply")
    value, how = _found(body)
    if not _is_writable(value):
        raise ReplyUnreadable(r"expected whole characters, got a \u escape that is half of one; write it out")
    return value, how


def _found(body: str) -> tuple[object, str]:
    as_it_stands = _structures(body)
    if as_it_stands:
        return as_it_stands[0], "strict"
    fenced = [value for block in _FENCE.findall(body) for value in _structures(block.strip())]
    if len(fenced) == 1:
        return fenced[0], "fenced"
    return _only(fenced or _embedded(body)), "embedded"


def _is_writable(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except (UnicodeEncodeError, RecursionError):
        return False
    return True


def _structures(text: str) -> list[object]:
    """Return the text's value in a list when all of it is one JSON object or array, else nothing."""
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return []
    return [value] if isinstance(value, dict | list) else []


def _embedded(text: str) -> list[object]:
    """Return the complete objects and arrays that stand in prose, outermost only."""
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    found: list[object] = []
    start = _START.search(text)
    for _ in range(_STARTS_TRIED):
        if start is None:
            break
        try:
            value, end = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            end = start.end()
        else:
            found.append(value)
        start = _START.search(text, end)
    return found


def _only(values: list[object]) -> object:
    """Return the one object, or the one array when there is no object."""
    objects = [value for value in values if isinstance(value, dict)]
    if len(objects) > 1:
        raise ReplyUnreadable(f"expected one JSON object, got {len(objects)}; send only the one that is meant")
    if objects:
        return objects[0]
    if len(values) == 1:
        return values[0]
    raise ReplyUnreadable("expected one complete JSON object, found none; send JSON and no text around it")


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
