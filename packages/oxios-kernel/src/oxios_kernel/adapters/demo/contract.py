"""A complete wish as a specification: the goal and the criteria, each with a check that needs nobody's word."""

from oxios_kernel.adapters.demo.commands import check_command
from oxios_kernel.adapters.demo.wish import Action, Wish
from oxios_kernel.domain.fact import JsonObject

__all__ = ["COUNTED_IN", "DRAWN_FROM", "contract_of"]

COUNTED_IN = "The answer gives the number that a tool counted in: "
"""Begins a judged criterion of the demo model; the rest is a path."""

DRAWN_FROM = "The answer is drawn from what a tool showed of: "
"""Begins a judged criterion of the demo model; the rest is a path."""


def contract_of(wish: Wish) -> JsonObject:
    """Return goal and criteria of a wish, in the form of the specification protocol."""
    return {"goal": wish.sentence(), "criteria": [_criterion(wish)]}


def _criterion(wish: Wish) -> JsonObject:
    output = wish.output or ""
    if wish.action is Action.WRITE:
        check: JsonObject = {"kind": "file", "path": output, "equals": wish.text}
        return {"text": f"{output} holds exactly the given text", "check": check}
    if output:
        check = {"kind": "command", "command": check_command(wish), "timeout_seconds": 60}
        return {"text": f"{output} holds the right result", "check": check}
    if wish.action is Action.COUNT:
        return _judged("The answer gives the right number", COUNTED_IN + (wish.path or "."))
    return _judged("The answer reports what is really there", DRAWN_FROM + (wish.path or "."))


def _judged(text: str, statement: str) -> JsonObject:
    return {"text": text, "check": {"kind": "judged", "statement": statement, "subject": "answer"}}
