"""A home in memory for the state machine over table and supervisor: hosts that come, crash and go, and a person who
acts from another process. What agents do is what the machine makes their model answer."""

import copy
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import anyio
from oxios_kernel.agents import (
    AgentTask,
    AgentWork,
    Carrier,
    ForkLimits,
    Forks,
    Limits,
    Processes,
    RunTable,
    Supervisor,
)
from oxios_kernel.budget import Budgets
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSPACE_ALL
from oxios_kernel.domain.run import Run, RunKind, may_follow
from oxios_kernel.events import Bus
from oxios_kernel.ports.llm import Listen, Llm, LlmReply, LlmRequest
from oxios_kernel.schedule import Caps, Rates, Scheduler
from oxios_kernel.testing import FakeClock, MemoryJournal, MemoryLedger
from oxios_kernel.testing.journal_store import Store
from oxios_kernel.tools.builtin import AgentTools

CAPS = Caps(concurrent=100, per_principal=100, per_provider=100, ageing_seconds=30)
LIMITS = ForkLimits(depth=3, children=4, agents=30)
TASK = AgentTask(
    system="rules",
    prompt="task",
    model="test/model",
    root="/nowhere",
    principal="person",
    role=Role.USER,
    rights=CSPACE_ALL,
)


class WatchedStore(Store):
    """Notes each change of a row that may not be: of an end, or from a state to one that may not follow."""

    illegal: list[str]

    def save(self, run: Run, **changes: object) -> Run:
        changed = super().save(run, **changes)
        if not may_follow(run.state, changed.state) or (run.state.final and changed.output != run.output):
            self.illegal.append(f"{run.id} went from {run.state} to {changed.state}")
        return changed


class WatchedJournal(MemoryJournal):
    """A memory journal on a watched store."""

    def watch(self) -> list[str]:
        """Begin to watch, and return the list of what may not be."""
        self._store = WatchedStore(living=self._store.living)
        self._store.illegal = []
        return self._store.illegal

    def crash(self) -> None:
        """Die; what this host's tasks still write while they are cancelled reaches nobody."""
        self.die()
        self._store = copy.deepcopy(self._store)


@dataclass
class Question:
    """A model call that waits for its answer."""

    asked: anyio.Event = field(default_factory=anyio.Event)
    answer: LlmReply | Exception | None = None


class Oracle:
    """A model that answers when it is told to; `open` are the calls under way by run."""

    def __init__(self) -> None:
        self.open: dict[str, Question] = {}

    async def complete(self, request: LlmRequest, /, listen: Listen | None = None) -> LlmReply:
        run_id = request.key.split("/", 1)[0]
        question = self.open[run_id] = Question()
        try:
            await question.asked.wait()
        finally:
            if self.open.get(run_id) is question:
                del self.open[run_id]
        if isinstance(question.answer, Exception):
            raise question.answer
        assert question.answer is not None
        return question.answer

    def tell(self, run_id: str, answer: LlmReply | Exception) -> None:
        """Answer a call."""
        question = self.open[run_id]
        question.answer = answer
        question.asked.set()


@dataclass
class Side:
    """One kernel: a host, or the process from which a person acts."""

    journal: WatchedJournal
    processes: Processes
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    @property
    def supervisor(self) -> Supervisor:
        """Who carries out the runs of this side."""
        return self.processes.supervisor

    async def live(self) -> None:
        """Carry out runs until the scope is cancelled."""
        with self.scope:
            await self.supervisor.run()


class World:
    """A home; `person` acts on it from a process that hosts nothing."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.oracle = Oracle()
        self._names = count()
        self._root = WatchedJournal("person", self.clock)
        self.illegal = self._root.watch()
        self.person = self._side(self._root, host=False)

    def new_host(self) -> Side:
        """Return a host that was never there before; let it `live`."""
        return self._side(self._root.beside(f"host{next(self._names)}"), host=True)

    def rows(self) -> list[Run]:
        """Return all rows, oldest first."""
        return self._root._store.by_age()

    def _side(self, journal: WatchedJournal, *, host: bool) -> Side:
        bus = Bus()
        table = RunTable(runs=journal, control=journal, clock=self.clock)
        carrier = Carrier(runs=journal, control=journal, journal=journal, bus=bus)
        supervisor = Supervisor(runs=journal, control=journal, carrier=carrier, clock=self.clock, host=host)
        forks = Forks(
            table=table,
            control=journal,
            journal=journal,
            supervisor=supervisor,
            budgets=Budgets(MemoryLedger(), bus=bus, clock=self.clock),
            clock=self.clock,
            new_id=lambda: f"run{next(self._names)}",
            limits=LIMITS,
        )
        processes = Processes(table=table, control=journal, journal=journal, forks=forks, supervisor=supervisor)
        tools = AgentTools(processes, self.clock)
        work = AgentWork(
            table=table,
            llm_for=self._llm_for,
            tools_for=lambda _rights: tools,
            scheduler=Scheduler(self.clock, lambda: CAPS, Rates()),
            clock=self.clock,
            bus=bus,
            limits=Limits(max_steps=1000, loop_repeats=100),
            outputs=Path("/nowhere"),
        )
        supervisor.works(RunKind.AGENT, work)
        return Side(journal=journal, processes=processes)

    async def _llm_for(self, run: Run) -> Llm:
        return self.oracle
