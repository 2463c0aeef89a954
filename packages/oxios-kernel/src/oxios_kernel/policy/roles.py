"""The second layer: may somebody in this role use the capability, whoever gave it to them."""

from collections.abc import Mapping

from oxios_kernel.domain.access import AccessRequest, Decision, Layer, Role
from oxios_kernel.domain.capability import CSPACE_ALL, CSpace

__all__ = ["REACH", "check_role"]

_WORK = frozenset({"files.*", "exec", "memory.*", "budget.read", "agents.fork"})

REACH: Mapping[Role, CSpace] = {
    Role.USER: CSpace(held=_WORK),
    Role.SUPERUSER: CSpace(held=_WORK | {"agents.*", "cron"}),
    Role.ADMIN: CSPACE_ALL,
    Role.SYSTEM: CSPACE_ALL,
}
"""The capabilities that each role may use at most."""


def check_role(request: AccessRequest) -> Decision | None:
    """Return the refusal, `None` when the role reaches as far as the tool asks."""
    wanted = request.spec.capability
    if REACH[request.role].allows(wanted):
        return None
    least = next((role for role in Role if REACH[role].allows(wanted)), None)
    return Decision(
        allowed=False,
        layer=Layer.ROLE,
        rule=f"the tool {request.spec.name!r} needs {wanted!r}, which the role {request.role.value!r} does not include",
        remedy=f"act as {least.value!r}" if least else None,
    )
