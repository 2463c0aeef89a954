"""The third layer: the lists of tools and paths in the settings, and the border of the run's folder."""

from collections.abc import Collection, Sequence

from oxios_kernel.domain.access import AccessRequest, Decision, Layer
from oxios_kernel.domain.path import denying_pattern, outside
from oxios_kernel.policy.closed import Closed
from oxios_kernel.policy.paths import Target

__all__ = ["check_closed", "check_paths", "check_tool"]


def check_tool(request: AccessRequest, allowed: Collection[str], denied: Collection[str]) -> Decision | None:
    """Return the refusal, `None` when the lists let the tool through.

    Args:
        request: the call.
        allowed: the only tools that may be called; empty for all.
        denied: tools that may not be called, whatever `allowed` says.
    """
    name = request.spec.name
    if name in denied:
        return _refused(
            f"the tool {name!r} is on the list of denied tools",
            f"take {name!r} out of security.denied_tools (oxios config set security.denied_tools …)",
        )
    if allowed and name not in allowed:
        return _refused(
            f"the tool {name!r} is not on the list of allowed tools",
            f"add {name!r} to security.allowed_tools (oxios config set security.allowed_tools …), or empty that list",
        )
    return None


def check_paths(request: AccessRequest, places: Sequence[Target], denied: Collection[str]) -> Decision | None:
    """Return the refusal, `None` when every place is inside and on no list of denied paths."""
    for place in places:
        if place.path is None:
            return _refused(
                outside(place.asked, str(request.root)),
                "run the task in a folder that contains it (oxios run --workdir …)",
            )
        if place.kept:
            if place.writes:
                return _refused(f"{place.asked!r} is a kept output, which can be read but not changed", None)
            continue
        if pattern := denying_pattern(place.path, denied):
            return _refused(
                f"{place.asked!r} fits {pattern!r} on the list of denied paths",
                f"take {pattern!r} out of security.denied_paths (oxios config set security.denied_paths …)",
            )
    return None


def check_closed(places: Sequence[Target], closed: Closed) -> Decision | None:
    """Return the refusal, `None` when no place is closed to everybody."""
    reached = next((place for place in places if not place.kept and place.path and closed.hides(place.path)), None)
    if reached is None:
        return None
    return _refused(f"{reached.asked!r} is where Oxios keeps its own files; no tool may reach them", None)


def _refused(rule: str, remedy: str | None) -> Decision:
    return Decision(allowed=False, layer=Layer.PERMISSION, rule=rule, remedy=remedy)
