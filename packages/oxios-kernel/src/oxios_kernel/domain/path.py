"""Paths as text: where an argument leads below a root by its spelling alone, and whether a path fits a glob pattern.

Nothing here looks at a disk: links are the business of who opens the file (`ports/files.py`).
"""

import posixpath
from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

__all__ = ["denying_pattern", "matches", "outside", "relative_path"]


MOST_CHARACTERS = 4_095
"""Linux takes paths of up to 4095 bytes in one call."""


def outside(text: str, root: str) -> str:
    """Return the sentence that refuses a path which leads out of a root."""
    return f"{text!r} leads outside {root!r}; only what is in that folder can be reached: use a path relative to it"


def relative_path(text: str, roots: Iterable[str]) -> str | None:
    """Return where a path leads below a root, by its spelling.

    Args:
        text: the path as it was asked for: relative to the root, or absolute below one of the root's names.
        roots: the root's absolute names; more than one when it is reached through a link.

    Returns:
        The path relative to the root, normal (no `.`, `..` or `//`), `.` for the root itself; `None` when it leads
        outside. `~` is a home folder, which is outside.

    Raises:
        ValueError: it is empty, too long, or holds what no path can hold; the message is a sentence.
    """
    if not text.strip():
        raise ValueError("the path is empty; name a file or folder, '.' for the folder itself")
    if len(text) > MOST_CHARACTERS:
        raise ValueError(f"{text[:60]!r}… is too long for a path: at most {MOST_CHARACTERS} characters are possible")
    if "\0" in text or not _encodable(text):
        raise ValueError(f"{text!r} cannot be a path: it holds a character that no file name can have")
    if text == "~" or text.startswith("~/"):
        return None
    normal = posixpath.normpath(text)
    if normal.startswith("//"):  # POSIX lets two slashes mean something else; here they do not
        normal = normal[1:]
    if not normal.startswith("/"):
        return None if normal.split("/")[0] == ".." else normal
    for root in roots:
        if normal == root:
            return "."
        below = root.rstrip("/") + "/"
        if normal.startswith(below):
            return normal.removeprefix(below)
    return None


def matches(path: str, pattern: str) -> bool:
    """Tell whether a normal relative path fits a glob pattern.

    `*`, `?` and `[…]` stay within a name, `**` stands for any number of folders. A pattern without `/` is compared with
    the last name alone, one with `/` with the whole path.
    """
    if "/" not in pattern:
        return fnmatchcase(posixpath.basename(path), pattern)
    return _fits(path.split("/"), pattern.strip("/").split("/"))


def denying_pattern(path: str, denied: Iterable[str]) -> str | None:
    """Return the pattern that denies a path or a folder above it, `None` when none does. Case does not matter."""
    names = path.lower().split("/")
    above = ["/".join(names[:count]) for count in range(1, len(names) + 1)]
    return next((pattern for pattern in denied if any(matches(one, pattern.lower()) for one in above)), None)


def _fits(names: Sequence[str], patterns: Sequence[str]) -> bool:
    # One pass over the patterns with the set of how many names each may have used: linear where recursion would be
    # exponential in the number of `**`.
    reached = {0}
    for pattern in patterns:
        if pattern == "**":
            reached = set(range(min(reached, default=len(names) + 1), len(names) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(names) and fnmatchcase(names[at], pattern)}
    return len(names) in reached


def _encodable(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True
