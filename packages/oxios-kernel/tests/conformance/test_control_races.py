"""Whoever comes first: ends, letters and kills that meet a run about to wait, between hosts and between processes."""

import random
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Protocol

import anyio
import pytest
from anyio.lowlevel import checkpoint
from oxios_kernel.adapters.clock_system import ClockSystem
from oxios_kernel.adapters.journal_sqlite import JournalSqlite
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.letter import Letter
from oxios_kernel.domain.run import Lease, RunState, Signal
from oxios_kernel.ports.journal import RunQuery

from tests.journal_worlds import BEGAN, CHILD, WORLDS, Store, World, a_world, agent, begin

PROCESSES = ("p", "q")
MEETINGS = 100


@pytest.fixture(params=WORLDS)
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(request.param, tmp_path) as made:
        yield made


class Meeting:
    """A parent of one host that is about to wait, while on the other its child ends, or somebody writes or kills."""

    def __init__(self, number: int, here: Store, there: Store) -> None:
        self.parent, self.child = RunId(f"parent-{number}"), RunId(f"child-{number}")
        self.here, self.there = here, there
        self.dice = random.Random(number)
        self.event = self.dice.choice([self.end, self.write, self.kill])
        self.killed = self.event == self.kill

    async def happen(self) -> None:
        leases = await begin(self.here, self.parent), await begin(self.there, self.child, self.parent)
        acts = [(self.park, leases[0]), (self.event, leases[1])]
        self.dice.shuffle(acts)
        async with anyio.create_task_group() as tasks:
            for act, lease in acts:
                tasks.start_soon(self.later, act, lease)

    async def later(self, act: "Act", lease: Lease) -> None:
        for _ in range(self.dice.randrange(4)):
            await checkpoint()
        await act(lease)

    async def park(self, lease: Lease) -> None:
        await self.here.park(lease, [self.child], None, 0)

    async def end(self, lease: Lease) -> None:
        await self.there.change(lease, self.dice.choice([RunState.DONE, RunState.FAILED]))

    async def write(self, lease: Lease) -> None:
        await self.there.post(Letter(to=self.parent, sender=lease.run_id, text="look", key="1", at=BEGAN))

    async def kill(self, lease: Lease) -> None:
        await self.there.signal(self.parent, Signal.KILL, "enough")


class Act(Protocol):
    """Something that happens in a meeting."""

    async def __call__(self, lease: Lease, /) -> None: ...


@pytest.mark.anyio
async def test_in_a_thousand_meetings_no_wake_up_is_lost(world: World) -> None:
    here, there = await world.host("a"), await world.host("b")
    meetings = [Meeting(number, here, there) for number in range(1_000)]
    for first in range(0, 1_000, 200):
        async with anyio.create_task_group() as tasks:
            for meeting in meetings[first : first + 200]:
                tasks.start_soon(meeting.happen)
    rows = {run.id: run for run in await here.find(RunQuery(limit=2_000))}
    for meeting in meetings:
        parent = rows[meeting.parent]
        if meeting.killed:
            assert RunState.KILLED is parent.state or (parent.state, parent.signal) == (RunState.QUEUED, Signal.KILL)
        else:
            assert parent.state is RunState.QUEUED


@pytest.mark.anyio
async def test_a_run_that_ends_while_it_is_killed_ends_once_and_keeps_no_signal(world: World) -> None:
    here, there = await world.host("a"), await world.host("b")
    parents = [agent(f"parent-{number}", state="waiting") for number in range(50)]

    async def end(lease: Lease) -> None:
        await here.change(lease, RunState.DONE)
        await here.release(lease)

    async with anyio.create_task_group() as tasks:
        for parent in parents:
            await here.add(parent)
            lease = await begin(here, parent.id.replace("parent", "child"), parent.id)
            tasks.start_soon(end, lease)
            tasks.start_soon(there.signal, lease.run_id, Signal.KILL, "enough")
    for run in await here.find(RunQuery()):
        assert run.state is (RunState.QUEUED if run.parent is None else RunState.DONE)
        assert run.signal is None


@pytest.mark.anyio
async def test_a_kill_between_two_leases_is_never_lost(world: World) -> None:
    here, there = await world.host("a"), await world.host("b")

    async def hand_over(name: str) -> None:
        for store in (here, there, here):
            lease = await store.claim(RunId(name))
            if lease is not None:
                await store.change(lease, RunState.PAUSED)
                await store.release(lease)

    async with anyio.create_task_group() as tasks:
        for number in range(50):
            await here.add(agent(f"run-{number}"))
            tasks.start_soon(hand_over, f"run-{number}")
            tasks.start_soon(there.signal, RunId(f"run-{number}"), Signal.KILL, "enough")
    assert {(run.state, run.signal) for run in await here.find(RunQuery())} == {(RunState.KILLED, None)}


def test_two_processes_that_write_to_and_park_the_same_runs_lose_no_letter_and_no_wake_up(tmp_path: Path) -> None:
    path = tmp_path / "oxios.db"
    anyio.run(_add_free_runs, path)
    children = [
        subprocess.Popen(
            [sys.executable, str(CHILD), "meet", str(path), name, str(MEETINGS)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in PROCESSES
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        _tell(child, "go")
    taken = sum(int(child.communicate()[0]) for child in children)
    attempts, states, numbers = anyio.run(_read, path)
    assert attempts == taken
    assert states == {RunState.QUEUED}
    assert numbers == [(1, 2)] * MEETINGS


def _tell(child: "subprocess.Popen[str]", word: str) -> None:
    assert child.stdin is not None
    child.stdin.write(f"{word}\n")
    child.stdin.flush()


async def _add_free_runs(path: Path) -> None:
    async with await JournalSqlite.open(path, "first", ClockSystem()) as journal, anyio.create_task_group() as tasks:
        for number in range(MEETINGS):
            tasks.start_soon(journal.add, agent(f"run-{number}"))


async def _read(path: Path) -> tuple[int, set[RunState], list[tuple[int, ...]]]:
    async with await JournalSqlite.open(path, "last", ClockSystem()) as journal:
        runs = await journal.find(RunQuery())
        numbers = [tuple(letter.number for letter in await journal.letters(run.id)) for run in runs]
        return sum(run.attempts for run in runs), {run.state for run in runs}, numbers
