"""What an agent may do at all: a set of capabilities that can only shrink.

A capability is a dotted word (`files.read`, `exec`); `files.*` in a set stands for every word below `files`, `*` for
all. The set of a child is the intersection of what its parent has and what it is given.
"""

from oxios_kernel.domain.fact import Fact

__all__ = ["CSPACE_ALL", "CSpace"]


class CSpace(Fact):
    """A capability space: the capabilities an agent holds, wildcards included."""

    held: frozenset[str] = frozenset()

    def allows(self, capability: str) -> bool:
        """Tell whether a capability is held, by itself or through a wildcard."""
        parts = capability.split(".")
        wider = {".".join(parts[:count]) + ".*" for count in range(1, len(parts))}
        return bool(self.held & ({capability, "*"} | wider))

    def shrunk_to(self, wanted: "CSpace") -> "CSpace":
        """Return the capabilities that both spaces hold; never more than this one."""
        mine = {word for word in self.held if wanted.allows(word)}
        theirs = {word for word in wanted.held if self.allows(word)}
        return CSpace(held=frozenset(mine | theirs))


CSPACE_ALL = CSpace(held=frozenset({"*"}))
"""Everything: the person at the terminal."""
