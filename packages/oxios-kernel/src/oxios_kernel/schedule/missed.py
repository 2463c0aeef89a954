"""Decides what becomes of a job's slots: which are run, which had passed unnoticed, which find the job busy.

Pure functions over a job, its history and the time; they know neither clock nor store. Used by `cron`, which looks
every 30 seconds at the latest, so a slot is late only when no process ran, the machine slept or its clock was moved.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from itertools import takewhile

from oxios_kernel.domain.cron import CronHistory, CronJob, CronRun, OnMissed, OnOverlap, SlotState, fire_key
from oxios_kernel.schedule.expression import Timetable

__all__ = ["decide", "due_at", "place"]

LATE = timedelta(seconds=60)
"""A slot whose time passed longer ago than this was missed; twice the time between two looks."""

CATCH_UP_SLOTS = 24
"""How many missed slots are run at most, and how many slots wait for a run of their job: a day of an hourly job."""

COUNTED_SLOTS = 100
"""How many of the slots that passed are looked at; the history says `at least` beyond it."""

SIDE_BY_SIDE = 50
"""How many runs of one job are under way at most when they may overlap; half of the rows that its history keeps."""

WRONG_CLOCK = timedelta(days=2)
"""What was decided further ahead than this was decided by a clock that was wrong: without it a machine that believed
for a minute to be in another year would not run its jobs before that year."""


def due_at(job: CronJob, slot: datetime) -> datetime:
    """Return when a slot is run: its time and the jitter, which is drawn from the slot's key."""
    if not job.jitter_seconds:
        return slot
    drawn = int.from_bytes(blake2b(fire_key(job.id, slot).encode(), digest_size=8).digest())
    return slot + timedelta(seconds=drawn % (job.jitter_seconds + 1))


def decide(job: CronJob, timetable: Timetable, history: CronHistory, now: datetime) -> CronHistory:
    """Return the history with a row for each slot that has become due, decided until the latest of them.

    Slots that are to be run are `WAITING`; those that are not, though their time has passed, are one `MISSED` row.
    """
    decided_until = history.decided_until
    if decided_until - now > WRONG_CLOCK:
        decided_until = now
    upcoming = timetable.next(decided_until)
    if upcoming is None or due_at(job, upcoming) > now:
        return history.model_copy(update={"decided_until": decided_until})
    ran = {row.slot for row in history.rows if row.run_id or row.state.open}
    found = timetable.latest(decided_until, now, COUNTED_SLOTS)
    due = list(takewhile(lambda slot: due_at(job, slot) <= now, found))
    fresh = [slot for slot in due if slot not in ran]
    late = [slot for slot in fresh if now - due_at(job, slot) > LATE]
    passed = _passed(job.on_missed, fresh, late)
    if passed:
        history = history.put(_missed(passed, more=len(found) == COUNTED_SLOTS))
    for slot in fresh:
        if slot not in passed:
            history = history.put(CronRun(slot=slot, state=SlotState.WAITING, missed=slot in late))
    return history.model_copy(update={"decided_until": due[-1] if due else decided_until})


def place(job: CronJob, row: CronRun, ahead: Sequence[CronRun], *, new: bool) -> SlotState:
    """Return what becomes of a waiting row now: `RUNNING`, `WAITING` or `SKIPPED`.

    Missed slots that are to be run wait for each other, and those after them for their turn, unless runs may overlap.

    Args:
        job: whose row it is.
        row: the row.
        ahead: the open rows before it.
        new: whether it became due just now; what has waited before is not passed over any more.
    """
    if not ahead or (job.on_overlap is OnOverlap.ALLOW and len(ahead) < SIDE_BY_SIDE):
        return SlotState.RUNNING
    if not new:
        return SlotState.WAITING
    catches_up = row.missed or any(held.missed and held.state is SlotState.WAITING for held in ahead)
    waits = job.on_overlap is OnOverlap.QUEUE or (job.on_overlap is OnOverlap.SKIP and catches_up)
    return SlotState.WAITING if waits and len(ahead) <= CATCH_UP_SLOTS else SlotState.SKIPPED


def _passed(policy: OnMissed, due: list[datetime], late: list[datetime]) -> list[datetime]:
    """Return the late slots that are not run. What is due on time stands for the missed ones before it."""
    match policy:
        case OnMissed.SKIP:
            return late
        case OnMissed.RUN_ONCE:
            return [slot for slot in late if slot != due[-1]]
        case OnMissed.RUN_ALL:
            return late[:-CATCH_UP_SLOTS]


def _missed(slots: list[datetime], *, more: bool) -> CronRun:
    count = "It" if len(slots) == 1 else f"{'At least ' * more}{len(slots)} slots"
    reason = f"{count} passed while nobody looked."
    return CronRun(slot=slots[-1], state=SlotState.MISSED, missed=True, slots=len(slots), reason=reason)
