"""The fourth layer: commands that no agent should run, such as those that make it another user or stop the machine.

The rules catch mistakes, not malice: there are endless ways to write a command that no reading of its text finds. What
holds a command is the confinement of its processes; these rules give a clear answer before it is needed. Pure.
"""

import re
import shlex
from collections.abc import Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from posixpath import basename, normpath

from oxios_kernel.domain.access import AccessRequest, Decision, Layer
from oxios_kernel.domain.path import denying_pattern, relative_path
from oxios_kernel.policy.closed import Closed

__all__ = ["check_command", "programs"]

_BREAKS = re.compile(r"[;&|()\n]+")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_PREFIXES = frozenset(("!", "{", "do", "elif", "else", "if", "then", "until", "while")).union(
    ("builtin", "command", "env", "exec", "nice", "nohup", "setsid", "stdbuf", "time", "timeout", "xargs")
)
"""Words before a program that are not the program that matters."""

_JOINED_PATHS = re.compile(r"[=<>:,\s]+")
"""What stands between paths in one word: `if=a`, `>a`, `a:b`."""

_AROUND_PATHS = re.compile(r"[=<>:,;&|(){}\[\]'\"`$\s]+")
"""What stands around paths in a program's text that is one word: `open('a').read()`."""

_HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(\w+)\1([^\n]*)\n.*?^\s*\2$", re.DOTALL | re.MULTILINE)
_RAW_DEVICE = re.compile(
    r"(?:>\s*|\bof=)[\"']?/dev/(?:[shv]d[a-z]|xvd[a-z]|nvme\d|mmcblk\d|disk\d|r?disk|mapper/|k?mem\b)"
)


def check_command(
    request: AccessRequest,
    denied: Collection[str],
    denied_paths: Collection[str] = (),
    closed: Closed | None = None,
) -> Decision | None:
    """Return the refusal, `None` when the call has no command or no rule is against it.

    Args:
        request: the call.
        denied: programs that may not be started, as glob patterns of their names.
        denied_paths: paths below the run's folder that may not be named.
        closed: what nobody may name; but for the run's own kept outputs.
    """
    command = (request.call.arguments or {}).get(request.spec.command or "")
    if not isinstance(command, str):
        return None
    return (
        _check_programs(command, denied)
        or _check_words(command, str(request.root), denied_paths)
        or (_check_closed(command, closed, str(request.kept)) if closed and closed.places else None)
    )


def _check_programs(command: str, denied: Collection[str]) -> Decision | None:
    if _RAW_DEVICE.search(command):
        return _refused("the command writes to a disk or to memory past the file system", None)
    for program in programs(command):
        for pattern in denied:
            if fnmatchcase(program, pattern) or program.startswith(f"{pattern}."):
                return _refused(
                    f"the command starts {program!r}, which is on the list of denied commands",
                    f"take {pattern!r} out of security.denied_commands (oxios config set security.denied_commands …)",
                )
    return None


def _check_words(command: str, root: str, denied: Collection[str]) -> Decision | None:
    for part in _parts(command, _JOINED_PATHS) if denied else ():
        path = _below(part, root)
        if path and (pattern := denying_pattern(path, denied)):
            return _refused(
                f"the command names {part!r}, which fits {pattern!r} on the list of denied paths",
                f"take {pattern!r} out of security.denied_paths (oxios config set security.denied_paths …)",
            )
    return None


def _check_closed(command: str, closed: Closed, kept: str) -> Decision | None:
    for part in (*_words(command), *_parts(command, _AROUND_PATHS)):
        if closed.hides(part) and not normpath(part).startswith(f"{kept}/"):
            rule = f"the command names {part!r}, which is where Oxios keeps its own files; no tool may reach them"
            return _refused(rule, None)
    return None


def _parts(command: str, between: re.Pattern[str]) -> Iterator[str]:
    for word in _words(command):
        yield from filter(None, between.split(word))


def _below(part: str, root: str) -> str | None:
    try:
        return relative_path(part, (root,))
    except ValueError:
        return None  # it cannot be a path


def programs(command: str) -> Sequence[str]:
    """Return the names, without folders, of the programs that a command line starts as far as its text tells."""
    found, expected = [], True
    for word in _words(_HERE_DOCUMENT.sub(r"\3", command)):
        if _BREAKS.fullmatch(word):
            expected = True
        elif expected and word not in _PREFIXES and not _is_before_program(word):
            found.append(basename(word))
            expected = False
    return found


def _words(command: str) -> Sequence[str]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars=";&|()\n")
    lexer.whitespace = " \t\r"
    lexer.commenters = ""
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:  # a quote without its end; the shell will say so
        return command.split()


def _is_before_program(word: str) -> bool:
    return word.startswith("-") or word.isdecimal() or _ASSIGNMENT.match(word) is not None


def _refused(rule: str, remedy: str | None) -> Decision:
    return Decision(allowed=False, layer=Layer.EXEC, rule=rule, remedy=remedy)
