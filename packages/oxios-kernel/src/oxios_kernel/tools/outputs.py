"""Where outputs go that are too long for a model: a folder for each run, a file for each call, readable by the run."""

import os
import re
from hashlib import sha256
from pathlib import Path

from oxios_kernel.ports.toolset import ToolContext

__all__ = ["keep", "kept_folder", "output_file"]

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_SLUG_CHARACTERS = 60


def kept_folder(context: ToolContext) -> Path:
    """Return the folder with the kept outputs of the run that a call belongs to."""
    return context.outputs / _name(context.run_id)


def output_file(context: ToolContext) -> Path:
    """Return the file for a call's whole output: always the same for the same call, so a repeated one replaces it."""
    return kept_folder(context) / f"{_name(f'{context.agent_id}/{context.key}')}.txt"


def keep(file: Path, text: str) -> None:
    """Write an output down for its owner only. Blocking.

    Raises:
        OSError: it cannot be written.
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as whole:
        whole.write(text)


def _name(identity: str) -> str:
    # Keys may hold anything: only the digest is unique, the rest is for people who look into the folder.
    slug = _UNSAFE.sub("-", identity)[-_SLUG_CHARACTERS:].strip("-")
    return f"{slug}-{sha256(identity.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
