"""What every table of runs promises to those who wait: parking, waking, mail, and journals that begin as another's."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.letter import MAILBOX_LETTERS, Letter
from oxios_kernel.domain.run import Run, RunState, Signal
from oxios_kernel.errors import Conflict, IllegalTransition, LeaseLost, NotFound

from tests.journal_worlds import BEGAN, WORLDS, Store, World, a_world, agent, begin

pytestmark = pytest.mark.anyio

SOON = BEGAN + timedelta(seconds=30)
R = RunId("run")
CHILD = RunId("child")


@pytest.fixture(params=WORLDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(request.param, tmp_path) as made:
        yield made


def letter(key: str, *, to: str = R, text: str = "go on", **fields: object) -> Letter:
    document = {"to": to, "sender": "person", "text": text, "key": key, "at": BEGAN}
    return Letter.model_validate(document | fields)


async def parked(store: Store, run_id: str = R, *, wake_at: datetime | None = None) -> Run:
    """Have an agent that waits for its child and for letters."""
    lease = await begin(store, run_id)
    return await store.park(lease, [], wake_at, 0)


async def state(store: Store, run_id: str = R) -> RunState:
    run = await store.get(RunId(run_id))
    assert run is not None
    return run.state


# Parking


async def test_a_parked_run_is_a_row_that_nobody_holds_until_it_is_under_way_again(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store, R)
    await begin(store, CHILD, R)
    await world.clock.advance(2)
    run = await store.park(lease, [CHILD], SOON, 0)
    assert (run.state, run.owner, run.waiting_for, run.wake_at) == (RunState.WAITING, None, (CHILD,), SOON)
    assert run.changed_at == BEGAN + timedelta(seconds=2)
    assert await store.get(R) == run
    with pytest.raises(LeaseLost):
        await store.change(lease, RunState.DONE)

    again = await store.claim(R)
    assert again is not None
    going = await store.change(again, RunState.RUNNING)
    assert (going.waiting_for, going.wake_at) == ((), None)


async def ended(store: Store) -> None:
    lease = await begin(store, CHILD, R)
    await store.change(lease, RunState.FAILED)


async def written_to(store: Store) -> None:
    await store.post(letter("one"))


async def asked_to_stop(store: Store) -> None:
    await store.signal(R, Signal.PAUSE, "one moment")


async def nothing(store: Store) -> None:
    await store.add(agent(CHILD, R))


@pytest.mark.parametrize(
    ("before", "waiting_for", "wake_at", "letters"),
    [
        pytest.param(ended, [CHILD], None, -1, id="a child has ended"),
        pytest.param(nothing, [CHILD, RunId("nobody")], None, -1, id="a child does not exist"),
        pytest.param(written_to, [], SOON, 0, id="a letter is there"),
        pytest.param(nothing, [CHILD], BEGAN, -1, id="the moment is there"),
        pytest.param(asked_to_stop, [], SOON, 0, id="it is asked to stop"),
    ],
)
async def test_a_run_goes_on_at_once_when_what_it_waits_for_is_there(
    world: World,
    before: Callable[[Store], Awaitable[None]],
    waiting_for: list[RunId],
    wake_at: datetime | None,
    letters: int,
) -> None:
    store = await world.host("a")
    lease = await begin(store, R)
    await before(store)
    run = await store.park(lease, waiting_for, wake_at, letters)
    assert (run.state, run.owner) == (RunState.QUEUED, None)
    assert [queued.id for queued in await store.queued(1)] == [R]


@pytest.mark.parametrize("letters", [1, -1])
async def test_letters_that_were_read_or_not_asked_for_do_not_keep_a_run_from_waiting(
    world: World, letters: int
) -> None:
    store = await world.host("a")
    lease = await begin(store, R)
    await store.post(letter("one"))
    assert (await store.park(lease, [], None, letters)).state is RunState.WAITING


async def test_a_run_that_is_asked_to_stop_keeps_that_when_it_parks(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store, R)
    await store.signal(R, Signal.KILL, "enough")
    run = await store.park(lease, [], None, 0)
    assert (run.state, run.signal, run.reason) == (RunState.QUEUED, Signal.KILL, "enough")
    (paused,) = await store.signal(R, Signal.PAUSE, "one moment")
    assert (paused.state, paused.reason) == (RunState.KILLED, "enough")


async def test_only_a_running_run_is_parked_and_only_by_who_holds_it(world: World) -> None:
    store = await world.host("a")
    await store.add(agent(R))
    lease = await store.claim(R)
    assert lease is not None
    with pytest.raises(IllegalTransition, match="queued"):
        await store.park(lease, [], None, 0)
    await store.change(lease, RunState.RUNNING)
    await store.release(lease)
    with pytest.raises(LeaseLost):
        await store.park(lease, [], None, 0)
    assert await state(store) is RunState.RUNNING


# Waking


@pytest.mark.parametrize("end", [RunState.DONE, RunState.FAILED, RunState.KILLED])
async def test_the_end_of_a_child_queues_its_waiting_parent_and_nobody_else(world: World, end: RunState) -> None:
    store, other = await world.host("a"), await world.host("b")
    await parked(store)
    await parked(store, "bystander")
    child = await begin(other, CHILD, R)
    await world.clock.advance(1)
    await other.change(child, RunState.PAUSED)
    assert await state(store) is RunState.WAITING
    await other.change(child, RunState.RUNNING)
    await other.change(child, end)
    run = await store.get(R)
    assert run is not None
    assert (run.state, run.changed_at) == (RunState.QUEUED, BEGAN + timedelta(seconds=1))
    assert await state(store, "bystander") is RunState.WAITING


@pytest.mark.parametrize("end", [RunState.DONE, RunState.FAILED, RunState.KILLED])
async def test_an_end_queues_those_who_wait_for_an_answer_of_it_and_nobody_else(world: World, end: RunState) -> None:
    store, other = await world.host("a"), await world.host("b")
    asked = await begin(other, "asked")
    for name in ("asker", "second", "stranger"):
        lease = await begin(store, name)
        if name != "stranger":
            await store.post(letter(f"from {name}", to="asked", sender=name))
        await store.park(lease, [RunId("asked")] if name != "stranger" else [], None, 0)
    await store.post(letter("from a person", to="asked"))
    await other.change(asked, end)
    assert [await state(store, name) for name in ("asker", "second")] == [RunState.QUEUED, RunState.QUEUED]
    assert await state(store, "stranger") is RunState.WAITING


async def test_a_kill_queues_those_who_wait_for_an_answer_of_what_nobody_worked_on(world: World) -> None:
    store = await world.host("a")
    await store.add(agent("asked"))
    lease = await begin(store, R)
    await store.post(letter("question", to="asked", sender=R))
    await store.park(lease, [RunId("asked")], None, 0)
    await store.signal(RunId("asked"), Signal.KILL, "enough")
    assert await state(store) is RunState.QUEUED


async def test_a_paused_parent_stays_paused_when_its_child_ends(world: World) -> None:
    store = await world.host("a")
    await store.add(agent(R, state="paused"))
    child = await begin(store, CHILD, R)
    await store.change(child, RunState.DONE)
    assert await state(store) is RunState.PAUSED


async def test_runs_are_queued_when_their_moment_is_there_in_the_order_of_their_moments(world: World) -> None:
    store = await world.host("a")
    assert await store.next_moment() is None
    for name, seconds in (("third", 30), ("first", 10), ("second", 20), ("late", 90)):
        await parked(store, name, wake_at=BEGAN + timedelta(seconds=seconds))
    await parked(store, "without a moment")
    assert await store.next_moment() == BEGAN + timedelta(seconds=10)
    assert await store.wake(BEGAN + timedelta(seconds=9)) == []
    assert await store.wake(BEGAN + timedelta(seconds=30)) == ["first", "second", "third"]
    assert await store.next_moment() == BEGAN + timedelta(seconds=90)
    assert await store.wake(BEGAN + timedelta(seconds=30)) == []
    assert {run.id for run in await store.queued(9)} == {"first", "second", "third"}


async def test_the_moment_of_a_paused_run_is_nobodys(world: World) -> None:
    store = await world.host("a")
    await parked(store, wake_at=SOON)
    await store.signal(R, Signal.PAUSE, "one moment")
    assert await store.next_moment() is None
    assert await store.wake(SOON) == []


# Mail


async def test_letters_are_numbered_in_their_mailbox_and_read_in_order(world: World) -> None:
    store, other = await world.host("a"), await world.host("b")
    await store.add(agent(R))
    await store.add(agent("other"))
    first = await store.post(letter("one", text="שלום, 한국어 🧑‍🚀, nul \x00"))
    await store.post(letter("one", to="other"))
    second = await other.post(letter("two", sender="run-7", answers="one"))
    assert (first.number, second.number) == (1, 2)
    assert await other.letters(R) == [first, second]
    assert await other.letters(R, after=1) == [second]
    assert await store.letters(R, after=2) == []
    assert await store.letters(RunId("nobody")) == []


async def test_a_letter_queues_its_reader_if_that_waits(world: World) -> None:
    store, other = await world.host("a"), await world.host("b")
    await parked(store)
    await begin(store, "busy")
    await other.post(letter("one"))
    await other.post(letter("one", to="busy"))
    assert await state(store) is RunState.QUEUED
    assert await state(store, "busy") is RunState.RUNNING


async def test_the_same_key_again_is_the_same_letter_and_changes_nothing(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store, R)
    first = await store.post(letter("one"))
    await store.park(lease, [], None, 1)
    assert await store.post(letter("one", text="something else")) == first
    assert await state(store) is RunState.WAITING
    await store.signal(R, Signal.KILL, "stop")
    assert await store.post(letter("one")) == first
    assert await store.letters(R) == [first]


async def test_nobody_writes_to_who_has_ended_or_is_not_there(world: World) -> None:
    store = await world.host("a")
    await store.add(agent(R, state="done"))
    with pytest.raises(Conflict, match=R):
        await store.post(letter("one"))
    with pytest.raises(NotFound, match="nobody"):
        await store.post(letter("one", to="nobody"))
    assert await store.letters(R) == []


async def test_a_full_mailbox_refuses_one_letter_more(world: World) -> None:
    store = await world.host("a")
    await store.add(agent(R))
    for number in range(MAILBOX_LETTERS):
        await store.post(letter(str(number), text=""))
    with pytest.raises(Conflict, match=str(MAILBOX_LETTERS)):
        await store.post(letter("one more"))
    assert (await store.post(letter("7"))).number == 8
    assert len(await store.letters(R)) == MAILBOX_LETTERS


async def test_mail_goes_with_its_run(world: World) -> None:
    store = await world.host("a")
    await store.add(agent(R))
    await store.post(letter("one"))
    await store.signal(R, Signal.KILL, "stop")
    assert await store.collect(0, BEGAN) == 1
    assert await store.letters(R) == []


# Branching


async def test_a_branch_begins_with_the_given_entries_and_goes_its_own_way(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store, R)
    await store.record(lease, "step/1/model", "asked", {"text": "네 \ud83d"})
    await store.record(lease, "step/1/tool/1", "called", "x" * 300_000)
    await store.record(lease, "step/2/model", "asked", "not taken along")
    entries = (await store.replay(R))[:2]
    await world.clock.advance(5)

    assert await store.branch(R, agent("branch", input={"instruction": "otherwise"}), entries)
    assert await store.replay(RunId("branch")) == entries
    taken = await store.claim(RunId("branch"))
    assert taken is not None
    assert (await store.record(taken, "step/2/model", "asked otherwise", "own")).sequence == 3
    assert len(await store.replay(R)) == 3
    await store.change(lease, RunState.DONE)
    await store.collect(0, BEGAN)
    assert [entry.result for entry in await store.replay(RunId("branch"))][1:] == ["x" * 300_000, "own"]


async def test_a_branch_whose_id_exists_is_left_as_it_is_and_one_of_nobody_is_refused(world: World) -> None:
    store = await world.host("a")
    lease = await begin(store, R)
    await store.record(lease, "step/1/model", "asked", "answer")
    entries = await store.replay(R)
    assert await store.branch(R, agent("branch"), [])
    assert not await store.branch(RunId("nobody"), agent("branch", title="again"), entries)
    assert await store.get(RunId("branch")) == agent("branch")
    assert await store.replay(RunId("branch")) == []
    with pytest.raises(NotFound, match="nobody"):
        await store.branch(RunId("nobody"), agent("second"), entries)
    assert await store.get(RunId("second")) is None


# Versions


async def test_the_version_is_another_one_after_another_host_has_written_and_the_same_after_reading(
    world: World,
) -> None:
    store, other = await world.host("a"), await world.host("b")
    await other.add(agent(R))
    seen = [await store.version()]
    await store.get(R)
    assert await store.version() == seen[0]
    await other.post(letter("one"))
    seen.append(await store.version())
    lease = await begin(other, R)
    seen.append(await store.version())
    await other.record(lease, "step/1/model", "asked", "answer")
    seen.append(await store.version())
    assert len(set(seen)) == 4
