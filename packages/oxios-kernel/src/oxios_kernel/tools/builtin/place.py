"""Where a file tool works: the run's folder, or the run's kept outputs for a path that is spelt as one of them; and how
much of a file a tool takes into memory."""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import anyio.to_thread

from oxios_kernel.policy.paths import root_of
from oxios_kernel.ports.files import FileRoot, Files
from oxios_kernel.ports.toolset import ToolContext
from oxios_kernel.tools.outputs import kept_folder

__all__ = ["MOST_BYTES", "in_thread", "is_binary", "root_for"]

MOST_BYTES = 16_000_000
"""The most of a file that a tool reads; source files and documents are far smaller, data belongs to `bash`."""

_LOOKED_AT_BYTES = 8_192

T = TypeVar("T")


def root_for(files: Files, context: ToolContext, path: str) -> FileRoot:
    """Open the root that a path belongs to. Blocking."""
    return files.open_root(root_of(path, context.root, kept_folder(context)))


def is_binary(content: bytes) -> bool:
    """Tell whether bytes are no text: a zero byte near the beginning, as `grep` and `git` decide it."""
    return b"\0" in content[:_LOOKED_AT_BYTES]


async def in_thread(call: Callable[..., T], *arguments: object) -> T:
    """Do blocking work that changes nothing in a thread; a cancelled caller does not wait for it."""
    return await anyio.to_thread.run_sync(partial(call, *arguments), abandon_on_cancel=True)
