"""A model that answers from a script, and a way to run the protocol without an event loop, for tests.

It keeps the prompts it was asked, so a test can see what was sent and that nothing else was. Typed by the
same port as a real model (`ports.Complete`).
"""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from oxios_ouroboros.ports import Prompt

__all__ = ["ScriptedComplete", "finish"]

ResultT = TypeVar("ResultT")


class ScriptedComplete:
    """A `Complete` that gives its answers in order, or by a function of the prompt; an exception among them
    is raised."""

    def __init__(self, answers: Sequence[str | Exception] | Callable[[Prompt], str | Exception] = ()) -> None:
        self._answers = answers
        self.prompts: list[Prompt] = []

    async def __call__(self, prompt: Prompt, /) -> str:
        """Return the next answer.

        Raises:
            AssertionError: when the script has no answer left.
        """
        self.prompts.append(prompt)
        answer = self._answers(prompt) if callable(self._answers) else self._next(prompt)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def _next(self, prompt: Prompt) -> str | Exception:
        assert not callable(self._answers)
        asked = len(self.prompts)
        if asked > len(self._answers):
            raise AssertionError(
                f"expected {len(self._answers)} model calls, got one more for {prompt.purpose}; extend the script"
            )
        return self._answers[asked - 1]


def finish(call: Coroutine[Any, Any, ResultT]) -> ResultT:
    """Run a protocol call to its end without an event loop, and return its result.

    Raises:
        AssertionError: when the call waits for something, as a real model does; run it in an event loop then.
    """
    try:
        call.send(None)
    except StopIteration as ended:
        result: ResultT = ended.value
        return result
    call.close()
    raise AssertionError("expected a call that waits for nothing, it waited; run it in an event loop")
