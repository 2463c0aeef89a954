"""The shell commands by which a wish is answered, and checked.

Hidden and generated folders are left out, the same ones that the tools `find` and `grep` leave out. The check of a
result asks the same question again with the shell, so it does not depend on what the worker said. Names are quoted;
nothing of a request reaches the shell unquoted.
"""

import posixpath
import re
import shlex
from fnmatch import fnmatchcase

from oxios_kernel.adapters.demo.wish import Action, Wish

__all__ = ["check_command", "query_command", "save_command"]

_GENERATED = ("node_modules", "__pycache__", "venv")
_SEEN = rf"grep -Ev '/(\.|({'|'.join(_GENERATED)})/)'"
_SEARCHED = "--exclude='.?*' --exclude-dir='.?*' " + " ".join(f"--exclude-dir={name}" for name in _GENERATED)
_TOTAL_CHECK = """\
import csv, sys
from decimal import Decimal
source, column, result = sys.argv[1:]
lines = open(source, encoding="utf-8-sig", newline="").read().splitlines()
rows = list(csv.reader(lines, delimiter=max(",;\\t", key=lines[0].count)))
place = [name.strip().casefold() for name in rows[0]].index(column.casefold())
cells = [row[place].strip().replace(",", "").lstrip("$€£₩ ") for row in rows[1:] if len(row) > place]
numbers = []
for cell in cells:
    try:
        numbers.append(Decimal(cell))
    except ArithmeticError:
        pass
sys.exit(Decimal(open(result, encoding="utf-8").read().strip()) != sum(numbers))
"""


def query_command(wish: Wish) -> str:
    """Return the command that prints the answer to a count, a list or a search; fails when the path is missing."""
    path = _shell_path(wish.path or ".")
    there = "" if wish.path == "." else f"ls -d {path} > /dev/null && "
    return there + _query(wish)


def save_command(wish: Wish) -> str:
    """Return the command that writes a list or the matches of a search to the wish's file and prints their number."""
    output = _shell_path(wish.output or "")
    folder = posixpath.dirname(wish.output or "")
    made = f"mkdir -p {_shell_path(folder)} && " if folder else ""
    return f"{made}{query_command(wish)} | tee {output} | wc -l"


def check_command(wish: Wish) -> str:
    """Return the command that succeeds when the wish's output file holds the right result."""
    path, output = _shell_path(wish.path or "."), _shell_path(wish.output or "")
    there = f"test -e {path}"
    match wish.action:
        case Action.COUNT:
            return f'{there} && test "$(tr -dc 0-9 < {output})" -eq "$({_query(wish)})"'
        case Action.TOTAL:
            return f"python3 -c {shlex.quote(_TOTAL_CHECK)} {path} {shlex.quote(wish.column or '')} {output}"
        case Action.SUMMARISE:
            return f"grep -qw \"$(awk 'END {{ print NR }}' {path}) lines\" {output}"
        case _:
            return f'{there} && test "$({_query(wish)})" = "$(cat {output})"'


def _query(wish: Wish) -> str:
    path = _shell_path(wish.path or ".")
    match wish.action, wish.unit:
        case Action.COUNT, "lines":
            return f"awk 'END {{ print NR }}' {path}"
        case Action.COUNT, "words":
            return f"wc -w < {path}"
        case Action.COUNT, _:
            return f"{_find(wish)} | wc -l"
        case Action.SEARCH, _:
            return f"{_grep(wish)} | LC_ALL=C sort"
        case _:
            shown = " | sed 's|^\\./||'" if wish.path == "." else ""
            return f"{_find(wish)}{shown} | LC_ALL=C sort"


def _find(wish: Wish) -> str:
    name = "" if wish.pattern == "*" else f" -name {shlex.quote(wish.pattern or '*')}"
    return f"find {_shell_path(wish.path or '.')} -type f{name}{_without_output(wish)} | {_SEEN}"


def _grep(wish: Wish) -> str:
    names = "" if wish.pattern == "*" else f" --include={shlex.quote(wish.pattern or '*')}"
    own = f" --exclude={shlex.quote(posixpath.basename(wish.output))}" if wish.output else ""
    where = _shell_path(wish.path or ".")
    return f"grep -rnIF {_SEARCHED}{own}{names} -e {shlex.quote(wish.text or '')} -- {where}"


def _without_output(wish: Wish) -> str:
    """The result's own file is not part of the result, where it would be."""
    if not wish.output or not fnmatchcase(posixpath.basename(wish.output), wish.pattern or "*"):
        return ""
    written = f"./{wish.output.removeprefix('./')}" if wish.path == "." else wish.output
    literal = re.sub(r"([*?\[\\])", r"\\\1", written)
    return f" -not -path {shlex.quote(literal)}"


def _shell_path(path: str) -> str:
    """A path that no program takes for an option."""
    return shlex.quote(f"./{path}" if path.startswith("-") else path)
