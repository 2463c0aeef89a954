"""The tool `bash`: a command in the run's folder with a clean environment, its end in the last line."""

import codecs
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import anyio
import anyio.to_thread
from pydantic import Field

from oxios_kernel.domain.tool import Repeat, ToolResult, ToolStatus
from oxios_kernel.ports.processes import Command, Finished, Processes
from oxios_kernel.ports.toolset import ToolContext
from oxios_kernel.tools.cutting import clean, decode
from oxios_kernel.tools.function import Arguments, FunctionTools, tool
from oxios_kernel.tools.outputs import output_file

__all__ = ["ShellTools"]

_MOST_SECONDS = 600.0
_MARGIN_SECONDS = 30.0
"""How much longer than its command a call may take: to end the processes and read the rest of their output."""

_KEEP_BYTES = 256_000
_PARTED = re.compile(rb"^[\x80-\xbf]{1,3}")


class Bash(Arguments):
    """What `bash` takes."""

    command: str = Field(min_length=1, max_length=100_000, description="The command line")
    timeout_seconds: float = Field(default=120, gt=0, le=_MOST_SECONDS, description="When to stop it, in seconds")


class ShellTools(FunctionTools):
    """The tool that runs commands.

    Args:
        processes: runs them.
        search_path: the `PATH` of the commands.
    """

    def __init__(self, processes: Processes, search_path: str) -> None:
        self._processes = processes
        self._search_path = search_path
        most = _MOST_SECONDS + _MARGIN_SECONDS
        super().__init__(
            [tool(self.bash, capability="exec", repeat=Repeat.ONCE, command="command", timeout_seconds=most)]
        )

    async def bash(self, arguments: Bash, context: ToolContext) -> ToolResult:
        """Run a shell command in the working folder. It gets no input; what it starts ends with it."""
        async with _scratch_folder(context) as scratch:
            command = Command(
                text=arguments.command,
                folder=context.root,
                environment=self._environment(context.root, scratch),
                timeout_seconds=arguments.timeout_seconds,
                output=output_file(context),
                keep_bytes=_KEEP_BYTES,
            )
            return _result(await self._processes.run(command), arguments)

    def _environment(self, root: Path, scratch: Path) -> Mapping[str, str]:
        return {
            "PATH": self._search_path,
            "HOME": str(root),
            "TMPDIR": str(scratch),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
        }


@asynccontextmanager
async def _scratch_folder(context: ToolContext) -> AsyncIterator[Path]:
    """Give a command a place for temporary files that is gone after it and does not litter the working folder."""

    def make() -> Path:
        context.outputs.mkdir(mode=0o700, parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix="tmp-", dir=context.outputs))

    folder = await anyio.to_thread.run_sync(make)
    try:
        yield folder
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(_remove, folder)


def _remove(folder: Path) -> None:
    with suppress(RecursionError):  # before 3.12, rmtree cannot go down a thousand folders; what is left harms nobody
        shutil.rmtree(folder, ignore_errors=True)


def _result(finished: Finished, asked: Bash) -> ToolResult:
    text, strange = _text_of(finished)
    remarks = []
    if strange:
        remarks.append(f"[{strange} places are not UTF-8 and shown as \ufffd]")
    if finished.survivors and not (finished.timed_out or finished.flooded):
        remarks.append(f"[{finished.survivors} processes were left in the background and were stopped]")
    remarks.append(_ending(finished, asked))
    shown = "\n".join([*([text.removesuffix("\n")] if text else []), *remarks])
    status = ToolStatus.FAILED if finished.flooded else ToolStatus.OK
    return ToolResult(
        text=clean(shown),
        status=ToolStatus.TIMED_OUT if finished.timed_out else status,
        kept=str(finished.kept) if finished.kept else None,
        exit_code=None if finished.timed_out or finished.flooded else finished.exit_code,
    )


def _ending(finished: Finished, asked: Bash) -> str:
    size = f", {finished.total_bytes} bytes of output" if finished.kept else ""
    if finished.timed_out:
        return f"[stopped after {asked.timeout_seconds:g} seconds{size}; give it more time or less to do]"
    if finished.flooded:
        return f"[stopped for its output of more than {finished.total_bytes} bytes; write to a file or filter it]"
    if finished.exit_code < 0:
        return f"[ended by signal {-finished.exit_code}{size}]"
    return f"[exit status {finished.exit_code}{size}]"


def _text_of(finished: Finished) -> tuple[str, int]:
    """Return the output as text, with a mark where its middle is missing, and how much of it is no UTF-8."""
    missing = finished.total_bytes - len(finished.output)
    if missing <= 0:
        return decode(finished.output)
    half = _KEEP_BYTES // 2
    # The two cuts were made between bytes: the parts of characters beside them belong to what is missing.
    head = codecs.getincrementaldecoder("utf-8")("replace").decode(finished.output[:half])
    tail, strange = decode(_PARTED.sub(b"", finished.output[half:]))
    where = f"all of it is in {finished.kept}" if finished.kept else "the whole could not be kept"
    return f"{head}\n[… {missing} bytes are left out here; {where} …]\n{tail}", strange
