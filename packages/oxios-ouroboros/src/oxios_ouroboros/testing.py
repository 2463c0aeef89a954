"""A model that answers from a script, for tests of anything that uses the protocol.

It keeps the prompts it was asked, so a test can see what was sent and that nothing else was. Typed by the
same port as a real model (`ports.Complete`).
"""

from collections.abc import Callable, Sequence

from oxios_ouroboros.ports import Prompt

__all__ = ["ScriptedComplete"]


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
