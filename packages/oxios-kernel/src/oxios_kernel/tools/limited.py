"""What holds for every call: it ends in time, a fault in it ends the call and not the agent, and its output is cut to
what a model is shown while the whole is kept in a file."""

import logging
from pathlib import Path

import anyio
import anyio.to_thread

from oxios_kernel.domain.tool import ToolCall, ToolResult, ToolSpec, ToolStatus
from oxios_kernel.errors import KernelError
from oxios_kernel.ports.toolset import Parked, ToolContext, Toolset
from oxios_kernel.tools.cutting import cut_middle
from oxios_kernel.tools.outputs import keep, output_file

__all__ = ["Limited"]

logger = logging.getLogger(__name__)


class Limited:
    """A toolset whose calls end in time and fit into a transcript.

    Args:
        inner: the tools.
        timeout_seconds: the longest a call may take, where its tool does not say otherwise.
        output_characters: how much of an output is shown.
    """

    def __init__(self, inner: Toolset, *, timeout_seconds: float, output_characters: int) -> None:
        self._inner = inner
        self._seconds = {spec.name: spec.timeout_seconds or timeout_seconds for spec in inner.specs()}
        self._timeout_seconds = timeout_seconds
        self._output_characters = output_characters

    def specs(self) -> tuple[ToolSpec, ...]:
        return self._inner.specs()

    async def call(self, call: ToolCall, context: ToolContext, /) -> ToolResult:
        seconds = self._seconds.get(call.name, self._timeout_seconds)
        result = None
        with anyio.move_on_after(seconds):
            result = await self._guarded(call, context)
        if result is None:
            text = f"{call.name} was stopped after {seconds:g} seconds: ask for less at a time."
            return ToolResult(text=text, status=ToolStatus.TIMED_OUT)
        return await self._fitting(result, context)

    async def _guarded(self, call: ToolCall, context: ToolContext) -> ToolResult:
        try:
            return await self._inner.call(call, context)
        except (KernelError, Parked):
            raise
        except Exception as error:
            logger.exception("the tool %s broke", call.name)
            return ToolResult(text=f"{call.name} broke: {type(error).__name__}.", status=ToolStatus.FAILED)

    async def _fitting(self, result: ToolResult, context: ToolContext) -> ToolResult:
        if len(result.text) <= self._output_characters:
            return result
        # A tool that kept its output itself had more of it than is here, so a number would be wrong.
        what = "the middle is" if result.kept else "{count} characters are"
        if result.kept is None:
            result = result.model_copy(update={"kept": await _kept(result.text, output_file(context))})
        where = f"all of it is in {result.kept}" if result.kept else "the whole could not be kept"
        shown = cut_middle(result.text, self._output_characters, f"[… {what} left out here; {where} …]")
        return result.model_copy(update={"text": shown})


async def _kept(text: str, file: Path) -> str | None:
    try:
        await anyio.to_thread.run_sync(keep, file, text)
    except OSError as error:
        logger.warning("the output cannot be kept in %s: %s", file, error)
        return None
    return str(file)
