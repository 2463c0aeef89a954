"""What an agent shows of itself to those that may ask it or hand it work."""

from oxios_kernel.domain.fact import Fact
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import RunState

__all__ = ["AgentCard"]


class AgentCard(Fact):
    """An agent as its peers see it.

    Attributes:
        run_id: the agent.
        title: what it works on.
        skills: what it is good at, as whoever started it said.
        state: where it is in its life; never a final one.
    """

    run_id: RunId
    title: str
    skills: tuple[str, ...] = ()
    state: RunState
