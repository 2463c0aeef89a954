"""Jobs that run by the clock become turns of the conversation: what a job says, as a request that nobody waits for.

The only place that knows both `schedule` and `conversation`. Cron decides when; the supervisor carries out.
"""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path

from anyio import to_thread

from oxios_kernel.boot.adapters import Adapters, Paths
from oxios_kernel.config import CronSettings
from oxios_kernel.conversation import TurnRequest
from oxios_kernel.domain.cron import CronJob, OnOverlap
from oxios_kernel.domain.ids import RunId
from oxios_kernel.errors import HomeError
from oxios_kernel.schedule import Cron, CronJobs, CronLimits

__all__ = ["Begin", "build_cron", "take_over"]

logger = logging.getLogger(__name__)

Begin = Callable[[TurnRequest], Awaitable[bool]]
"""Queues a turn under the id that the request names; `False` when there is a run of that id already."""


def build_cron(adapters: Adapters, settings: CronSettings, paths: Paths, begin: Begin) -> Cron:
    """Return the cron of a home; nothing runs by the clock before its `run` does.

    Args:
        adapters: where jobs are kept, and the time of day.
        settings: how many jobs there may be.
        paths: where jobs work that name no folder.
        begin: queues a turn.
    """

    async def fire(job: CronJob, slot: datetime, key: RunId) -> bool:
        root = Path(job.workdir) if job.workdir else await to_thread.run_sync(_own_folder, paths.jobs / job.id)
        return await begin(_request(job, root, key))

    return Cron(
        jobs=CronJobs(adapters.records, adapters.locks),
        runs=adapters.runs,
        clock=adapters.clock,
        new_id=adapters.new_id,
        fire=fire,
        limits=CronLimits(per_principal=settings.max_jobs, per_agent=settings.max_jobs_per_agent),
    )


async def take_over(cron: Cron, settings: CronSettings) -> None:
    """Keep the jobs of the settings, in place of those of the settings before. When what is kept of jobs is damaged,
    they stay as they were: a host must not be kept from its other work.

    Raises:
        ConfigError: one of them cannot be used.
    """
    try:
        await cron.adopt(settings.jobs)
    except HomeError as error:
        logger.warning("The jobs of the settings are not taken over: %s", error.message)


def _request(job: CronJob, root: Path, key: RunId) -> TurnRequest:
    # Turns of one session come one after the other, so those that may overlap have a session each.
    session_id = None if job.on_overlap is OnOverlap.ALLOW else f"cron-{job.id}"
    return TurnRequest(
        prompt=_prompt(job),
        root=root,
        session_id=session_id,
        principal=job.principal,
        run_id=key,
        priority=job.priority,
        ask=False,
    )


def _prompt(job: CronJob) -> str:
    parts = [job.goal]
    for title, lines in (("Keep to this:", job.constraints), ("It is done when:", job.acceptance_criteria)):
        if lines:
            parts.append("\n".join([title, *(f"- {line}" for line in lines)]))
    return "\n\n".join(parts)


def _own_folder(folder: Path) -> Path:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise HomeError(f"The job's folder {folder} cannot be made: {error.strerror}.") from error
    return folder
