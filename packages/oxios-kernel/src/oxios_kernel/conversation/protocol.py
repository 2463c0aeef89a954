"""The protocol's questions to a model as recorded effects of a turn, and what they cost.

A provider that does not answer stops the turn before the work has begun (it can go on later), and degrades the
judgement once the work is done: no work is lost because a judge is away.
"""

from collections import Counter

from oxios_ouroboros import CompletionFailed, Prompt, Purpose

from oxios_kernel.agents import Effects, Slot
from oxios_kernel.domain.event import About, ModelAnswered
from oxios_kernel.domain.fact import Json, JsonObject
from oxios_kernel.domain.spend import Usage
from oxios_kernel.domain.tool import Repeat
from oxios_kernel.domain.transcript import SystemMessage, UserMessage
from oxios_kernel.errors import ContentRefused, ContextTooLong, ModelError, ModelMalformed
from oxios_kernel.events import Bus
from oxios_kernel.ports.llm import Llm, LlmReply, LlmRequest

__all__ = ["RecordedModel"]

BEFORE_WORK = frozenset({Purpose.ASSESS, Purpose.INTERVIEW, Purpose.CRYSTALLIZE})
"""The purposes for which a provider that is away stops the turn."""

TEMPERATURE = 0.1
"""Low, so that the same request is understood the same way."""


class RecordedModel:
    """Answers the protocol's prompts for one turn; an `oxios_ouroboros.Complete`.

    Attributes:
        usage: what the answers cost so far, those before an interruption included.
        model: the model that answered last.
    """

    def __init__(self, llm: Llm, effects: Effects, *, model: str, about: About, slot: Slot, bus: Bus) -> None:
        self._llm = llm
        self._effects = effects
        self._about = about
        self._slot = slot
        self._bus = bus
        self._asked: Counter[str] = Counter()
        self._wanted = model
        self.model = model
        self.usage = Usage()

    async def __call__(self, prompt: Prompt, /) -> str:
        """Return the model's answer.

        Raises:
            CompletionFailed: the model did not answer, and the protocol can do without.
            ModelError: the model did not answer, and there is nothing to go on with.
        """
        self._asked[prompt.purpose] += 1
        key = f"protocol/{prompt.purpose}/{self._asked[prompt.purpose]}"
        try:
            reply = await self._recorded(key, prompt)
        except (ModelMalformed, ContentRefused, ContextTooLong) as error:
            raise CompletionFailed(error.message) from error
        except ModelError as error:
            if prompt.purpose in BEFORE_WORK:
                raise
            raise CompletionFailed(error.message) from error
        self.usage += reply.usage
        self.model = reply.model
        return reply.text

    async def _recorded(self, key: str, prompt: Prompt) -> LlmReply:
        request = LlmRequest(
            model=self._wanted,
            messages=(SystemMessage(text=prompt.system), UserMessage(text=prompt.user)),
            json_only=True,
            temperature=TEMPERATURE,
            key=f"{self._effects.lease.run_id}/{key}",
        )
        # Not the model: a turn that is resumed with another one keeps the answers of the one before.
        asked: JsonObject = {"system": prompt.system, "user": prompt.user}

        async def act() -> Json:
            async with self._slot():
                reply = await self._llm.complete(request)
            self._bus.publish(ModelAnswered(**self._about, model=reply.model, usage=reply.usage))
            return reply.to_json()

        return LlmReply.from_json(await self._effects.do(key, asked, act, Repeat.IDEMPOTENT, intend=True))
