"""Ouroboros: the door. A request goes in; a reply, questions or a seed come out; then verdicts, then the
next seed.

It binds the phases to one model and two factories for identifiers and times, and keeps nothing else: all
state is in the frozen values it is given and gives back, so any step can run in another process or be
replayed. It never runs a check, a tool or the work itself; the host does (`ports`). The fake model is
`oxios_ouroboros.testing.ScriptedComplete`.
"""

from collections.abc import Sequence

from oxios_ouroboros.crystallize import Assessment, Crystallizer
from oxios_ouroboros.degraded import assess_by_rule, conclude_by_rule
from oxios_ouroboros.errors import InterviewError
from oxios_ouroboros.evaluation import Evaluation
from oxios_ouroboros.evolution import Evolver
from oxios_ouroboros.interview import Exchange, Interview
from oxios_ouroboros.lineage import Lineage
from oxios_ouroboros.ports import Complete, Examine, Purpose
from oxios_ouroboros.prompts import AssessInput, AssessReply, CrystallizeReply, InterviewInput, InterviewReply
from oxios_ouroboros.repair import ask
from oxios_ouroboros.review import Reviewer, Work
from oxios_ouroboros.seed import NewId, Now, Seed, random_id, utc_now
from oxios_ouroboros.settings import ProtocolSettings
from oxios_ouroboros.text import whole

__all__ = ["Ouroboros"]


class Ouroboros:
    """The specification-first protocol over one model."""

    def __init__(
        self,
        complete: Complete,
        *,
        settings: ProtocolSettings | None = None,
        new_id: NewId = random_id,
        now: Now = utc_now,
    ) -> None:
        """Bind the protocol.

        Args:
            complete: The model.
            settings: Limits and thresholds; the defaults when None.
            new_id: Makes a seed's identifier; a random UUID by default.
            now: Tells a seed's time, aware; the system clock by default.
        """
        self._complete = complete
        self._settings = settings or ProtocolSettings()
        self._crystallizer = Crystallizer(new_id=new_id, now=now)
        self._evolver = Evolver(complete=complete, settings=self._settings, new_id=new_id, now=now)

    async def assess(
        self,
        request: str,
        *,
        context: str = "",
        history: Sequence[Exchange | tuple[str, str]] = (),
        persona: str = "",
    ) -> Assessment:
        """Find out with one model call what a request is, and crystallise it if it is clear.

        Args:
            request: The person's words.
            context: What the host knows about the surroundings.
            history: The conversation before, oldest first: what was said and what was replied.
            persona: The voice to reply in.

        Returns:
            A chat with its reply, a task with its seed, or an unclear request with at most three questions.

        Raises:
            InterviewError: when the request is blank.
        """
        if not request.strip():
            raise InterviewError(f"expected a request, got {request!r}; say what should be done")
        interview = Interview(
            original_request=whole(request),
            context=whole(context),
            history=tuple(_exchange(item) for item in history),
            persona=whole(persona),
            max_rounds=self._settings.max_rounds,
        )
        inputs = _assess_input(interview).to_json()
        reply, trace = await ask(self._complete, Purpose.ASSESS, inputs, AssessReply)
        return self._crystallizer.settle(interview, reply or assess_by_rule(request), trace)

    async def answer(self, interview: Interview, answers: Sequence[str]) -> Assessment:
        """Take the answers to an interview's open questions, with one model call.

        Args:
            interview: The open interview.
            answers: One for each question, in order; blank ones leave the point open, a single one answers
                all.

        Returns:
            The next questions, or a task. After the last round, or when no model answers, it is always a
            task, with the open points stated as constraints.

        Raises:
            InterviewError: when no question is open, or there are more answers than questions.
        """
        answered = interview.with_answers(answers)
        if answered.is_last_round:
            return await self.crystallize(answered)
        inputs = _interview_input(answered).to_json()
        reply, trace = await ask(self._complete, Purpose.INTERVIEW, inputs, InterviewReply)
        if reply is None:
            return self._crystallizer.conclude(answered, conclude_by_rule(answered), trace)
        return self._crystallizer.settle(answered, reply, trace)

    async def crystallize(self, interview: Interview) -> Assessment:
        """Take an interview as it stands, with one model call: no further question is asked.

        Args:
            interview: The interview; questions still open count as not answered.

        Returns:
            A task, with the open points stated as constraints.
        """
        closed = interview.with_answers(()) if interview.questions else interview
        inputs = _interview_input(closed).to_json()
        reply, trace = await ask(self._complete, Purpose.CRYSTALLIZE, inputs, CrystallizeReply)
        return self._crystallizer.conclude(closed, reply or conclude_by_rule(closed), trace)

    async def evaluate(
        self,
        seed: Seed,
        output: str,
        *,
        examine: Examine,
        evidence: str = "",
        consensus: bool | None = None,
    ) -> Evaluation:
        """Judge an output by its seed: checks first, then a reviewer, then votes.

        Args:
            seed: The contract.
            output: The worker's answer; its words prove nothing about work done.
            examine: Runs a check where the work was done.
            evidence: The digest of the tool records, which a reviewer may rely on.
            consensus: True takes votes on the judged criteria, False never; None when the result is
                borderline.

        Returns:
            One verdict for each criterion. No model is asked when every criterion could be checked.
        """
        reviewer = Reviewer(complete=self._complete, examine=examine, settings=self._settings)
        return await reviewer.review(seed, Work(output=output, evidence=evidence), consensus=consensus)

    async def evolve(self, lineage: Lineage) -> Lineage | None:
        """Make the next generation of a failed lineage, with one model call.

        Args:
            lineage: The generations so far, the last one judged.

        Returns:
            The lineage whose `current` is the new seed; None when it passed, converged, has used its
            evolutions, or nothing would change (`stop_reason` tells the first three apart). When no model
            answers the same content is tried once more.

        Raises:
            LineageError: when the last generation is not judged.
        """
        return await self._evolver.evolve(lineage)


def _exchange(item: Exchange | tuple[str, str]) -> Exchange:
    said, replied = (item.question, item.answer) if isinstance(item, Exchange) else item
    return Exchange(question=whole(said), answer=whole(replied))


def _assess_input(interview: Interview) -> AssessInput:
    return AssessInput(
        request=interview.original_request,
        context=interview.context,
        history=interview.history,
        persona=interview.persona,
    )


def _interview_input(interview: Interview) -> InterviewInput:
    return InterviewInput(
        request=interview.original_request,
        context=interview.context,
        history=interview.history,
        persona=interview.persona,
        answers=interview.exchanges,
        open_points=interview.open_points(),
        clarity=interview.clarity,
        round=interview.round,
        max_rounds=interview.max_rounds,
    )
