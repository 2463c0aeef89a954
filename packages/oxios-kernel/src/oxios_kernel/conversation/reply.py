"""What a turn ends with, for every door: the answer, how far it got, the verdicts and what it cost."""

from oxios_ouroboros import Verdict

from oxios_kernel.domain.fact import Fact
from oxios_kernel.domain.spend import Usage

__all__ = ["Reply"]


class Reply(Fact):
    """A turn's answer.

    Attributes:
        response: the text for the person.
        session_id: the conversation; the next message names it.
        run_id: the turn's run.
        phase: how far it got: `chat`, `interview`, `execute`, `evaluate` or `evolve`.
        evaluation_passed: whether the evidence shows that the request was met; `None` when there was nothing to judge.
        seed_id: the specification that the answer belongs to.
        agent_id: the agent that did it.
        space_id: the Space, where there is one.
        questions: what must be answered first; the next message of the session is the answer.
        verdicts: one for each criterion, with its evidence.
        notes: what a person should know besides: a degraded judgement, an earlier generation that was better.
        usage: what all model calls of the turn cost.
        model: the model that answered.
        generation: which evolution of the specification the answer belongs to, from 0.
        denied: which rule refused a tool call and what would allow it, when one was refused and the task did not pass.
    """

    response: str
    session_id: str
    run_id: str
    phase: str
    evaluation_passed: bool | None = None
    seed_id: str | None = None
    agent_id: str | None = None
    space_id: str | None = None
    questions: tuple[str, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    notes: tuple[str, ...] = ()
    usage: Usage = Usage()
    model: str = ""
    generation: int = 0
    denied: str | None = None
