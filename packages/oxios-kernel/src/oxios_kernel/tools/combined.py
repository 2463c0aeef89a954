"""Many toolsets as one. A name that no tool has is answered with the nearest that one has."""

from collections.abc import Sequence

from oxios_kernel.domain.nearest import nearest
from oxios_kernel.domain.tool import ToolCall, ToolResult, ToolSpec, ToolStatus
from oxios_kernel.errors import InputError
from oxios_kernel.ports.toolset import ToolContext, Toolset
from oxios_kernel.tools.cutting import clean, cut_end

__all__ = ["Combined"]

_NAME_CHARACTERS = 64


class Combined:
    """The tools of several toolsets.

    Raises:
        InputError: two of them have a tool of the same name.
    """

    def __init__(self, toolsets: Sequence[Toolset]) -> None:
        self._owners: dict[str, Toolset] = {}
        self._specs: dict[str, ToolSpec] = {}
        for toolset in toolsets:
            for spec in toolset.specs():
                if spec.name in self._specs:
                    raise InputError(f"two tools are called {spec.name!r}: rename one of them")
                self._owners[spec.name] = toolset
                self._specs[spec.name] = spec

    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(self._specs.values())

    async def call(self, call: ToolCall, context: ToolContext, /) -> ToolResult:
        owner = self._owners.get(call.name)
        if owner is None:
            return ToolResult(text=clean(self._unknown(call.name)), status=ToolStatus.FAILED)
        return await owner.call(call, context)

    def _unknown(self, name: str) -> str:
        meant = nearest(name, self._specs)
        hint = f" Did you mean {meant!r}?" if meant else ""
        known = ", ".join(sorted(self._specs)) or "none"
        return f"There is no tool {cut_end(name, _NAME_CHARACTERS)!r}.{hint} The tools are: {known}."
