"""The gate: may this call happen? Four layers are asked in order, the first refusal stands, and every answer is told to
whoever observes. Asked in `tools/gated.py` and nowhere else; each layer is a pure function in a module of its own."""

from collections.abc import Awaitable, Callable

import anyio.to_thread

from oxios_kernel.config.sections import SecuritySettings
from oxios_kernel.domain.access import AccessRequest, Decision
from oxios_kernel.policy.capabilities import check_capability
from oxios_kernel.policy.exec_rules import check_command
from oxios_kernel.policy.paths import Target, targets
from oxios_kernel.policy.permissions import check_paths, check_tool
from oxios_kernel.policy.roles import check_role
from oxios_kernel.ports.files import Files

__all__ = ["Gate", "Observe"]

Observe = Callable[[AccessRequest, Decision], Awaitable[None]]
"""Is told every answer before the call happens; what it raises stops the call."""


class Gate:
    """Answers whether a call may happen.

    Args:
        settings: the lists of tools, commands and paths.
        files: finds out where path arguments lead.
        observe: is told every answer, `None` for nobody.
    """

    def __init__(self, settings: SecuritySettings, files: Files, observe: Observe | None = None) -> None:
        self._settings = settings
        self._files = files
        self._observe = observe

    async def check(self, request: AccessRequest) -> Decision:
        """Return the answer: allowed when no layer is against it.

        Raises:
            ToolFailed: a path argument cannot be a path, so that there is nothing to decide.
            InputError: the run's folder is gone.
        """
        lists = self._settings
        decision = (
            check_capability(request)
            or check_role(request)
            or check_tool(request, lists.allowed_tools, lists.denied_tools)
            or check_paths(request, await self._places(request), lists.denied_paths)
            or check_command(request, lists.denied_commands, lists.denied_paths)
            or Decision(allowed=True)
        )
        if self._observe:
            await self._observe(request, decision)
        return decision

    async def _places(self, request: AccessRequest) -> tuple[Target, ...]:
        return await anyio.to_thread.run_sync(targets, self._files, request) if request.spec.paths else ()
