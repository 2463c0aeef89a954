"""One turn as a flow of named steps: understand, then ask, talk or work; work is executed, judged and evolved.

Everything that touches model, tools or time is an effect of the turn's run, so the flow can be walked again from the
start after a crash and finds what happened already.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from oxios_ouroboros import Assessment, Evaluation, Exchange, Interview, Lineage, Ouroboros, ProtocolSettings, Seed

from oxios_kernel.agents import AgentOutcome, Effects, Forks, LlmFor, Slot, ToolsFor
from oxios_kernel.conversation.examine import Examiner
from oxios_kernel.conversation.execute import (
    agent_context,
    agent_name,
    agent_task,
    denial,
    evidence,
    execute,
)
from oxios_kernel.conversation.protocol import RecordedModel
from oxios_kernel.conversation.reply import Reply
from oxios_kernel.conversation.request import TurnInput
from oxios_kernel.domain.capability import CSpace
from oxios_kernel.domain.event import About, PhaseBegan
from oxios_kernel.domain.run import Run
from oxios_kernel.events import Bus
from oxios_kernel.ports.files import Files
from oxios_kernel.ports.llm import Llm
from oxios_kernel.ports.records import Records

__all__ = ["Services", "TurnFlow"]


@dataclass(frozen=True, kw_only=True)
class Services:
    """What every turn works with.

    Attributes:
        llm_for: returns what the protocol thinks with.
        forks: starts agents.
        outputs: the folder for tool output beyond the limit.
        tools_for: builds what checks are run with.
        slot: gives the turn the right to run.
        records: keeps specifications.
        files: opens the run's folder for checks.
        bus: is told how far a turn is.
        rights: what an agent holds.
        protocol: how much is asked, checked and improved.
        ask: whether unclear requests are asked about; if not, they are taken as they stand.
    """

    llm_for: LlmFor
    forks: Forks
    outputs: Path
    tools_for: ToolsFor
    slot: Callable[[Run, str], Slot]
    records: Records
    files: Files
    bus: Bus
    rights: CSpace
    protocol: ProtocolSettings
    ask: bool = True


class TurnFlow:
    """One turn, from its input to its reply."""

    def __init__(self, run: Run, effects: Effects, llm: Llm, services: Services) -> None:
        self._run = run
        self._start = TurnInput.from_json(run.input)
        self._effects = effects
        self._services = services
        self._about = About(run_id=run.id, session_id=run.session_id, turn_id=run.id)
        self._model = RecordedModel(
            llm,
            effects,
            model=self._start.model,
            about=self._about,
            slot=services.slot(run, self._start.model),
            bus=services.bus,
        )
        self._protocol = Ouroboros(
            self._model, settings=services.protocol, new_id=_names(run.id), now=_always(run.created_at)
        )
        self._outcomes: list[AgentOutcome] = []

    async def walk(self) -> tuple[Reply, Interview | None]:
        """Return the reply, and the interview that the next message answers when the reply asks questions.

        Raises:
            KernelError: what stopped the turn; it can be taken up again unless the request itself was wrong.
        """
        self._phase("interview")
        assessment = await self._understand()
        if assessment.interview is not None and not (self._services.ask and self._start.ask):
            assessment = await self._protocol.crystallize(assessment.interview)
        if assessment.interview is not None:
            return self._questions(assessment.interview), assessment.interview
        if assessment.seed is None:
            return self._reply(assessment.reply, phase="chat"), None
        return await self._work(assessment.seed), None

    async def _understand(self) -> Assessment:
        start = self._start
        if start.interview is not None:
            return await self._protocol.answer(Interview.model_validate(start.interview), [start.prompt])
        return await self._protocol.assess(
            start.prompt,
            context=start.context,
            history=[Exchange(question=asked, answer=answered) for asked, answered in start.history],
            persona=start.persona,
        )

    def _questions(self, interview: Interview) -> Reply:
        weakest = interview.clarity.weakest
        lead = f"Before I begin, the {weakest} must be clearer:" if weakest != "constraints" else "Before I begin:"
        lines = [f"{number}. {question}" for number, question in enumerate(interview.questions, 1)]
        reply = self._reply("\n".join([lead, *lines]), phase="interview")
        return reply.model_copy(update={"questions": interview.questions})

    async def _work(self, seed: Seed) -> Reply:
        lineage = Lineage.begin(seed)
        while True:
            evaluation = await self._generation(lineage)
            lineage = lineage.record(evaluation)
            if evaluation.passed:
                break
            self._phase("evolve", lineage.current.generation)
            evolved = await self._protocol.evolve(lineage)
            if evolved is None:
                break
            lineage = evolved
        return self._verdict(lineage)

    async def _generation(self, lineage: Lineage) -> Evaluation:
        seed = lineage.current
        self._phase("seed", seed.generation)
        await self._services.records.save("seeds", seed.id, seed.model_dump(mode="json"))
        self._phase("execute", seed.generation)
        lessons = _lessons(lineage)
        task = agent_task(self._start, seed, self._run.id, rights=self._services.rights, lessons=lessons)
        outcome = await execute(self._services.forks, self._run, task, seed)
        self._outcomes.append(outcome)
        self._phase("evaluate", seed.generation)
        context = agent_context(task, agent_name(self._run.id, seed.generation), self._services.outputs)
        examiner = Examiner(
            self._effects,
            self._services.tools_for(task.rights),
            context,
            self._services.files.open_root(context.root),
            answer=outcome.text,
            generation=seed.generation,
        )
        return await self._protocol.evaluate(seed, outcome.text, examine=examiner, evidence=evidence(outcome.deeds))

    def _verdict(self, lineage: Lineage) -> Reply:
        best = lineage.best
        if best is None or best.evaluation is None:
            raise AssertionError("a lineage that was worked on has an evaluated generation")
        outcome = self._outcomes[best.seed.generation]
        passed = best.evaluation.passed
        notes = list(best.evaluation.notes)
        if outcome.ending != "answered":
            notes.append(outcome.text)
        if best.seed.generation != lineage.current.generation:
            notes.append(
                f"Generation {best.seed.generation} was the best of {len(self._outcomes)}; its answer is kept."
            )
        reply = self._reply(outcome.text, phase="evolve" if len(self._outcomes) > 1 else "evaluate")
        return reply.model_copy(
            update={
                "evaluation_passed": passed,
                "seed_id": best.seed.id,
                "agent_id": agent_name(self._run.id, best.seed.generation),
                "verdicts": best.evaluation.verdicts,
                "notes": tuple(notes),
                "model": outcome.model,
                "generation": best.seed.generation,
                "denied": None if passed else denial(outcome.deeds),
            }
        )

    def _reply(self, text: str, *, phase: str) -> Reply:
        usage = self._model.usage
        for outcome in self._outcomes:
            usage += outcome.usage
        return Reply(
            response=text,
            session_id=self._start.session_id,
            run_id=self._run.id,
            phase=phase,
            space_id=self._start.space_id,
            usage=usage,
            model=self._model.model,
        )

    def _phase(self, phase: str, generation: int = 0) -> None:
        self._services.bus.publish(PhaseBegan(**self._about, phase=phase, generation=generation))


def _names(run_id: str) -> Callable[[], str]:
    """Return a maker of ids that makes the same ones in the same order whenever the run is walked again."""
    drawn = 0

    def name() -> str:
        nonlocal drawn
        drawn += 1
        return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{run_id}/{drawn}"))

    return name


def _always(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def _lessons(lineage: Lineage) -> str:
    """Return what the generation before missed in the words of its criteria; the evidence would give checks away."""
    if len(lineage.generations) < 2:
        return ""
    before = lineage.generations[-2].evaluation
    missed = [verdict for verdict in before.verdicts if verdict.status != "verified"] if before else []
    return "\n".join(f"- not shown to hold: {verdict.criterion}" for verdict in missed)
