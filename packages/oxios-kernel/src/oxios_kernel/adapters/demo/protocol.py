"""The specification protocol's prompts answered by rule: its JSON object in, the reply's JSON object out.

The shapes are those that `oxios_ouroboros.prompts` documents; a test parses every reply with it. What is not a wish of
the demo model is answered as conversation, so that no task is pretended.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from oxios_kernel.adapters.demo.answers import read_answer
from oxios_kernel.adapters.demo.contract import COUNTED_IN, DRAWN_FROM, contract_of
from oxios_kernel.adapters.demo.phrases import DECLINE, GREETING, stay_inside
from oxios_kernel.adapters.demo.reading import is_greeting, read_wish
from oxios_kernel.adapters.demo.wish import Slot, Wish
from oxios_kernel.domain.fact import JsonObject

__all__ = ["answer_prompt", "purpose_of"]

_MARK = re.compile(r"oxios-ouroboros/(\w+)/1\s")
_CLEAR: JsonObject = {"goal": 1.0, "constraints": 1.0, "success": 1.0}
_VAGUE: JsonObject = {"goal": 0.4, "constraints": 0.9, "success": 0.9}
_DEFAULTS = {Slot.OUTPUT: "result.txt", Slot.PATTERN: "*"}
"""What is taken when the person leaves a question open."""


def purpose_of(system: str) -> str | None:
    """Return the purpose that a system prompt's first line names, `None` when it is not the protocol's."""
    match = _MARK.match(f"{system}\n")
    return match[1] if match and match[1] in _ANSWERS else None


def answer_prompt(purpose: str, inputs: Mapping[str, Any]) -> JsonObject:
    """Return the reply to one prompt of the protocol."""
    return _ANSWERS[purpose](inputs)


def _assess(inputs: Mapping[str, Any]) -> JsonObject:
    request = str(inputs.get("request", ""))
    wish = read_wish(request)
    if wish is None:
        return {"kind": "chat", "reply": GREETING if is_greeting(request) else DECLINE}
    if wish.outside:
        return {"kind": "chat", "reply": stay_inside(wish.outside)}
    return _task(wish) if not wish.missing else _questions(wish)


def _interview(inputs: Mapping[str, Any]) -> JsonObject:
    wish = _answered(inputs)
    if wish is None:
        return _task(None, goal=str(inputs.get("request", "")))
    return _task(wish) if not wish.missing else _questions(wish)


def _crystallize(inputs: Mapping[str, Any]) -> JsonObject:
    wish = _answered(inputs)
    missing = wish.missing if wish else ()
    contract = _task(None if missing else wish, goal=str(inputs.get("request", "")))
    return {**contract, "open_points": [slot.value for slot in missing]}


def _task(wish: Wish | None, goal: str = "") -> JsonObject:
    contract: JsonObject = {"goal": goal} if wish is None else contract_of(wish)
    return {"kind": "task", "complexity": "trivial", "clarity": _CLEAR, **contract}


def _questions(wish: Wish) -> JsonObject:
    return {"kind": "unclear", "clarity": _VAGUE, "questions": [slot.value for slot in wish.missing]}


def _answered(inputs: Mapping[str, Any]) -> Wish | None:
    """Return the wish of the first request with the parts that were named since."""
    wish = read_wish(str(inputs.get("request", "")))
    answers = {entry["question"]: entry.get("answer", "") for entry in inputs.get("answers", ())}
    for slot in wish.missing if wish else ():
        if wish is not None and slot.value in answers:
            value = read_answer(slot, answers[slot.value]) or _DEFAULTS.get(slot)
            more = wish.filled(slot, value) if value else wish
            wish = wish if more.outside else more
    return wish


def _review(inputs: Mapping[str, Any]) -> JsonObject:
    seen = _succeeded(str(inputs.get("evidence", "")))
    output = str(inputs.get("output", ""))
    verdicts = [
        {"criterion": criterion["number"], **_judge(str(criterion["statement"]), output, seen)}
        for criterion in inputs.get("criteria", ())
    ]
    return {"verdicts": list(verdicts), "uncertainty": 0.0}


def _judge(statement: str, output: str, seen: str) -> JsonObject:
    """Judge one of the demo model's own statements; it says of no other that it holds."""
    named = next(
        (statement.removeprefix(mark) for mark in (COUNTED_IN, DRAWN_FROM) if statement.startswith(mark)), None
    )
    if named is None:
        return {"status": "unverified", "evidence": "the demo model judges only what it specified itself"}
    if _bare(named) not in seen:
        return {"status": "unverified", "evidence": f"no tool record shows {named}"}
    figures = re.findall(r"\d+", output)
    if statement.startswith(COUNTED_IN) and not any(re.search(rf"(?<!\d){figure}(?!\d)", seen) for figure in figures):
        return {"status": "failed", "evidence": f"no tool showed a number that the answer gives: {output[:200]!r}"}
    return {"status": "verified", "evidence": f"the tool records show {named}"}


def _succeeded(evidence: str) -> str:
    """The records of the calls that went well, bare."""
    calls = re.split(r"\n\n(?=\w+ \{)", evidence)
    return _bare("\n".join(call for call in calls if "\n-> ok:" in call and not re.search(r"\[exit status [^0]", call)))


def _bare(text: str) -> str:
    """A text without what quoting and JSON add to it."""
    return re.sub(r"[\\\"'\s]+", " ", text)


def _evolve(inputs: Mapping[str, Any]) -> JsonObject:
    """Ask for what was not reached, once: a model that works by rules would do the same again."""
    if inputs.get("generation", 0) > 0:
        return {"failure": "impossible", "reason": "the demo model would do exactly the same again"}
    missed = [str(entry["criterion"]) for entry in inputs.get("verdicts", ()) if entry["status"] != "verified"]
    return {"failure": "execution", "add_constraints": list(missed), "reason": "these criteria were not met"}


_ANSWERS: dict[str, Callable[[Mapping[str, Any]], JsonObject]] = {
    "assess": _assess,
    "interview": _interview,
    "crystallize": _crystallize,
    "evaluate": _review,
    "vote": _review,
    "evolve": _evolve,
}
