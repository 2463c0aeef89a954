"""What `bash` asks of its processes, and how it tells ends that are hard to bring about with real ones."""

import pytest
from oxios_kernel.domain.tool import ToolCall, ToolResult, ToolStatus
from oxios_kernel.ports.processes import Command, Finished
from oxios_kernel.ports.toolset import ToolContext
from oxios_kernel.testing import ScriptedProcesses
from oxios_kernel.tools import kept_folder
from oxios_kernel.tools.builtin import ShellTools

pytestmark = pytest.mark.anyio


async def ran(context: ToolContext, finished: Finished) -> tuple[ToolResult, Command]:
    processes = ScriptedProcesses(lambda command: finished)
    call = ToolCall(id="1", name="bash", arguments={"command": "work", "timeout_seconds": 7})
    result = await ShellTools(processes, "/usr/bin").call(call, context)
    (command,) = processes.commands
    return result, command


async def test_the_command_is_run_in_the_root_with_its_time_and_the_runs_own_file(context: ToolContext) -> None:
    _, command = await ran(context, Finished(exit_code=0, output=b"", total_bytes=0))
    assert (command.text, command.folder, command.timeout_seconds) == ("work", context.root, 7)
    assert command.output.parent == kept_folder(context)
    assert command.environment["PATH"] == "/usr/bin"
    assert set(command.environment) == {"PATH", "HOME", "TMPDIR", "LANG", "TERM"}


async def test_a_flood_fails_without_an_exit_status(context: ToolContext) -> None:
    result, _ = await ran(context, Finished(exit_code=-15, output=b"y\n", total_bytes=2, flooded=True))
    assert (result.status, result.exit_code) == (ToolStatus.FAILED, None)
    assert "stopped for its output" in result.text


async def test_a_missing_middle_is_marked_and_no_character_is_parted_there(context: ToolContext) -> None:
    whole = ("한" * 50_000).encode()
    kept = whole[:128_000] + whole[-128_000 + 1 :] + b"x"  # both cuts lie inside a character
    result, _ = await ran(context, Finished(exit_code=0, output=kept, total_bytes=300_000))
    assert "[… 44000 bytes are left out here; the whole could not be kept …]" in result.text
    assert "\ufffd" not in result.text
    assert result.text.startswith("한한")
    assert result.text.endswith("한x\n[exit status 0]")
