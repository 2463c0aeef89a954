"""How the machine and the kernel on it are doing: a day's history, and overload, under which less is begun."""

from oxios_kernel.health.history import Snapshot
from oxios_kernel.health.monitor import Counts, Monitor
from oxios_kernel.health.overload import Overload, Thresholds

__all__ = ["Counts", "Monitor", "Overload", "Snapshot", "Thresholds"]
