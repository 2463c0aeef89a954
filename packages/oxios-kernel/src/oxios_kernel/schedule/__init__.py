"""Who may run when: slots for runs in a fair order, the providers' rate limits, and jobs that run by the clock.

Used by supervisors and doors.
"""

from oxios_kernel.schedule.cron import Cron
from oxios_kernel.schedule.cron_jobs import CronJobs
from oxios_kernel.schedule.cron_rounds import Fire
from oxios_kernel.schedule.cron_rules import CronLimits
from oxios_kernel.schedule.crontab import CronStatus
from oxios_kernel.schedule.expression import Timetable
from oxios_kernel.schedule.nap import Nap
from oxios_kernel.schedule.order import Caps
from oxios_kernel.schedule.pace import Pace
from oxios_kernel.schedule.policy import Choice, Snapshot, choose
from oxios_kernel.schedule.rates import Rates, Window
from oxios_kernel.schedule.scheduler import Scheduler
from oxios_kernel.schedule.stats import QueueRow, Stats

__all__ = [
    "Caps",
    "Choice",
    "Cron",
    "CronJobs",
    "CronLimits",
    "CronStatus",
    "Fire",
    "Nap",
    "Pace",
    "QueueRow",
    "Rates",
    "Scheduler",
    "Snapshot",
    "Stats",
    "Timetable",
    "Window",
    "choose",
]
