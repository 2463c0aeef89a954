"""An exception → what the person is told, what a script gets as exit code, and what a channel shows: one table.

Decides by class only; the class nearest in an exception's ancestry counts. The program's end (`program.py`), the ending
of a task (`task.py`) and the gateway's words (`assemble.py`) all come from here.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from oxios_cli.exits import ExitCode
from oxios_gateway import ErrorKind
from oxios_kernel.errors import (
    AgentStopped,
    BudgetExhausted,
    ConfigError,
    Conflict,
    CredentialsMissing,
    CredentialsRefused,
    Denied,
    Halted,
    HomeError,
    InputError,
    JournalError,
    JournalMismatch,
    KernelError,
    ModelError,
    ModelUnknown,
    NotFound,
)

__all__ = ["FAULT", "MEANINGS", "PIPE_CLOSED", "Failure", "explain", "innermost"]

logger = logging.getLogger(__name__)

FAULT = 70
"""The exit code for a fault in Oxios itself (`EX_SOFTWARE` of BSD's `sysexits.h`)."""

PIPE_CLOSED = 141
"""The exit code when nobody reads the answer any more: 128 and the number of SIGPIPE, as a shell counts it."""

MEANINGS: Mapping[type[BaseException], tuple[int, ErrorKind]] = {
    InputError: (ExitCode.USAGE, ErrorKind.VALIDATION_ERROR),
    NotFound: (ExitCode.USAGE, ErrorKind.VALIDATION_ERROR),
    Conflict: (ExitCode.USAGE, ErrorKind.BUSY),
    ConfigError: (ExitCode.CONFIGURATION, ErrorKind.EXECUTION_FAILED),
    HomeError: (ExitCode.CONFIGURATION, ErrorKind.EXECUTION_FAILED),
    JournalError: (ExitCode.CONFIGURATION, ErrorKind.EXECUTION_FAILED),
    JournalMismatch: (FAULT, ErrorKind.INTERNAL),
    CredentialsMissing: (ExitCode.CONFIGURATION, ErrorKind.CREDENTIALS),
    CredentialsRefused: (ExitCode.CONFIGURATION, ErrorKind.CREDENTIALS),
    ModelUnknown: (ExitCode.CONFIGURATION, ErrorKind.VALIDATION_ERROR),
    ModelError: (ExitCode.PROVIDER, ErrorKind.PROVIDER_ERROR),
    KernelError: (FAULT, ErrorKind.EXECUTION_FAILED),
    Denied: (ExitCode.DENIED, ErrorKind.PERMISSION_DENIED),
    Halted: (ExitCode.INTERRUPTED, ErrorKind.INTERRUPTED),
    AgentStopped: (ExitCode.NOT_PASSED, ErrorKind.EXECUTION_FAILED),
    BudgetExhausted: (ExitCode.DENIED, ErrorKind.BUDGET_EXCEEDED),
    OSError: (ExitCode.CONFIGURATION, ErrorKind.EXECUTION_FAILED),
    TimeoutError: (ExitCode.TIMEOUT, ErrorKind.TIMEOUT),
    KeyboardInterrupt: (ExitCode.INTERRUPTED, ErrorKind.INTERRUPTED),
}
"""Exception class → exit code and kind."""

WORDLESS: Mapping[type[BaseException], str] = {
    TimeoutError: "It took longer than it may.",
    KeyboardInterrupt: "Stopped.",
}
"""Sentences for exceptions that come without one."""


@dataclass(frozen=True, kw_only=True)
class Failure:
    """What went wrong, for a person and for a script.

    Attributes:
        message: one sentence.
        hint: what to do next, `None` when the message says it.
        code: the program's exit code.
    """

    message: str
    hint: str | None = None
    code: int


def explain(error: BaseException) -> Failure:
    """Return what an exception means. One that nobody expected is logged in full, and told with a reference to that."""
    error = innermost(error)
    meant = next((cls for cls in type(error).__mro__ if cls in MEANINGS), None)
    if meant is None:
        return _fault(error)
    if meant is OSError:
        return _refused(error)
    hint = getattr(error, "hint", None)
    message = str(error) or WORDLESS.get(meant, type(error).__name__)
    return Failure(message=message, hint=hint, code=MEANINGS[meant][0])


def innermost(error: BaseException) -> BaseException:
    """Return the first error of a group: those beside it were cancelled because of it."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def _refused(error: BaseException) -> Failure:
    """Return what the system's own refusal means: a full disk, a file that may not be read."""
    logger.error("the system refused", exc_info=error)
    name, reason = getattr(error, "filename", None), getattr(error, "strerror", None) or str(error)
    hint = "Free some space or mend the permissions; `oxios doctor` checks what Oxios needs."
    message = f"{reason}: {name}" if name else f"{reason}."
    return Failure(message=message, hint=hint, code=MEANINGS[OSError][0])


def _fault(error: BaseException) -> Failure:
    reference = uuid4().hex[:8]
    logger.error("unexpected error, reference %s", reference, exc_info=error)
    return Failure(
        message=f"Something went wrong inside Oxios ({type(error).__name__}); the log has it under {reference}.",
        hint="`oxios --debug …` shows where it came from.",
        code=FAULT,
    )
