"""The registry of who can do what, read from the table of runs: there is no second list that could say something else.

Agents are peers when they work for the same principal, in the same Space and conversation. The skills on a card are
those that an agent was started with.
"""

from collections.abc import Sequence
from contextlib import suppress

from oxios_kernel.agents import AgentTask, RunTable
from oxios_kernel.domain.card import AgentCard
from oxios_kernel.domain.run import Run, RunKind, RunState
from oxios_kernel.errors import NotFound
from oxios_kernel.ports.journal import RunQuery

__all__ = ["Cards"]

LIVING = frozenset(state for state in RunState if not state.final)

ANSWERING = "agents.fork"
"""The capability that an agent needs to answer a question."""


class Cards:
    """The cards of the agents that may be asked.

    Args:
        table: the runs.
    """

    def __init__(self, table: RunTable) -> None:
        self._table = table

    async def peers(self, me: Run, skill: str | None = None) -> Sequence[AgentCard]:
        """Return the cards of the living peers of an agent that can answer, the newest first.

        Args:
            me: the agent that looks; its own card is not among them.
            skill: only those with this skill, in whatever case; `None` for all.
        """
        query = RunQuery(kinds={RunKind.AGENT}, states=LIVING, session_id=me.session_id)
        rows = [row for row in await self._table.find(query) if row.id != me.id and _are_peers(me, row)]
        cards = [_card(row) for row in rows if _can_answer(row)]
        return [card for card in cards if skill is None or skill.casefold() in map(str.casefold, card.skills)]

    async def peer(self, me: Run, run_id: str) -> Run:
        """Return the row of a peer that can answer, which may have ended.

        Raises:
            NotFound: it is no peer, is the agent itself, or cannot answer.
        """
        with suppress(NotFound):
            row = await self._table.get(run_id)
            if row.id != me.id and row.kind is RunKind.AGENT and _are_peers(me, row) and _can_answer(row):
                return row
        raise NotFound(f"{run_id!r} is not an agent that you may ask.", hint="peers lists those you may.")


def _are_peers(one: Run, other: Run) -> bool:
    circles = [(run.principal, run.space_id, run.session_id) for run in (one, other)]
    return circles[0] == circles[1]


def _can_answer(row: Run) -> bool:
    return AgentTask.from_json(row.input).rights.allows(ANSWERING)


def _card(row: Run) -> AgentCard:
    skills = AgentTask.from_json(row.input).skills
    return AgentCard(run_id=row.id, title=row.title, skills=skills, state=row.state)
