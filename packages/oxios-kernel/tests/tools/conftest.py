"""A workshop: the real tools on the machine's own files and processes, wrapped as an agent gets them."""

import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from oxios_kernel.adapters.files_beneath import FilesBeneath
from oxios_kernel.adapters.matching_process import MatcherProcess
from oxios_kernel.adapters.processes_posix import ProcessesPosix
from oxios_kernel.config import SecuritySettings, ToolsSettings
from oxios_kernel.domain.access import Role
from oxios_kernel.domain.fact import Json
from oxios_kernel.domain.tool import ToolCall, ToolResult
from oxios_kernel.policy import Gate, rights_for
from oxios_kernel.ports.toolset import ToolContext, Toolset
from oxios_kernel.tools import ToolCatalog
from oxios_kernel.tools.builtin import FileTools, SearchTools, ShellTools

CallTool = Callable[..., Awaitable[ToolResult]]


@pytest.fixture
def context(tmp_path: Path) -> ToolContext:
    root = tmp_path / "root"
    root.mkdir()
    return ToolContext(
        principal="somebody",
        role=Role.USER,
        rights=rights_for(Role.USER),
        agent_id="agent",
        run_id="run",
        step=1,
        key="agent/step/1/tool/0",
        root=root,
        outputs=tmp_path / "outputs",
    )


@pytest.fixture
def root(context: ToolContext) -> Path:
    return context.root


@pytest.fixture
def tools() -> Toolset:
    files = FilesBeneath()
    builtin = (
        FileTools(files),
        SearchTools(files, MatcherProcess()),
        ShellTools(ProcessesPosix(), os.environ["PATH"]),
    )
    catalog = ToolCatalog(builtin, gate=Gate(SecuritySettings(), files), settings=ToolsSettings())
    return catalog.for_agent(rights_for(Role.USER))


@pytest.fixture
def call(tools: Toolset, context: ToolContext) -> CallTool:
    """Calls a tool with the arguments as a model would write them."""
    made = 0

    async def call(name: str, **arguments: Json) -> ToolResult:
        nonlocal made
        made += 1
        asked = ToolCall(id=f"call-{made}", name=name, arguments=arguments)
        return await tools.call(asked, replace(context, key=f"agent/step/1/tool/{made}"))

    return call
