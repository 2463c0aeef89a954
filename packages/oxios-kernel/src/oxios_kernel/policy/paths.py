"""From the arguments of a call to the places it is about: below the run's folder or its kept outputs, links followed.

Says where the call *would* go. That it cannot go elsewhere is held by `FileRoot`, which opens nothing outside.
"""

import posixpath
from dataclasses import dataclass
from pathlib import Path

from oxios_kernel.domain.access import AccessRequest
from oxios_kernel.errors import ToolFailed
from oxios_kernel.ports.files import Files

__all__ = ["Target", "root_of", "targets"]


@dataclass(frozen=True, kw_only=True)
class Target:
    """A place that a call is about.

    Attributes:
        asked: the path as the call has it.
        path: relative to the run's folder; `None` when it leads outside.
        writes: whether the call may change what is there.
        kept: whether it is one of the run's kept outputs; `path` is relative to their folder then.
    """

    asked: str
    path: str | None
    writes: bool = False
    kept: bool = False


def root_of(path: str, root: Path, kept: Path) -> Path:
    """Return where a path is looked up: in the kept outputs when it is spelt as one of them, else in the root."""
    spelt = posixpath.normpath(path)
    return kept if spelt.startswith(f"{kept}/") else root


def targets(files: Files, request: AccessRequest) -> tuple[Target, ...]:
    """Return the places that a call's path arguments lead to. Blocking.

    Raises:
        ToolFailed: an argument is not a text or cannot be a path.
        InputError: the run's folder is gone.
    """
    arguments = request.call.arguments or {}
    found = []
    for argument in request.spec.paths:
        asked = arguments.get(argument.name, ".")
        if not isinstance(asked, str):
            raise ToolFailed(f"{argument.name!r} must be a path as text; what came is {asked!r}")
        folder = root_of(asked, request.root, request.kept)
        path = files.open_root(folder).resolve(asked)
        found.append(Target(asked=asked, path=path, writes=argument.writes, kept=folder == request.kept))
    return tuple(found)
