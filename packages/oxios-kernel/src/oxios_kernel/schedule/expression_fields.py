"""Splits a cron expression into its fields and says, of a bad one, which field is wrong and what would be right."""

import re

from croniter import croniter  # type: ignore[import-untyped]  # it has no types

from oxios_kernel.errors import InputError

__all__ = ["fields_of"]

NAMED = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}

KINDS = {
    "second": "0–59, such as `*/10`",
    "minute": "0–59, such as `30` or `*/5`",
    "hour": "0–23, such as `9` or `9-17`",
    "day of the month": "1–31, such as `1`, `15` or `L` for the last",
    "month": "1–12 or JAN–DEC, such as `*` or `1-6`",
    "day of the week": "0–7 or SUN–SAT, such as `MON-FRI`",
    "year": "1970–2099, such as `2030`",
}
"""The fields in their order, each with what it may be."""

EXAMPLE = (
    "Five fields, such as `30 9 * * MON-FRI`: minute, hour, day of the month, month, day of the week; with seconds "
    "before them, six; or one of " + ", ".join(NAMED) + "."
)

LONGEST = 200
"""Characters of an expression; the longest useful ones have a third of it."""

RANDOM = re.compile(r"[hr](\(.*)?(/.*)?", re.IGNORECASE)
"""croniter draws lots for `R` and hashes `H`; a slot must be the same whoever reckons it."""


def fields_of(expression: str) -> list[str]:
    """Return the fields of an expression: five; six with seconds first; seven with years last.

    Raises:
        InputError: it cannot be read; the message names the field.
    """
    text = expression.strip()
    fields = NAMED.get(text.lower(), text).split()
    if not 5 <= len(fields) <= 7 or len(text) > LONGEST:
        came = repr(expression if len(expression) <= LONGEST else expression[:LONGEST] + "…")
        raise InputError(f"`schedule` is to be a cron expression of five or six fields, but came {came}.", hint=EXAMPLE)
    if not _readable(fields):
        kinds = list(KINDS)[0 if len(fields) > 5 else 1 :]
        kind, field = next(pair for pair in zip(kinds, fields, strict=False) if not _readable_alone(*pair))
        raise InputError(f"The {kind} of `schedule` is to be {KINDS[kind]}, but came {field!r}.", hint=EXAMPLE)
    return fields


def _readable(fields: list[str]) -> bool:
    text = " ".join(fields)
    drawn = any(RANDOM.fullmatch(field) for field in fields)
    return text.isascii() and not drawn and bool(croniter.is_valid(text, second_at_beginning=True))


def _readable_alone(kind: str, field: str) -> bool:
    fields = dict.fromkeys(KINDS, "*") | {kind: field}
    return _readable(list(fields.values()))
