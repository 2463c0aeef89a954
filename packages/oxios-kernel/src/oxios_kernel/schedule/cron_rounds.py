"""Looks after one job: notes how its runs ended, decides what becomes of its slots, starts what is to be run.

What is to be run is written down first and started then, under a key that is the same in every process. So a process
that dies in between leaves a row that says what to do, and one that starts a run a second time finds it there already.
Used by `cron`.
"""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from math import inf

from oxios_kernel.domain.cron import CronHistory, CronJob, CronRun, SlotState, fire_key
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Run, RunState
from oxios_kernel.ports.clock import Clock
from oxios_kernel.ports.journal import Runs
from oxios_kernel.schedule.cron_jobs import CronJobs
from oxios_kernel.schedule.expression import Timetable
from oxios_kernel.schedule.missed import decide, due_at, place

__all__ = ["CronRounds", "Fire", "seen"]

Fire = Callable[[CronJob, datetime, RunId], Awaitable[bool]]
"""Adds the run of a job's slot under the given id and returns at once; `False` when there is a run of that id already.

It is called while the jobs are held, so it must not change one."""

BUSY_LOOK_SECONDS = 1.0
"""How soon a job is looked after again while slots of it wait for a run to end."""

ENDS = {RunState.DONE: SlotState.DONE, RunState.FAILED: SlotState.FAILED, RunState.KILLED: SlotState.KILLED}

BUSY = "A run of this job was under way."
FORGOTTEN = "Its run is not known any more."


class CronRounds:
    """The rounds from job to job."""

    def __init__(self, *, jobs: CronJobs, runs: Runs, clock: Clock, fire: Fire) -> None:
        self._jobs = jobs
        self._runs = runs
        self._clock = clock
        self._fire = fire

    async def look_after(self, job_id: str) -> float:
        """Do what is due for a job and return in how many seconds it is worth looking again.

        Raises:
            KernelError: the job cannot be read or written, or a run cannot be started; the next look tries again.
        """
        async with self._jobs.hold():
            job = await self._jobs.load(job_id)
            if job is None or not job.enabled:
                return inf
            timetable = Timetable.parse(job.schedule, job.zone)
            before = await self._jobs.history(job)
            history = decide(job, timetable, await seen(before, self._runs), self._clock.now())
            if history != before:
                await self._jobs.save_history(job, history)
            history = await self._start_waiting(job, history, {row.slot for row in before.rows})
        if any(row.state is SlotState.WAITING for row in history.rows):
            return BUSY_LOOK_SECONDS
        slot = timetable.next(history.decided_until)
        return inf if slot is None else (due_at(job, slot) - self._clock.now()).total_seconds()

    async def start(self, job: CronJob, history: CronHistory, row: CronRun) -> CronHistory:
        """Start the run of a slot, if it is not there already, and write and return the history with it."""
        key = fire_key(job.id, row.slot)
        await self._fire(job, row.slot, key)
        under_way = {"state": SlotState.RUNNING, "run_id": key, "started_at": self._clock.now()}
        history = history.put(row.model_copy(update=under_way))
        history = history.model_copy(update={"run_count": history.run_count + 1})
        await self._jobs.save_history(job, history)
        return history

    async def _start_waiting(self, job: CronJob, history: CronHistory, known: set[datetime]) -> CronHistory:
        """Start the waiting rows that may be, and pass over those that become due just now and find the job busy."""
        for row in history.rows:
            if row.state is not SlotState.WAITING:
                continue
            state = place(job, row, history.ahead_of(row), new=row.slot not in known)
            if state is SlotState.RUNNING:
                history = await self.start(job, history, row)
            elif state is SlotState.SKIPPED:
                reason = await self._busy(history.ahead_of(row))
                history = history.put(row.model_copy(update={"state": state, "reason": reason}))
                await self._jobs.save_history(job, history)
        return history

    async def _busy(self, ahead: Sequence[CronRun]) -> str:
        """Return why a slot is passed over behind these; a run that is paused does not end by itself."""
        for row in ahead:
            run = await self._runs.get(row.run_id) if row.run_id else None
            if run is not None and run.state is RunState.PAUSED:
                why = f" ({run.reason})" if run.reason else ""
                return f"A run of this job is paused{why}: `oxios agent resume {run.id}` lets it go on."
        return BUSY


async def seen(history: CronHistory, runs: Runs) -> CronHistory:
    """Return a history that knows how the runs ended that were under way."""
    for row in history.rows:
        if row.state is not SlotState.RUNNING or row.run_id is None:
            continue
        run = await runs.get(row.run_id)
        if run is None or run.state.final:
            history = history.put(row.model_copy(update=_end(run)))
    return history


def _end(run: Run | None) -> dict[str, object]:
    if run is None:
        return {"state": SlotState.FAILED, "reason": FORGOTTEN}
    return {"state": ENDS[run.state], "ended_at": run.changed_at, "reason": run.reason}
