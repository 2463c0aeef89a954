"""Decides from readings whether the machine is overloaded, and how much less should be begun then.

A busy processor alone is no overload: it is what the machine is for. Memory that runs out, tasks that queue for the
processors, and a disk that fills up are. Overload ends only when a reading is well below what began it, so that it does
not come and go with each reading. Pure; used by `monitor`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from oxios_kernel.ports.vitals import Reading

__all__ = ["Overload", "Thresholds"]

MB = 1_000_000

AT_ONCE = 0.5
"""The part of what would be begun that is begun when a threshold is reached."""

LEAST = 0.25
"""The part that is begun when it is at its worst: somebody must get on, or nothing is ever freed."""

RELIEF = 0.5
"""How far below a threshold a measure must be for its overload to end, as a part of what lies between it and the worst:
with the thresholds below, 87.5 % of the memory, 2 tasks for each processor, 250 MB."""


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """What counts as overload.

    Attributes:
        memory_percent: so much of the memory is used, 1–100; the worst is half-way to 100.
        load_per_processor: so many tasks want each processor; the worst is twice as many.
        disk_free_mb: no more than so many megabytes may be written; the worst is half as many.
    """

    memory_percent: float = 90.0
    load_per_processor: float = 4.0
    disk_free_mb: float = 200.0


@dataclass(frozen=True, kw_only=True)
class Overload:
    """Whether the machine is overloaded.

    Attributes:
        reasons: what there is too much or too little of, by the words `memory`, `load` and `disk`, in a few words;
            empty when the machine is not overloaded.
        pressure: the part that may be begun of what would be: 1 when it is not overloaded, else 0.5 down to 0.25.
    """

    reasons: Mapping[str, str] = field(default_factory=dict)
    pressure: float = 1.0

    def after(self, reading: Reading, thresholds: Thresholds) -> "Overload":
        """Return what holds after one more reading."""
        memory, load, disk = reading.memory_percent, reading.load_per_processor, reading.disk_free / MB
        most, many, little = thresholds.memory_percent, thresholds.load_per_processor, thresholds.disk_free_mb
        measures = {
            "memory": (_badness(memory, most, most + max(1.0, (100 - most) / 2)), f"{memory:.0f} % is used"),
            "load": (_badness(load, many, many * 2), f"{load:.1f} tasks want each processor"),
            "disk": (_badness(disk, little, little / 2), f"{disk:.0f} MB are free"),
        }
        held = {
            name: (bad, text)
            for name, (bad, text) in measures.items()
            if bad >= 0 or (name in self.reasons and bad > -RELIEF)
        }
        if not held:
            return Overload()
        worst = min(1.0, max(0.0, *(bad for bad, _ in held.values())))
        return Overload(
            reasons={name: text for name, (_, text) in held.items()},
            pressure=AT_ONCE - (AT_ONCE - LEAST) * worst,
        )


def _badness(value: float, threshold: float, worst: float) -> float:
    """Return where a measure is between its threshold (0) and the worst (1); below 0 it is well."""
    return (value - threshold) / (worst - threshold)
