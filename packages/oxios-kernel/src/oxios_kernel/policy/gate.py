"""The gate: may this call happen? Four layers are asked in order, the first refusal stands, and every answer is told to
whoever observes. Asked in `tools/gated.py` and nowhere else; each layer is a pure function in a module of its own."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio.to_thread

from oxios_kernel.config.sections import SecuritySettings
from oxios_kernel.domain.access import AccessRequest, Decision
from oxios_kernel.policy.capabilities import check_capability
from oxios_kernel.policy.closed import Closed
from oxios_kernel.policy.exec_rules import check_command
from oxios_kernel.policy.paths import Target, targets
from oxios_kernel.policy.permissions import check_closed, check_paths, check_tool
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
        home: the Oxios home, which no call may reach; `None` when there is none.
    """

    def __init__(
        self, settings: SecuritySettings, files: Files, observe: Observe | None = None, *, home: Path | None = None
    ) -> None:
        self._settings = settings
        self._files = files
        self._observe = observe
        self._home = home

    async def check(self, request: AccessRequest) -> Decision:
        """Return the answer: allowed when no layer is against it.

        Raises:
            ToolFailed: a path argument cannot be a path, so that there is nothing to decide.
            InputError: the run's folder is gone.
        """
        decision = (
            check_capability(request)
            or check_role(request)
            or check_tool(request, self._settings.allowed_tools, self._settings.denied_tools)
            or await self._reach(request)
            or Decision(allowed=True)
        )
        if self._observe:
            await self._observe(request, decision)
        return decision

    async def _reach(self, request: AccessRequest) -> Decision | None:
        """Return the refusal of where a call would go, `None` when it may go there."""
        lists = self._settings
        if not request.spec.paths and request.spec.command is None:
            return None
        places, closed = await anyio.to_thread.run_sync(self._look, request)
        return (
            check_paths(request, places, lists.denied_paths)
            or check_closed(places, closed)
            or check_command(request, lists.denied_commands, lists.denied_paths, closed)
        )

    def _look(self, request: AccessRequest) -> tuple[tuple[Target, ...], Closed]:
        return targets(self._files, request), Closed.to(request.root, self._home)
