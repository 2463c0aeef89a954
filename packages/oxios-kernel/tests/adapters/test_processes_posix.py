"""Real commands, rude ones included: what they print, how they end, and that nothing of them lives on."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from anyio import to_thread
from oxios_kernel.adapters.processes_posix import ProcessesPosix
from oxios_kernel.errors import ToolFailed
from oxios_kernel.ports.processes import Command

pytestmark = pytest.mark.anyio

MakeCommand = Callable[..., Command]


@pytest.fixture
def command(tmp_path: Path) -> MakeCommand:
    def make(
        text: str,
        *,
        timeout_seconds: float = 60,
        grace_seconds: float = 60,
        keep_bytes: int = 256_000,
        limit_bytes: int = 1_000_000_000,
    ) -> Command:
        return Command(
            text=text,
            folder=tmp_path,
            environment={"PATH": os.environ["PATH"]},
            timeout_seconds=timeout_seconds,
            output=tmp_path / "outputs" / "whole.txt",
            grace_seconds=grace_seconds,
            keep_bytes=keep_bytes,
            limit_bytes=limit_bytes,
        )

    return make


def is_dead(pid_file: Path) -> bool:
    """Tell whether the process that wrote its number is dead, be it that nobody has buried it yet."""
    try:
        state = Path(f"/proc/{pid_file.read_text().strip()}/stat").read_text()
    except FileNotFoundError:
        return True
    return state.rsplit(")", 1)[1].split()[0] in "ZX"


async def appears(file: Path) -> None:
    """Wait until a process has written something."""

    def look() -> None:
        while not (file.exists() and file.read_text().strip()):
            time.sleep(0.01)

    with anyio.fail_after(30):
        await to_thread.run_sync(look, abandon_on_cancel=True)


async def test_output_and_exit_status_come_as_the_command_gave_them(command: MakeCommand) -> None:
    finished = await ProcessesPosix().run(command("echo 하나; echo two >&2; exit 3"))
    assert finished.output == "하나\ntwo\n".encode()
    assert (finished.exit_code, finished.total_bytes, finished.kept, finished.survivors) == (3, 11, None, 0)


async def test_a_command_gets_its_folder_and_nothing_of_our_environment(command: MakeCommand, tmp_path: Path) -> None:
    os.environ["OXIOS_TEST_SECRET"] = "secret"
    try:
        finished = await ProcessesPosix().run(command("pwd; env"))
    finally:
        del os.environ["OXIOS_TEST_SECRET"]
    assert finished.output.startswith(str(tmp_path).encode())
    assert b"secret" not in finished.output


async def test_a_command_that_reads_its_input_finds_none(command: MakeCommand) -> None:
    finished = await ProcessesPosix().run(command("cat; read line; echo end"))
    assert finished.output == b"end\n"


async def test_a_command_killed_by_a_signal_says_which(command: MakeCommand) -> None:
    assert (await ProcessesPosix().run(command("kill -KILL $$"))).exit_code == -9


async def test_a_command_that_takes_too_long_is_stopped(command: MakeCommand) -> None:
    finished = await ProcessesPosix().run(command("echo begun; sleep 1000", timeout_seconds=0.5))
    assert finished.timed_out
    assert finished.exit_code == -15


async def test_a_command_that_ignores_the_polite_signal_is_killed(command: MakeCommand, tmp_path: Path) -> None:
    text = "trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done"
    async with anyio.create_task_group() as group:
        group.start_soon(ProcessesPosix().run, command(text, grace_seconds=0.1))
        await appears(tmp_path / "pid")
        group.cancel_scope.cancel()
    assert is_dead(tmp_path / "pid")


async def test_a_command_that_closes_its_output_and_lives_on_is_still_waited_for(command: MakeCommand) -> None:
    finished = await ProcessesPosix().run(command("exec >&- 2>&-; sleep 0.2; exit 7"))
    assert (finished.exit_code, finished.timed_out) == (7, False)


LEFT_BEHIND = {
    "a background job": "sleep 1000 & echo $! > pid",
    "a job that ignores hang-ups": "nohup sleep 1000 > /dev/null & echo $! > pid",
    "a session of its own": "setsid sh -c 'echo $$ > pid; exec sleep 1000' & until [ -s pid ]; do :; done",
    "a daemon that forked twice": (
        "(setsid sh -c '(echo $$ > /dev/null; sh -c \"echo \\$\\$ > pid; exec sleep 1000\" > /dev/null 2>&1 &)' &);"
        "until [ -s pid ]; do :; done"
    ),
    "one that threw its environment away": (
        "env -i PATH=$PATH setsid sh -c 'echo $$ > pid; exec sleep 1000' & until [ -s pid ]; do :; done"
    ),
}


@pytest.mark.parametrize("text", LEFT_BEHIND.values(), ids=LEFT_BEHIND.keys())
async def test_what_a_command_leaves_behind_ends_with_it(command: MakeCommand, tmp_path: Path, text: str) -> None:
    finished = await ProcessesPosix().run(command(text))
    assert finished.exit_code == 0
    assert finished.survivors > 0
    assert is_dead(tmp_path / "pid")


async def test_a_left_over_process_that_ignores_the_polite_signal_is_killed(
    command: MakeCommand, tmp_path: Path
) -> None:
    deaf = "trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done"
    text = f'setsid sh -c "{deaf.replace("$", chr(92) + "$")}" & until [ -s pid ]; do :; done'
    finished = await ProcessesPosix().run(command(text, grace_seconds=0.1))
    assert finished.survivors > 0
    assert is_dead(tmp_path / "pid")


async def test_a_cancelled_command_is_dead_before_the_call_is_left(command: MakeCommand, tmp_path: Path) -> None:
    text = "(setsid sh -c 'echo $$ > pid; exec sleep 1000' &); sleep 1000"
    async with anyio.create_task_group() as group:
        group.start_soon(ProcessesPosix().run, command(text))
        await appears(tmp_path / "pid")
        group.cancel_scope.cancel()
    assert is_dead(tmp_path / "pid")


async def test_commands_do_not_end_each_other(command: MakeCommand, tmp_path: Path) -> None:
    results: list[bytes] = []

    async def slow() -> None:
        finished = await ProcessesPosix().run(command("echo $$ > pid; until [ -s go ]; do sleep 0.02; done; echo done"))
        results.append(finished.output)

    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(slow)
            await appears(tmp_path / "pid")
            await ProcessesPosix().run(command("sleep 1000 &"))
            (tmp_path / "go").write_text("go")
    assert results == [b"done\n"]


async def test_a_hundred_megabytes_are_kept_in_a_file_and_their_ends_in_memory(
    command: MakeCommand, tmp_path: Path
) -> None:
    text = "echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last"
    finished = await ProcessesPosix().run(command(text, keep_bytes=10_000))
    assert finished.exit_code == 0
    assert finished.total_bytes == 100_000_012
    assert len(finished.output) == 10_000
    assert finished.output.startswith(b"first\nx")
    assert finished.output.endswith(b"x\nlast\n")
    assert finished.kept == tmp_path / "outputs" / "whole.txt"
    assert finished.kept.stat().st_size == finished.total_bytes
    assert finished.kept.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("size", [999, 1_000, 1_001, 5_000])
async def test_the_file_is_made_only_for_output_beyond_what_is_returned(
    command: MakeCommand, tmp_path: Path, size: int
) -> None:
    content = bytes(97 + number % 26 for number in range(size))
    (tmp_path / "content").write_bytes(content)
    finished = await ProcessesPosix().run(command("cat content", keep_bytes=1_000))
    assert finished.output == (content if size <= 1_000 else content[:500] + content[-500:])
    assert (finished.kept is not None) == (size > 1_000)
    assert (tmp_path / "outputs" / "whole.txt").exists() == (size > 1_000)


async def test_a_command_that_prints_without_end_is_stopped(command: MakeCommand) -> None:
    finished = await ProcessesPosix().run(command("yes", keep_bytes=1_000, limit_bytes=1_000_000))
    assert finished.flooded
    assert not finished.timed_out
    assert finished.kept is not None
    assert finished.kept.stat().st_size <= 1_000_000


async def test_a_file_that_cannot_be_made_costs_only_the_middle(command: MakeCommand, tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("a file where the folder should be")
    finished = await ProcessesPosix().run(command("seq 1 100000", keep_bytes=1_000))
    assert (finished.exit_code, finished.kept) == (0, None)
    assert finished.output.endswith(b"100000\n")


@pytest.mark.parametrize("text", ["a\0b", "x" * 3_000_000], ids=["NUL", "too long"])
async def test_a_command_that_cannot_be_started_is_explained(command: MakeCommand, text: str) -> None:
    with pytest.raises(ToolFailed, match="cannot be started"):
        await ProcessesPosix().run(command(text))


async def test_a_command_in_a_folder_that_is_gone_is_explained(command: MakeCommand, tmp_path: Path) -> None:
    made = command("pwd")
    gone = Command(**{**vars(made), "folder": tmp_path / "gone"})
    with pytest.raises(ToolFailed, match="gone"):
        await ProcessesPosix().run(gone)


async def test_no_descriptor_is_left_open(command: MakeCommand) -> None:
    await ProcessesPosix().run(command("true"))
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        await ProcessesPosix().run(command("seq 1 100000", keep_bytes=10))
    assert len(os.listdir("/proc/self/fd")) <= before


KERNEL = """
import anyio, os, sys
from pathlib import Path
from oxios_kernel.adapters.processes_posix import ProcessesPosix
from oxios_kernel.ports.processes import Command

folder = Path(sys.argv[1])
text = "setsid sh -c 'echo $$ > inner; exec sleep 1000' & env -i sleep 1000 & echo $! > bare; wait"
path = {"PATH": os.environ["PATH"]}
command = Command(text=text, folder=folder, environment=path, timeout_seconds=600, output=folder)
anyio.run(ProcessesPosix().run, command)
"""


async def test_what_the_commands_of_a_dead_kernel_left_running_is_ended_when_the_next_one_opens(tmp_path: Path) -> None:
    async with await anyio.open_process([sys.executable, "-c", KERNEL, str(tmp_path)]) as process:
        for name in ("inner", "bare"):
            await appears(tmp_path / name)
        await ProcessesPosix.open()
        assert not is_dead(tmp_path / "inner")
        process.kill()
        await process.wait()
        assert not is_dead(tmp_path / "inner")
    await ProcessesPosix.open()
    assert is_dead(tmp_path / "inner")
    assert is_dead(tmp_path / "bare")
