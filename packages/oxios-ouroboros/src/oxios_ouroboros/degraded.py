"""What the protocol does when no model answers: few, plain rules about words.

They stand in for the assessment and the interview only. They never judge work: without a reviewer a judged
criterion stays unverified (`review`). Rules look at whole words at the start of a sentence, so "restart" is
no order to start and "how do I create …?" no order to create. Called by `protocol`.
"""

import re

from oxios_ouroboros.interview import Clarity, Interview
from oxios_ouroboros.prompts import AssessReply, CrystallizeReply
from oxios_ouroboros.text import words

__all__: list[str] = []


def _set(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_VERBS = _set(
    "add analyse analyze build change check clean compare compile compute convert copy count create debug "
    "delete deploy describe design document download edit execute extract find fix format generate "
    "implement improve install list make merge migrate move optimise optimize organise organize prepare "
    "read refactor remove rename replace report review rewrite run search set setup show sort start stop "
    "summarise summarize test translate update upgrade write"
)
_POLITE = _set("please kindly can could would will you now then also just first next let's lets")
_EMPTY = _set("a an the it its this that these those them something anything everything stuff thing things")
_TECHNOLOGY = _set("bash css csv docker golang html java javascript json linux python react rust sql typescript yaml")
_KOREAN_ORDERS = ("줘", "줘요", "주세요", "하세요", "하십시오", "해라", "바랍니다")
_KOREAN_GREETINGS = ("안녕하세요", "감사하세요")
_SENTENCE_END = re.compile(r"[.!?;:,]+(?:\s+|\Z)|\n+")
_QUOTED = re.compile(r"\"[^\"\n]+\"|`[^`\n]+`|“[^”\n]+”|(?<!\w)'[^'\n]+'(?!\w)")
_PATH = re.compile(r"(?<![\w/])[\w.~-]*/[\w./-]+|\b[\w-]+\.[A-Za-z]\w{0,4}\b")

_NO_MODEL = "The model did not answer, so I cannot reply right now. Please try again, or choose another model."
_QUESTION = "What exactly should be done, and to which file or thing?"


def assess_by_rule(request: str) -> AssessReply:
    """Read a request without a model.

    Returns:
        A task when a sentence begins with an order that names what it is about; unclear when it names
        nothing; else a conversation, with a reply that says that the model did not answer.
    """
    objects = [found for sentence in _SENTENCE_END.split(request) if (found := _ordered(sentence)) is not None]
    specific = bool(_QUOTED.search(request) or _PATH.search(request) or _TECHNOLOGY & set(words(request)))
    clarity = Clarity(goal=0.5 if objects else 0.2, constraints=0.5 if specific else 0.2, success=0.2)
    if not objects:
        return AssessReply(kind="chat", reply=_NO_MODEL, clarity=clarity)
    if specific or any(objects):
        return AssessReply(kind="task", clarity=clarity)
    return AssessReply(kind="unclear", clarity=clarity, questions=(_QUESTION,))


def conclude_by_rule(interview: Interview) -> CrystallizeReply:
    """Take an interview as it stands: the answers become constraints, what is open is stated by the
    caller."""
    answered = (exchange for exchange in interview.exchanges if exchange.answer)
    said = tuple(f"Asked “{exchange.question}”, the person answered: {exchange.answer}" for exchange in answered)
    return CrystallizeReply(constraints=said, clarity=interview.clarity)


def _ordered(sentence: str) -> tuple[str, ...] | None:
    """Return the words an order is about, maybe none; None when the sentence gives no order."""
    said = words(sentence)
    while said and said[0] in _POLITE:
        said = said[1:]
    if not said:
        return None
    if said[0] in _VERBS:
        rest = said[1:]
    elif said[-1].endswith(_KOREAN_ORDERS) and said[-1] not in _KOREAN_GREETINGS:
        rest = said[:-1]
    else:
        return None
    return tuple(word for word in rest if word not in _EMPTY)
