"""The first layer: does the agent hold the capability that the tool asks for, and is there such a capability at all."""

from collections.abc import Mapping

from oxios_kernel.domain.access import AccessRequest, Decision, Layer
from oxios_kernel.domain.nearest import nearest

__all__ = ["CAPABILITIES", "check_capability", "is_capability"]

CAPABILITIES: Mapping[str, str] = {
    "files.read": "read, list and search the files of the working folder",
    "files.write": "create and change files in the working folder",
    "exec": "run commands in the working folder",
    "memory.read": "recall what was remembered",
    "memory.write": "remember something",
    "budget.read": "see what may still be spent on model calls",
    "agents.fork": "start agents with at most the own capabilities",
    "cron": "have work done by the clock, in the working folder",
}
"""All capabilities, with what each lets an agent do. A tool that asks for another is refused to everybody."""


def is_capability(word: str) -> bool:
    """Tell whether there is such a capability."""
    return word in CAPABILITIES


def check_capability(request: AccessRequest) -> Decision | None:
    """Return the refusal, `None` when the agent holds what the tool asks for."""
    wanted, name = request.spec.capability, request.spec.name
    if not is_capability(wanted):
        meant = nearest(wanted, CAPABILITIES)
        hint = f"; did its author mean {meant!r}?" if meant else ""
        return _refused(f"the tool {name!r} asks for the capability {wanted!r}, which does not exist{hint}")
    if request.rights.allows(wanted):
        return None
    what = CAPABILITIES[wanted]
    return _refused(
        f"the tool {name!r} needs the capability {wanted!r} ({what}), which this agent does not hold",
        "start the work with an agent that holds it; capabilities only shrink from agent to agent",
    )


def _refused(rule: str, remedy: str | None = None) -> Decision:
    return Decision(allowed=False, layer=Layer.CAPABILITY, rule=rule, remedy=remedy)
