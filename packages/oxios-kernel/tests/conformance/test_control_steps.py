"""The table in memory and the one on SQLite give the same answers to any commands, and no run gets stuck or astray."""

import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path

from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from oxios_kernel.adapters.journal_sqlite import JournalSqlite
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.run import Lease, Run, RunKind, RunState, Signal
from oxios_kernel.errors import KernelError
from oxios_kernel.ports.journal import RunQuery
from oxios_kernel.testing.clock import FakeClock
from oxios_kernel.testing.journal import MemoryJournal

from tests.journal_worlds import BEGAN, Store

NAMES = tuple(map(RunId, ["root", "left", "right", "leaf", "new", "newer"]))
PARENTS = {"left": 0, "right": 0, "leaf": 1}

hosts = st.sampled_from(["one", "two"])
names = st.sampled_from(NAMES)
picks = st.integers(0, 5)
seconds = st.sampled_from([0, 1, 10])


Command = Callable[[Store], Awaitable[object]]


class Steps(RuleBasedStateMachine):
    """Two hosts on each of two tables that are told the same."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.portal = self.stack.enter_context(start_blocking_portal())
        self.path = Path(self.stack.enter_context(tempfile.TemporaryDirectory())) / "oxios.db"
        self.clock = FakeClock(BEGAN)
        self.memory = {"one": MemoryJournal("one", self.clock)}
        self.sqlite: dict[str, JournalSqlite] = {}
        self.leases: list[Lease] = []
        self.rows: dict[str, Run] = {}
        self.born = 2
        self.memory["two"] = self.memory["one"].beside("two")
        for host in self.memory:
            self.sqlite[host] = self.portal.call(JournalSqlite.open, self.path, host, self.clock)

    def tell(self, host: str, command: Command) -> object:
        """Give both tables a command, see that they answer alike, and return the answer."""
        answers = [self.answer(store, command) for store in (self.memory[host], self.sqlite[host])]
        assert answers[0] == answers[1]
        return answers[0]

    def answer(self, store: Store, command: Command) -> object:
        try:
            return self.portal.call(command, store)
        except KernelError as error:
            return type(error)

    def row(self, name: RunId, parent: int | None, kind: RunKind = RunKind.AGENT) -> Run:
        """A row below an older one that is there, if there is one in that place."""
        older = [known for known in NAMES[: NAMES.index(name)] if known in self.rows]
        above = None if parent is None or not older else older[parent % len(older)]
        at = self.clock.now()
        return Run(id=name, kind=kind, parent=above, created_at=at, changed_at=at, priority=NAMES.index(name) % 4)

    def lease(self, pick: int) -> Lease:
        """A lease that is held, or now and then one that was."""
        held = [lease for lease in self.leases if _holds(self.rows.get(lease.run_id), lease)]
        among = self.leases if pick == 0 else held
        return among[pick % len(among)] if among else Lease(run_id=NAMES[0], owner="nobody", epoch=9)

    @initialize()
    def begin_with_a_family(self) -> None:
        for place, name in enumerate(NAMES[:4]):
            self.rows = dict.fromkeys(NAMES[:place], self.row(name, None))
            run = self.row(name, PARENTS.get(name))
            self.tell("one", partial(_add, run=run))

    @rule(host=hosts, name=st.sampled_from(NAMES[3:]), parent=st.none() | picks, kind=st.sampled_from(RunKind))
    def add(self, host: str, name: RunId, parent: int | None, kind: RunKind) -> None:
        run = self.row(name, parent, kind)
        self.tell(host, lambda store: store.add(run))

    @rule(
        host=hosts, name=st.sampled_from(NAMES[3:]), parent=picks, crowd=st.integers(2, 6), children=st.integers(1, 3)
    )
    def add_within(self, host: str, name: RunId, parent: int, crowd: int, children: int) -> None:
        run = self.row(name, parent)
        self.tell(host, lambda store: store.add_within(run, crowd, children))

    @rule(host=hosts, source=names, name=st.sampled_from(NAMES[4:]))
    def branch(self, host: str, source: RunId, name: RunId) -> None:
        run = self.row(name, None)
        entries = self.portal.call(self.memory[host].replay, source)
        self.tell(host, lambda store: store.branch(source, run, entries))

    @rule(host=hosts, name=names)
    def claim(self, host: str, name: RunId) -> None:
        lease = self.tell(host, lambda store: store.claim(name))
        self.leases += [lease] if isinstance(lease, Lease) else []

    @rule(host=hosts, name=names, then=st.sampled_from([RunState.RUNNING, RunState.DONE, RunState.PAUSED]))
    def start(self, host: str, name: RunId, then: RunState) -> None:
        self.claim(host, name)
        lease = self.leases[-1] if self.leases else self.lease(0)
        for state in (RunState.RUNNING, then):
            self.tell(host, partial(_change, lease=lease, state=state))

    @rule(host=hosts, pick=picks)
    def release(self, host: str, pick: int) -> None:
        lease = self.lease(pick)
        self.tell(host, lambda store: store.release(lease))

    @rule(host=hosts, pick=picks, state=st.sampled_from(RunState), reason=st.sampled_from([None, "why"]))
    def change(self, host: str, pick: int, state: RunState, reason: str | None) -> None:
        lease = self.lease(pick)
        self.tell(host, lambda store: store.change(lease, state, reason=reason))

    @rule(host=hosts, pick=picks, key=st.sampled_from("ab"))
    def record(self, host: str, pick: int, key: str) -> None:
        lease = self.lease(pick)
        self.tell(host, lambda store: store.record(lease, key, "d", key * 3))

    @rule(host=hosts, name=names, waits=st.none() | picks, wake=st.none() | seconds, letters=st.integers(-1, 2))
    def park(self, host: str, name: RunId, waits: int | None, wake: int | None, letters: int) -> None:
        self.start(host, name, RunState.RUNNING)
        lease = self.leases[-1] if self.leases else self.lease(0)
        children = [run.id for run in self.rows.values() if run.parent == lease.run_id] or [RunId("nobody")]
        waiting_for = [] if waits is None else [children[waits % len(children)]]
        wake_at = None if wake is None else self.clock.now() + timedelta(seconds=wake)
        self.tell(host, lambda store: store.park(lease, waiting_for, wake_at, letters))

    @rule(host=hosts, name=names, signal=st.sampled_from(Signal))
    def signal(self, host: str, name: RunId, signal: Signal) -> None:
        self.tell(host, lambda store: store.signal(name, signal, f"a {signal.value}"))

    @rule(host=hosts, name=names)
    def resume(self, host: str, name: RunId) -> None:
        self.tell(host, lambda store: store.resume(name))

    @rule(host=hosts, name=names, key=st.sampled_from("abc"))
    def post(self, host: str, name: RunId, key: str) -> None:
        letter = Letter(to=name, sender="person", text=f"letter {key}", key=key, at=self.clock.now())
        self.tell(host, lambda store: store.post(letter))

    @rule(host=hosts, later=seconds)
    def wake(self, host: str, later: int) -> None:
        self.portal.call(self.clock.advance, later)
        self.tell(host, lambda store: store.wake(self.clock.now()))

    @rule(host=hosts, keep=st.integers(1, 4))
    def collect(self, host: str, keep: int) -> None:
        self.tell(host, lambda store: store.collect(keep, BEGAN))

    @rule(host=hosts)
    def die(self, host: str) -> None:
        name, self.born = f"{host}-{self.born}", self.born + 1
        self.memory[host].die()
        self.memory[host] = self.memory[host].beside(name)
        self.portal.call(self.sqlite[host].aclose)
        self.sqlite[host] = self.portal.call(JournalSqlite.open, self.path, name, self.clock)

    @invariant()
    def both_tables_say_the_same(self) -> None:
        self.tell("one", _survey)
        self.tell("two", lambda store: store.signalled())

    @invariant()
    def no_run_comes_back_and_none_is_stuck(self) -> None:
        before, self.rows = self.rows, {}
        for row in self.portal.call(self.sqlite["two"].find, RunQuery()):
            self.rows[row.id] = row
            was = before.get(row.id, row).state
            assert row.state is was or not was.final
            assert row.signal is None or not row.state.final
            assert row.signal is None or row.owner is not None or row.state is RunState.QUEUED
        for row in self.rows.values():
            waiting = row.state is RunState.WAITING and row.owner is None
            assert not (waiting and any(self.rows[child].state.final for child in row.waiting_for))

    def teardown(self) -> None:
        self.tell("one", _kept)
        for journal in self.sqlite.values():
            self.portal.call(journal.aclose)
        self.stack.close()


async def _add(store: Store, run: Run) -> bool:
    return await store.add(run)


async def _change(store: Store, lease: Lease, state: RunState) -> Run:
    return await store.change(lease, state)


def _holds(run: Run | None, lease: Lease) -> bool:
    return run is not None and (run.owner, run.epoch) == (lease.owner, lease.epoch)


async def _survey(store: Store) -> object:
    """Return what a host sees of the runs."""
    lists = [await store.orphans(), await store.queued(4), await store.tree(NAMES[0]), await store.find(RunQuery())]
    return lists, await store.next_moment(), await store.crowd()


async def _kept(store: Store) -> object:
    """Return what the runs keep."""
    return [(await store.replay(name), await store.letters(name)) for name in NAMES]


def test_both_tables_answer_alike_and_no_run_is_stuck_whatever_happens() -> None:
    bounds = settings(
        max_examples=40,
        stateful_step_count=50,
        deadline=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    run_state_machine_as_test(Steps, settings=bounds)
