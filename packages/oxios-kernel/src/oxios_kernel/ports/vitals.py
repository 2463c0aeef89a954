"""How busy the machine is: one look at processor, memory, load, a disk and this process's open files."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

__all__ = ["Reading", "Vitals"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What one look shows.

    Attributes:
        cpu_percent: how much of all processors was busy since the last look, 0–100; 0 at the first.
        memory_used: bytes that programs cannot have any more.
        memory_total: bytes of memory.
        load: runnable tasks of the system, its average over a minute.
        processors: how many there are.
        disk_free: bytes that may still be written to the file system.
        disk_total: bytes of the file system.
        open_files: descriptors that this process has open.
    """

    cpu_percent: float
    memory_used: int
    memory_total: int
    load: float
    processors: int
    disk_free: int
    disk_total: int
    open_files: int

    @property
    def memory_percent(self) -> float:
        """The part of the memory that is used, 0–100."""
        return 100 * self.memory_used / self.memory_total

    @property
    def load_per_processor(self) -> float:
        """How many tasks want each processor."""
        return self.load / self.processors


class Vitals(Protocol):
    """Looks at the machine."""

    async def read(self, path: Path, /) -> Reading:
        """Return how busy the machine is, with the file system that a path is on.

        Raises:
            HomeError: the path does not exist or cannot be looked at.
        """
        ...
