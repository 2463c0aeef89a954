"""The tools of one agent: what is offered, and what every call passes on its way."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from oxios_kernel.adapters.files_beneath import FilesBeneath
from oxios_kernel.config import SecuritySettings, ToolsSettings
from oxios_kernel.domain.access import AccessRequest, Decision, Role
from oxios_kernel.domain.capability import CSpace
from oxios_kernel.domain.tool import PathArgument, Repeat, ToolCall, ToolResult, ToolStatus
from oxios_kernel.errors import InputError, LeaseLost
from oxios_kernel.policy import Gate, rights_for
from oxios_kernel.ports.toolset import ToolContext, Toolset
from oxios_kernel.tools import Arguments, FunctionTools, Tool, ToolCatalog, kept_folder, tool
from oxios_kernel.tools.audited import AuditSink

pytestmark = pytest.mark.anyio


class Say(Arguments):
    path: str = "."
    text: str = ""
    times: int = 1


async def say(arguments: Say, context: ToolContext) -> str:
    """Say something again and again."""
    if arguments.text == "hang":
        await anyio.sleep_forever()
    if arguments.text == "break":
        raise RuntimeError("a fault of the tool")
    if arguments.text == "lost":
        raise LeaseLost("another host has the run")
    return arguments.text * arguments.times


def saying(capability: str = "files.read", *, timeout_seconds: float | None = None) -> Tool:
    paths = (PathArgument(name="path"),)
    return tool(say, capability=capability, repeat=Repeat.PURE, paths=paths, timeout_seconds=timeout_seconds)


class Trail:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    async def began(self, call: ToolCall, context: ToolContext, /) -> None:
        self.told.append(f"began {call.name}")

    async def ended(self, call: ToolCall, context: ToolContext, result: ToolResult, /) -> None:
        await anyio.lowlevel.checkpoint()  # a sink that writes must be able to, even when the call was cancelled
        self.told.append(f"ended {result.status.value}")


def tools_of(
    tools: Sequence[Tool], *, audit: AuditSink | None = None, gate: Gate | None = None, rights: CSpace | None = None
) -> Toolset:
    gate = gate or Gate(SecuritySettings(), FilesBeneath())
    settings = ToolsSettings(timeout_seconds=60, output_characters=1_000)
    catalog = ToolCatalog([FunctionTools(tools)], gate=gate, settings=settings, audit=audit)
    return catalog.for_agent(rights or rights_for(Role.USER))


def asked(text: str = "x", name: str = "say", path: str = ".", times: int = 1) -> ToolCall:
    return ToolCall(id="1", name=name, arguments={"text": text, "path": path, "times": times})


def test_only_tools_whose_capability_is_held_are_offered(tools: Toolset) -> None:
    assert [spec.name for spec in tools.specs()] == ["read", "write", "edit", "ls", "find", "grep", "bash"]
    assert tools_of([saying()], rights=CSpace(held=frozenset({"exec"}))).specs() == ()


async def test_a_tool_that_is_not_offered_is_denied_when_it_is_called_anyway(context: ToolContext) -> None:
    rights = CSpace(held=frozenset({"exec"}))
    result = await tools_of([saying()], rights=rights).call(asked(), replace(context, rights=rights))
    assert result.status is ToolStatus.DENIED
    assert "needs the capability 'files.read'" in result.text


async def test_a_name_that_no_tool_has_is_answered_with_the_nearest(context: ToolContext) -> None:
    result = await tools_of([saying()]).call(asked(name="sai"), context)
    assert (result.status, "Did you mean 'say'?" in result.text) == (ToolStatus.FAILED, True)
    strange = await tools_of([saying()]).call(asked(name="\ud800" * 10_000), context)
    assert (strange.status, len(strange.text) < 1_000) == (ToolStatus.FAILED, True)


def test_two_tools_of_one_name_are_refused_when_they_are_put_together() -> None:
    gate = Gate(SecuritySettings(), FilesBeneath())
    twice = [FunctionTools([saying()]), FunctionTools([saying()])]
    with pytest.raises(InputError, match="two tools are called 'say'"):
        ToolCatalog(twice, gate=gate, settings=ToolsSettings())


async def test_a_denied_call_does_not_reach_the_tool_and_names_rule_and_remedy(context: ToolContext) -> None:
    trail = Trail()
    result = await tools_of([saying()], audit=trail).call(asked("hang", path="/etc/passwd"), context)
    assert result.status is ToolStatus.DENIED
    assert result.rule is not None
    assert "leads outside" in result.rule
    assert "--workdir" in result.text
    assert trail.told == ["began say", "ended denied"]


async def test_a_path_argument_that_cannot_be_a_path_fails_without_a_call(context: ToolContext) -> None:
    result = await tools_of([saying()]).call(asked("hang", path="a\0b"), context)
    assert (result.status, "cannot be a path" in result.text) == (ToolStatus.FAILED, True)


async def test_the_trail_is_told_before_and_after_and_when_a_call_is_cancelled(context: ToolContext) -> None:
    trail = Trail()
    tools = tools_of([saying()], audit=trail)
    assert (await tools.call(asked(), context)).status is ToolStatus.OK
    async with anyio.create_task_group() as group:
        group.start_soon(tools.call, asked("hang"), context)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()
    assert trail.told == ["began say", "ended ok", "began say", "ended unknown"]


async def test_what_the_trail_refuses_does_not_happen(context: ToolContext) -> None:
    class Full(Trail):
        async def began(self, call: ToolCall, context: ToolContext, /) -> None:
            raise LeaseLost("the trail cannot be written")

    with pytest.raises(LeaseLost):
        await tools_of([saying()], audit=Full()).call(asked("hang"), context)


async def test_what_the_observer_of_the_gate_refuses_does_not_happen(context: ToolContext) -> None:
    async def refuse(request: AccessRequest, decision: Decision) -> None:
        raise LeaseLost("the trail cannot be written")

    gate = Gate(SecuritySettings(), FilesBeneath(), refuse)
    with pytest.raises(LeaseLost):
        await tools_of([saying()], gate=gate).call(asked("hang"), context)


async def test_a_call_that_takes_too_long_is_stopped_at_the_tools_own_limit(context: ToolContext) -> None:
    trail = Trail()
    with anyio.fail_after(30):
        result = await tools_of([saying(timeout_seconds=0.05)], audit=trail).call(asked("hang"), context)
    assert result.status is ToolStatus.TIMED_OUT
    assert "stopped after 0.05 seconds" in result.text
    assert trail.told == ["began say", "ended unknown"]


async def test_a_fault_in_a_tool_ends_the_call_and_is_logged(
    context: ToolContext, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        result = await tools_of([saying()]).call(asked("break"), context)
    assert (result.status, result.text) == (ToolStatus.FAILED, "say broke: RuntimeError.")
    assert "a fault of the tool" in caplog.text


async def test_a_lost_lease_is_not_taken_for_a_fault_of_the_tool(context: ToolContext) -> None:
    with pytest.raises(LeaseLost):
        await tools_of([saying()]).call(asked("lost"), context)


async def test_long_output_is_cut_in_its_middle_and_kept_whole_for_its_owner(context: ToolContext) -> None:
    result = await tools_of([saying()]).call(asked("가나다라 ", times=1_000), context)
    assert result.kept is not None
    kept = anyio.Path(result.kept)
    assert Path(kept.parent) == kept_folder(context)
    assert await kept.read_text() == "가나다라 " * 1_000
    assert ((await kept.stat()).st_mode & 0o777, (await kept.parent.stat()).st_mode & 0o777) == (0o600, 0o700)
    assert f"[… 4000 characters are left out here; all of it is in {kept} …]" in result.text
    assert len(result.text) < 1_300
    again = await tools_of([saying()]).call(asked("가나다라 ", times=1_000), context)
    assert again == result


async def test_output_that_cannot_be_kept_is_cut_all_the_same(
    context: ToolContext, caplog: pytest.LogCaptureFixture
) -> None:
    context.outputs.write_text("a file where the folder should be")
    result = await tools_of([saying()]).call(asked("x", times=5_000), context)
    assert (result.kept, result.status) == (None, ToolStatus.OK)
    assert "the whole could not be kept" in result.text
    assert "cannot be kept" in caplog.text


async def test_calls_of_different_steps_and_agents_are_kept_apart(context: ToolContext) -> None:
    contexts = [context, replace(context, key="agent/step/1/tool/1"), replace(context, agent_id="../other")]
    kept = [(await tools_of([saying()]).call(asked("x", times=2_000), one)).kept for one in contexts]
    assert len(set(kept)) == 3
    assert {Path(one).parent for one in kept if one} == {kept_folder(context)}
