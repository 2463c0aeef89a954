"""Every error has its exit code and its kind; what nobody expected is told with a reference to the log."""

import logging

import pytest
from oxios.failures import MEANINGS, explain
from oxios_gateway import ErrorKind, Faults
from oxios_kernel import errors
from oxios_kernel.errors import CredentialsMissing, InputError, LeaseLost, ModelUnavailable


@pytest.mark.parametrize("name", errors.__all__)
def test_every_error_of_the_kernel_is_in_the_table(name: str) -> None:
    cls = getattr(errors, name)
    assert any(base in MEANINGS for base in cls.__mro__)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InputError("wrong"), 2),
        (LeaseLost("gone"), 2),
        (CredentialsMissing("no key"), 3),
        (FileNotFoundError(2, "No such file", "x"), 3),
        (ModelUnavailable("away"), 4),
        (TimeoutError("late"), 124),
        (KeyboardInterrupt(), 130),
    ],
)
def test_the_nearest_class_decides_the_exit_code_also_inside_a_group(error: BaseException, code: int) -> None:
    grouped = BaseExceptionGroup("several", [BaseExceptionGroup("inner", [error])])
    assert explain(error).code == explain(grouped).code == code


def test_a_hint_stays_with_its_sentence() -> None:
    failure = explain(InputError("It is empty.", hint="Fill it."))
    assert (failure.message, failure.hint) == ("It is empty.", "Fill it.")


def test_an_unexpected_error_is_logged_whole_under_the_reference_that_is_told(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        failure = explain(ZeroDivisionError("secret detail"))
    [record] = caplog.records
    reference = failure.message.rstrip(".").split()[-1]
    assert (failure.code, "secret detail" in failure.message) == (70, False)
    assert reference in record.getMessage()
    assert record.exc_info is not None


def test_a_channel_is_told_the_kind_of_the_same_table() -> None:
    faults = Faults({error: (kind, None) for error, (_, kind) in MEANINGS.items()})
    told = faults.explain(CredentialsMissing("there is no key", hint="set one"))
    assert (told.kind, told.message, told.suggestion) == (ErrorKind.CREDENTIALS, "there is no key", "set one")
