import logging

import pytest
from oxios_gateway import ErrorKind, Faults


class ModelError(Exception):
    pass


class RateLimited(ModelError):
    pass


class KeyMissing(ModelError):
    hint = "Set PLAIN_API_KEY."


class Denied(Exception):
    pass


class Invalid(Exception):
    kind = ErrorKind.VALIDATION_ERROR


FAULTS = Faults(
    {
        ModelError: (ErrorKind.PROVIDER_ERROR, None),
        KeyMissing: (ErrorKind.CREDENTIALS, None),
        Denied: (ErrorKind.PERMISSION_DENIED, "Ask Kim."),
    }
)


@pytest.mark.parametrize(
    ("error", "kind", "suggestion"),
    [
        (RateLimited("rate limit exceeded"), ErrorKind.PROVIDER_ERROR, "Try again"),
        (ModelError("provider timeout"), ErrorKind.PROVIDER_ERROR, "another model"),
        (KeyMissing("API key is invalid"), ErrorKind.CREDENTIALS, "Set PLAIN_API_KEY."),
        (Denied("invalid permission"), ErrorKind.PERMISSION_DENIED, "Ask Kim."),
        (TimeoutError("connection timeout"), ErrorKind.TIMEOUT, "allow more time"),
        (Invalid("the path is empty"), ErrorKind.VALIDATION_ERROR, None),
    ],
)
def test_the_type_decides_the_kind_and_the_message_is_told(
    error: Exception, kind: ErrorKind, suggestion: str | None
) -> None:
    told = FAULTS.explain(error)

    assert (told.kind, told.message) == (kind, str(error))
    if suggestion is None:
        assert told.suggestion is None
    else:
        assert suggestion in (told.suggestion or "")


@pytest.mark.parametrize("inner", [TimeoutError(), ExceptionGroup("tasks", [ValueError("x"), TimeoutError()])])
def test_a_cause_decides_where_the_outer_error_says_nothing(inner: Exception) -> None:
    outer = RuntimeError("Agent failed")
    outer.__cause__ = inner

    told = FAULTS.explain(outer)

    assert told.kind is ErrorKind.TIMEOUT
    assert told.message == "The work took longer than it may, so it was stopped."


@pytest.mark.parametrize(("set_aside", "kind"), [(False, ErrorKind.PROVIDER_ERROR), (True, ErrorKind.INTERNAL)])
def test_the_error_being_handled_decides_unless_it_was_set_aside(set_aside: bool, kind: ErrorKind) -> None:
    outer = RuntimeError("Agent failed")
    outer.__context__, outer.__suppress_context__ = RateLimited("rate limit exceeded"), set_aside

    assert FAULTS.explain(outer).kind is kind


def test_causes_that_go_in_a_circle_come_to_an_end() -> None:
    one, two = RuntimeError("one"), RuntimeError("two")
    one.__cause__, two.__cause__ = two, one

    assert FAULTS.explain(one).kind is ErrorKind.INTERNAL


def test_of_an_unknown_error_the_person_gets_a_reference_and_the_log_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        told = FAULTS.explain(RuntimeError("password=hunter2 provider timeout"))

    assert (told.kind, told.suggestion) == (ErrorKind.INTERNAL, None)
    assert "hunter2" not in told.message
    reference = told.message.rstrip(".").rsplit(" ", 1)[-1]
    assert reference in caplog.text
    assert "hunter2" in caplog.text


def test_the_table_may_say_what_a_timeout_is() -> None:
    faults = Faults({TimeoutError: (ErrorKind.PROVIDER_ERROR, "Wait.")})

    assert faults.explain(TimeoutError("slow")).kind is ErrorKind.PROVIDER_ERROR
