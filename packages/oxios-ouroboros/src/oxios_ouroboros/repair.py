"""One question to the model becomes one parsed reply, or the knowledge that there is none.

The steps: read the reply as JSON (`extract`), validate it, ask once more with the problem named, then give
up so that the caller goes on by rule. Which way it went is recorded in a `Trace`. Called by `protocol` and
`review` for every model call.
"""

import json
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from oxios_ouroboros.errors import CompletionFailed, ReplyUnreadable
from oxios_ouroboros.extract import extract_json
from oxios_ouroboros.instructions import instructions
from oxios_ouroboros.ports import Complete, Prompt, Purpose

__all__ = ["Trace"]

REJECTED_CHARACTERS = 500
"""How much of an unreadable reply is shown back to the model."""
_PROBLEMS_SHOWN = 3

ReplyT = TypeVar("ReplyT", bound=BaseModel)


class Trace(BaseModel):
    """How model replies were read.

    Attributes:
        steps: In order: `strict`, `fenced` or `embedded` for a reply that was read; `rejected: <problem>`
            and `retry` for one that was not; `no answer: <reason>`; `degraded` when rules took over.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    steps: tuple[str, ...] = ()

    @property
    def degraded(self) -> bool:
        """Whether rules had to stand in for the model."""
        return "degraded" in self.steps

    def then(self, later: "Trace") -> "Trace":
        """Return both traces as one."""
        return Trace(steps=self.steps + later.steps)


async def ask(complete: Complete, purpose: Purpose, inputs: str, reply: type[ReplyT]) -> tuple[ReplyT | None, Trace]:
    """Ask the model, and once more if its reply cannot be read.

    Args:
        complete: The model.
        purpose: What the call is for.
        inputs: One JSON object, as text.
        reply: The model that parses the reply.

    Returns:
        The parsed reply, or None when there is no answer or two unreadable ones; and the trace.
    """
    prompt = Prompt(purpose=purpose, system=instructions(purpose), user=inputs)
    first, trace, correction = await _try(complete, prompt, reply)
    if first is not None:
        return first, trace
    if correction is None:
        return None, trace.then(Trace(steps=("degraded",)))
    second, later, _ = await _try(complete, correction, reply)
    trace = trace.then(Trace(steps=("retry",))).then(later)
    return second, trace if second is not None else trace.then(Trace(steps=("degraded",)))


async def _try(complete: Complete, prompt: Prompt, reply: type[ReplyT]) -> tuple[ReplyT | None, Trace, Prompt | None]:
    """Ask once; return the reply, the step taken, and the corrective prompt when a reply was unreadable."""
    try:
        text = await complete(prompt)
    except CompletionFailed as error:
        return None, Trace(steps=(f"no answer: {error}",)), None
    try:
        value, how = extract_json(text)
        return reply.model_validate(value), Trace(steps=(how,)), None
    except ReplyUnreadable as error:
        problem = str(error)
    except ValidationError as error:
        problem = _in_words(error)
    return None, Trace(steps=(f"rejected: {problem}",)), _corrected(prompt, text, problem)


def _corrected(prompt: Prompt, rejected: str, problem: str) -> Prompt:
    inputs = json.loads(prompt.user) | {"rejected": rejected[:REJECTED_CHARACTERS], "problem": problem}
    user = json.dumps(inputs, ensure_ascii=False)
    return Prompt(purpose=prompt.purpose, system=prompt.system, user=user, correction=1)


def _in_words(error: ValidationError) -> str:
    """Name the first wrong places, as the model would find them in its own JSON."""
    places = [
        f"{'.'.join(map(str, item['loc'])) or 'reply'}: {item['msg']}"
        for item in error.errors(include_url=False, include_context=False, include_input=False)
    ]
    more = f"; and {len(places) - _PROBLEMS_SHOWN} more" if len(places) > _PROBLEMS_SHOWN else ""
    return "; ".join(places[:_PROBLEMS_SHOWN]) + more
