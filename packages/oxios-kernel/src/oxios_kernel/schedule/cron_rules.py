"""Says which cron jobs may be kept: fields that make sense, a schedule that comes, a name of its own, not too many.

Pure functions over jobs; every refusal is an error whose message and hint say what to give instead. Used by `crontab`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath

from pydantic import ValidationError

from oxios_kernel.domain.cron import CronJob, JobSource
from oxios_kernel.domain.ids import is_id
from oxios_kernel.errors import ConfigError, Conflict, Denied, InputError
from oxios_kernel.schedule.expression import Timetable

__all__ = [
    "CronLimits",
    "check_name",
    "check_number",
    "check_settable",
    "check_source",
    "checked_job",
    "job_of_settings",
]

GIVEN = {"id", "principal", "agent_id", "source", "created_at"}
"""The fields of a job that nobody sets by hand."""

LOOK_AHEAD_SLOTS = 50
"""How many slots the jitter is compared with."""

FIELDS = (
    "Give `name`, `schedule` (such as `30 9 * * MON-FRI`) and `goal`, and if you like `zone` (such as "
    "`Europe/Berlin`), `constraints`, `acceptance_criteria`, `toolchain`, `workdir`, `priority` (0–3), `enabled`, "
    "`on_missed` (skip, run_once, run_all), `on_overlap` (skip, queue, allow) and `jitter_seconds` (0–3600)."
)
"""What a job takes, as a hint."""


@dataclass(frozen=True, kw_only=True)
class CronLimits:
    """How many jobs there may be; those of the settings do not count.

    Attributes:
        per_principal: of one person or program.
        per_agent: made by one agent.
    """

    per_principal: int = 100
    per_agent: int = 10


def checked_job(fields: Mapping[str, object], now: datetime) -> CronJob:
    """Return the job with these fields.

    Raises:
        InputError: a field is missing, unknown or cannot be used, the schedule has no slot after `now`, the folder
            is no absolute path, or the jitter is not shorter than the time between two slots.
    """
    try:
        job = CronJob.model_validate(fields)
    except ValidationError as error:
        raise _refusal(error) from None
    if not is_id(job.id):
        raise InputError(
            f"The id of a cron job cannot be {job.id!r}.",
            hint="Use up to 40 of A–Z, a–z, 0–9, `.`, `_` and `-`, beginning with a letter or digit.",
        )
    if job.workdir is not None and not PurePath(job.workdir).is_absolute():
        raise InputError(f"`workdir` of a cron job is to be an absolute path, but came {job.workdir!r}.", hint=FIELDS)
    timetable = Timetable.parse(job.schedule, job.zone)
    if timetable.next(now) is None:
        raise InputError(
            f"`schedule` is to come at some time before the year 2100, but {job.schedule!r} never does.",
            hint="Give a day that the month has.",
        )
    closest = timetable.closest(now, LOOK_AHEAD_SLOTS)
    if closest and timedelta(seconds=job.jitter_seconds) >= closest:
        raise InputError(
            f"`jitter_seconds` is to be less than the {closest.total_seconds():g} seconds between two slots of "
            f"{job.schedule!r}, but came {job.jitter_seconds}.",
            hint="Give a smaller one, or 0.",
        )
    return job


def job_of_settings(name: str, fields: Mapping[str, object], before: CronJob | None, now: datetime) -> CronJob:
    """Return the job of the section `cron.jobs.NAME` of the settings, made when it was first seen.

    Raises:
        ConfigError: it cannot be used.
    """
    given = {"id": name, "source": JobSource.CONFIG, "created_at": before.created_at if before else now}
    try:
        check_settable(fields)
        return checked_job({"name": name, **fields, **given}, now)
    except InputError as error:
        raise ConfigError(f"[cron.jobs.{name}] cannot be used: {error.message}", hint=error.hint) from None


def check_settable(fields: Mapping[str, object]) -> None:
    """Refuse what nobody sets by hand.

    Raises:
        InputError: one of the fields is such.
    """
    if refused := sorted(GIVEN & set(fields)):
        raise InputError(f"`{refused[0]}` of a cron job cannot be set.", hint=FIELDS)


def check_source(job: CronJob) -> None:
    """Refuse to change what the settings say.

    Raises:
        Conflict: the job comes from the settings.
    """
    if job.source is JobSource.CONFIG:
        raise Conflict(
            f"The cron job {job.name!r} comes from the settings.", hint=f"Change [cron.jobs.{job.id}] in `config.toml`."
        )


def check_name(job: CronJob, others: Iterable[CronJob]) -> None:
    """Refuse a name that is another job's name or id.

    Raises:
        Conflict: it is.
    """
    if any(job.name in (other.name, other.id) for other in others if other.id != job.id):
        raise Conflict(f"There is a cron job {job.name!r} already.", hint="Take another name, or change that one.")


def check_number(job: CronJob, others: Iterable[CronJob], limits: CronLimits) -> None:
    """Refuse one job more than there may be.

    Raises:
        Denied: its principal, or the agent that makes it, has as many as it may.
    """
    made = [other for other in others if other.source is JobSource.API]
    if sum(other.principal == job.principal for other in made) >= limits.per_principal:
        raise Denied(
            f"{job.principal!r} may keep {limits.per_principal} cron jobs, and keeps them.", hint="Remove one first."
        )
    if job.agent_id and sum(other.agent_id == job.agent_id for other in made) >= limits.per_agent:
        raise Denied(f"An agent may make {limits.per_agent} cron jobs, and this one has.", hint="Remove one first.")


def _refusal(error: ValidationError) -> InputError:
    [first, *_] = error.errors()
    name = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return InputError(f"A cron job needs `{name}`.", hint=FIELDS)
    if first["type"] == "extra_forbidden":
        return InputError(f"A cron job has no field {name!r}.", hint=FIELDS)
    came = repr(first["input"])
    came = came if len(came) <= 80 else came[:79] + "…"
    return InputError(f"`{name}` of a cron job cannot be {came}: {first['msg'].lower()}.", hint=FIELDS)
