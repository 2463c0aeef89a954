"""An answer → text for a terminal.

What models and tools wrote is made harmless first: control characters, and with them every escape sequence, become
visible signs, so that no answer can move the cursor, colour, hide, copy or link anything. A URL is shown as its own
text. Every meaning is a word; colour only repeats it.
"""

from dataclasses import dataclass
from typing import Literal

from oxios_gateway import Outgoing, ReplyMeta, UserFacingError

__all__ = ["Style", "neutralise", "render_answer", "render_error", "render_message", "render_report"]

Colour = Literal["red", "green", "yellow", "dim"]
_SGR: dict[Colour, str] = {"red": "31", "green": "32", "yellow": "33", "dim": "2"}

_REPLACED = "\N{REPLACEMENT CHARACTER}"


def _harmless() -> dict[int, str]:
    signs = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
    signs[0x0D] = ""  # it would write over the line; before \n it says nothing
    signs[0x7F] = "\N{SYMBOL FOR DELETE}"
    c1 = range(0x80, 0xA0)
    surrogates = range(0xD800, 0xE000)  # cannot be encoded
    reordering = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))  # Unicode TR 36: shown text unlike the real one
    separators = (0x2028, 0x2029)
    return signs | dict.fromkeys((*c1, *surrogates, *reordering, *separators), _REPLACED)


_HARMLESS = _harmless()


def neutralise(text: str) -> str:
    """Replace what a terminal would act upon. Works on any piece of a text, so pieces of a stream need no memory."""
    return text.translate(_HARMLESS)


@dataclass(frozen=True, kw_only=True)
class Style:
    """Whether to use colours."""

    colour: bool = False

    def paint(self, text: str, colour: Colour) -> str:
        """Put one of our own words in colour."""
        return f"\x1b[{_SGR[colour]}m{text}\x1b[0m" if self.colour else text


def render_message(message: Outgoing, style: Style | None = None) -> str:
    """Return a whole answer: its text, and below it the report."""
    report = render_report(message, style or Style())
    return "\n\n".join(part for part in (render_answer(message), report) if part)


def render_answer(message: Outgoing) -> str:
    """Return the text of an answer; nothing when that is only the error, which the report tells."""
    error = message.meta.error if message.meta else None
    if error is not None and error.message == message.content:
        return ""
    return neutralise(message.content).strip("\n")


def render_report(message: Outgoing, style: Style, *, brief: bool = False) -> str:
    """Return what is to be known besides the text: questions, verdicts, the error, one line of facts.

    Args:
        message: the answer.
        style: whether to use colours.
        brief: only what must be answered or mended: questions and the error.
    """
    meta = message.meta
    if meta is None:
        return ""
    lines = [*_questions(message.content, meta), *([] if brief else _verdicts(meta, style))]
    if meta.error is not None:
        lines.append(render_error(meta.error, style))
    elif meta.phase != "action" and not brief:
        lines.append(_facts(meta, style))
    return "\n".join(line for line in lines if line)


def render_error(error: UserFacingError, style: Style) -> str:
    """Return an error as a sentence, and below it what can be done."""
    lines = [f"{style.paint('error:', 'red')} {_one_line(error.message)}"]
    if error.suggestion:
        lines.append(f"  {_one_line(error.suggestion)}")
    return "\n".join(lines)


def _questions(content: str, meta: ReplyMeta) -> list[str]:
    """Number the questions the text itself does not ask."""
    asked = [question for question in meta.questions if question not in content]
    return [f"{number}. {_one_line(question)}" for number, question in enumerate(asked, 1)]


_COLOURS: dict[object, Colour] = {"verified": "green", "failed": "red"}


def _verdicts(meta: ReplyMeta, style: Style) -> list[str]:
    lines = []
    for verdict in meta.verdicts:
        status = verdict.get("status", "unverified")
        word = style.paint(f"{_one_line(str(status)):<10}", _COLOURS.get(status, "yellow"))
        evidence = _one_line(str(verdict.get("evidence") or ""))
        lines.append(f"  {word}  {_one_line(str(verdict.get('criterion', '')))}{f' ({evidence})' if evidence else ''}")
    return lines


def _facts(meta: ReplyMeta, style: Style) -> str:
    facts = [meta.phase, meta.space_tag, meta.model, *_usage(meta)]
    if meta.duration_ms is not None:
        facts.append(f"{meta.duration_ms / 1000:.1f} s")
    if meta.session_id:
        facts.append(f"session {meta.session_id}")
    line = style.paint(" · ".join(_one_line(fact) for fact in facts if fact), "dim")
    if meta.evaluation_passed is None:
        return line
    passed = style.paint("passed", "green") if meta.evaluation_passed else style.paint("not passed", "yellow")
    return f"{passed} · {line}"


def _usage(meta: ReplyMeta) -> list[str]:
    usage = meta.usage or {}
    calls, cost = usage.get("model_calls"), usage.get("cost_usd")
    return [
        *([f"{calls} model call{'' if calls == 1 else 's'}"] if calls is not None else []),
        *([f"${cost}"] if cost is not None else []),
    ]


def _one_line(text: str) -> str:
    """The first line, with a sign where more follows."""
    first, *more = neutralise(text).strip().split("\n")
    first = first.replace("\t", " ")
    return f"{first} …" if more else first
