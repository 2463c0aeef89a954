"""Questions between agents, and their answers, as letters in the mailboxes of the table of runs.

The kernel sets who wrote a letter, and an answer counts by its sender and by the question that it names: nobody can
speak for another. Keys come from the effect that writes, so that a run that is taken up again writes nothing twice.
"""

from collections.abc import Sequence

from oxios_kernel.agents import Processes
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.letter import Letter, question_key
from oxios_kernel.errors import Conflict, NotFound

__all__ = ["Mail"]


class Mail:
    """The mail between agents.

    Args:
        processes: the agents of the home.
    """

    def __init__(self, processes: Processes) -> None:
        self._processes = processes

    async def ask(self, me: str, to: RunId, text: str, *, effect: str, read: int) -> Letter:
        """Ask an agent, or find the same question again that it has not answered yet, and return the question.

        Args:
            me: the agent that asks.
            to: the agent that is asked.
            text: the question.
            effect: the key of the effect that asks.
            read: the number of the last letter that the asking agent had read then.

        Raises:
            InputError: the text is empty, too long, or not text.
            Conflict: the one who is asked has ended, or its mailbox is full.
        """
        answered = {letter.answers for letter in await self.letters(me) if letter.number <= read}
        for letter in await self.letters(to):
            if letter.asks and (letter.sender, letter.text) == (me, text) and letter.key not in answered:
                return letter
        return await self._processes.message(to, text, sender=me, key=question_key(effect))

    async def reply(self, me: str, key: str, text: str) -> Letter:
        """Answer a question, and return the answer. The same answer again changes nothing.

        Raises:
            InputError: the text is empty, too long, or not text.
            NotFound: the agent was not asked that.
            Conflict: it has answered it already, the one who asked has ended, or its mailbox is full.
        """
        question = next((letter for letter in await self.letters(me) if letter.asks and letter.key == key), None)
        if question is None:
            raise NotFound(f"You were not asked {key!r}.", hint="Take the to_letter that stands above the question.")
        answer = await self._processes.message(
            question.sender, text, sender=me, key=f"answer/{question.key}", answers=question.key
        )
        if answer.text != text:
            raise Conflict("You have answered this question already.", hint="Use message to say more to your parent.")
        return answer

    async def letters(self, me: str, after: int = 0) -> Sequence[Letter]:
        """Return the letters to an agent with a number above `after`, oldest first."""
        return await self._processes.table.letters(me, after)
