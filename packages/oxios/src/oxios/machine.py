"""The machine as a person and a script see it: one look at it, and whether it is so busy that less is begun."""

from collections.abc import Iterator

import anyio
from oxios_kernel.domain.fact import JsonObject

from oxios.assemble import open_monitor
from oxios.invocation import Invocation

__all__ = ["look_at_machine", "machine_lines"]

LOOK_SECONDS = 0.2
"""How long the processors are watched; one look alone does not tell how busy they are."""

MB = 1_000_000


async def look_at_machine(invocation: Invocation) -> JsonObject:
    """Return how busy the machine is. Whether a host begins less, it decides by looks of its own, over time.

    Raises:
        HomeError: the disk of the home cannot be looked at.
    """
    async with open_monitor(invocation) as monitor:
        await monitor.snapshot()
        await anyio.sleep(LOOK_SECONDS)
        snapshot = await monitor.snapshot()
        reading = snapshot.reading
        return {
            "cpu_percent": round(reading.cpu_percent, 1),
            "memory_percent": round(reading.memory_percent, 1),
            "memory_total_mb": reading.memory_total // MB,
            "load": round(reading.load, 2),
            "processors": reading.processors,
            "disk_free_mb": reading.disk_free // MB,
            "tokens_per_minute": snapshot.tokens_per_minute,
            "pressure": monitor.pressure(),
            "overload": dict(monitor.overload.reasons),
        }


def machine_lines(vitals: JsonObject) -> Iterator[str]:
    """Yield what was seen, a line each."""
    for name, value in vitals.items():
        words = "; ".join(map(str, value.values())) or "none" if isinstance(value, dict) else value
        yield f"{name:<20} {words}"
