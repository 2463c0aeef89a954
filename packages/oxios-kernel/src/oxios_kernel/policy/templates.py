"""What a fresh agent is given: enough to do honest work in its folder, and nothing outside it."""

from oxios_kernel.domain.access import Role
from oxios_kernel.domain.capability import CSpace
from oxios_kernel.policy.roles import REACH

__all__ = ["rights_for"]


def rights_for(role: Role) -> CSpace:
    """Return the capabilities that an agent in a role begins with; a fork shrinks them further."""
    return REACH[role]
