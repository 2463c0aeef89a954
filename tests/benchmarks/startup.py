"""How long the command line takes to answer, as a multiple of an interpreter that does nothing.

Whole processes, the three kinds in turn so that a change of the machine's load meets them alike; medians.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from tests.benchmarks.row import Row

ROUNDS = 15

OXIOS = str(Path(sys.executable).with_name("oxios"))

NOTHING = (sys.executable, "-c", "pass")
VERSION = (OXIOS, "--version")
HELP = (OXIOS, "--help")


def bench() -> Iterable[Row]:
    """Yield the start-up figures."""
    taken: dict[tuple[str, ...], list[float]] = {NOTHING: [], VERSION: [], HELP: []}
    for _ in range(ROUNDS):
        for command, seconds in taken.items():
            seconds.append(_run(command))
    nothing = statistics.median(taken[NOTHING])
    for command, goal in [(VERSION, 2.2), (HELP, 3.0)]:
        figure = f"oxios {command[1]} against python -c pass"
        yield Row(figure=figure, goal=goal, unit="×", measured=statistics.median(taken[command]) / nothing)


def _run(command: tuple[str, ...]) -> float:
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started
