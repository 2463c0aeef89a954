"""A specification's checks, carried out in the run's folder under the agent's own rights: the evidence.

Commands go through the same gated tool that the agent has; files are read through the same root. A check that may not
be run, or cannot be, is not evidence for anything: the criterion stays unverified.
"""

import json
from dataclasses import replace
from functools import partial

import anyio.to_thread
from oxios_ouroboros import Check, CommandCheck, FileCheck, JudgedCheck, Observation, SchemaCheck

from oxios_kernel.agents import Effects
from oxios_kernel.conversation.schema import schema_problem
from oxios_kernel.domain.fact import Json, JsonObject
from oxios_kernel.domain.tool import Repeat, ToolCall, ToolStatus
from oxios_kernel.errors import ToolFailed
from oxios_kernel.ports.files import FileRoot
from oxios_kernel.ports.toolset import ToolContext, Toolset

__all__ = ["Examiner"]

MOST_BYTES = 4_000_000
"""How much of a file is read for a check."""


class Examiner:
    """Carries out the checks of one generation; an `oxios_ouroboros.Examine`."""

    def __init__(
        self, effects: Effects, tools: Toolset, context: ToolContext, files: FileRoot, *, answer: str, generation: int
    ) -> None:
        self._effects = effects
        self._tools = tools
        self._context = context
        self._files = files
        self._answer = answer
        self._generation = generation
        self._seen = 0

    async def __call__(self, check: Check, /) -> Observation:
        """Return what a check shows."""
        key = f"check/{self._generation}/{self._seen}"
        self._seen += 1
        asked: JsonObject = check.model_dump(mode="json")

        async def act() -> Json:
            observation: JsonObject = (await self._look(check, key)).model_dump(mode="json")
            return observation

        return Observation.model_validate(await self._effects.do(key, asked, act, Repeat.PURE))

    async def _look(self, check: Check, key: str) -> Observation:
        match check:
            case CommandCheck():
                return await self._run(check, key)
            case FileCheck():
                return await anyio.to_thread.run_sync(partial(self._file, check))
            case SchemaCheck():
                return await anyio.to_thread.run_sync(partial(self._schema, check))
            case JudgedCheck():
                return Observation(passed=None, evidence="to be judged, not examined")

    async def _run(self, check: CommandCheck, key: str) -> Observation:
        arguments: JsonObject = {"command": check.command, "timeout_seconds": check.timeout_seconds}
        call = ToolCall(id=key, name="bash", arguments=arguments, raw=json.dumps(arguments))
        result = await self._tools.call(call, replace(self._context, key=f"{self._context.key}/{key}"))
        if result.status is ToolStatus.TIMED_OUT:
            return check.judge(None, result.text)
        if result.exit_code is None:
            return Observation(passed=None, evidence=f"the command could not be run: {result.text}")
        return check.judge(result.exit_code, result.text)

    def _file(self, check: FileCheck) -> Observation:
        found = self._files.stat(check.path)
        if found is None:
            return check.judge(None, None)
        if found.folder:
            return Observation(passed=False, evidence=f"{check.path} is a folder, not a file")
        try:
            return check.judge(self._files.read(check.path, MOST_BYTES), found.size)
        except ToolFailed as error:
            return Observation(passed=None, evidence=error.message)

    def _schema(self, check: SchemaCheck) -> Observation:
        if check.path is None:
            return check.judge(self._answer, schema_problem)
        try:
            text = self._files.read(check.path, MOST_BYTES).decode("utf-8", "replace")
        except ToolFailed as error:
            return Observation(passed=False, evidence=error.message)
        return check.judge(text, schema_problem)
