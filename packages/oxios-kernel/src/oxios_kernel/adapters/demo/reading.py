"""A request in plain English, read as a `Wish`; what fits none of the shapes is `None`.

Quoted parts are taken out first and stand as one word while the shapes are tried, so names and texts in any language,
with blanks or line breaks, survive as they are. A shape must fit the whole request: half understood is not understood.
"""

import re
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from oxios_kernel.adapters.demo.scope import HELD, WORD, read_files, read_path
from oxios_kernel.adapters.demo.wish import Action, Wish

__all__ = ["is_greeting", "read_wish"]

_QUOTED = re.compile(r"\"([^\"]*)\"|“([^”]*)”|«([^»]*)»|`([^`]*)`|(?<!\w)'([^']*)'(?!\w)", re.DOTALL)
_HELD = re.compile("\ue000(\\d+)\ue001")
_POLITE = re.compile(r"^(?:please|kindly|(?:can|could|would) you|i want you to|i would like you to|now)[\s,]+", re.I)
_CLOSING = re.compile(r"(?<=[\w\ue001])[.!?]+$|[\s!?]+$")
"""What ends a sentence; a `.` of its own is a folder."""

_NAMED = r"(?:(?:a|the) )?(?:new )?(?:text )?(?:file )?(?:(?:called|named) )?"
_WITH = r"(?:with|that says|that contains|containing|saying)"
_RESULT = r"(?:it|them|this|that|(?:the|this|that|its|their) (?:\w+ )?\w+)"
_OUTPUT = re.compile(
    rf",?(?: and| then| and then)? (?:write|save|put|store) {_RESULT}(?: down)?"
    rf"(?: (?:in|into|to) {_NAMED}(?P<output>{WORD})?)?$",
    re.I,
)
_INTO = re.compile(
    rf"^(?:write|save|put|store) (?P<what>the (?:number|names?|list|sum|total|summary) .+)"
    rf" (?:in|into|to) {_NAMED}(?P<output>{WORD})$",
    re.I,
)
_FILE_NAME = rf"(?:[^\s,;]*\.\w+|{HELD})"
_THING = re.compile(
    r"(?:it|them|this|that|something|code|tests?|docs|documentation|notes?|text|results?|summary|report|list|poem|story"
    r"|essay|letter|readme)",
    re.I,
)
"""Words that stand for something to be made, and are not to be written down themselves."""

_PLACES = r"(?:lines|places|occurrences|mentions) (?:of|with|containing|that contain)"
_GREETING = re.compile(
    r"^(?:hi|hello|hey|good (?:morning|afternoon|evening|day)|thanks|thank you|bye|goodbye|help|how are you"
    r"|who are you|what are you|what can (?:you|it) do|what do you do|안녕|안녕하세요|고마워요?|감사합니다|반가워요?)"
    r"(?: there| oxios| everyone)?[\s.!?~]*$",
    re.I,
)


def is_greeting(request: str) -> bool:
    """Tell whether a request is nothing but a greeting, thanks or a question about the model itself."""
    return _GREETING.match(request.strip()) is not None


def read_wish(request: str) -> Wish | None:
    """Return what is asked for, `None` when it is none of the shapes."""
    held: list[str] = []

    def hold(match: re.Match[str]) -> str:
        held.append(next(part for part in match.groups() if part is not None))
        return f"\ue000{len(held) - 1}\ue001"

    text = " ".join(_QUOTED.sub(hold, request).split())
    text = _CLOSING.sub("", _POLITE.sub("", _POLITE.sub("", text)))
    wish = _read_into(text) or _read_output(text) or _read_shape(text)
    return wish and _with_held(wish, held)


def _read_into(text: str) -> Wish | None:
    """`Write the number of Python files to count.txt`."""
    match = _INTO.match(text)
    wish = _read_shape(match["what"]) if match else None
    return replace(wish, output=match["output"]) if match and wish else None


def _read_output(text: str) -> Wish | None:
    """`…, and write it to count.txt`; the name may be missing."""
    match = _OUTPUT.search(text)
    wish = _read_shape(text[: match.start()]) if match else None
    return replace(wish, output=match["output"]) if match and wish else None


def _read_shape(text: str) -> Wish | None:
    for verb, read in _SHAPES:
        match = verb.match(text)
        wish = read(text[match.end() :].strip()) if match else None
        if wish is not None:
            return wish
    return None


def _read_count(rest: str) -> Wish | None:
    match = re.match(
        rf"(?:all )?(?:the )?(lines|words)(?: are)?(?: there)?(?: (?:in|of) (.+)| does ({WORD}) have)?$", rest, re.I
    )
    if match:
        return Wish(action=Action.COUNT, unit=match[1].lower(), path=read_path(match[2] or match[3] or ""))
    return read_files(Action.COUNT, rest)


def _read_list(rest: str) -> Wish | None:
    return read_files(Action.LIST, rest)


def _read_name(rest: str) -> Wish | None:
    name = re.match(rf"([^\s,;]*\.[^\s,;]+|{HELD})(?: in (.+))?$", rest)
    path = read_path(name[2] or ".") if name else None
    return Wish(action=Action.LIST, pattern=name[1], path=path) if name and path else None


def _read_search(rest: str) -> Wish | None:
    rest = re.sub(r"^(?:for )?(?:the )?(?:(?:text|word) )?", "", rest, flags=re.I)
    swapped = re.match(rf"(?:in )?(.+) for (?:the (?:text|word) )?({WORD})$", rest, re.I)
    if swapped:
        text, where = swapped[2], swapped[1]
    else:
        text, _, where = rest.partition(" in ")
    if " " in text:
        return None
    scope = read_files(Action.SEARCH, where if "file" in where else f"files in {where or '.'}")
    return scope and replace(scope, text=text or None)


def _read_containing(rest: str) -> Wish | None:
    match = re.match(
        rf"(.*?\bfiles?)((?: in {WORD})?) (?:that )?(?:contains?|containing|mention|with) ({WORD})((?: in .+)?)$",
        rest,
        re.I,
    )
    scope = read_files(Action.SEARCH, match[1] + match[2] + match[4]) if match else None
    return replace(scope, text=match[3]) if match and scope else None


def _read_total(rest: str) -> Wish | None:
    match = re.match(
        r"(?:the )?(?:values (?:of|in) (?:the )?)?"
        rf"(?:column ({WORD})|(?!column\b|file\b)({WORD})(?: column| values)?|column)(?: (?:in|of|from) (.+))?$",
        rest,
        re.I,
    )
    if match is None:
        return None
    path = read_path(match[3]) if match[3] else None
    return Wish(action=Action.TOTAL, column=match[1] or match[2], path=path) if path or not match[3] else None


def _read_summary(rest: str) -> Wish | None:
    if re.match(r"(?:(?:the|a|this|that) )?(?:file|text)?$", rest, re.I):
        return Wish(action=Action.SUMMARISE, path=None)
    path = read_path(rest)
    looks_like_a_file = path is not None and (path.isupper() or re.search(rf"[./]|{HELD}", path))
    return Wish(action=Action.SUMMARISE, path=path) if looks_like_a_file else None


def _read_write(rest: str) -> Wish | None:
    bare = re.match(rf"(?:the word )?([\w'’-]+) (?:in|into|to) {_NAMED}({_FILE_NAME})$", rest, re.I)
    if bare and not _THING.fullmatch(bare[1]):
        return Wish(action=Action.WRITE, text=bare[1], output=bare[2])
    match = re.match(
        rf"(?:the )?(?:(?:text|words?|sentence|line) )?({HELD})(?: (?:in|into|to) {_NAMED}({WORD})?)?$", rest, re.I
    )
    return Wish(action=Action.WRITE, text=match[1], output=match[2]) if match else None


def _read_create(rest: str) -> Wish | None:
    match = re.match(
        rf"(?:(?:a|the) )?(?:new )?(?:text )?(?:file(?: (?:called|named))?(?: ((?!{_WITH}\b){WORD}))?|({WORD}\.\w+))"
        rf"(?: {_WITH}(?: (?:the )?(?:text|contents?|words?|line))?(?: ({HELD}))?)?$",
        rest,
        re.I,
    )
    return Wish(action=Action.WRITE, output=match[1] or match[2], text=match[3]) if match else None


def _verb(words: str) -> re.Pattern[str]:
    return re.compile(rf"^(?:{words})(?= |$)", re.I)


_SHAPES: tuple[tuple[re.Pattern[str], Callable[[str], Wish | None]], ...] = (
    (_verb("count|how many|(?:what is |what's )?the number of|number of"), _read_count),
    (_verb("which|what|find|list|show|search"), _read_containing),
    (_verb("search|grep|look"), _read_search),
    (_verb(f"(?:find|show|list)(?: me)?(?: all)?(?: the)? {_PLACES}"), _read_search),
    (_verb("list|show(?: me)?|find|locate|which|what|the (?:names?|list) of"), _read_list),
    (_verb("find|locate|where is"), _read_name),
    (
        _verb("add up|(?:extract and )?(?:sum|total)(?: up)?|(?:what is |what's |compute )?the (?:sum|total) of"),
        _read_total,
    ),
    (_verb("summari[sz]e|(?:give me |make |write )?(?:a |the )summary of"), _read_summary),
    (_verb("write|save|put|store"), _read_write),
    (_verb("write|create|make"), _read_create),
)
"""Verbs and what reads the rest, in the order in which they are tried."""


def _with_held(wish: Wish, held: list[str]) -> Wish:
    """Put the quoted parts back."""
    parts = {field.name: getattr(wish, field.name) for field in fields(wish) if field.name != "action"}
    whole: dict[str, Any] = {
        name: _HELD.sub(lambda match: held[int(match[1])], part) for name, part in parts.items() if part is not None
    }
    return replace(wish, **whole)
