"""Who may run when: slots for runs in a fair order, and the providers' rate limits. Used by supervisors and doors."""

from oxios_kernel.schedule.order import Caps
from oxios_kernel.schedule.policy import Choice, Snapshot, choose
from oxios_kernel.schedule.rates import Rates, Window
from oxios_kernel.schedule.scheduler import Scheduler
from oxios_kernel.schedule.stats import QueueRow, Stats

__all__ = ["Caps", "Choice", "QueueRow", "Rates", "Scheduler", "Snapshot", "Stats", "Window", "choose"]
