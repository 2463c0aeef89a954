"""Jobs that run by the clock, as facts: what a person set (`CronJob`), what became of its slots (`CronHistory`).

A slot is a moment at which a job is due. Everything that happens to one is a row of the history (`CronRun`), and the
name of its run is `fire_key`: the same in every process and after every restart, so that a slot is run once.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Self

from pydantic import Field

from oxios_kernel.domain.fact import Fact, Moment
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.job import Priority

__all__ = [
    "HISTORY_ROWS",
    "JOB_ID_CHARACTERS",
    "CronHistory",
    "CronJob",
    "CronRun",
    "JobSource",
    "OnMissed",
    "OnOverlap",
    "SlotState",
    "fire_key",
    "job_of_key",
]

JOB_ID_CHARACTERS = 40
"""The longest id of a job: with `cron.` before it and the slot behind it, it still names a run."""

HISTORY_ROWS = 100
"""How many rows a history keeps; only rows that are closed make room."""


class JobSource(StrEnum):
    """Where a job comes from: made through the API, the command line or a tool, or written in the settings."""

    API = "api"
    CONFIG = "config"


class OnMissed(StrEnum):
    """What happens to slots that passed while nobody looked: none is run, only the latest, or the latest 24 in turn."""

    SKIP = "skip"
    RUN_ONCE = "run_once"
    RUN_ALL = "run_all"


class OnOverlap(StrEnum):
    """What a slot does while a run of its job is under way: it is passed over, waits for the end, or runs beside it."""

    SKIP = "skip"
    QUEUE = "queue"
    ALLOW = "allow"


class CronJob(Fact):
    """What is to be done, and when.

    Attributes:
        id: its name for programs.
        name: its name for people; unique.
        schedule: when, as `schedule.Timetable` reads it.
        zone: the IANA time zone that the schedule means.
        goal: what is to be done.
        constraints: what is to be kept to.
        acceptance_criteria: when it is done.
        toolchain: the named set of tools it works with.
        workdir: the folder it works in, absolute; `None` for one of its own in the home.
        priority: how urgent its runs are.
        enabled: whether its slots are run.
        on_missed: what happens to slots that passed while nobody looked.
        on_overlap: what happens to a slot while a run of the job is under way.
        jitter_seconds: a run begins up to so many seconds after its slot, always the same for one slot.
        principal: on whose behalf it runs.
        agent_id: the agent that made it, where one did.
        source: where it comes from.
        created_at: when it was made.
    """

    id: str = Field(max_length=JOB_ID_CHARACTERS)
    name: str = Field(min_length=1, max_length=120)
    schedule: str
    zone: str = "UTC"
    goal: str = Field(min_length=1, max_length=100_000)
    constraints: tuple[str, ...] = ()
    acceptance_criteria: tuple[str, ...] = ()
    toolchain: str = "default"
    workdir: str | None = Field(default=None, min_length=1, max_length=4096)
    priority: Priority = Priority.NORMAL
    enabled: bool = True
    on_missed: OnMissed = OnMissed.RUN_ONCE
    on_overlap: OnOverlap = OnOverlap.SKIP
    jitter_seconds: int = Field(default=0, ge=0, le=3600)
    principal: str = "person"
    agent_id: str | None = None
    source: JobSource = JobSource.API
    created_at: Moment


class SlotState(StrEnum):
    """What became of a slot.

    `WAITING` will be run, `RUNNING` is under way, `DONE`, `FAILED` and `KILLED` are the ends of its run; `SKIPPED`
    was passed over for a run of the job that was under way (or because the job was disabled), `MISSED` because nobody
    looked at its time.
    """

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    KILLED = "killed"
    SKIPPED = "skipped"
    MISSED = "missed"

    @property
    def open(self) -> bool:
        """Whether something is still to come."""
        return self in (SlotState.WAITING, SlotState.RUNNING)


class CronRun(Fact):
    """One row of a job's history.

    Attributes:
        slot: when it was due; the latest one when the row stands for several.
        state: what became of it.
        missed: whether its time had passed when it was noticed, be it run all the same or not.
        slots: how many slots the row stands for; of missed ones at most 100 are counted.
        run_id: the run, once there is one.
        started_at: when the run was started.
        ended_at: when it ended.
        reason: why it was passed over or failed, in one sentence.
    """

    slot: Moment
    state: SlotState
    missed: bool = False
    slots: int = 1
    run_id: RunId | None = None
    started_at: Moment | None = None
    ended_at: Moment | None = None
    reason: str | None = None


class CronHistory(Fact):
    """What became of a job's slots.

    Attributes:
        decided_until: of each slot up to here it is decided what becomes of it.
        run_count: how many runs were started.
        rows: the oldest first.
    """

    decided_until: Moment
    run_count: int = 0
    rows: tuple[CronRun, ...] = ()

    @property
    def last(self) -> CronRun | None:
        """The latest row that has a run, `None` when there is none."""
        return next((row for row in reversed(self.rows) if row.run_id), None)

    def put(self, row: CronRun) -> Self:
        """Return the history with a row in place of the one of its slot, or as the newest."""
        slots = [held.slot for held in self.rows]
        at = slots.index(row.slot) if row.slot in slots else len(slots)
        rows = [*self.rows[:at], row, *self.rows[at + 1 :]]
        while len(rows) > HISTORY_ROWS and (closed := next((held for held in rows if not held.state.open), None)):
            rows.remove(closed)
        return self.model_copy(update={"rows": tuple(rows)})

    def ahead_of(self, row: CronRun) -> tuple[CronRun, ...]:
        """Return the open rows before this one."""
        return tuple(held for held in self.rows[: self.rows.index(row)] if held.state.open)


def fire_key(job_id: str, slot: datetime) -> RunId:
    """Return the id of the run of one slot: `cron.JOB.20260101T090000Z`."""
    return RunId(f"cron.{job_id}.{slot.astimezone(UTC):%Y%m%dT%H%M%SZ}")


def job_of_key(run_id: str) -> str | None:
    """Return the job whose run this is, `None` for a run that cron did not start."""
    prefix, _, rest = run_id.partition(".")
    job_id, _, _ = rest.rpartition(".")
    return job_id if prefix == "cron" and job_id else None
