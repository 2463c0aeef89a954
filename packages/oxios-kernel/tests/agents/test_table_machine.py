"""A state machine over the process table and its supervisor: whatever persons, agents and crashes do in whatever order,
no run is lost, no state is illegal, and whoever waits learns the end."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import anyio
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Run, RunState, Signal
from oxios_kernel.errors import Conflict, ModelUnavailable
from oxios_kernel.ports.llm import LlmReply
from oxios_kernel.testing import says, tool

from tests.e2e.faults.table import TASK, Side, World

DAY = 86_400.0
PICK = st.integers(0, 1000)
Deed = Callable[[list[Run]], LlmReply | Exception]
WAITS = (tool("wait"), tool("wait", timeout_seconds=60), tool("wait", mode="any"))
DEEDS: dict[str, Deed] = {
    "look": lambda _children: tool("ps"),
    "kill": lambda children: tool("kill", agent=children[0].id) if children else tool("ps"),
    "tell": lambda children: tool("message", agent=children[0].id if children else "parent", text="go on"),
}


class TableMachine(RuleBasedStateMachine):
    """One home; at most one host at a time, and a person beside it."""

    def __init__(self) -> None:
        super().__init__()
        self._block = start_blocking_portal("trio")
        self.portal = self._block.__enter__()
        self.world = self.portal.call(self._make_world)
        self.host: Side | None = None
        self.living: Future[None] | None = None
        self.waiters: list[tuple[str, Future[Any]]] = []
        self.held = set[str]()  # what somebody paused, or a model's failure

    async def _make_world(self) -> World:
        return World()

    @initialize()
    def the_first_host_starts(self) -> None:
        self.a_host_starts()

    @precondition(lambda self: self.host is None)
    @rule()
    def a_host_starts(self) -> None:
        self.host = self.portal.call(self._new_host)
        self.living = self.portal.start_task_soon(self.host.live)
        self.settle()

    async def _new_host(self) -> Side:
        return self.world.new_host()

    @precondition(lambda self: self.host is not None)
    @rule(crash=st.booleans())
    def the_host_ends(self, crash: bool) -> None:
        host, living = self.host, self.living
        assert host is not None
        assert living is not None
        if crash:
            self.portal.call(host.journal.crash)
        self.portal.call(host.scope.cancel)
        living.result(timeout=30)
        if not crash:
            self.portal.call(host.journal.die)
        for _, waiter in self.waiters:  # they die with their host
            waiter.cancel()
        self.waiters = []
        self.host = self.living = None

    @rule(by_person=st.booleans())
    def an_agent_is_forked(self, by_person: bool) -> None:
        self.attempt(self._fork, by_person)

    async def _fork(self, by_person: bool) -> None:
        # From a process that hosts nothing, the run is added and left to the host.
        side = self.side(by_person)
        await side.processes.fork(TASK, title="root")

    @rule(pick=PICK)
    def an_agent_forks(self, pick: int) -> None:
        self.a_model_answers(pick, lambda _children: tool("fork", goal="child"))

    @rule(pick=PICK, how=st.sampled_from(WAITS))
    def an_agent_waits(self, pick: int, how: LlmReply) -> None:
        self.a_model_answers(pick, lambda _children: how)

    @rule(pick=PICK)
    def an_agent_is_done(self, pick: int) -> None:
        self.a_model_answers(pick, lambda _children: says("done"))

    @rule(pick=PICK, what=st.sampled_from(sorted(DEEDS)))
    def an_agent_does_something(self, pick: int, what: str) -> None:
        self.a_model_answers(pick, DEEDS[what])

    @rule(pick=PICK)
    def a_model_fails(self, pick: int) -> None:
        self.held |= {run.id for run in self.asking(pick)}
        self.a_model_answers(pick, lambda _children: ModelUnavailable("the model is down"))

    def a_model_answers(self, pick: int, answer: Deed) -> None:
        """Answer one of the model calls that are under way, if there is one, by the children of who asked."""
        for run in self.asking(pick):
            children = [row for row in self.world.rows() if row.parent == run.id]
            self.portal.call(self.world.oracle.tell, run.id, answer(children))
            self.settle()

    def asking(self, pick: int) -> list[Run]:
        """Return one of the runs whose model is asked, or none."""
        asking = [row for row in self.world.rows() if row.id in self.world.oracle.open]
        return [asking[pick % len(asking)]] if asking else []

    @rule(pick=PICK, by_person=st.booleans())
    def a_tree_is_killed(self, pick: int, by_person: bool) -> None:
        if row := self.picked(pick):
            self.attempt(self.side(by_person).processes.kill, row.id)
            assert all(below.state.final for below in self.tree(row.id)), "a killed tree has living members"

    @rule(pick=PICK, by_person=st.booleans(), regretted=st.booleans())
    def a_tree_is_paused(self, pick: int, by_person: bool, regretted: bool) -> None:
        if row := self.picked(pick):
            self.held |= {below.id for below in self.tree(row.id)}
            self.attempt(self.side(by_person).processes.pause, row.id)
        if regretted:
            self.a_tree_is_resumed(pick, by_person)

    @rule(pick=PICK, by_person=st.booleans())
    def a_tree_is_resumed(self, pick: int, by_person: bool) -> None:
        row = self.picked(pick)
        if row and not row.state.final:
            self.held -= {below.id for below in self.tree(row.id)}
            self.attempt(self.side(by_person).processes.resume, row.id)

    @rule(pick=PICK, by_person=st.booleans())
    def an_agent_is_told_something(self, pick: int, by_person: bool) -> None:
        if row := self.picked(pick):
            self.attempt(self.side(by_person).processes.message, row.id, "hello")

    @precondition(lambda self: self.host is not None)
    @rule(pick=PICK)
    def somebody_waits(self, pick: int) -> None:
        row = self.picked(pick)
        if row and self.host is not None:
            self.waiters.append((row.id, self.portal.start_task_soon(self.host.processes.wait, [row.id])))
            self.settle()

    @rule(seconds=st.sampled_from([30.0, 3600.0, DAY]), jump=st.sampled_from([0.0, 0.0, -DAY, -3600.0, 3600.0, DAY]))
    def time_passes(self, seconds: float, jump: float) -> None:
        self.portal.call(self.world.clock.jump, jump)
        self.portal.call(self.world.clock.advance, seconds)
        self.settle()

    @invariant()
    def no_row_took_a_step_that_it_may_not(self) -> None:
        assert self.world.illegal == []

    @invariant()
    def the_dead_do_not_think(self) -> None:
        states: dict[str, RunState] = {row.id: row.state for row in self.world.rows()}
        assert {states[run_id] for run_id in self.world.oracle.open} <= {RunState.RUNNING}

    @invariant()
    def what_may_run_is_under_way(self) -> None:
        if self.host is not None:
            rows = self.world.rows()
            assert [row for row in rows if row.state is RunState.QUEUED] == []
            running = {row.id for row in rows if row.state is RunState.RUNNING}
            assert self.host.supervisor.lives.keys() == running
            assert {row.id for row in rows if row.owner is not None} == running

    @invariant()
    def nobody_sleeps_through_what_it_waits_for(self) -> None:
        if self.host is not None:
            ended = {row.id for row in self.world.rows() if row.state.final}
            for row in self.world.rows():
                if row.state is RunState.WAITING:
                    assert ended.isdisjoint(row.waiting_for)
                    assert row.wake_at is None or row.wake_at > self.world.clock.now()

    @invariant()
    def nobody_is_paused_without_being_asked_to(self) -> None:
        assert {row.id for row in self.world.rows() if row.state is RunState.PAUSED} <= self.held

    @invariant()
    def no_kill_is_forgotten(self) -> None:
        if self.host is not None:
            assert [row for row in self.world.rows() if row.signal is Signal.KILL] == []

    @invariant()
    def whoever_waits_learns_the_end(self) -> None:
        final = {row.id for row in self.world.rows() if row.state.final}
        assert [run_id in final for run_id, _ in self.waiters] == [waiter.done() for _, waiter in self.waiters]

    def teardown(self) -> None:
        try:
            self.bring_everything_to_an_end()
        finally:
            if self.host is not None:
                self.the_host_ends(crash=True)
            self._block.__exit__(None, None, None)

    def bring_everything_to_an_end(self) -> None:
        """Show that no run is lost: with a host, answers and time, every one comes to its end."""
        if self.host is None:
            self.a_host_starts()
        for _ in range(30):
            going = [row for row in self.world.rows() if not row.state.final]
            if not going:
                break
            for row in going:
                if row.state is RunState.PAUSED:
                    self.attempt(self.world.person.processes.resume, row.id)
            for run_id in sorted(self.world.oracle.open):
                if run_id in self.world.oracle.open:
                    self.portal.call(self.world.oracle.tell, run_id, says("done"))
            self.time_passes(2 * DAY, 0.0)
        assert [row for row in self.world.rows() if not row.state.final] == []
        self.whoever_waits_learns_the_end()

    def side(self, by_person: bool) -> Side:
        """Return the host if it is there and not the person who acts."""
        return self.world.person if by_person or self.host is None else self.host

    def picked(self, pick: int) -> Run | None:
        """Return one of the rows, if there is one."""
        rows = self.world.rows()
        return rows[pick % len(rows)] if rows else None

    def tree(self, run_id: str) -> list[Run]:
        """Return a run and its descendants."""
        return list(self.portal.call(self.world.person.journal.tree, RunId(run_id)))

    def attempt(self, act: Callable[..., Any], *arguments: object) -> None:
        """Do something that may be refused because of the state a run is in, and let it take its effect."""
        with suppress(Conflict):
            self.portal.call(act, *arguments)
        self.settle()

    def settle(self) -> None:
        """Wait until nothing happens any more by itself."""
        self.portal.call(self._settle)

    async def _settle(self) -> None:
        with anyio.fail_after(30):
            for _ in range(3):
                if self.host is not None:
                    self.host.supervisor.ring()  # as it does by itself ten times a second
                await anyio.wait_all_tasks_blocked()


TestTableMachine = TableMachine.TestCase
TestTableMachine.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
