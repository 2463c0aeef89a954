import subprocess
import sys

import pytest
from oxios_cli import ExitCode, exit_code, outcome
from oxios_gateway import ErrorKind, ReplyMeta, UserFacingError


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (ErrorKind.VALIDATION_ERROR, 2),
        (ErrorKind.CREDENTIALS, 3),
        (ErrorKind.PROVIDER_ERROR, 4),
        (ErrorKind.BUSY, 4),
        (ErrorKind.PERMISSION_DENIED, 6),
        (ErrorKind.BUDGET_EXCEEDED, 6),
        (ErrorKind.TIMEOUT, 124),
        (ErrorKind.INTERRUPTED, 130),
        (ErrorKind.EXECUTION_FAILED, 1),
        (ErrorKind.INTERNAL, 1),
    ],
)
def test_a_kind_of_error_has_its_exit_code(kind: ErrorKind, code: int) -> None:
    assert exit_code(kind) == code
    assert outcome(ReplyMeta(error=UserFacingError(message="m", kind=kind))) == code


def test_every_kind_of_error_has_been_given_an_exit_code() -> None:
    assert all(exit_code(kind) is not ExitCode.DONE for kind in ErrorKind)
    assert exit_code("SomethingNew") is ExitCode.NOT_PASSED


@pytest.mark.parametrize(
    ("meta", "judged", "code"),
    [
        (ReplyMeta(phase="chat"), True, ExitCode.DONE),
        (ReplyMeta(phase="evaluate", evaluation_passed=True), True, ExitCode.DONE),
        (ReplyMeta(phase="evaluate", evaluation_passed=False), False, ExitCode.DONE),
        (ReplyMeta(phase="evaluate", evaluation_passed=False), True, ExitCode.NOT_PASSED),
        (ReplyMeta(phase="interview", questions=("Which?",), evaluation_passed=False), True, ExitCode.NEEDS_ANSWER),
    ],
)
def test_an_answer_has_its_exit_code(meta: ReplyMeta, judged: bool, code: ExitCode) -> None:
    assert outcome(meta, judged=judged) is code


def test_an_exit_code_costs_no_import_of_the_gateway() -> None:
    asked = "import sys, oxios_cli; oxios_cli.ExitCode; print({'oxios_gateway', 'rich'} & set(sys.modules))"

    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, timeout=60)

    assert done.stdout == "set()\n", done.stderr
