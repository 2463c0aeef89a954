"""Jobs that run by the clock: each slot once, whatever the clock, the process and the runs before it do."""

import logging
from datetime import UTC, datetime, timedelta
from itertools import count, pairwise
from pathlib import Path

import anyio
import pytest
from anyio import wait_all_tasks_blocked
from hypothesis import given, settings
from hypothesis import strategies as st
from oxios_kernel.adapters.locks_flock import LocksFlock
from oxios_kernel.domain.cron import CronJob, SlotState
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Run, RunKind, RunState
from oxios_kernel.errors import Conflict, Denied, JournalError
from oxios_kernel.schedule import Cron, CronJobs, CronLimits
from oxios_kernel.testing import FakeClock, MemoryJournal, MemoryRecords

pytestmark = pytest.mark.anyio

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Died(Exception):
    """The process is gone, right after it added a run."""


class World:
    """One home. Cron processes come and go.

    Attributes:
        fired: the slots whose runs were added, in this order.
        instant: whether a run ends as soon as it is added.
        dies: whether the process dies when it has added a run.
        refuses: the jobs whose runs cannot be added.
    """

    def __init__(self, folder: Path, start: datetime = BEGAN) -> None:
        self.clock = FakeClock(start)
        self.records = MemoryRecords()
        self.runs = MemoryJournal("here", self.clock)
        self.fired: list[datetime] = []
        self.instant = True
        self.dies = False
        self.refuses = set[str]()
        self._locks = LocksFlock(folder)
        self._ids = count(1)

    def cron(self, limits: CronLimits | None = None) -> Cron:
        """Return what a new process has."""
        return Cron(
            jobs=CronJobs(self.records, self._locks),
            runs=self.runs,
            clock=self.clock,
            new_id=lambda: f"job-{next(self._ids)}",
            fire=self.fire,
            limits=limits,
        )

    async def fire(self, job: CronJob, slot: datetime, key: RunId) -> bool:
        if job.name in self.refuses:
            raise JournalError("The disk is full.")
        now = self.clock.now()
        new = await self.runs.add(Run(id=key, kind=RunKind.TURN, title=job.name, created_at=now, changed_at=now))
        if new:
            self.fired.append(slot)
            if self.instant:
                await self.end(key)
            if self.dies:
                raise Died
        return new

    async def end(self, run_id: RunId, state: RunState = RunState.DONE, reason: str | None = None) -> None:
        lease = await self.runs.claim(run_id)
        assert lease is not None
        await self.runs.change(lease, RunState.RUNNING)
        await self.runs.change(lease, state, reason=reason)
        await self.runs.release(lease)

    async def pass_time(self, seconds: float) -> None:
        """Let time pass from look to look, while the loop of one cron runs."""
        while seconds > 0:
            await self.clock.until_sleeping()
            step = min(self.clock.slept[-1], seconds)
            await self.clock.advance(step)
            seconds -= step
        await self.clock.until_sleeping()

    @property
    def times(self) -> list[str]:
        return [f"{slot:%d %H:%M}" for slot in self.fired]


HOURLY: dict[str, object] = {"name": "report", "schedule": "0 * * * *", "goal": "write the report"}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def rows(cron: Cron, name: str = "report") -> list[tuple[str, str]]:
    """Return the history as slots and states."""
    return [(f"{row.slot:%d %H:%M}", row.state.value) for row in (await cron.history(name)).rows]


async def test_a_job_runs_at_each_of_its_slots(world: World) -> None:
    cron = world.cron()
    await cron.add({**HOURLY, "schedule": "*/30 14-15 * * *", "zone": "Europe/Berlin"})
    async with anyio.create_task_group() as tasks:
        await tasks.start(cron.run)
        with anyio.fail_after(20):
            await world.pass_time(4 * 3600)
        tasks.cancel_scope.cancel()
    assert world.times == [f"01 {time}" for time in ("13:00", "13:30", "14:00", "14:30")]


async def test_the_run_of_a_slot_begins_at_its_time_and_is_named_by_it(world: World) -> None:
    cron = world.cron()
    job = await cron.add({**HOURLY, "schedule": "20 30 12 * * *"})
    async with anyio.create_task_group() as tasks:
        await tasks.start(cron.run)
        with anyio.fail_after(5):
            await world.pass_time(3600)
        tasks.cancel_scope.cancel()
    [row] = (await cron.history("report")).rows
    assert row.run_id == f"cron.{job.id}.20260101T123020Z"
    assert row.started_at == row.ended_at == row.slot == datetime(2026, 1, 1, 12, 30, 20, tzinfo=UTC)
    assert (row.state, row.missed) == (SlotState.DONE, False)


async def test_a_job_that_is_added_while_the_loop_sleeps_is_not_late(world: World) -> None:
    cron = world.cron()
    async with anyio.create_task_group() as tasks:
        await tasks.start(cron.run)
        with anyio.fail_after(5):
            await world.clock.until_sleeping()
            await cron.add({**HOURLY, "schedule": "*/10 * * * * *"})
            await wait_all_tasks_blocked()
            await world.pass_time(10)
        tasks.cancel_scope.cancel()
    assert world.fired == [BEGAN + timedelta(seconds=10)]


async def test_a_job_that_another_process_adds_is_noticed_within_a_second_by_who_watches(world: World) -> None:
    cron = world.cron()
    async with anyio.create_task_group() as tasks:
        await tasks.start(cron.run)
        tasks.start_soon(cron.watch)
        with anyio.fail_after(5):
            await wait_all_tasks_blocked()
            await world.cron().add({**HOURLY, "schedule": "*/5 * * * * *"})
            while not world.fired:
                await world.clock.until_sleeping()
                await world.clock.advance(1)
                await wait_all_tasks_blocked()
        tasks.cancel_scope.cancel()
    assert world.fired[0] == BEGAN + timedelta(seconds=5)
    assert world.clock.monotonic() < 30


async def test_a_job_that_another_process_adds_is_noticed(world: World) -> None:
    cron = world.cron()
    async with anyio.create_task_group() as tasks:
        await tasks.start(cron.run)
        with anyio.fail_after(5):
            await world.clock.until_sleeping()
            await world.cron().add({**HOURLY, "schedule": "* * * * *"})
            await world.pass_time(60)
        tasks.cancel_scope.cancel()
    assert world.times == ["01 12:01"]


async def test_two_processes_run_each_slot_once(world: World) -> None:
    first, second = world.cron(), world.cron()
    await first.add({**HOURLY, "schedule": "*/10 * * * * *"})
    for _ in range(6):
        await world.clock.advance(10)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(first.tick)
            tasks.start_soon(second.tick)
    assert world.fired == [BEGAN + timedelta(seconds=10 * number) for number in range(1, 7)]
    assert (await first.get("report")).run_count == 6


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("skip", [("01 16:00", "missed"), ("01 17:00", "done")]),
        ("run_once", [("01 16:00", "missed"), ("01 17:00", "done")]),
        ("run_all", [(f"01 {hour}:00", "done") for hour in range(13, 18)]),
    ],
)
async def test_slots_that_passed_are_dealt_with_as_the_job_says(
    world: World, policy: str, expected: list[tuple[str, str]]
) -> None:
    await world.cron().add({**HOURLY, "on_missed": policy})
    await world.clock.advance(5 * 3600)
    cron = world.cron()
    for _ in range(10):
        await cron.tick()
        await world.clock.advance(1)
    assert await rows(cron) == expected
    assert world.times == [slot for slot, state in expected if state == "done"]


@pytest.mark.parametrize(("policy", "state"), [("skip", "missed"), ("run_once", "done"), ("run_all", "done")])
async def test_one_slot_that_passed_says_so(world: World, policy: str, state: str) -> None:
    await world.cron().add({**HOURLY, "on_missed": policy})
    await world.clock.advance(3600 + 120)
    cron = world.cron()
    await cron.tick()
    assert await rows(cron) == [("01 13:00", state)]
    [row] = (await cron.history("report")).rows
    assert row.missed
    assert (row.reason == "It passed while nobody looked.") is (state == "missed")


async def test_at_most_24_missed_slots_are_run_and_the_others_are_counted(world: World) -> None:
    await world.cron().add({**HOURLY, "on_missed": "run_all"})
    await world.clock.advance(40.5 * 3600)
    cron = world.cron()
    for _ in range(30):
        await cron.tick()
    assert len(world.fired) == 24
    assert world.times[0] == "02 05:00"
    first, *others = (await cron.history("report")).rows
    assert (first.state, first.slots, first.reason) == (SlotState.MISSED, 16, "16 slots passed while nobody looked.")
    assert all(row.missed and row.state is SlotState.DONE for row in others)


async def test_a_year_of_missed_seconds_is_dealt_with_at_once(world: World) -> None:
    await world.cron().add({**HOURLY, "schedule": "* * * * * *", "on_missed": "skip"})
    await world.clock.advance(365 * 24 * 3600)
    cron = world.cron()
    await cron.tick()
    [first, *_] = (await cron.history("report")).rows
    assert first.state is SlotState.MISSED
    assert str(first.reason).startswith("At least ")


async def test_missed_slots_run_one_after_the_other(world: World) -> None:
    await world.cron().add({**HOURLY, "on_missed": "run_all"})
    world.instant = False
    await world.clock.advance(3.5 * 3600)
    cron = world.cron()
    await cron.tick()
    await cron.tick()
    assert await rows(cron) == [("01 13:00", "running"), ("01 14:00", "waiting"), ("01 15:00", "waiting")]
    await world.end(RunId(str((await cron.history("report")).rows[0].run_id)))
    await cron.tick()
    assert await rows(cron) == [("01 13:00", "done"), ("01 14:00", "running"), ("01 15:00", "waiting")]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("skip", [("01 13:00", "running"), ("01 14:00", "skipped"), ("01 15:00", "skipped")]),
        ("queue", [("01 13:00", "running"), ("01 14:00", "waiting"), ("01 15:00", "waiting")]),
        ("allow", [("01 13:00", "running"), ("01 14:00", "running"), ("01 15:00", "running")]),
    ],
)
async def test_a_slot_that_finds_its_job_busy_does_as_the_job_says(
    world: World, policy: str, expected: list[tuple[str, str]]
) -> None:
    cron = world.cron()
    world.instant = False
    await cron.add({**HOURLY, "on_overlap": policy})
    for _ in range(3):
        await world.clock.advance(3600)
        await cron.tick()
    assert await rows(cron) == expected


async def test_what_waits_for_a_run_follows_soon_after_its_end(world: World) -> None:
    cron = world.cron()
    world.instant = False
    await cron.add({**HOURLY, "on_overlap": "queue"})
    async with anyio.create_task_group() as tasks:
        await tasks.start(cron.run)
        with anyio.fail_after(10):
            await world.pass_time(2 * 3600)
            assert world.times == ["01 13:00"]
            await world.end(RunId(str((await cron.history("report")).rows[0].run_id)), RunState.FAILED, "no disk")
            await world.pass_time(1)
        tasks.cancel_scope.cancel()
    assert world.times == ["01 13:00", "01 14:00"]
    first = (await cron.history("report")).rows[0]
    assert (first.state, first.reason) == (SlotState.FAILED, "no disk")


@pytest.mark.parametrize(("policy", "under_way"), [("queue", 25), ("allow", 50)])
async def test_a_job_whose_runs_never_end_is_bounded(world: World, policy: str, under_way: int) -> None:
    cron = world.cron()
    world.instant = False
    await cron.add({**HOURLY, "schedule": "* * * * *", "on_overlap": policy})
    for _ in range(150):
        await world.clock.advance(60)
        await cron.tick()
    history = await cron.history("report")
    assert sum(row.state.open for row in history.rows) == under_way
    assert len(history.rows) == 100
    assert history.rows[-1].state is SlotState.SKIPPED


async def test_a_run_that_is_not_known_any_more_does_not_block_its_job(world: World) -> None:
    cron = world.cron()
    world.instant = False
    await cron.add(HOURLY)
    await world.clock.advance(3600)
    await cron.tick()
    world.runs = MemoryJournal("elsewhere", world.clock)
    cron = world.cron()
    await world.clock.advance(3600)
    await cron.tick()
    assert await rows(cron) == [("01 13:00", "failed"), ("01 14:00", "running")]


@pytest.mark.parametrize("jump", [3600, -3600, 24 * 3600, -24 * 3600])
async def test_a_clock_that_is_moved_and_put_right_runs_nothing_twice_and_the_job_goes_on(
    world: World, jump: int
) -> None:
    cron = world.cron()
    await cron.add({**HOURLY, "schedule": "*/10 * * * *"})

    async def pass_hours(hours: int) -> None:
        for _ in range(hours * 6):
            await world.clock.advance(600)
            await cron.tick()

    await pass_hours(1)
    world.clock.jump(jump)
    await pass_hours(1)
    world.clock.jump(-jump)
    await pass_hours(25)
    assert all(early < late for early, late in pairwise(world.fired))
    assert world.fired[-1] == world.clock.now()


async def test_the_loop_notices_within_half_a_minute_that_the_clock_was_moved(world: World) -> None:
    cron = world.cron()
    await cron.add(HOURLY)
    async with anyio.create_task_group() as tasks:
        await tasks.start(cron.run)
        with anyio.fail_after(5):
            await world.pass_time(60)
            world.clock.jump(3600)
            await world.pass_time(30)
        tasks.cancel_scope.cancel()
    assert world.times == ["01 13:00"]


async def test_a_clock_that_was_years_ahead_does_not_silence_a_job(world: World) -> None:
    cron = world.cron()
    await cron.add(HOURLY)
    world.clock.jump(10 * 365 * 24 * 3600)
    await cron.tick()
    world.clock.jump(-10 * 365 * 24 * 3600)
    await world.clock.advance(3600)
    await cron.tick()
    assert world.times[1:] == []
    await world.clock.advance(3600)
    await cron.tick()
    assert world.times[1:] == ["01 14:00"]


@settings(deadline=None, max_examples=25)
@given(
    schedule=st.sampled_from(["*/10 * * * *", "0 * * * *", "30 2 * * *", "0 */5 * * *"]),
    fields=st.fixed_dictionaries(
        {
            "on_missed": st.sampled_from(["skip", "run_once", "run_all"]),
            "on_overlap": st.sampled_from(["skip", "queue", "allow"]),
            "jitter_seconds": st.sampled_from([0, 45]),
            "zone": st.sampled_from(["UTC", "Europe/Berlin"]),
        }
    ),
    start=st.sampled_from([BEGAN, datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC)]),
    days=st.lists(
        st.tuples(
            st.sampled_from(["pass", "pass", "jump", "restart", "die", "end"]),
            st.integers(min_value=-24 * 3600, max_value=24 * 3600),
        ),
        max_size=25,
    ),
)
async def test_each_slot_runs_at_most_once_and_in_order_whatever_happens(
    tmp_path_factory: pytest.TempPathFactory,
    schedule: str,
    fields: dict[str, object],
    start: datetime,
    days: list[tuple[str, int]],
) -> None:
    world = World(tmp_path_factory.getbasetemp(), start)
    cron = world.cron()
    job = await cron.add({**HOURLY, **fields, "schedule": schedule})
    astray = 0
    for what, seconds in days:
        world.instant = seconds % 2 == 0
        if what == "pass":
            await world.clock.advance(abs(seconds) / 10)
        elif what == "jump" and abs(astray + seconds) <= 24 * 3600:
            astray += seconds
            world.clock.jump(seconds)
        elif what == "end":
            for row in (await cron.history(job.id)).rows:
                if row.state is SlotState.RUNNING and row.run_id:
                    await world.end(row.run_id)
        elif what in ("restart", "die"):
            cron = world.cron()
        world.dies = what == "die"
        try:
            await cron.tick()
        except Died:
            cron = world.cron()
    assert len(set(world.fired)) == len(world.fired)
    assert world.fired == sorted(world.fired)
    assert all(cron.preview(job, 1, slot - timedelta(seconds=1)) == (slot,) for slot in world.fired)


async def test_jitter_delays_a_slot_by_the_same_time_in_every_process(world: World) -> None:
    cron = world.cron()
    await cron.add({**HOURLY, "jitter_seconds": 1800})
    delays = set[float]()
    for _ in range(24):
        before = len(world.fired)
        due = (await cron.get("report")).next_run
        assert due is not None
        assert due == (await world.cron().get("report")).next_run
        world.clock.jump((due - world.clock.now()).total_seconds() - 1)
        await cron.tick()
        assert len(world.fired) == before
        await world.clock.advance(1)
        await cron.tick()
        delays.add((due - world.fired[-1]).total_seconds())
    assert len(delays) > 12
    assert min(delays) >= 0
    assert max(delays) <= 1800


async def test_a_job_that_fails_to_start_is_tried_again_and_holds_no_other_back(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    cron = world.cron()
    await cron.add(HOURLY)
    await cron.add({**HOURLY, "name": "other"})
    world.refuses = {"report"}
    await world.clock.advance(3600)
    with caplog.at_level(logging.WARNING):
        await cron.tick()
        await cron.tick()
    assert len(world.fired) == 1
    assert len(caplog.records) == 1
    assert "disk is full" in caplog.text
    world.refuses = set()
    await cron.tick()
    assert await rows(cron) == [("01 13:00", "done")]


async def test_a_damaged_job_holds_no_other_back(world: World) -> None:
    cron = world.cron()
    await cron.add(HOURLY)
    world.records.texts["cron_jobs", "a-damaged-one"] = '{"id": 1}'
    await world.clock.advance(3600)
    await cron.tick()
    assert world.times == ["01 13:00"]


async def test_a_disabled_job_runs_nothing_and_misses_nothing(world: World) -> None:
    cron = world.cron()
    await cron.add(HOURLY)
    await cron.disable("report")
    await world.clock.advance(3 * 3600 + 60)
    await cron.tick()
    assert (await cron.get("report")).next_run is None
    await cron.enable("report")
    await cron.tick()
    assert await rows(cron) == []
    await world.clock.advance(3600)
    await cron.tick()
    assert await rows(cron) == [("01 16:00", "done")]


async def test_what_waits_in_a_job_that_is_disabled_is_passed_over(world: World) -> None:
    cron = world.cron()
    world.instant = False
    await cron.add({**HOURLY, "on_overlap": "queue"})
    for _ in range(2):
        await world.clock.advance(3600)
        await cron.tick()
    await cron.disable("report")
    await cron.enable("report")
    await cron.tick()
    assert await rows(cron) == [("01 13:00", "running"), ("01 14:00", "skipped")]


async def test_a_new_schedule_begins_with_its_next_slot(world: World) -> None:
    cron = world.cron()
    await cron.add(HOURLY)
    await world.clock.advance(1800)
    await cron.edit("report", {"schedule": "*/10 * * * *"})
    await cron.tick()
    assert world.fired == []
    await world.clock.advance(600)
    await cron.tick()
    assert world.times == ["01 12:40"]


async def test_a_job_that_is_removed_runs_no_more(world: World) -> None:
    cron = world.cron()
    await cron.add(HOURLY)
    await cron.remove("report")
    await world.clock.advance(3600)
    await cron.tick()
    assert (world.fired, await cron.list()) == ([], ())


async def test_a_job_is_run_at_once_without_a_change_to_its_slots(world: World) -> None:
    cron = world.cron()
    job = await cron.add({**HOURLY, "enabled": False})
    await world.clock.advance(90)
    row = await cron.run_now("report")
    assert row.run_id == f"cron.{job.id}.20260101T120130Z"
    await cron.enable("report")
    await world.clock.advance(3600)
    await cron.tick()
    assert world.times == ["01 12:01", "01 13:00"]
    status = await cron.get("report")
    assert (status.run_count, status.last and status.last.slot) == (2, world.fired[-1])


async def test_a_job_that_is_run_by_hand_at_its_slot_is_not_run_by_the_clock_as_well(world: World) -> None:
    cron = world.cron()
    await cron.add(HOURLY)
    await world.clock.advance(3600)
    await cron.run_now("report")
    await cron.tick()
    assert world.times == ["01 13:00"]
    assert (await cron.get("report")).run_count == 1


async def test_a_job_under_way_is_not_run_beside_itself(world: World) -> None:
    cron = world.cron()
    world.instant = False
    await cron.add(HOURLY)
    row = await cron.run_now("report")
    with pytest.raises(Conflict, match=f"is under way: {row.run_id}") as refused:
        await cron.run_now("report")
    assert refused.value.hint == "Wait, resume that run if it is paused, or kill it."
    await cron.edit("report", {"on_overlap": "allow"})
    with pytest.raises(Conflict, match="in this second already"):
        await cron.run_now("report")
    await world.clock.advance(1)
    await cron.run_now("report")
    assert len(world.fired) == 2


async def test_a_run_of_cron_and_what_it_forked_start_no_job(world: World) -> None:
    cron = world.cron()
    await cron.add(HOURLY)
    await cron.add({**HOURLY, "name": "other"})
    row = await cron.run_now("report")
    now = world.clock.now()
    for run_id, parent in (("agent", row.run_id), ("persons", None)):
        await world.runs.add(Run(id=RunId(run_id), kind=RunKind.AGENT, parent=parent, created_at=now, changed_at=now))
    assert row.run_id
    for asker in (row.run_id, RunId("agent")):
        with pytest.raises(Denied, match="not by a run that cron started"):
            await cron.run_now("other", asked_by=asker)
    await cron.run_now("other", asked_by=RunId("persons"))
    assert len(world.fired) == 2


async def test_a_slot_behind_a_paused_run_says_how_that_run_goes_on(world: World) -> None:
    cron = world.cron()
    world.instant = False
    await cron.add(HOURLY)
    world.clock.jump(3600)
    await cron.tick()
    [row] = (await cron.history("report")).rows
    assert row.run_id
    await world.end(row.run_id, RunState.PAUSED, "the provider cannot be reached")
    world.clock.jump(3600)
    await cron.tick()
    skipped = (await cron.history("report")).rows[-1]
    assert skipped.state is SlotState.SKIPPED
    assert f"paused (the provider cannot be reached): `oxios agent resume {row.run_id}`" in (skipped.reason or "")
