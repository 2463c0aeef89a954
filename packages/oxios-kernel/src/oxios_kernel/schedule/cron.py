"""Runs jobs by the clock, each slot once: the cron table with the loop that looks after it.

The loop is driven by what is written down and by the time of day, not by timers: it looks what is due since it looked
last, at least every 30 seconds. So it does not matter whether the process was away or the clock was moved meanwhile.
Several processes may run it on one home. It knows neither agents nor channels: what a run is, `fire` knows.
"""

import logging

import anyio
from anyio.abc import TaskStatus

from oxios_kernel.domain.cron import CronRun, OnOverlap, SlotState, fire_key, job_of_key
from oxios_kernel.domain.ids import NewId, RunId
from oxios_kernel.errors import Conflict, Denied, KernelError
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.journal import Runs
from oxios_kernel.schedule.cron_jobs import CronJobs
from oxios_kernel.schedule.cron_rounds import CronRounds, Fire, seen
from oxios_kernel.schedule.cron_rules import CronLimits
from oxios_kernel.schedule.crontab import Crontab

__all__ = ["Cron"]

logger = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS = 30.0
"""How soon changes by another process, a moved clock and the end of a run are noticed."""

WATCH_SECONDS = 1.0
"""How soon jobs that another process made or changed are noticed where `watch` runs."""

SHORTEST_NAP_SECONDS = 0.001
"""Keeps a rounded time from becoming a loop without a pause."""


class Cron(Crontab):
    """The jobs of one home, and their runs.

    Args:
        jobs: where they are kept.
        runs: where their runs are.
        clock: the time of day.
        new_id: makes the ids of jobs, of at most 40 characters.
        fire: starts a run.
        limits: how many jobs there may be.
    """

    def __init__(
        self, *, jobs: CronJobs, runs: Runs, clock: Clock, new_id: NewId, fire: Fire, limits: CronLimits | None = None
    ) -> None:
        super().__init__(jobs=jobs, runs=runs, clock=clock, new_id=new_id, limits=limits or CronLimits())
        self._rounds = CronRounds(jobs=jobs, runs=runs, clock=clock, fire=fire)
        self._told: dict[str, str] = {}

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Look after the jobs, without end."""
        task_status.started()
        while True:
            await self._nap.sleep(await self.tick())

    async def watch(self) -> None:
        """Have `run` look at once when another process has changed a job, without end."""
        seen = None
        while True:
            try:
                latest = await self._jobs.latest_change()
            except KernelError:
                latest = None  # `run` meets the same home, and tells
            if latest != seen:
                seen = latest
                self._nap.wake()
            await self._clock.sleep(WATCH_SECONDS)

    async def tick(self) -> float:
        """Do what is due for every job now and return in how many seconds something is, at most 30.

        A job that cannot be looked after is logged, once for each reason, and does not keep the others back.
        """
        soon = LOOK_AGAIN_SECONDS
        try:
            job_ids = await self._jobs.ids()
        except KernelError as error:
            self._tell("Cron jobs cannot be listed", error)
            return soon
        for job_id in job_ids:
            try:
                soon = min(soon, await self._rounds.look_after(job_id))
            except KernelError as error:
                self._tell(f"The cron job {job_id} cannot be looked after", error)
        return max(soon, SHORTEST_NAP_SECONDS)

    async def run_now(self, name: str, *, asked_by: RunId | None = None) -> CronRun:
        """Run a job at once, enabled or not, and return its row; its slots stay as they are.

        Args:
            name: the job.
            asked_by: the run that asks, `None` for a person.

        Raises:
            NotFound: there is none; the message names the nearest.
            Conflict: a run of it is under way and may not overlap, or it was run in this second already.
            Denied: the run that asks, or one above it, was started by cron; jobs do not start jobs.
        """
        await self._check_asker(asked_by)
        async with self._jobs.hold():
            job = await self._jobs.find(name)
            history = await seen(await self._jobs.history(job), self._runs)
            under_way = [row.run_id for row in history.rows if row.state is SlotState.RUNNING]
            if under_way and job.on_overlap is not OnOverlap.ALLOW:
                raise Conflict(
                    f"The cron job {job.name!r} is under way: {under_way[0]}.",
                    hint="Wait, resume that run if it is paused, or kill it.",
                )
            row = CronRun(slot=self._clock.now().replace(microsecond=0), state=SlotState.WAITING)
            if await self._runs.get(fire_key(job.id, row.slot)):
                raise Conflict(f"The cron job {job.name!r} was run in this second already.", hint="Try again.")
            history = await self._rounds.start(job, history, row)
        return next(held for held in history.rows if held.slot == row.slot)

    def _tell(self, what: str, error: KernelError) -> None:
        if self._told.get(what) != error.message:
            logger.warning("%s: %s", what, error.message)
        self._told[what] = error.message

    async def _check_asker(self, run_id: RunId | None) -> None:
        while run_id is not None:
            if job_of_key(run_id):
                raise Denied(
                    f"A cron job is run by the clock or by a person, not by a run that cron started: {run_id}.",
                    hint="Give the job a schedule of its own.",
                )
            run = await self._runs.get(run_id)
            run_id = run.parent if run else None
