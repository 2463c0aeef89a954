"""The tools with which agents that work on the same thing talk to each other: peers, ask, reply.

Who asks waits as a row. It goes on when the answer is there, when the one it asked has ended, when its time is over, or
when somebody asks it something.
"""

from pydantic import Field

from oxios_kernel.a2a import Cards, Mail
from oxios_kernel.agents import Processes
from oxios_kernel.domain.card import AgentCard
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.run import Run
from oxios_kernel.domain.tool import Repeat, ToolResult
from oxios_kernel.errors import Conflict, ToolFailed
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.toolset import Parked, ToolContext
from oxios_kernel.tools.builtin.waiting import INTERRUPTED, end_of_wait, exit_line, is_asked, last_number
from oxios_kernel.tools.function import Arguments, FunctionTools, tool

__all__ = ["PeerTools"]

SHOWN_PEERS = 50
"""How many peers are listed."""


class Peers(Arguments):
    """The arguments of `peers`."""

    skill: str | None = Field(default=None, max_length=64, description="Only those with this skill; default: all")


class Ask(Arguments):
    """The arguments of `ask`."""

    agent: str = Field(description="The id of the agent; peers lists those you may ask")
    question: str = Field(min_length=1, max_length=20_000, description="The question, complete in itself")
    timeout_seconds: float = Field(default=600, gt=0, le=86_400, description="How long to wait at most")


class Reply(Arguments):
    """The arguments of `reply`."""

    to_letter: str = Field(description="The to_letter that stands above the question")
    text: str = Field(min_length=1, max_length=20_000, description="The answer")


class PeerTools(FunctionTools):
    """The tools with which agents talk to each other.

    Args:
        cards: who may be asked.
        mail: questions and answers.
        processes: the agents of the home.
        clock: ends waiting in time.
    """

    def __init__(self, cards: Cards, mail: Mail, processes: Processes, clock: Clock) -> None:
        self._cards = cards
        self._mail = mail
        self._processes = processes
        self._clock = clock
        need = "agents.fork"
        super().__init__(
            [
                tool(self.peers, capability=need, repeat=Repeat.PURE),
                tool(self.ask, capability=need, repeat=Repeat.IDEMPOTENT, timeout_seconds=60),
                tool(self.reply, capability=need, repeat=Repeat.IDEMPOTENT),
            ]
        )

    async def peers(self, arguments: Peers, context: ToolContext) -> str:
        """List the agents beside you that you may ask, with what each works on and is good at."""
        me = await self._processes.table.get(context.agent_id)
        cards = await self._cards.peers(me, arguments.skill)
        lines = [_line(card) for card in cards[:SHOWN_PEERS]]
        if len(cards) > SHOWN_PEERS:
            lines.append(f"and {len(cards) - SHOWN_PEERS} more: ask for a skill")
        return "\n".join(lines) or "There is nobody to ask."

    async def ask(self, arguments: Ask, context: ToolContext) -> str | ToolResult:
        """Ask another agent something and wait for its answer. The same question again waits on for the same answer."""
        me = await self._processes.table.get(context.agent_id)
        peer = await self._cards.peer(me, arguments.agent)
        try:
            question = await self._mail.ask(
                me.id, peer.id, arguments.question, effect=context.key, read=context.letters
            )
        except Conflict as error:
            return await self._not_asked(peer, error)
        # The row before the letters: what has ended writes no more, so an answer that is not there then never comes.
        peer = await self._processes.table.get(peer.id)
        letters = await self._mail.letters(me.id, context.letters)
        answer = next((one for one in letters if _answers(one, question)), None)
        if answer is not None:
            return ToolResult(text=f"{peer.id} answers: {answer.text}", letters=(answer.number,))
        if peer.state.final:
            return f"It has ended without an answer: {exit_line(await self._processes.exit(peer.id))}"
        if is_asked(letters):
            return f"{INTERRUPTED}, then ask the same again to wait on."
        end = end_of_wait(context, self._clock, arguments.timeout_seconds)
        if end is None or end > self._clock.now():
            raise Parked([peer.id], end, last_number(letters, context))
        raise ToolFailed(
            f"{peer.id} has not answered in {arguments.timeout_seconds:g} seconds",
            hint="A late answer comes as a message; ask the same again to wait on.",
        )

    async def _not_asked(self, peer: Run, error: Conflict) -> str:
        """Say why a question could not be put: how the agent ended, or what stands in the way."""
        if not (await self._processes.table.get(peer.id)).state.final:
            raise ToolFailed(error.message, hint=error.hint) from error
        return f"It has ended before you asked: {exit_line(await self._processes.exit(peer.id))}"

    async def reply(self, arguments: Reply, context: ToolContext) -> str:
        """Answer a question that another agent asked you."""
        try:
            answer = await self._mail.reply(context.agent_id, arguments.to_letter, arguments.text)
        except Conflict as error:
            raise ToolFailed(error.message, hint=error.hint) from error
        return f"Answered {answer.to}."


def _answers(letter: Letter, question: Letter) -> bool:
    return letter.answers == question.key and letter.sender == question.to


def _line(card: AgentCard) -> str:
    skills = f" [{', '.join(card.skills)}]" if card.skills else ""
    return f"{card.run_id} {card.state}{skills}: {card.title}"
