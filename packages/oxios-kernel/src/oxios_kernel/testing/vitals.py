"""A machine whose vitals the test sets: the fake of `ports/vitals.py`."""

from dataclasses import replace
from pathlib import Path

from anyio.lowlevel import checkpoint

from oxios_kernel.errors import HomeError
from oxios_kernel.ports.vitals import Reading

__all__ = ["ScriptedVitals"]

GIB = 2**30


class ScriptedVitals:
    """The port `Vitals` for tests: an idle machine, until a test changes it.

    Attributes:
        reading: what the next looks show.
        looks: how many there were.
    """

    def __init__(self) -> None:
        self.looks = 0
        self.reading = Reading(
            cpu_percent=5.0,
            memory_used=2 * GIB,
            memory_total=8 * GIB,
            load=0.5,
            processors=2,
            disk_free=50 * GIB,
            disk_total=100 * GIB,
            open_files=20,
        )

    async def read(self, path: Path, /) -> Reading:
        """See `ports.vitals`."""
        await checkpoint()
        _check(path)
        self.looks += 1
        return self.reading

    def use(self, *, memory_percent: float = 25.0, load: float = 0.5, disk_free: int = 50 * GIB) -> None:
        """Make the machine as busy as this; what is not given is as on an idle one."""
        used = round(self.reading.memory_total * memory_percent / 100)
        self.reading = replace(self.reading, memory_used=used, load=load, disk_free=disk_free)


def _check(path: Path) -> None:
    if not path.exists():
        raise HomeError(f"The disk of {path} cannot be looked at: it does not exist.")
