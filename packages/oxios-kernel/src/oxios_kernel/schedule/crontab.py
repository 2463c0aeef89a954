"""The table of cron jobs as its keepers see it: made, listed, changed and removed by people, agents and the settings.

Checks what is kept and how much of it; runs nothing. `cron` adds the loop. Doors and tools use it through that.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from oxios_kernel.domain.cron import CronHistory, CronJob, CronRun, JobSource, SlotState
from oxios_kernel.domain.ids import NewId
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.journal import Runs
from oxios_kernel.schedule.cron_jobs import CronJobs
from oxios_kernel.schedule.cron_rounds import seen
from oxios_kernel.schedule.cron_rules import (
    CronLimits,
    check_name,
    check_number,
    check_settable,
    check_source,
    checked_job,
    job_of_settings,
)
from oxios_kernel.schedule.expression import Timetable
from oxios_kernel.schedule.missed import due_at
from oxios_kernel.schedule.nap import Nap

__all__ = ["CronStatus", "Crontab"]

logger = logging.getLogger(__name__)

DISABLED = "The job was disabled."


@dataclass(frozen=True, kw_only=True)
class CronStatus:
    """A job and how it stands.

    Attributes:
        job: the job.
        next_run: when it is run next, `None` when it is disabled or never comes again.
        run_count: how many runs were started.
        last: the row of its latest run, `None` when it never ran.
    """

    job: CronJob
    next_run: datetime | None
    run_count: int
    last: CronRun | None


class Crontab:
    """The jobs of one home. A job is named by its id or its name.

    Every method raises `HomeError` when a document cannot be read or written.

    Args:
        jobs: where they are kept.
        runs: how their runs ended.
        clock: the time of day.
        new_id: makes the ids of jobs, of at most 40 characters.
        limits: how many jobs there may be.
    """

    def __init__(self, *, jobs: CronJobs, runs: Runs, clock: Clock, new_id: NewId, limits: CronLimits) -> None:
        self._jobs = jobs
        self._runs = runs
        self._clock = clock
        self._new_id = new_id
        self._limits = limits
        self._nap = Nap(clock)

    async def list(self) -> tuple[CronStatus, ...]:
        """Return all jobs by id."""
        return tuple([await self._status(job) for job in await self._jobs.all()])

    async def get(self, name: str) -> CronStatus:
        """Return a job.

        Raises:
            NotFound: there is none; the message names the nearest.
        """
        return await self._status(await self._jobs.find(name))

    async def history(self, name: str) -> CronHistory:
        """Return what became of a job's slots.

        Raises:
            NotFound: there is none; the message names the nearest.
        """
        return await seen(await self._jobs.history(await self._jobs.find(name)), self._runs)

    def preview(self, job: CronJob, count: int = 5, after: datetime | None = None) -> tuple[datetime, ...]:
        """Return the next slots of a job, which need not be kept.

        Args:
            job: the job.
            count: how many; fewer are returned when it comes less often before the year 2100.
            after: since when, `None` for now.

        Raises:
            InputError: its schedule or zone cannot be read.
        """
        return tuple(islice(Timetable.parse(job.schedule, job.zone).slots(after or self._clock.now()), count))

    async def add(
        self, fields: Mapping[str, object], *, principal: str = "person", agent_id: str | None = None
    ) -> CronJob:
        """Keep a new job and return it; its first slot is the next one.

        Args:
            fields: `name`, `schedule` and `goal`, and others of `domain.cron.CronJob` but for those given here.
            principal: on whose behalf it runs.
            agent_id: the agent that makes it.

        Raises:
            InputError: a field is missing, unknown or cannot be used.
            Conflict: there is a job of that name.
            Denied: there are as many jobs as there may be.
        """
        check_settable(fields)
        now = self._clock.now()
        given = {"id": self._new_id(), "created_at": now, "principal": principal, "agent_id": agent_id}
        job = checked_job({**fields, **given}, now)
        async with self._jobs.hold():
            others = await self._jobs.all()
            check_name(job, others)
            check_number(job, others, self._limits)
            await self._jobs.save_history(job, CronHistory(decided_until=now))
            await self._jobs.save(job)
        self._nap.wake()
        return job

    async def edit(self, name: str, changes: Mapping[str, object]) -> CronJob:
        """Change fields of a job, all or none, and return it.

        With a new schedule or zone, or enabled again, it begins with the next slot. When it is disabled, slots that
        wait for their turn are passed over.

        Raises:
            NotFound: there is none; the message names the nearest.
            InputError: a field is unknown or cannot be used.
            Conflict: it comes from the settings, or there is another job of that name.
        """
        check_settable(changes)
        now = self._clock.now()
        async with self._jobs.hold():
            before = await self._jobs.find(name)
            check_source(before)
            job = checked_job({**before.model_dump(), **changes}, now)
            check_name(job, await self._jobs.all())
            await self._replace(before, job, now)
        self._nap.wake()
        return job

    async def enable(self, name: str) -> CronJob:
        """Run a job's slots again, from the next one on; see `edit`."""
        return await self.edit(name, {"enabled": True})

    async def disable(self, name: str) -> CronJob:
        """Run no slot of a job until it is enabled; what is under way goes on. See `edit`."""
        return await self.edit(name, {"enabled": False})

    async def remove(self, name: str) -> CronJob:
        """Remove a job with its history and return what it was; what is under way goes on.

        Raises:
            NotFound: there is none; the message names the nearest.
            Conflict: it comes from the settings.
        """
        async with self._jobs.hold():
            job = await self._jobs.find(name)
            check_source(job)
            await self._jobs.remove(job)
        return job

    async def adopt(self, jobs: Mapping[str, Mapping[str, object]]) -> None:
        """Keep the jobs of the settings, by the names of their sections, in place of those kept from them before.

        One whose name another job has is left out, with a warning in the log.

        Raises:
            ConfigError: one cannot be used; the message names its section. None is changed then.
        """
        now = self._clock.now()
        async with self._jobs.hold():
            kept = {job.id: job for job in await self._jobs.all()}
            adopted = [job_of_settings(name, fields, kept.get(name), now) for name, fields in jobs.items()]
            for job in kept.values():
                if job.source is JobSource.CONFIG and job.id not in jobs:
                    await self._jobs.remove(job)
            taken = {job.name for job in kept.values() if job.source is not JobSource.CONFIG}
            for job in adopted:
                if job.name in taken:
                    logger.warning(
                        "The cron job %r of the settings is left out: there is another of that name", job.name
                    )
                    continue
                taken.add(job.name)
                if job != kept.get(job.id):
                    await self._replace(kept.get(job.id, job), job, now)
        self._nap.wake()

    async def _replace(self, before: CronJob, job: CronJob, now: datetime) -> None:
        history = await self._jobs.history(before)
        if (before.schedule, before.zone) != (job.schedule, job.zone) or (job.enabled and not before.enabled):
            history = history.model_copy(update={"decided_until": now})
        if before.enabled and not job.enabled:
            for row in [row for row in history.rows if row.state is SlotState.WAITING]:
                history = history.put(row.model_copy(update={"state": SlotState.SKIPPED, "reason": DISABLED}))
        await self._jobs.save_history(job, history)
        await self._jobs.save(job)

    async def _status(self, job: CronJob) -> CronStatus:
        history = await seen(await self._jobs.history(job), self._runs)
        after = max(history.decided_until, self._clock.now())
        slot = Timetable.parse(job.schedule, job.zone).next(after) if job.enabled else None
        return CronStatus(
            job=job,
            next_run=due_at(job, slot) if slot else None,
            run_count=history.run_count,
            last=history.last,
        )
