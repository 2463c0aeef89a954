"""Keeps cron jobs as documents of the kind `cron_jobs`, and what became of their slots as `cron_history`.

They are read when they are needed, so a change in one process is seen in every other; whoever changes one holds the
lock `cron` from reading to writing. Used by `crontab` and `cron_rounds`; what may be kept is said in `cron_rules`.
"""

from contextlib import AbstractAsyncContextManager

from pydantic import ValidationError

from oxios_kernel.domain.cron import CronHistory, CronJob
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.ids import is_id
from oxios_kernel.domain.nearest import nearest
from oxios_kernel.errors import HomeError, NotFound
from oxios_kernel.ports.locks import Locks
from oxios_kernel.ports.records import Records

__all__ = ["CronJobs"]

JOBS = "cron_jobs"
HISTORIES = "cron_history"

LATEST = ("cron_changes", "latest")
"""The document that is another one after each change of a job."""


class CronJobs:
    """The jobs of one home."""

    def __init__(self, records: Records, locks: Locks) -> None:
        self._records = records
        self._locks = locks

    def hold(self) -> AbstractAsyncContextManager[None]:
        """Keep every other task and process from changing a job or its history, for the length of a block."""
        return self._locks.hold("cron")

    async def ids(self) -> list[str]:
        """Return the ids of all jobs, sorted."""
        return list(await self._records.names(JOBS))

    async def all(self) -> list[CronJob]:
        """Return all jobs by id.

        Raises:
            HomeError: the document of one is damaged.
        """
        loaded = [await self.load(job_id) for job_id in await self.ids()]
        return [job for job in loaded if job]

    async def load(self, job_id: str) -> CronJob | None:
        """Return a job, `None` when there is none.

        Raises:
            HomeError: its document is damaged.
        """
        document = await self._records.load(JOBS, job_id)
        try:
            return None if document is None else CronJob.from_json(document)
        except ValidationError as error:
            raise _damaged(f"{JOBS}/{job_id}", error) from None

    async def find(self, name: str) -> CronJob:
        """Return the job with an id or, when there is none, with a name.

        Raises:
            NotFound: there is none; the message names the nearest.
            HomeError: a job's document is damaged.
        """
        if is_id(name) and (job := await self.load(name)):
            return job
        by_name = {job.name: job for job in await self.all()}
        if name in by_name:
            return by_name[name]
        close = nearest(name, [*by_name, *(job.id for job in by_name.values())])
        guess = f" Did you mean {close!r}?" if close else ""
        raise NotFound(f"There is no cron job {name!r}.{guess}", hint="`oxios cron list` shows them.")

    async def save(self, job: CronJob) -> None:
        """Write a job."""
        await self._records.save(JOBS, job.id, job.to_json())
        await self._records.save(*LATEST, job.to_json())

    async def remove(self, job: CronJob) -> None:
        """Remove a job and its history."""
        await self._records.delete(JOBS, job.id)
        await self._records.delete(HISTORIES, job.id)
        await self._records.save(*LATEST, {"removed": job.id})

    async def latest_change(self) -> JsonObject | None:
        """Return what was changed last: another value than before when a job was changed meanwhile.

        Raises:
            HomeError: it cannot be read.
        """
        return await self._records.load(*LATEST)

    async def history(self, job: CronJob) -> CronHistory:
        """Return what became of a job's slots; a job without a history begins when it was made.

        Raises:
            HomeError: the document is damaged.
        """
        document = await self._records.load(HISTORIES, job.id)
        try:
            return CronHistory(decided_until=job.created_at) if document is None else CronHistory.from_json(document)
        except ValidationError as error:
            raise _damaged(f"{HISTORIES}/{job.id}", error) from None

    async def save_history(self, job: CronJob, history: CronHistory) -> None:
        """Write what became of a job's slots."""
        await self._records.save(HISTORIES, job.id, history.to_json())


def _damaged(where: str, error: ValidationError) -> HomeError:
    [first, *_] = error.errors()
    field = ".".join(map(str, first["loc"])) or "the whole"
    return HomeError(
        f"The document {where} is damaged: {field}: {first['msg']}.",
        hint=f"It was left as it is: mend `{where}.json` in the workspace, or remove it.",
    )
