"""What every table of runs promises to those who act on others' runs: trees, signals, the queue and its order."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import PROGRESS, Run, RunState, Signal
from oxios_kernel.errors import Conflict, IllegalTransition, InputError, NotFound
from oxios_kernel.ports.journal import RunQuery

from tests.journal_worlds import BEGAN, WORLDS, Store, World, a_world, agent, begin

pytestmark = pytest.mark.anyio

FINAL = [RunState.DONE, RunState.FAILED, RunState.KILLED]


@pytest.fixture(params=WORLDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(request.param, tmp_path) as made:
        yield made


async def get(store: Store, run_id: str) -> Run:
    run = await store.get(RunId(run_id))
    assert run is not None
    return run


async def states(store: Store) -> dict[str, RunState]:
    return {run.id: run.state for run in await store.find(RunQuery())}


# Trees


async def test_a_tree_lists_parents_before_their_children_and_the_older_first(world: World) -> None:
    store = await world.host("a")
    rows = [
        ("root", None, 5),
        ("late", "root", 9),
        ("early", "root", 6),
        ("grandchild", "early", 1),
        ("other", None, 1),
    ]
    for name, parent, age in rows:
        await store.add(agent(name, parent, age=age))
    assert [run.id for run in await store.tree(RunId("root"))] == ["root", "early", "late", "grandchild"]
    assert [run.id for run in await store.tree(RunId("early"))] == ["early", "grandchild"]
    assert await store.tree(RunId("nobody")) == []


async def test_the_progress_of_a_run_is_also_that_of_its_descendants(world: World) -> None:
    store = await world.host("a")
    await store.add(agent("root"))
    lease = await begin(store, "child", "root")
    assert await store.progress(RunId("root")) == BEGAN
    await world.clock.advance(60)
    await store.intend(lease, "step/1/model", "asked")
    assert await store.progress(RunId("root")) == BEGAN + timedelta(seconds=60)
    assert await store.progress(RunId("child")) == BEGAN + timedelta(seconds=60)
    assert await store.progress(RunId("nobody")) is None


# Signals


async def test_a_tree_on_which_nobody_works_is_killed_at_once_but_for_what_has_ended(world: World) -> None:
    store = await world.host("a")
    await store.add(agent("root", state="waiting", wake_at=BEGAN))
    for state in ("queued", "running", "waiting", "paused", "done", "failed"):
        await store.add(agent(state, "root", state=state))
    await store.add(agent("deep", "done"))
    await world.clock.advance(7)

    rows = {str(run.id): run for run in await store.signal(RunId("root"), Signal.KILL, "no longer needed")}
    killed = {"root", "queued", "running", "waiting", "paused", "deep"}
    assert {name for name, run in rows.items() if run.state is RunState.KILLED} == killed
    assert {rows[name].reason for name in killed} == {"no longer needed"}
    assert {rows[name].changed_at for name in killed} == {BEGAN + timedelta(seconds=7)}
    assert (rows["done"], rows["failed"]) == (
        agent("done", "root", state="done"),
        agent("failed", "root", state="failed"),
    )
    assert await store.tree(RunId("root")) == list(rows.values())
    assert await store.signal(RunId("nobody"), Signal.KILL, "whoever") == []


async def test_a_tree_on_which_nobody_works_is_paused_at_once_but_for_what_is_paused(world: World) -> None:
    store = await world.host("a")
    await store.add(agent("root", state="waiting"))
    await store.add(agent("queued", "root"))
    await store.add(agent("paused", "root", state="paused", reason="before"))
    await store.signal(RunId("root"), Signal.PAUSE, "one moment")
    assert [(run.state, run.reason) for run in await store.tree(RunId("root"))] == [
        (RunState.PAUSED, "one moment"),
        (RunState.PAUSED, "one moment"),
        (RunState.PAUSED, "before"),
    ]


@pytest.mark.parametrize(
    ("signal", "state"), [(Signal.KILL, RunState.KILLED), (Signal.PAUSE, RunState.PAUSED)], ids=["kill", "pause"]
)
async def test_a_run_that_is_worked_on_keeps_its_signal_until_its_host_obeys(
    world: World, signal: Signal, state: RunState
) -> None:
    here, there = await world.host("a"), await world.host("b")
    lease = await begin(here, "here")
    await begin(there, "there", "here")
    await there.signal(RunId("here"), signal, "too slow")

    for store, name in ((here, "here"), (there, "there")):
        (asked,) = await store.signalled()
        assert (asked.id, asked.signal, asked.reason, asked.state) == (name, signal, "too slow", RunState.RUNNING)
    obeyed = await here.change(lease, state, reason=asked.reason)
    assert obeyed.signal is None
    assert await here.signalled() == []
    assert [run.id for run in await there.signalled()] == ["there"]


async def test_a_kill_replaces_a_pause_and_a_pause_does_not_replace_a_kill(world: World) -> None:
    store = await world.host("a")
    await begin(store, "run")
    for signal in (Signal.PAUSE, Signal.KILL, Signal.PAUSE):
        await store.signal(RunId("run"), signal, f"a {signal.value}")
    run = await get(store, "run")
    assert (run.signal, run.reason) == (Signal.KILL, "a kill")


async def test_a_signal_is_kept_with_its_reason_while_the_run_starts_and_a_kill_while_it_is_paused(
    world: World,
) -> None:
    store = await world.host("a")
    await store.add(agent("run"))
    lease = await store.claim(RunId("run"))
    assert lease is not None
    await store.signal(RunId("run"), Signal.KILL, "enough")
    for state in (RunState.RUNNING, RunState.PAUSED):
        run = await store.change(lease, state)
        assert (run.signal, run.reason) == (Signal.KILL, "enough")
    await store.release(lease)
    run = await get(store, "run")
    assert (run.state, run.signal, run.reason) == (RunState.KILLED, None, "enough")


@pytest.mark.parametrize("state", [RunState.QUEUED, RunState.RUNNING])
async def test_a_signal_that_was_not_obeyed_takes_effect_when_the_lease_is_given_back(
    world: World, state: RunState
) -> None:
    store = await world.host("a")
    await store.add(agent("run"))
    lease = await store.claim(RunId("run"))
    assert lease is not None
    await store.change(lease, state)
    await store.signal(RunId("run"), Signal.PAUSE, "one moment")
    await store.release(lease)
    run = await get(store, "run")
    assert (run.state, run.signal, run.reason, run.crashes) == (RunState.PAUSED, None, "one moment", 0)


async def test_the_tree_of_a_dead_host_is_killed_at_once_and_its_crash_is_counted(world: World) -> None:
    store = await world.host("a")
    await store.add(agent("root", state="waiting"))
    await store.add(agent("left", "root"))
    await world.dead("victim", "left")
    await store.signal(RunId("root"), Signal.KILL, "gone anyway")
    left = await get(store, "left")
    assert (left.state, left.owner, left.signal, left.crashes) == (RunState.KILLED, None, None, 1)
    assert await store.orphans() == []


@pytest.mark.parametrize(("signal", "expected"), [(Signal.KILL, RunState.QUEUED), (Signal.PAUSE, RunState.WAITING)])
async def test_a_waiting_parent_outside_the_tree_goes_on_when_its_child_is_killed_not_when_it_is_paused(
    world: World, signal: Signal, expected: RunState
) -> None:
    store = await world.host("a")
    await store.add(agent("parent", state="waiting"))
    await store.add(agent("child", "parent", state="waiting"))
    await store.add(agent("grandchild", "child"))
    await store.signal(RunId("child"), signal, "stop")
    assert (await get(store, "parent")).state is expected
    assert (await get(store, "child")).state is not RunState.QUEUED


# Resuming


async def test_a_paused_run_is_queued_and_a_pause_that_was_not_obeyed_is_taken_back(world: World) -> None:
    store = await world.host("a")
    await store.add(agent("paused", state="paused", reason="one moment"))
    await world.clock.advance(3)
    resumed = await store.resume(RunId("paused"))
    assert (resumed.state, resumed.reason, resumed.changed_at) == (RunState.QUEUED, None, BEGAN + timedelta(seconds=3))
    assert await get(store, "paused") == resumed

    await begin(store, "running")
    await store.signal(RunId("running"), Signal.PAUSE, "one moment")
    resumed = await store.resume(RunId("running"))
    assert (resumed.state, resumed.signal, resumed.reason) == (RunState.RUNNING, None, None)
    assert await get(store, "running") == resumed


async def test_a_resumed_run_is_still_to_be_killed_and_one_that_goes_on_stays_as_it_is(world: World) -> None:
    store = await world.host("a")
    await begin(store, "running")
    await store.signal(RunId("running"), Signal.KILL, "enough")
    assert (await store.resume(RunId("running"))).signal is Signal.KILL
    await store.add(agent("waiting", state="waiting"))
    assert await store.resume(RunId("waiting")) == agent("waiting", state="waiting")


async def test_a_run_that_has_ended_is_not_resumed(world: World) -> None:
    store = await world.host("a")
    for state in FINAL:
        await store.add(agent(state.value, state=state))
        with pytest.raises(IllegalTransition, match=state.value):
            await store.resume(RunId(state.value))
    with pytest.raises(NotFound, match="nobody"):
        await store.resume(RunId("nobody"))


# The queue


async def test_the_queue_has_the_most_urgent_first_and_of_equals_the_oldest(world: World) -> None:
    store = await world.host("a")
    for name, priority, age in [("n2", 1, 2), ("low", 0, 0), ("n1", 1, 1), ("critical", 3, 9), ("n3", 1, 2)]:
        await store.add(agent(name, priority=priority, age=age))
    await store.add(agent("waiting", state="waiting", priority=3))
    assert [run.id for run in await store.queued(10)] == ["critical", "n1", "n2", "n3", "low"]
    assert [run.id for run in await store.queued(2)] == ["critical", "n1"]
    assert await store.queued(0) == []

    assert (await store.reprioritise(RunId("low"), 2)).priority == 2
    assert [run.id for run in await store.queued(2)] == ["critical", "low"]


async def test_only_what_nobody_alive_holds_is_queued(world: World) -> None:
    store, other = await world.host("a"), await world.host("b")
    for name in ("held", "free"):
        await store.add(agent(name))
    lease = await other.claim(RunId("held"))
    assert lease is not None
    assert [run.id for run in await store.queued(1)] == ["free"]
    await other.release(lease)
    assert [run.id for run in await store.queued(2)] == ["held", "free"]


async def test_a_priority_that_does_not_exist_and_a_run_that_does_not_are_refused(world: World) -> None:
    store = await world.host("a")
    await store.add(agent("run"))
    for priority in (-1, 4):
        with pytest.raises(InputError, match=str(priority)):
            await store.reprioritise(RunId("run"), priority)
    assert await get(store, "run") == agent("run")
    with pytest.raises(NotFound, match="nobody"):
        await store.reprioritise(RunId("nobody"), 1)


async def test_what_a_run_is_started_with_can_be_amended_until_it_has_ended(world: World) -> None:
    store = await world.host("a")
    await store.add(agent("run"))
    before = await get(store, "run")
    amended = before.model_copy(update={"input": before.input | {"model": "é/\ud800", "more": 1}})
    await store.amend(RunId("run"), {"model": "é/\ud800"})
    assert await store.amend(RunId("run"), {"more": 1}) == amended
    assert await get(store, "run") == amended
    await store.signal(RunId("run"), Signal.KILL, "enough")
    with pytest.raises(IllegalTransition, match="killed"):
        await store.amend(RunId("run"), {"model": "c"})
    with pytest.raises(NotFound, match="nobody"):
        await store.amend(RunId("nobody"), {})


# Room


async def test_the_crowd_is_the_agents_that_have_not_ended(world: World) -> None:
    store = await world.host("a")
    assert await store.crowd() == 0
    lease = await begin(store, "agent")
    await store.add(agent("waiting", state="waiting"))
    await store.add(agent("ended", state="done"))
    await store.add(agent("turn", kind="turn"))
    assert await store.crowd() == 2
    await store.change(lease, RunState.DONE)
    await store.signal(RunId("waiting"), Signal.KILL, "stop")
    assert await store.crowd() == 0
    await store.collect(0, BEGAN)
    assert await store.crowd() == 0


async def test_an_agent_beyond_the_crowd_or_its_parents_children_is_refused_by_the_name_of_the_setting(
    world: World,
) -> None:
    store = await world.host("a")
    parent = await begin(store, "parent")
    assert await store.add_within(agent("one", "parent"), crowd=3, children=1)
    with pytest.raises(Conflict, match=r"agents\.max_children"):
        await store.add_within(agent("two", "parent"), crowd=3, children=1)
    assert await store.add_within(agent("other"), crowd=3, children=1)
    with pytest.raises(Conflict, match=r"agents\.max_agents"):
        await store.add_within(agent("four"), crowd=3, children=1)
    assert not await store.add_within(agent("one", "parent"), crowd=0, children=0)
    assert set(await states(store)) == {"parent", "one", "other"}

    await store.signal(RunId("one"), Signal.KILL, "stop")
    assert await store.add_within(agent("two", "parent"), crowd=3, children=1)
    await store.change(parent, RunState.DONE)


async def test_a_parent_that_is_to_be_killed_has_no_more_children(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store, "parent")
    await store.signal(RunId("parent"), Signal.KILL, "stop")
    with pytest.raises(Conflict, match="parent"):
        await store.add_within(agent("child", "parent"), crowd=9, children=9)
    await store.change(lease, RunState.KILLED)
    with pytest.raises(Conflict, match="parent"):
        await store.add_within(agent("child", "parent"), crowd=9, children=9)
    assert set(await states(store)) == {"parent"}


async def test_hosts_that_add_at_the_same_time_do_not_exceed_the_crowd(world: World) -> None:
    hosts = [await world.host(name) for name in ("a", "b", "c")]
    added: list[bool] = []

    async def add(store: Store, name: str) -> None:
        try:
            added.append(await store.add_within(agent(name), crowd=7, children=1))
        except Conflict:
            added.append(False)

    async with anyio.create_task_group() as tasks:
        for number in range(30):
            tasks.start_soon(add, hosts[number % 3], f"agent-{number}")
    assert (sum(added), len(added)) == (7, 30)
    assert await hosts[0].crowd() == 7


# Crashes


async def test_a_crash_is_counted_when_a_dead_hosts_run_is_taken_not_when_a_lease_was_given_back(world: World) -> None:
    store = await world.host("a")
    await world.dead("victim", "left")
    lease = await store.claim(RunId("left"))
    assert lease is not None
    assert (await get(store, "left")).crashes == 1
    await store.release(lease)
    assert await store.claim(RunId("left")) is not None
    run = await get(store, "left")
    assert (run.crashes, run.attempts) == (1, 3)


async def test_a_run_that_did_something_before_its_host_died_is_no_suspect(world: World) -> None:
    for host in ("one", "two", "three"):
        await world.dead(host, "suspect")
    for host in ("four", "five", "six"):
        await world.dead(host, "busy", more=PROGRESS)
    store = await world.host("a")
    assert await store.claim(RunId("suspect")) is not None
    assert await store.claim(RunId("busy")) is not None
    assert (await get(store, "suspect")).crashes == 3
    assert (await get(store, "busy")).crashes == 1
