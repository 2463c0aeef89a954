"""What happened → the exit code of the command. Imports nothing, so that every command can afford it.

0 done · 1 not done, or judged not passed · 2 usage · 3 configuration or credentials · 4 provider unavailable
5 needs an answer · 6 denied · 124 timeout · 130 interrupted
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from oxios_gateway import ReplyMeta

__all__ = ["ExitCode", "exit_code", "outcome"]


class ExitCode(IntEnum):
    """The exit codes of `oxios`; 124 and 130 are those of `timeout(1)` and of a shell's Ctrl-C."""

    DONE = 0
    NOT_PASSED = 1
    USAGE = 2
    CONFIGURATION = 3
    PROVIDER = 4
    NEEDS_ANSWER = 5
    DENIED = 6
    TIMEOUT = 124
    INTERRUPTED = 130


_OF_KIND: Mapping[str, ExitCode] = {
    "ExecutionFailed": ExitCode.NOT_PASSED,
    "ProviderError": ExitCode.PROVIDER,
    "Credentials": ExitCode.CONFIGURATION,
    "Timeout": ExitCode.TIMEOUT,
    "PermissionDenied": ExitCode.DENIED,
    "ValidationError": ExitCode.USAGE,
    "BudgetExceeded": ExitCode.DENIED,
    "Interrupted": ExitCode.INTERRUPTED,
    "Busy": ExitCode.PROVIDER,
    "Internal": ExitCode.NOT_PASSED,
}


def exit_code(kind: str) -> ExitCode:
    """Return the exit code for a kind of error; of a kind not known it is `NOT_PASSED`."""
    return _OF_KIND.get(kind, ExitCode.NOT_PASSED)


def outcome(meta: "ReplyMeta", *, judged: bool = False) -> ExitCode:
    """Return the exit code for an answer.

    Args:
        judged: whether work that was judged and did not pass is a failure (`--exit-code`).
    """
    if meta.error is not None:
        return exit_code(meta.error.kind)
    if meta.questions:
        return ExitCode.NEEDS_ANSWER
    if judged and meta.evaluation_passed is False:
        return ExitCode.NOT_PASSED
    return ExitCode.DONE
