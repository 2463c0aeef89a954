"""The table of cron jobs: what may be kept, how it is found and changed, and what the settings say of it."""

import logging
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from oxios_kernel.adapters.locks_flock import LocksFlock
from oxios_kernel.adapters.records_files import FileRecords
from oxios_kernel.domain.cron import CronJob, JobSource, OnMissed, OnOverlap, fire_key, job_of_key
from oxios_kernel.domain.ids import RunId, is_id
from oxios_kernel.domain.job import Priority
from oxios_kernel.errors import ConfigError, Conflict, Denied, HomeError, InputError, NotFound
from oxios_kernel.schedule import Cron, CronJobs, CronLimits
from oxios_kernel.testing import FakeClock, MemoryJournal

pytestmark = pytest.mark.anyio

BEGAN = datetime(2026, 1, 1, 12, tzinfo=UTC)
REPORT: dict[str, object] = {"name": "report", "schedule": "0 9 * * *", "goal": "write the report"}


async def start_nothing(job: CronJob, slot: datetime, key: RunId) -> bool:
    raise AssertionError(f"{key} is to be run")


def open_cron(home: Path, limits: CronLimits | None = None, first_id: int = 1) -> Cron:
    ids = count(first_id)
    clock = FakeClock(BEGAN)
    return Cron(
        jobs=CronJobs(FileRecords(home / "workspace"), LocksFlock(home / "run")),
        runs=MemoryJournal(clock=clock),
        clock=clock,
        new_id=lambda: f"job-{next(ids)}",
        fire=start_nothing,
        limits=limits,
    )


async def test_a_job_is_kept_with_all_its_fields(tmp_path: Path) -> None:
    fields: dict[str, object] = {
        "schedule": "30 9 * * MON-FRI",
        "zone": "Asia/Seoul",
        "name": "아침 보고 🌅",
        "goal": "쓰기",
        "constraints": ["no network"],
        "acceptance_criteria": ["report.md exists"],
        "toolchain": "office",
        "priority": 2,
        "enabled": True,
        "on_missed": "skip",
        "on_overlap": "queue",
        "jitter_seconds": 60,
    }
    job = await open_cron(tmp_path).add(fields, principal="anna", agent_id="agent-1")
    status = await open_cron(tmp_path).get("아침 보고 🌅")
    assert status.job == job
    assert (job.id, job.principal, job.agent_id, job.created_at) == ("job-1", "anna", "agent-1", BEGAN)
    assert (job.priority, job.on_missed, job.on_overlap) == (Priority.HIGH, OnMissed.SKIP, OnOverlap.QUEUE)
    assert (status.run_count, status.last) == (0, None)
    assert status.next_run is not None
    assert timedelta(0) <= status.next_run - datetime(2026, 1, 2, 0, 30, tzinfo=UTC) <= timedelta(seconds=60)


async def test_a_job_needs_no_more_than_a_name_a_schedule_and_a_goal(tmp_path: Path) -> None:
    job = await open_cron(tmp_path).add(REPORT)
    assert (job.zone, job.priority, job.enabled, job.source) == ("UTC", Priority.NORMAL, True, JobSource.API)
    assert (job.on_missed, job.on_overlap, job.jitter_seconds) == (OnMissed.RUN_ONCE, OnOverlap.SKIP, 0)


async def test_jobs_are_listed_and_found_by_id_and_name(tmp_path: Path) -> None:
    cron = open_cron(tmp_path)
    await cron.add(REPORT)
    await cron.add({**REPORT, "name": "backup"})
    assert [(status.job.id, status.job.name) for status in await cron.list()] == [
        ("job-1", "report"),
        ("job-2", "backup"),
    ]
    assert (await cron.get("job-2")).job.name == "backup"
    assert (await cron.get("backup")).job.id == "job-2"


@pytest.mark.parametrize("name", ["repotr", "../report", "", "가"])
async def test_an_unknown_job_is_answered_with_the_nearest(tmp_path: Path, name: str) -> None:
    cron = open_cron(tmp_path)
    await cron.add(REPORT)
    for attempt in (cron.get(name), cron.history(name), cron.remove(name), cron.run_now(name), cron.enable(name)):
        with pytest.raises(NotFound, match="There is no cron job") as refused:
            await attempt
        assert ("Did you mean 'report'?" in refused.value.message) is (name in ("repotr", "../report"))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"schedule": None}, "`schedule` of a cron job cannot be None"),
        ({"schedule": "0 25 * * *"}, "The hour of `schedule`"),
        ({"schedule": "0 0 30 2 *"}, "never does"),
        ({"zone": "Mars/Olympus"}, "time zone"),
        ({"goal": ""}, "`goal` of a cron job cannot be ''"),
        ({"goal": "x" * 100_001}, "`goal` of a cron job"),
        ({"name": ""}, "`name` of a cron job"),
        ({"name": "n" * 121}, "`name` of a cron job"),
        ({"jitter_seconds": -1}, "`jitter_seconds` of a cron job"),
        ({"jitter_seconds": 3601}, "`jitter_seconds` of a cron job"),
        ({"jitter_seconds": 60, "schedule": "* * * * *"}, "less than the 60 seconds between two slots"),
        ({"on_missed": "run"}, "`on_missed` of a cron job cannot be 'run'"),
        ({"on_overlap": "kill"}, "`on_overlap` of a cron job"),
        ({"priority": 4}, "`priority` of a cron job"),
        ({"promt": "x"}, "no field 'promt'"),
        ({"id": "own"}, "`id` of a cron job cannot be set"),
        ({"source": "config"}, "`source` of a cron job cannot be set"),
        ({"principal": "root"}, "`principal` of a cron job cannot be set"),
    ],
)
async def test_what_cannot_be_used_is_refused_and_nothing_is_changed(
    tmp_path: Path, fields: dict[str, object], says: str
) -> None:
    cron = open_cron(tmp_path)
    before = await cron.add({**REPORT, "name": "kept"})
    with pytest.raises(InputError, match=says) as refused:
        await cron.add({**REPORT, **fields})
    assert refused.value.hint
    assert len(refused.value.message) < 400
    with pytest.raises(InputError):
        await cron.edit("kept", {"toolchain": "other", **fields})
    assert [status.job for status in await cron.list()] == [before]


@pytest.mark.parametrize("field", ["name", "schedule", "goal"])
async def test_a_field_that_is_needed_is_named(tmp_path: Path, field: str) -> None:
    with pytest.raises(InputError, match=f"needs `{field}`"):
        await open_cron(tmp_path).add({key: value for key, value in REPORT.items() if key != field})


async def test_a_name_is_one_jobs_alone(tmp_path: Path) -> None:
    cron = open_cron(tmp_path)
    await cron.add(REPORT)
    await cron.add({**REPORT, "name": "backup"})
    for attempt in (cron.add(REPORT), cron.add({**REPORT, "name": "job-1"}), cron.edit("backup", {"name": "report"})):
        with pytest.raises(Conflict, match="already"):
            await attempt
    assert (await cron.edit("report", {"name": "report", "goal": "more"})).goal == "more"


async def test_an_agent_and_a_principal_may_keep_so_many_jobs(tmp_path: Path) -> None:
    cron = open_cron(tmp_path, CronLimits(per_principal=3, per_agent=2))
    await cron.adopt({"of-settings": {"schedule": "@daily", "goal": "x"}})
    for number in range(2):
        await cron.add({**REPORT, "name": f"a{number}"}, agent_id="agent-1")
    with pytest.raises(Denied, match="may make 2 cron jobs"):
        await cron.add(REPORT, agent_id="agent-1")
    await cron.add({**REPORT, "name": "third"}, agent_id="agent-2")
    with pytest.raises(Denied, match="'person' may keep 3 cron jobs"):
        await cron.add(REPORT)
    await cron.add(REPORT, principal="anna")
    await cron.remove("a0")
    await cron.add({**REPORT, "name": "again"}, agent_id="agent-1")


async def test_a_preview_shows_the_next_slots(tmp_path: Path) -> None:
    cron = open_cron(tmp_path)
    job = await cron.add({**REPORT, "zone": "Europe/Berlin"})
    assert cron.preview(job) == tuple(datetime(2026, 1, day, 8, tzinfo=UTC) for day in range(2, 7))
    after = datetime(2026, 6, 1, tzinfo=UTC)
    assert cron.preview(job, 1, after) == (datetime(2026, 6, 1, 7, tzinfo=UTC),)


async def test_a_home_that_cannot_be_read_is_logged_once_and_looked_at_again(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cron = open_cron(tmp_path)
    (tmp_path / "workspace").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        assert [await cron.tick(), await cron.tick()] == [30, 30]
    assert len(caplog.records) == 1
    (tmp_path / "workspace").unlink()
    await cron.add(REPORT)
    assert await cron.tick() == 30


async def test_a_damaged_job_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    cron = open_cron(tmp_path)
    await cron.add(REPORT)
    file = tmp_path / "workspace" / "cron_jobs" / "job-1.json"
    file.write_text('{"id": "job-1"}')
    with pytest.raises(HomeError, match="cron_jobs/job-1 is damaged: name"):
        await cron.get("job-1")
    assert file.read_text() == '{"id": "job-1"}'


async def test_a_job_of_the_settings_is_changed_there_alone(tmp_path: Path) -> None:
    cron = open_cron(tmp_path)
    await cron.adopt({"nightly": {"schedule": "0 3 * * *", "goal": "clean up"}})
    assert (await cron.get("nightly")).job.source is JobSource.CONFIG
    for attempt in (cron.edit("nightly", {"goal": "x"}), cron.disable("nightly"), cron.remove("nightly")):
        with pytest.raises(Conflict, match="comes from the settings") as refused:
            await attempt
        assert "[cron.jobs.nightly]" in str(refused.value.hint)


async def test_jobs_of_the_settings_follow_them_and_keep_their_history(tmp_path: Path) -> None:
    cron = open_cron(tmp_path)
    await cron.add(REPORT)
    await cron.adopt(
        {"nightly": {"schedule": "0 3 * * *", "goal": "a"}, "weekly": {"schedule": "@weekly", "goal": "b"}}
    )
    made = (await cron.get("nightly")).job.created_at
    decided = (await cron.history("nightly")).decided_until

    later = open_cron(tmp_path)
    await later.adopt({"nightly": {"schedule": "0 3 * * *", "goal": "changed", "enabled": False}})
    assert [status.job.id for status in await later.list()] == ["job-1", "nightly"]
    nightly = (await later.get("nightly")).job
    assert (nightly.goal, nightly.enabled, nightly.created_at) == ("changed", False, made)
    assert (await later.history("nightly")).decided_until == decided


async def test_a_job_of_the_settings_takes_no_other_jobs_name(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cron = open_cron(tmp_path)
    await cron.add(REPORT)
    with caplog.at_level(logging.WARNING):
        await cron.adopt({"report": {"schedule": "@daily", "goal": "other"}})
    assert [status.job.id for status in await cron.list()] == ["job-1"]
    assert "'report'" in caplog.text


@pytest.mark.parametrize(
    ("name", "fields", "says"),
    [
        ("bad", {"schedule": "0 25 * * *", "goal": "x"}, r"\[cron.jobs.bad\] cannot be used: The hour"),
        ("bad", {"goal": "x"}, r"\[cron.jobs.bad\] cannot be used: A cron job needs `schedule`"),
        ("bad", {"schedule": "@daily", "goal": "x", "name": 1}, r"\[cron.jobs.bad\]"),
        ("b d", {"schedule": "@daily", "goal": "x"}, r"\[cron.jobs.b d\] cannot be used: The id"),
        ("b" * 41, {"schedule": "@daily", "goal": "x"}, "cannot be used: `id`"),
    ],
)
async def test_a_bad_job_of_the_settings_is_named_and_none_is_changed(
    tmp_path: Path, name: str, fields: dict[str, object], says: str
) -> None:
    cron = open_cron(tmp_path)
    await cron.adopt({"good": {"schedule": "@daily", "goal": "x"}})
    with pytest.raises(ConfigError, match=says):
        await cron.adopt({name: fields})
    assert [status.job.id for status in await cron.list()] == ["good"]


@pytest.mark.parametrize("job_id", ["a", "a.b", "x" * 40, "9f1c2b3a-0000-4000-8000-000000000000"])
def test_the_name_of_a_run_says_whose_and_when(job_id: str) -> None:
    key = fire_key(job_id, datetime(2026, 10, 25, 2, 30, tzinfo=UTC))
    assert key == f"cron.{job_id}.20261025T023000Z"
    assert is_id(key)
    assert job_of_key(key) == job_id


@pytest.mark.parametrize("run_id", ["", "cron", "cron.", "run-1", "my.cron.job.20260101T000000Z"])
def test_another_runs_name_is_no_jobs(run_id: str) -> None:
    assert job_of_key(run_id) is None
