"""What every journal promises, whatever it is made of: the SQLite file with real processes, and the fake in memory."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Lease, Run, RunKind, RunState
from oxios_kernel.errors import Conflict, IllegalTransition, JournalMismatch, LeaseLost, NotFound
from oxios_kernel.ports.journal import RunQuery

from tests.journal_worlds import BEGAN, WORLDS, Store, World, a_world

pytestmark = pytest.mark.anyio

R = RunId("run-1")


@pytest.fixture(params=WORLDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(request.param, tmp_path) as made:
        yield made


def row(run_id: str = R, *, age: int = 0, **fields: object) -> Run:
    """A run's row that was written `age` seconds after the beginning."""
    at = BEGAN + timedelta(seconds=age)
    document = {"id": run_id, "kind": RunKind.TURN, "created_at": at, "changed_at": at} | fields
    return Run.model_validate(document)


async def begin(store: Store, run_id: str = R) -> Lease:
    """Have a run under way."""
    await store.add(row(run_id))
    lease = await store.claim(RunId(run_id))
    assert lease is not None
    await store.change(lease, RunState.RUNNING)
    return lease


async def finish(store: Store, run_id: str, state: RunState = RunState.DONE) -> None:
    lease = await begin(store, run_id)
    await store.record(lease, "step/1/model", "d", run_id)
    await store.change(lease, state)
    await store.release(lease)


# Entries


async def test_an_effect_is_intended_recorded_and_replayed_in_the_order_of_its_beginning(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store)
    first = await store.intend(lease, "step/1/model", "asked")
    await store.record(lease, "clock", "now", "2026-01-01")
    await world.clock.advance(2.5)
    done = await store.record(lease, "step/1/model", "asked", {"text": "hello", "tokens": 3})
    await store.intend(lease, "step/1/tool/1", "called")

    assert first.new
    assert (first.entry.done, first.entry.result, first.entry.sequence) == (False, None, 1)
    entries = await store.replay(R)
    assert [(entry.key, entry.sequence, entry.done) for entry in entries] == [
        ("step/1/model", 1, True),
        ("clock", 2, True),
        ("step/1/tool/1", 3, False),
    ]
    assert entries[0] == done
    assert done.result == {"text": "hello", "tokens": 3}
    assert done.at == BEGAN + timedelta(seconds=2.5)


async def test_an_intent_that_was_written_before_is_not_new(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store)
    await store.intend(lease, "step/1/tool/1", "called")
    again = await store.intend(lease, "step/1/tool/1", "called")
    assert (again.new, again.entry.done) == (False, False)

    await store.record(lease, "step/1/tool/1", "called", "output")
    afterwards = await store.intend(lease, "step/1/tool/1", "called")
    assert (afterwards.new, afterwards.entry.done, afterwards.entry.result) == (False, True, "output")


async def test_the_first_recorded_result_stays(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store)
    await store.record(lease, "step/1/model", "asked", "first")
    assert (await store.record(lease, "step/1/model", "asked", "second")).result == "first"
    assert [entry.result for entry in await store.replay(R)] == ["first"]


async def test_an_empty_result_is_a_result(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store)
    assert (await store.record(lease, "step/1/tool/1", "called", None)).done
    assert [entry.done for entry in await store.replay(R)] == [True]


@pytest.mark.parametrize("done", [True, False])
async def test_the_same_name_with_another_content_is_refused_and_changes_nothing(world: World, done: bool) -> None:
    store = await world.host("a")
    lease = await begin(store)
    await store.intend(lease, "step/1/model", "asked")
    if done:
        await store.record(lease, "step/1/model", "asked", "answer")
    before = await store.replay(R)

    with pytest.raises(JournalMismatch, match="step/1/model"):
        await store.intend(lease, "step/1/model", "asked otherwise")
    with pytest.raises(JournalMismatch, match="asked otherwise"):
        await store.record(lease, "step/1/model", "asked otherwise", "other answer")
    assert await store.replay(R) == before


async def test_a_refused_write_takes_nothing_else_with_it(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store)
    await store.record(lease, "taken", "one", 1)
    refused: list[int] = []

    async def write(number: int) -> None:
        try:
            await store.record(lease, "taken" if number % 3 == 0 else f"step/{number}", "other", number)
        except JournalMismatch:
            refused.append(number)

    async with anyio.create_task_group() as tasks:
        for number in range(60):
            tasks.start_soon(write, number)
    assert sorted(refused) == list(range(0, 60, 3))
    assert {entry.result for entry in await store.replay(R)} == {1} | {n for n in range(60) if n % 3}


async def test_names_and_results_of_every_script_come_back_as_they_were(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store)
    words = ["한국어 🧑‍🚀", "שלום עולם", "nul \x00 inside", "half a pair \ud83d", "'; DROP TABLE runs; --", ""]
    for word in words:
        await store.record(lease, word, word, {word: [word, 0.1, 10**30, True, None]})
    entries = await store.replay(R)
    assert [entry.key for entry in entries] == words
    assert [entry.digest for entry in entries] == words
    assert [entry.result for entry in entries] == [{word: [word, 0.1, 10**30, True, None]} for word in words]


async def test_results_of_any_size_come_back_whole(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store)
    sizes = [0, 1, 256 * 1024 - 3, 256 * 1024 - 2, 256 * 1024 - 1, 256 * 1024, 3_000_000]
    for size in sizes:
        await store.intend(lease, f"intended/{size}", "d")
        await store.record(lease, f"intended/{size}", "d", "글"[: size % 2] + "x" * size)
        await store.record(lease, f"at once/{size}", "d", "글"[: size % 2] + "x" * size)
    results: list[Json] = [entry.result for entry in await store.replay(R)]
    assert results == [text for size in sizes for text in ["글"[: size % 2] + "x" * size] * 2]


async def test_ten_thousand_effects_replay_in_order(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store)

    async def write(first: int) -> None:
        for number in range(first, 10_000, 100):
            await store.record(lease, f"step/{number}/model", "d", number)

    async with anyio.create_task_group() as tasks:
        for first in range(100):
            tasks.start_soon(write, first)
    entries = await store.replay(R)
    assert [entry.sequence for entry in entries] == list(range(1, 10_001))
    assert {entry.result for entry in entries} == set(range(10_000))


async def test_hosts_that_write_at_the_same_time_lose_nothing(world: World) -> None:
    hosts = [await world.host(name) for name in ("a", "b", "c")]
    leases = [await begin(store, f"run-{number}") for number, store in enumerate(hosts)]

    async def write(store: Store, lease: Lease, writer: int) -> None:
        for number in range(10):
            await store.intend(lease, f"{writer}/{number}", "d")
            await store.record(lease, f"{writer}/{number}", "d", [writer, number])

    async with anyio.create_task_group() as tasks:
        for store, lease in zip(hosts, leases, strict=True):
            for writer in range(10):
                tasks.start_soon(write, store, lease, writer)
    for number in range(3):
        entries = await hosts[0].replay(RunId(f"run-{number}"))
        assert [entry.sequence for entry in entries] == list(range(1, 101))
        assert all(entry.done for entry in entries)


async def test_a_cancelled_caller_leaves_the_whole_of_a_write_or_nothing(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await store.record(lease, "step/1/model", "asked", "answer")
    assert scope.cancelled_caught
    again = await store.record(lease, "step/1/model", "asked", "answer")
    assert await store.replay(R) == [again]


async def test_a_cancelled_caller_does_not_keep_a_lease_that_it_never_saw(world: World) -> None:
    store = await world.host("a")
    await store.add(row())
    lease = None
    with anyio.CancelScope() as scope:
        scope.cancel()
        lease = await store.claim(R)
    assert lease is not None
    await store.release(lease)
    assert await store.claim(R) is not None


# Rows


async def test_a_run_comes_back_as_it_was_added_and_is_added_once(world: World) -> None:
    store = await world.host("a")
    run = row(
        kind=RunKind.AGENT,
        parent="turn-1",
        session_id="대화",
        state=RunState.PAUSED,
        title="Zähle 🦀 und \udcff",
        input={"prompt": "שלום", "n": [1, 2.5, None]},
        output={"text": "\ud83d"},
        reason="the person said so",
        changed_at=BEGAN + timedelta(microseconds=1),
        attempts=3,
        epoch=3,
    )
    assert await store.add(run)
    assert await store.get(R) == run
    assert not await store.add(row(title="another"))
    assert await store.get(R) == run
    assert await (await world.host("b")).get(R) == run


async def test_an_unknown_run_has_no_row_no_journal_and_no_lease(world: World) -> None:
    store = await world.host("a")
    for name in (RunId("nobody"), RunId("half a pair \ud83d")):
        assert await store.get(name) is None
        assert await store.replay(name) == []
        with pytest.raises(NotFound, match=r"nobody|half"):
            await store.claim(name)
    made_up = Lease(run_id=RunId("nobody"), owner="a", epoch=1)
    with pytest.raises(LeaseLost):
        await store.record(made_up, "step/1", "d", 1)
    with pytest.raises(LeaseLost):
        await store.change(made_up, RunState.RUNNING)
    await store.release(made_up)


async def test_a_run_changes_its_state_with_what_came_of_it(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store)
    await world.clock.advance(10)
    paused = await store.change(lease, RunState.PAUSED, reason="one moment")
    assert (paused.state, paused.reason) == (RunState.PAUSED, "one moment")
    assert (paused.created_at, paused.changed_at) == (BEGAN, BEGAN + timedelta(seconds=10))
    assert (await store.change(lease, RunState.RUNNING)).reason is None
    done = await store.change(lease, RunState.DONE, output={"answer": "네"})
    assert done.output == {"answer": "네"}
    assert await store.get(R) == done


async def test_half_a_character_in_a_reason_does_not_cost_the_run(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store)
    failed = await store.change(lease, RunState.FAILED, output="half \udc00", reason="half a pair \ud83d")
    assert failed.reason == "half a pair \ud83d"
    assert await store.get(R) == failed
    assert await store.find(RunQuery()) == [failed]


async def test_a_run_that_stays_in_its_state_does_not_change(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store)
    done = await store.change(lease, RunState.DONE, output="first")
    await world.clock.advance(1)
    assert await store.change(lease, RunState.DONE, output="second") == done


@pytest.mark.parametrize("final", [RunState.DONE, RunState.FAILED, RunState.KILLED])
async def test_nothing_follows_a_final_state(world: World, final: RunState) -> None:
    store = await world.host("a")
    lease = await begin(store)
    ended = await store.change(lease, final)
    for state in RunState:
        if state is not final:
            with pytest.raises(IllegalTransition, match=state.value):
                await store.change(lease, state)
    assert await store.get(R) == ended
    await store.release(lease)
    assert await store.claim(R) is None


async def test_runs_are_found_by_what_they_are_newest_first(world: World) -> None:
    store = await world.host("a")
    await store.add(row("t1", age=1, session_id="s1"))
    await store.add(row("t3", age=3, session_id="s2", state=RunState.DONE))
    await store.add(row("t2", age=2, session_id="s1", state=RunState.FAILED))
    await store.add(row("a1", age=2, kind=RunKind.AGENT, parent="t1", session_id="s1", group="g"))

    async def found(query: RunQuery) -> list[str]:
        return [run.id for run in await store.find(query)]

    assert await found(RunQuery()) == ["t3", "a1", "t2", "t1"]
    assert await found(RunQuery(limit=2)) == ["t3", "a1"]
    assert await found(RunQuery(kinds={RunKind.TURN})) == ["t3", "t2", "t1"]
    assert await found(RunQuery(states=[RunState.DONE, RunState.FAILED])) == ["t3", "t2"]
    assert await found(RunQuery(states=[])) == []
    assert await found(RunQuery(session_id="s1", kinds={RunKind.TURN})) == ["t2", "t1"]
    assert await found(RunQuery(parent=RunId("t1"))) == ["a1"]
    assert await found(RunQuery(group="g")) == ["a1"]
    assert await found(RunQuery(prefix="t")) == ["t3", "t2", "t1"]
    assert await found(RunQuery(prefix="t2")) == ["t2"]
    assert await found(RunQuery(prefix="_")) == []


# Leases


async def test_a_run_is_held_by_one_host_until_it_gives_it_back(world: World) -> None:
    one, other = await world.host("a"), await world.host("b")
    await one.add(row())
    lease = await one.claim(R)
    assert lease == Lease(run_id=R, owner="a", epoch=1)
    assert await other.claim(R) is None
    assert await one.claim(R) is None

    await one.release(lease)
    second = await other.claim(R)
    assert second == Lease(run_id=R, owner="b", epoch=2)
    held = await one.get(R)
    assert held is not None
    assert (held.owner, held.epoch, held.attempts, held.state) == ("b", 2, 2, RunState.QUEUED)


async def test_a_host_that_lost_a_run_can_change_nothing_of_it(world: World) -> None:
    one, other = await world.host("a"), await world.host("b")
    old = await begin(one)
    await one.intend(old, "step/1/model", "asked")
    await one.release(old)
    for _ in ("given back", "taken by another"):
        with pytest.raises(LeaseLost, match=R):
            await one.intend(old, "step/2/model", "asked")
        with pytest.raises(LeaseLost):
            await one.record(old, "step/1/model", "asked", "late")
        with pytest.raises(LeaseLost):
            await one.change(old, RunState.DONE)
        await one.release(old)
        await other.claim(R)
    run = await one.get(R)
    assert run is not None
    assert (run.owner, run.state) == ("b", RunState.RUNNING)
    assert [(entry.key, entry.done) for entry in await one.replay(R)] == [("step/1/model", False)]


async def test_of_hosts_that_want_a_run_at_the_same_time_one_gets_it(world: World) -> None:
    hosts = [await world.host(name) for name in ("a", "b", "c")]
    await hosts[0].add(row())
    leases: list[Lease] = []

    async def claim(store: Store) -> None:
        lease = await store.claim(R)
        if lease is not None:
            leases.append(lease)

    async with anyio.create_task_group() as tasks:
        for store in hosts * 3:
            tasks.start_soon(claim, store)
    assert len(leases) == 1
    assert leases[0].epoch == 1


async def test_the_runs_of_a_dead_host_are_found_and_taken_with_what_it_had_recorded(world: World) -> None:
    store = await world.host("heir")
    await begin(store, "living")
    await world.dead("victim", "left")

    assert [run.id for run in await store.orphans()] == ["left"]
    lease = await store.claim(RunId("left"))
    assert lease == Lease(run_id=RunId("left"), owner="heir", epoch=2)
    assert await store.orphans() == []
    paid, doubt = await store.replay(RunId("left"))
    assert (paid.key, paid.done, paid.result) == ("step/1/model", True, {"text": "paid"})
    assert (doubt.key, doubt.done) == ("step/1/tool/1", False)
    with pytest.raises(LeaseLost):
        await store.record(Lease(run_id=lease.run_id, owner="victim", epoch=1), "step/1/tool/1", "called", "late")


async def test_a_running_run_that_was_given_back_is_an_orphan(world: World) -> None:
    store = await world.host("a")
    for name in ("run-1", "run-2", "queued"):
        await store.add(row(name))
    for name in ("run-2", "run-1"):
        lease = await store.claim(RunId(name))
        assert lease is not None
        await store.change(lease, RunState.RUNNING)
        assert await store.orphans() == []
        await store.release(lease)
        orphans = await store.orphans()
        assert [run.id for run in orphans] == [name]
        assert await store.claim(RunId(name)) is not None


async def test_two_living_hosts_never_have_one_name(world: World) -> None:
    await world.host("a")
    with pytest.raises(Conflict, match="'a'"):
        await world.host("a")


async def test_an_older_lease_of_the_same_host_is_as_lost_as_a_strangers(world: World) -> None:
    store = await world.host("a")
    old = await begin(store)
    await store.release(old)
    new = await store.claim(R)
    assert new == Lease(run_id=R, owner="a", epoch=2)
    with pytest.raises(LeaseLost):
        await store.record(old, "step/1/model", "asked", "late")
    with pytest.raises(LeaseLost):
        await store.change(old, RunState.DONE)
    await store.release(old)
    assert (await store.record(new, "step/1/model", "asked", "in time")).result == "in time"


# Collection


async def test_final_runs_are_collected_by_count_and_by_age_and_the_others_stay(world: World) -> None:
    store = await world.host("a")
    for number in range(6):
        await finish(store, f"run-{number}", list(RunState)[-1 - number % 3])
        await world.clock.advance(10)
    await begin(store, "working")

    assert await store.collect(4, BEGAN) == 2
    assert await store.collect(4, BEGAN) == 0
    assert await store.collect(100, BEGAN + timedelta(seconds=35)) == 2
    assert {run.id for run in await store.find(RunQuery())} == {"working", "run-4", "run-5"}
    assert await store.replay(RunId("run-0")) == []
    assert [entry.result for entry in await store.replay(RunId("run-5"))] == ["run-5"]
    assert await store.collect(0, BEGAN) == 2


async def test_a_child_is_collected_only_when_its_parent_is_final(world: World) -> None:
    store = await world.host("a")
    turn = await begin(store, "turn")
    await store.add(row("agent", kind=RunKind.AGENT, parent="turn", state=RunState.DONE))
    assert await store.collect(0, BEGAN) == 0
    await store.change(turn, RunState.DONE)
    assert await store.collect(0, BEGAN) == 2
