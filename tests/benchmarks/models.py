"""What a turn costs beside the model and the commands: the demo model through the whole kernel, and by itself.

The task writes one file, so no process is started: assess, one tool call, the answer, one check. Medians.
"""

import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import anyio
from oxios_kernel.adapters.llm_demo import DemoLlm
from oxios_kernel.conversation import TurnRequest
from oxios_kernel.domain.transcript import SystemMessage, UserMessage
from oxios_kernel.ports.llm import LlmRequest
from oxios_kernel.testing import open_test_kernel

from tests.benchmarks.row import Row

ROUNDS = 30
TASK = "Write 'hello' to hello.txt"
ASSESS = (SystemMessage(text="oxios-ouroboros/assess/1\n"), UserMessage(text='{"request": "Count the Python files"}'))


def bench() -> Iterable[Row]:
    """Yield the figures of the demo model."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder, "work")
        work.mkdir()
        turn, call = anyio.run(_measured, work)
    yield Row(figure="a demo-model turn through the whole pipeline", goal=60, unit="ms", measured=turn)
    yield Row(figure="a call of the demo model by itself", goal=5, unit="ms", measured=call)


async def _measured(work: Path) -> tuple[float, float]:
    model = DemoLlm()
    async with open_test_kernel(work.parent / "home", model) as kernel:
        request = TurnRequest(prompt=TASK, root=work)
        turn = await _median(lambda: kernel.conversation.handle(request))
    asked = LlmRequest(model="oxios/demo", messages=ASSESS)
    return turn, await _median(lambda: model.complete(asked))


async def _median(act: Callable[[], Awaitable[object]]) -> float:
    """Return the median of some rounds in milliseconds, the first one left out."""
    await act()
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        await act()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken)
