"""Cron and the monitor in whole kernels: jobs become turns that are carried out, each slot once, whoever looks."""

import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import anyio
import pytest
from oxios_kernel.boot import open_kernel
from oxios_kernel.config import CronSettings, HealthSettings, ScheduleSettings, Settings
from oxios_kernel.conversation import TurnInput, TurnRequest
from oxios_kernel.domain.cron import CronHistory, JobSource, SlotState, fire_key, job_of_key
from oxios_kernel.domain.run import Run, RunKind, RunState
from oxios_kernel.errors import ConfigError, Denied
from oxios_kernel.kernel import Kernel
from oxios_kernel.ports.journal import RunQuery
from oxios_kernel.testing import ProtocolScript, ScriptedLlm, chat, open_test_kernel, task, unclear

pytestmark = pytest.mark.anyio

CHILD = Path(__file__).with_name("cron_host.py")
SECONDS = 60

EACH_SECOND = {"name": "greet", "schedule": "* * * * * *", "goal": "good morning", "on_overlap": "allow"}


async def turns(kernel: Kernel) -> list[Run]:
    found = await kernel.table.find(RunQuery(kinds={RunKind.TURN}))
    return [run for run in found if job_of_key(run.id)]


async def ended(kernel: Kernel, count: int) -> CronHistory:
    """Return the history once so many runs of the job have ended."""
    with anyio.fail_after(SECONDS):
        while True:
            changed = kernel.supervisor.next_change()
            history = await kernel.cron.history("greet")
            if sum(row.state is SlotState.DONE for row in history.rows) >= count:
                return history
            with anyio.move_on_after(1):
                await changed.wait()


def together(home: Path, *roles: str) -> ExitStack:
    """Open kernels in processes of their own; they are closed with the stack."""
    stack = ExitStack()
    for role in roles:
        command = [sys.executable, str(CHILD), str(home), role]
        child = stack.enter_context(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        assert child.stdin
        assert child.stdout
        stack.callback(child.stdin.close)
        assert child.stdout.readline() == "ready\n"
    return stack


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_each_slot_is_run_once_by_several_processes_and_after_a_restart(tmp_path: Path) -> None:
    async with open_kernel(tmp_path, idle=True) as kernel:
        job = await kernel.cron.add(EACH_SECOND)
        with together(tmp_path, "host", "beside"):
            await ended(kernel, 3)
        before = await kernel.cron.history("greet")
        with together(tmp_path, "host"):
            after = await ended(kernel, 3 + len(before.rows))
        rows, runs = after.rows, await turns(kernel)
    assert Counter(row.run_id for row in rows if row.run_id) == Counter(run.id for run in runs)
    assert all(row.run_id == fire_key(job.id, row.slot) for row in rows if row.run_id)
    # None is left out either: as many slots as there are seconds from the first to the last.
    assert sum(row.slots for row in rows) == (rows[-1].slot - rows[0].slot).total_seconds() + 1


async def test_a_job_becomes_a_turn_with_all_that_it_says(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    script = ProtocolScript(assess=[chat("Here it is.")])
    fields = {**EACH_SECOND, "on_overlap": "skip", "constraints": ["be brief"], "acceptance_criteria": ["it is said"]}
    async with open_test_kernel(tmp_path / "home", ScriptedLlm(script), host=True) as kernel:
        job = await kernel.cron.add({**fields, "enabled": False, "workdir": str(work), "priority": 2}, principal="me")
        row = await kernel.cron.run_now("greet")
        assert row.run_id
        with anyio.fail_after(SECONDS):
            await kernel.processes.wait([row.run_id])
        run = await kernel.table.get(row.run_id)
        session = await kernel.sessions.get(f"cron-{job.id}")
    start = TurnInput.from_json(run.input)
    assert (run.state, run.principal, run.priority, run.session_id) == (RunState.DONE, "me", 2, session.id)
    assert start.prompt == "good morning\n\nKeep to this:\n- be brief\n\nIt is done when:\n- it is said"
    assert (start.root, start.ask) == (str(work), False)
    assert [turn.response for turn in session.turns] == ["Here it is."]


async def test_a_job_without_a_folder_works_in_one_of_its_own(tmp_path: Path) -> None:
    script = ProtocolScript(assess=[chat("Good morning!")])
    async with open_test_kernel(tmp_path, ScriptedLlm(script)) as kernel:
        job = await kernel.cron.add({**EACH_SECOND, "enabled": False})
        row = await kernel.cron.run_now("greet")
        run = await kernel.table.get(row.run_id or "")
    folder = Path(TurnInput.from_json(run.input).root)
    assert folder == tmp_path / "workspace" / "cron" / job.id
    assert await anyio.Path(folder).is_dir()


async def test_a_job_is_not_asked_about_since_nobody_is_there_to_answer(tmp_path: Path) -> None:
    script = ProtocolScript(assess=[unclear("Which file?")], crystallize=[task("take the first one")])
    async with open_test_kernel(tmp_path, ScriptedLlm(script), host=True) as kernel:
        await kernel.cron.add({**EACH_SECOND, "enabled": False})
        row = await kernel.cron.run_now("greet")
        with anyio.fail_after(SECONDS):
            [end] = await kernel.processes.wait([row.run_id or ""])
    assert script.asked[:2] == ["assess", "crystallize"]
    assert end.state.final
    assert "Which file?" not in end.text


async def test_the_settings_say_how_many_jobs_there_may_be(tmp_path: Path) -> None:
    settings = Settings(cron=CronSettings(max_jobs=1))
    async with open_test_kernel(tmp_path, ScriptedLlm(ProtocolScript()), settings) as kernel:
        await kernel.cron.add(EACH_SECOND)
        with pytest.raises(Denied, match="may keep 1 cron jobs"):
            await kernel.cron.add({**EACH_SECOND, "name": "again"})


async def test_a_host_begins_less_while_its_machine_is_overloaded(tmp_path: Path) -> None:
    settings = Settings(health=HealthSettings(memory_percent=1), schedule=ScheduleSettings(concurrent=8))
    async with open_test_kernel(tmp_path, ScriptedLlm(ProtocolScript()), settings, host=True) as kernel:
        assert "memory" in kernel.monitor.overload.reasons
        assert kernel.monitor.pressure() <= 0.5
        [snapshot] = kernel.monitor.history()
    assert (snapshot.running, snapshot.queued, snapshot.tokens_per_minute) == (0, 0, 0)
    assert snapshot.reading.disk_total > 0


async def test_jobs_of_the_settings_run_in_a_host_and_are_kept_as_long_as_they_are_there(tmp_path: Path) -> None:
    script = ProtocolScript(assess=[chat("Good morning!")])
    settings = Settings(cron=CronSettings(jobs={"greet": {"schedule": "* * * * * *", "goal": "good morning"}}))
    async with open_test_kernel(tmp_path, ScriptedLlm(script), settings, host=True) as kernel:
        await ended(kernel, 1)
        [status] = await kernel.cron.list()
        assert (status.job.id, status.job.source) == ("greet", JobSource.CONFIG)
    async with open_test_kernel(tmp_path, ScriptedLlm(script), settings, host=True) as kernel:
        [again] = await kernel.cron.list()
        assert again.run_count >= 1
    async with open_test_kernel(tmp_path, ScriptedLlm(script), host=True) as kernel:
        assert await kernel.cron.list() == ()


async def test_a_job_of_the_settings_that_cannot_be_is_named_before_anything_runs(tmp_path: Path) -> None:
    settings = Settings(cron=CronSettings(jobs={"greet": {"schedule": "often", "goal": "good morning"}}))
    with pytest.raises(ConfigError, match=r"\[cron\.jobs\.greet\]"):
        async with open_test_kernel(tmp_path, ScriptedLlm(ProtocolScript()), settings, host=True):
            pass


async def test_a_damaged_job_does_not_keep_a_host_from_its_work(tmp_path: Path) -> None:
    script = ProtocolScript(assess=[chat("Good morning!")])
    damaged = tmp_path / "workspace" / "cron_jobs" / "broken.json"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("{")
    async with open_test_kernel(tmp_path, ScriptedLlm(script), host=True) as kernel:
        request = TurnRequest(prompt="good morning", root=tmp_path)
        assert (await kernel.conversation.handle(request)).response == "Good morning!"
