"""The port `Vitals` on psutil. A look is made in a thread: some of its files take milliseconds on a busy machine.

psutil's own processor percentage is since the last call of the same thread, and threads here come and go; so it is
reckoned from the times that are kept here. psutil is imported with the first look: few commands take one. The fake is
`testing.ScriptedVitals`.
"""

import os
from pathlib import Path

from anyio import to_thread

from oxios_kernel.errors import HomeError
from oxios_kernel.ports.vitals import Reading

__all__ = ["VitalsPsutil"]


class VitalsPsutil:
    """The machine's own vitals."""

    def __init__(self) -> None:
        self._busy_total: tuple[float, float] | None = None

    async def read(self, path: Path, /) -> Reading:
        return await to_thread.run_sync(self._read, path)

    def _read(self, path: Path) -> Reading:
        import psutil

        try:
            disk = psutil.disk_usage(str(path))
        except OSError as error:
            raise HomeError(f"The disk of {path} cannot be looked at: {error.strerror}.") from error
        memory = psutil.virtual_memory()
        return Reading(
            cpu_percent=self._cpu_percent(),
            memory_used=memory.total - memory.available,
            memory_total=memory.total,
            load=psutil.getloadavg()[0],
            processors=len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
            disk_free=disk.free,
            disk_total=disk.total,
            open_files=psutil.Process().num_fds(),
        )

    def _cpu_percent(self) -> float:
        """Return how much of the time since the last look the processors were busy."""
        import psutil

        times = psutil.cpu_times()
        total = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
        now = (total - times.idle - getattr(times, "iowait", 0.0), total)
        before, self._busy_total = self._busy_total, now
        if before is None or now[1] <= before[1]:
            return 0.0
        return min(100.0, max(0.0, 100 * (now[0] - before[0]) / (now[1] - before[1])))
