"""From all the tools there are to those of one agent: only what its capabilities cover is offered, and every call
passes limits, audit and gate. The order of the wrappers is written here and nowhere else."""

from collections.abc import Sequence

from oxios_kernel.config.sections import ToolsSettings
from oxios_kernel.domain.capability import CSpace
from oxios_kernel.domain.tool import ToolCall, ToolResult, ToolSpec
from oxios_kernel.policy import Gate
from oxios_kernel.ports.toolset import ToolContext, Toolset
from oxios_kernel.tools.audited import Audited, AuditSink
from oxios_kernel.tools.combined import Combined
from oxios_kernel.tools.gated import Gated
from oxios_kernel.tools.limited import Limited

__all__ = ["ToolCatalog"]


class ToolCatalog:
    """All tools.

    Args:
        toolsets: where they come from; names are unique over all.
        gate: is asked before every call.
        settings: the limits.
        audit: is told of every call, `None` for nobody.

    Raises:
        InputError: two tools have the same name.
    """

    def __init__(
        self, toolsets: Sequence[Toolset], *, gate: Gate, settings: ToolsSettings, audit: AuditSink | None = None
    ) -> None:
        self._all = Combined(toolsets)
        self._gate = gate
        self._settings = settings
        self._audit = audit

    def for_agent(self, rights: CSpace) -> Toolset:
        """Return the tools that an agent with these capabilities is offered."""
        gated: Toolset = Gated(self._all, self._gate)
        audited = Audited(gated, self._audit) if self._audit else gated
        limited = Limited(
            audited,
            timeout_seconds=self._settings.timeout_seconds,
            output_characters=self._settings.output_characters,
        )
        return _Offered(limited, rights)


class _Offered:
    """A toolset that shows only what an agent holds the capability for. The gate refuses the others when called."""

    def __init__(self, inner: Toolset, rights: CSpace) -> None:
        self._inner = inner
        self._rights = rights

    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(spec for spec in self._inner.specs() if self._rights.allows(spec.capability))

    async def call(self, call: ToolCall, context: ToolContext, /) -> ToolResult:
        return await self._inner.call(call, context)
