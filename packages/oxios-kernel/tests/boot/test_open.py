"""`open_kernel` opens everything and closes it again, as often and as many as a program likes."""

import os
import threading
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from oxios_kernel.agents import AgentTask
from oxios_kernel.boot import host_of, open_kernel
from oxios_kernel.config import Settings
from oxios_kernel.conversation import TurnRequest
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSPACE_ALL
from oxios_kernel.domain.event import PhaseBegan
from oxios_kernel.domain.run import RunState
from oxios_kernel.errors import ConfigError, HomeError

pytestmark = pytest.mark.anyio

WRITE = 'Write "hello" to hello.txt'


async def test_a_kernel_does_real_work_with_nothing_but_a_folder(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    async with open_kernel(tmp_path / "home") as kernel:
        with kernel.bus.subscribe() as listener:
            reply = await kernel.conversation.handle(TurnRequest(prompt=WRITE, root=tmp_path / "work"))
            kernel.bus.close()
            phases = [event.phase async for event in listener if isinstance(event, PhaseBegan)]
    assert reply.evaluation_passed is True
    assert reply.model == "oxios/demo"
    assert (tmp_path / "work" / "hello.txt").read_text().strip() == "hello"
    assert phases == ["interview", "seed", "execute", "evaluate"]


async def test_two_kernels_in_one_process_share_a_home_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    async with open_kernel(tmp_path / "home") as one, open_kernel(tmp_path / "home") as other:
        reply = await one.conversation.handle(TurnRequest(prompt=WRITE, root=tmp_path / "work"))
        assert (await other.table.get(reply.run_id)).state is RunState.DONE
        assert [session.id for session in await other.sessions.list()] == [reply.session_id]
        assert await other.conversation.interrupted() == []


async def test_a_closed_kernel_leaves_no_thread_and_no_lock_behind(tmp_path: Path) -> None:
    before = {thread.name for thread in threading.enumerate()}
    async with open_kernel(tmp_path / "home"):
        pass
    await anyio.lowlevel.checkpoint()
    left = {thread.name for thread in threading.enumerate()} - before
    assert not [name for name in left if "oxios" in name]
    assert not list((tmp_path / "home" / "run").glob("host-*"))


async def test_unknown_settings_are_told_and_wrong_ones_refused_before_anything_is_made(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text("[agents]\nmax_step = 3\n")
    async with open_kernel(home) as kernel:
        assert any("max_steps" in notice for notice in kernel.notices)
    (home / "config.toml").write_text("[agents]\nmax_steps = 'many'\n")
    with pytest.raises(ConfigError, match=r"agents\.max_steps"):
        async with open_kernel(home):
            pass


async def test_a_home_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(HomeError):
        async with open_kernel(tmp_path / "file" / "home", settings=Settings()):
            pass


async def test_who_is_the_host_of_a_home_can_be_asked_and_asking_makes_nobody_the_host(tmp_path: Path) -> None:
    assert host_of(tmp_path / "home" / "run") is None
    async with open_kernel(tmp_path / "home", host=True):
        assert f"process {os.getpid()}, since" in (host_of(tmp_path / "home" / "run") or "")
    assert host_of(tmp_path / "home" / "run") is None
    async with open_kernel(tmp_path / "home", host=True):
        pass


async def test_a_kernel_that_only_looks_on_carries_nothing_out_and_sees_what_others_do(tmp_path: Path) -> None:
    task = AgentTask(
        system="rules",
        prompt="Task: Say hello",
        model="oxios/demo",
        root=str(tmp_path),
        principal="person",
        role=Role.USER,
        rights=CSPACE_ALL,
    )
    async with open_kernel(tmp_path / "home", idle=True) as onlooker:
        run = await onlooker.processes.fork(task, title="hello")
        await onlooker.processes.wait([run.id], timeout_seconds=0.2)
        assert (await onlooker.table.get(run.id)).attempts == 0
        async with open_kernel(tmp_path / "home", host=True):
            with anyio.fail_after(30):
                (ended,) = await onlooker.processes.wait([run.id])
    assert ended.state is RunState.DONE
