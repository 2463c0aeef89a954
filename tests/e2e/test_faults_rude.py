"""What does not want to end: a command that ignores signals and hides its processes, a model that never answers."""

from pathlib import Path

import anyio
import anyio.to_thread
import pytest
from oxios_kernel.boot import open_kernel
from oxios_kernel.config import EngineSettings, Settings
from oxios_kernel.domain.run import RunState
from oxios_kernel.testing import ScriptedLlm, open_test_kernel, tool

from tests.e2e.faults.host import SETTINGS, fork
from tests.e2e.faults.rude import rude_command
from tests.e2e.person import lives
from tests.loopback import Hang, ModelServer

pytestmark = pytest.mark.anyio


async def appears(file: Path) -> int:
    """Wait until a process has written its number, and return it."""
    while not (text := _text_of(file)):  # noqa: ASYNC110  # another process writes it
        await anyio.sleep(0.01)
    return int(text)


def _text_of(file: Path) -> str:
    return file.read_text() if file.exists() else ""


async def test_a_kill_ends_a_command_that_ignores_signals_and_its_hidden_daemon(tmp_path: Path) -> None:
    llm = ScriptedLlm([tool("bash", command=rude_command())])
    async with open_test_kernel(tmp_path / "home", llm, SETTINGS, host=True) as kernel:
        with anyio.fail_after(60):
            await fork(kernel, tmp_path, "be rude", "rude")
            pids = [await appears(tmp_path / "outer"), await appears(tmp_path / "inner")]
            rows = await kernel.processes.kill("rude", grace_seconds=30)
        assert [row.state for row in rows] == [RunState.KILLED]
        assert not any(map(lives, pids))
        assert kernel.supervisor.lives == {}


@pytest.mark.parametrize("anyio_backend", ["asyncio"])  # which litellm needs
async def test_a_kill_reaches_an_agent_whose_model_server_accepts_and_never_answers(tmp_path: Path) -> None:
    with ModelServer(Hang()) as server:
        settings = Settings(engine=EngineSettings(default_model="openai/test-model", max_retries=0))
        known = {"OPENAI_API_KEY": "k-right", "OPENAI_BASE_URL": server.openai_base}
        async with open_kernel(tmp_path / "home", environment=known, settings=settings, host=True) as kernel:
            await fork(kernel, tmp_path, "think", "thinker", model="openai/test-model")
            with anyio.fail_after(60):
                while not server.requests:  # noqa: ASYNC110  # litellm may take long to import
                    await anyio.sleep(0.01)
                rows = await kernel.processes.kill("thinker", grace_seconds=30)
                await anyio.to_thread.run_sync(server.wait_for_disconnects, 1)
            assert [row.state for row in rows] == [RunState.KILLED]
            assert kernel.supervisor.lives == {}
