"""Conversations as documents: a session is the ordered list of its turns, and what is still open in it."""

from oxios_kernel.domain.fact import Fact, JsonObject, Moment

__all__ = ["Session", "Turn"]


class Turn(Fact):
    """One message of a person and its answer.

    Attributes:
        run_id: the durable run that carried the turn out.
        request: what the person wrote.
        response: what they were answered.
        at: when the answer was given.
        phase: the phase reached: `chat`, `interview`, `seed`, `execute`, `evaluate` or `evolve`.
        evaluation_passed: the verdict, `None` when nothing was to be judged.
        seed_id: the specification that was carried out.
        agent_id: the agent that did it.
    """

    run_id: str
    request: str
    response: str
    at: Moment
    phase: str
    evaluation_passed: bool | None = None
    seed_id: str | None = None
    agent_id: str | None = None


class Session(Fact):
    """One conversation.

    Attributes:
        id: its name.
        title: from the first request, at most 80 characters.
        created_at: when it began.
        updated_at: when it changed last.
        turns: oldest first.
        interview: the open interview as the protocol writes it, `None` when no question is open.
    """

    id: str
    title: str = ""
    created_at: Moment
    updated_at: Moment
    turns: tuple[Turn, ...] = ()
    interview: JsonObject | None = None
