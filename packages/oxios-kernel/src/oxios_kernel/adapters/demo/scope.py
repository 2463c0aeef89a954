"""Which files are meant: `all Python files named x in docs`, read as a name pattern and a folder."""

import re

from oxios_kernel.adapters.demo.wish import Action, Wish

__all__ = ["HELD", "WORD", "read_files", "read_path", "read_pattern"]

HELD = "\ue000\\d+\ue001"
"""A quoted part, held back."""

WORD = r"[^\s,;]+"
"""A name, a pattern or a quoted part that is held back."""

_FILES = re.compile(
    rf"^(?:all )?(?:of )?(?:the )?(?P<kind>(?:{WORD} )*?)files?\b"
    rf"(?: (?:named|called|matching|like) (?P<name>{WORD})| (?:that end|ending) (?:in|with) (?P<ending>{WORD}))?"
    r"(?: (?:are|is))?(?: there)?(?: (?:in|under|below|inside|within|of) (?P<path>.+)| here)?$",
    re.IGNORECASE,
)
_PATH = re.compile(
    rf"^(?:the |this |my )?(?:(?:text )?(?:folder|directory|file|project|repository|workspace) )?(?P<path>{WORD})?"
    r"(?: (?:folder|directory|file|project|repository))?(?: and (?:all )?(?:its )?subfolders)?$",
    re.IGNORECASE,
)
_HERE = frozenset({"here", "this", "current", "folder", "directory", "project", "workspace", "repository"})
_KINDS = {
    "python": "*.py",
    "markdown": "*.md",
    "text": "*.txt",
    "javascript": "*.js",
    "typescript": "*.ts",
    "rust": "*.rs",
    "yaml": "*.y*ml",
    "shell": "*.sh",
}
_ENDING = re.compile(
    r"(?:\*?\.)?(c|cpp|css|csv|go|h|html|ini|java|jpg|js|json|log|md|pdf|png|py|rs|sh|sql|svg|toml|ts|txt|xml)"
)


def read_files(action: Action, text: str) -> Wish | None:
    """Return a wish about the files that a phrase names, `None` when it names none."""
    match = _FILES.match(text)
    if match is None:
        return None
    path = "." if match["path"] is None else read_path(match["path"])
    if path is None:
        return None
    ending = match["ending"] and f"*.{match['ending'].lstrip('*.')}"
    pattern = match["name"] or ending or read_pattern(match["kind"].strip())
    return Wish(action=action, pattern=pattern, path=path)


def read_path(text: str) -> str | None:
    """Return the path that a phrase names, `.` for this folder, `None` when it names none."""
    match = _PATH.match(text.strip())
    path = match["path"] if match else None
    if path is None:
        return None
    return "." if path.lower() in _HERE else path.removesuffix("/") or "/"


def read_pattern(kind: str) -> str | None:
    """Return the name pattern of a kind of files (`Python`, `.py`, `*.py`), `None` for a kind that is not known."""
    word = kind.lower().strip()
    if word in {"", "all", "any", "of the", "the"}:
        return "*"
    if word in _KINDS:
        return _KINDS[word]
    ending = _ENDING.fullmatch(word)
    if ending:
        return f"*.{ending[1]}"
    return kind if any(letter in kind for letter in "*?.\ue000") and " " not in kind else None
