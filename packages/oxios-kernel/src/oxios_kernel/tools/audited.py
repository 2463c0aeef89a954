"""Every call and what came of it, told to a sink before and after: the trail that is durable before the effect."""

from typing import Protocol

import anyio

from oxios_kernel.domain.tool import ToolCall, ToolResult, ToolSpec, ToolStatus
from oxios_kernel.ports.toolset import ToolContext, Toolset

__all__ = ["AuditSink", "Audited"]


class AuditSink(Protocol):
    """Is told of calls. What it raises stops the call: an effect that cannot be written down does not happen."""

    async def began(self, call: ToolCall, context: ToolContext, /) -> None:
        """Note that a call is about to happen; it happens once this returns."""
        ...

    async def ended(self, call: ToolCall, context: ToolContext, result: ToolResult, /) -> None:
        """Note how a call ended."""
        ...


class Audited:
    """A toolset whose calls are told to a sink."""

    def __init__(self, inner: Toolset, sink: AuditSink) -> None:
        self._inner = inner
        self._sink = sink

    def specs(self) -> tuple[ToolSpec, ...]:
        return self._inner.specs()

    async def call(self, call: ToolCall, context: ToolContext, /) -> ToolResult:
        await self._sink.began(call, context)
        result = ToolResult(text="The call was stopped before its end.", status=ToolStatus.UNKNOWN)
        try:
            result = await self._inner.call(call, context)
        finally:
            with anyio.CancelScope(shield=True):
                await self._sink.ended(call, context, result)
        return result
