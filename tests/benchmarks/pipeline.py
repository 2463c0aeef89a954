"""What Oxios itself takes of a turn: the demo model, which answers at once, through the whole pipeline.

From the request to the reply on a kernel that is open: session, assessment, specification, an agent that writes a file,
its check, the verdict, with every step fsynced. Once as the first turn of a process, which imports what it needs, then
again and again in one process. A second task is checked by a shell command, whose time is not our own.
"""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import anyio
from oxios_kernel.boot import open_kernel
from oxios_kernel.conversation import TurnRequest
from oxios_kernel.kernel import Kernel

from tests.benchmarks.row import Row

PROCESSES = 7
TURNS = 30
ROOT = Path(__file__).parents[2]

WRITE = "Write 'hello' to hello.txt"
COUNT = "Count the Python files and write the number to count.txt"


def bench() -> Iterable[Row]:
    """Yield the figures of whole turns."""
    command = [sys.executable, "-m", "tests.benchmarks.pipeline"]
    first = [float(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout) for _ in range(PROCESSES)]
    yield Row(figure="demo turn, first of a process, p50", goal=60, unit="ms", measured=statistics.median(first))
    for figure, prompt in [("demo turn, p50", WRITE), ("demo turn with a shell command as check, p50", COUNT)]:
        taken = anyio.run(_measure, prompt, TURNS)
        yield Row(figure=figure, goal=60, unit="ms", measured=statistics.median(taken))


async def _measure(prompt: str, turns: int) -> list[float]:
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as work:
        async with open_kernel(home) as kernel:
            return [await _turn(kernel, prompt, Path(work)) for _ in range(turns)]


async def _turn(kernel: Kernel, prompt: str, folder: Path) -> float:
    started = time.perf_counter()
    reply = await kernel.conversation.handle(TurnRequest(prompt=prompt, root=folder, model="oxios/demo"))
    taken = time.perf_counter() - started
    assert reply.evaluation_passed, reply
    return taken * 1e3


if __name__ == "__main__":
    [milliseconds] = anyio.run(_measure, WRITE, 1)
    sys.stdout.write(f"{milliseconds}\n")
