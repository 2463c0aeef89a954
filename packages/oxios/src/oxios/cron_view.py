"""Jobs that run by the clock as a person and a script see them: rows, histories and slots, as lines and as JSON."""

from datetime import datetime
from zoneinfo import ZoneInfo

from oxios_kernel.domain.cron import CronHistory, CronJob, CronRun
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.schedule import CronStatus

__all__ = ["history_json", "job_json", "job_line", "job_lines", "row_line", "slot_line"]

GOAL_CHARACTERS = 60


def job_json(status: CronStatus) -> JsonObject:
    """Return a job and how it stands."""
    return {
        **status.job.to_json(),
        "priority": status.job.priority.name.lower(),
        "next_run": None if status.next_run is None else _utc(status.next_run),
        "run_count": status.run_count,
        "last": None if status.last is None else status.last.to_json(),
    }


def history_json(history: CronHistory) -> JsonObject:
    """Return what became of a job's slots, the oldest first."""
    return {"run_count": history.run_count, "rows": [row.to_json() for row in history.rows]}


def job_line(status: CronStatus) -> str:
    """Return a job as a line of a list."""
    job = status.job
    goal = " ".join(job.goal.split())
    shown = goal if len(goal) <= GOAL_CHARACTERS else f"{goal[:GOAL_CHARACTERS]}…"
    return f"{job.name:<16} {job.schedule:<16} {_coming(status):<25} {_last(status.last):<8} {shown}"


def job_lines(status: CronStatus) -> list[str]:
    """Return all that is known of a job, a line each."""
    job, last = status.job, status.last
    facts = {
        "name": job.name,
        "id": job.id,
        "schedule": f"{job.schedule} ({job.zone})",
        "next": _coming(status),
        "last": "never" if last is None else f"{_last(last)}, {last.run_id}",
        "runs": f"{status.run_count:,}",
        "workdir": job.workdir or "one of its own",
        "priority": job.priority.name.lower(),
        "missed": job.on_missed.value,
        "overlap": job.on_overlap.value,
        "jitter": f"{job.jitter_seconds} s" if job.jitter_seconds else "",
        "principal": job.principal,
        "agent": job.agent_id or "",
        "constraints": "; ".join(job.constraints),
        "criteria": "; ".join(job.acceptance_criteria),
    }
    return [*(f"{name:<12} {value}" for name, value in facts.items() if value), "", job.goal]


def row_line(row: CronRun, job: CronJob) -> str:
    """Return what became of a slot as a line."""
    several = f" ({row.slots} slots)" if row.slots > 1 else ""
    late = " late" if row.missed and row.run_id else ""
    told = f"  {' '.join(row.reason.split())}" if row.reason else ""
    return f"{slot_line(row.slot, job.zone)}  {row.state.value}{late}{several}  {row.run_id or ''}{told}".rstrip()


def slot_line(slot: datetime, zone: str) -> str:
    """Return a moment as the clocks of a zone show it, with their distance from UTC."""
    return slot.astimezone(ZoneInfo(zone)).isoformat(sep=" ", timespec="seconds")


def _coming(status: CronStatus) -> str:
    if not status.job.enabled:
        return "disabled"
    return "never" if status.next_run is None else slot_line(status.next_run, status.job.zone)


def _last(row: CronRun | None) -> str:
    return "-" if row is None else row.state.value


def _utc(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
