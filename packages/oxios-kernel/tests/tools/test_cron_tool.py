"""The tool `cron` in the hands of agents of a whole kernel."""

from pathlib import Path

import anyio
import pytest
from oxios_kernel.agents import AgentTask
from oxios_kernel.config import CronSettings, Settings
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSPACE_ALL, CSpace
from oxios_kernel.domain.cron import fire_key
from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.run import Run
from oxios_kernel.domain.transcript import ToolMessage
from oxios_kernel.kernel import Kernel
from oxios_kernel.testing import ScriptedLlm, open_test_kernel, says, tool
from oxios_kernel.testing.llm import Answer

pytestmark = pytest.mark.anyio

DAILY: dict[str, Json] = {"action": "add", "name": "report", "schedule": "@daily", "goal": "write the report"}


class World:
    """A kernel whose agents do what they are told to."""

    def __init__(self, kernel: Kernel, root: Path, llm: ScriptedLlm) -> None:
        self.kernel = kernel
        self._root = root
        self._llm = llm

    async def told(self, run_id: str | None = None, *, role: Role = Role.SUPERUSER, rights: CSpace = CSPACE_ALL) -> str:
        """Let an agent work, and return what its calls were answered with."""
        task = AgentTask(
            system="rules",
            prompt="work",
            model="oxios/demo",
            root=str(self._root),
            principal="me",
            role=role,
            rights=rights,
        )
        agent: Run = await self.kernel.processes.forks.fork(task, title="work", run_id=run_id)
        with anyio.fail_after(20):
            await self.kernel.processes.wait([agent.id])
        heard = self._llm.requests[-1].messages
        return "\n".join(message.text for message in heard if isinstance(message, ToolMessage))


def script(*calls: dict[str, Json]) -> ScriptedLlm:
    answers: list[Answer] = [tool("cron", **arguments) for arguments in calls]
    return ScriptedLlm([*answers, says("done")])


async def test_an_agent_makes_sees_and_removes_jobs_of_its_own_in_its_folder(tmp_path: Path) -> None:
    llm = script(DAILY, {"action": "list"}, {"action": "remove", "name": "report"}, {"action": "list"})
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        heard = await World(kernel, tmp_path, llm).told()
        assert await kernel.cron.list() == ()
    kept, listed, removed, empty = heard.split("\n")
    assert kept.startswith("Kept: report: @daily (UTC), next ")
    assert listed in kept
    assert (removed, empty) == ("Removed the job 'report'.", "You have no jobs.")


async def test_a_job_of_an_agent_works_where_it_did_for_whom_it_did_and_is_made_once(tmp_path: Path) -> None:
    llm = script(DAILY, DAILY)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        heard = await World(kernel, tmp_path, llm).told("maker")
        [status] = await kernel.cron.list()
    assert (status.job.principal, status.job.agent_id, status.job.workdir) == ("me", "maker", str(tmp_path))
    assert "Kept already: report" in heard


async def test_an_agent_sees_and_removes_no_jobs_of_others(tmp_path: Path) -> None:
    llm = script({"action": "list"}, {"action": "remove", "name": "backup"})
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        await kernel.cron.add({"name": "backup", "schedule": "@daily", "goal": "back up"})
        assert await World(kernel, tmp_path, llm).told() == "You have no jobs.\nYou have no job 'backup'."
        assert len(await kernel.cron.list()) == 1


async def test_an_agent_that_cron_started_makes_no_jobs(tmp_path: Path) -> None:
    llm = script(DAILY)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        job = await kernel.cron.add({"name": "backup", "schedule": "@daily", "goal": "back up"})
        heard = await World(kernel, tmp_path, llm).told(fire_key(job.id, job.created_at))
        assert len(await kernel.cron.list()) == 1
    assert "jobs make no jobs" in heard


@pytest.mark.parametrize(
    ("role", "rights", "reason"),
    [
        (Role.USER, CSPACE_ALL, "act as 'superuser'"),
        (Role.SUPERUSER, CSpace(held=frozenset({"cron", "files.read"})), "more than you may"),
    ],
)
async def test_who_may_not_or_may_less_than_a_job_makes_none(
    tmp_path: Path, role: Role, rights: CSpace, reason: str
) -> None:
    llm = script(DAILY)
    async with open_test_kernel(tmp_path / "home", llm) as kernel:
        heard = await World(kernel, tmp_path, llm).told(role=role, rights=rights)
        assert await kernel.cron.list() == ()
    assert reason in heard


async def test_a_refused_job_tells_the_agent_what_to_give_instead(tmp_path: Path) -> None:
    llm = script(
        {**DAILY, "schedule": "61 * * * *"}, {"action": "add", "name": "report"}, DAILY, {**DAILY, "name": "b"}
    )
    settings = Settings(cron=CronSettings(max_jobs_per_agent=1))
    async with open_test_kernel(tmp_path / "home", llm, settings) as kernel:
        heard = await World(kernel, tmp_path, llm).told()
    assert "61" in heard
    assert "A cron job needs `schedule`" in heard
    assert "An agent may make 1 cron jobs" in heard
