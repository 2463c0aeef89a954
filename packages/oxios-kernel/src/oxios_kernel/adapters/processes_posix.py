"""Shell commands as processes with limits: the `Processes` port on a POSIX system.

A command runs in a session of its own with its standard input closed; its output comes through one pipe, which is read
while it runs. When it ends, runs out of time, floods or is cancelled, everything it started is ended
(`processes_posix_family.py`) before the call returns. The fake is `testing.host.ScriptedProcesses`.
"""

import os
import shutil
import subprocess
import time
import uuid
from collections.abc import Sequence
from functools import partial
from typing import Self

import anyio
import anyio.to_thread
from anyio.abc import Process

from oxios_kernel.adapters.processes_posix_family import MARK, Family, began
from oxios_kernel.adapters.processes_posix_output import Output
from oxios_kernel.adapters.processes_posix_strays import end_strays, kernel_name
from oxios_kernel.errors import ToolFailed
from oxios_kernel.ports.processes import Command, Finished

__all__ = ["ProcessesPosix"]

_DRAIN_SECONDS = 1.0
"""How long the last output may take to arrive once every process is dead."""


class ProcessesPosix:
    """Runs commands; an `oxios_kernel.ports.processes.Processes`."""

    @classmethod
    async def open(cls) -> Self:
        """Return one, after everything has ended that commands of dead kernels left running."""
        await anyio.to_thread.run_sync(end_strays)
        return cls()

    async def run(self, command: Command, /) -> Finished:
        mark = f"{kernel_name()}-{uuid.uuid4().hex}"
        reading, writing = os.pipe()
        os.set_blocking(reading, False)
        started = time.monotonic()
        try:
            async with await _start(command, mark, writing) as process:
                about = os.fstat(reading)
                family = Family(
                    leader=process.pid, began=began(process.pid), mark=mark, pipe=(about.st_dev, about.st_ino)
                )
                output = Output(command, reading)
                survivors, timed_out = await _attend(command, process, family, output)
                return Finished(
                    exit_code=process.returncode if process.returncode is not None else -9,
                    output=output.kept_bytes(),
                    total_bytes=output.total_bytes,
                    kept=output.kept,
                    timed_out=timed_out,
                    flooded=output.flooded.is_set(),
                    survivors=survivors,
                    seconds=time.monotonic() - started,
                )
        finally:
            os.close(reading)


async def _start(command: Command, mark: str, writing: int) -> Process:
    # A kernel that runs inside another's command adds its mark: the outer one must still find all processes.
    marks = f"{os.environ.get(MARK, '')}/{mark}"
    try:
        with anyio.CancelScope(shield=True):  # cancelled while it starts, a process would be nobody's
            process = await anyio.open_process(
                [*_shell(), command.text],
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=subprocess.STDOUT,
                cwd=command.folder,
                env={**command.environment, MARK: marks},
                start_new_session=True,
            )
    except (OSError, ValueError) as error:
        raise ToolFailed(f"the command cannot be started in {str(command.folder)!r}: {error}") from error
    finally:
        os.close(writing)
    return process


def _shell() -> Sequence[str]:
    return (shutil.which("bash") or "/bin/sh", "-c")


async def _attend(command: Command, process: Process, family: Family, output: Output) -> tuple[int, bool]:
    """Read a command's output until it ends or has to; then end all its processes."""
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(output.read_all)
            try:
                with anyio.move_on_after(command.timeout_seconds) as limit:
                    await _ended_or_flooded(process, output)
            finally:
                with anyio.CancelScope(shield=True):
                    survivors = await anyio.to_thread.run_sync(partial(family.end, command.grace_seconds))
                    await process.wait()
            with anyio.move_on_after(_DRAIN_SECONDS):
                await output.complete.wait()
            group.cancel_scope.cancel()
    finally:
        output.close()
    return survivors, limit.cancelled_caught


async def _ended_or_flooded(process: Process, output: Output) -> None:
    async with anyio.create_task_group() as group:

        async def stop_at_flood() -> None:
            await output.flooded.wait()
            group.cancel_scope.cancel()

        group.start_soon(stop_at_flood)
        await process.wait()
        group.cancel_scope.cancel()
