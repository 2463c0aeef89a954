"""A file replaced whole or not at all. Called by `edit.py` for the settings and by the adapter of the records."""

import contextlib
import os
import tempfile
from pathlib import Path

__all__ = ["replace_file"]


def replace_file(path: Path, content: bytes) -> None:
    """Write a file with mode 0600, so that a reader (or a crash) sees the old content or the new one, never a part.

    The content goes to a hidden file in the same folder, is flushed to the disk and renamed. A link is followed, so
    that a file kept elsewhere stays there. The call blocks.

    Raises:
        OSError: the folder is missing or cannot be written, or the disk is full; the old file is untouched.
    """
    target = path.resolve()
    descriptor, temporary = tempfile.mkstemp(prefix=f".{target.name[:100]}.", suffix=".tmp", dir=target.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
