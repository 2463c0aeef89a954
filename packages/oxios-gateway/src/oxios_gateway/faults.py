"""An exception → what the person is told: a sentence, a kind, and what they can do.

Decides by type only, never by the words of a message. Which class is of which kind is handed in by whoever assembles
the product, because the classes are not ours. Of what nobody has classified the person learns a reference, and the
log the rest.
"""

import logging
from collections.abc import Iterator, Mapping
from uuid import uuid4

from oxios_gateway.message import ErrorKind, UserFacingError

__all__ = ["Faults"]

logger = logging.getLogger(__name__)

SUGGESTIONS: Mapping[ErrorKind, str] = {
    ErrorKind.PROVIDER_ERROR: "Try again in a minute or two, or choose another model.",
    ErrorKind.CREDENTIALS: "Set the API key of the model's provider, or choose another model.",
    ErrorKind.TIMEOUT: "Ask for less at once, or allow more time.",
    ErrorKind.PERMISSION_DENIED: "Ask whoever runs this Oxios for the permission.",
    ErrorKind.BUDGET_EXCEEDED: "Raise the budget, or wait until it is renewed.",
    ErrorKind.INTERRUPTED: "Send the message again to go on.",
    ErrorKind.BUSY: "Wait for an answer, then send the message again.",
}

SENTENCES: Mapping[ErrorKind, str] = {
    ErrorKind.TIMEOUT: "The work took longer than it may, so it was stopped.",
    ErrorKind.INTERRUPTED: "The work was stopped before it was done.",
}
"""For errors that come without words, as `TimeoutError()` does."""


class Faults:
    """Says what an exception means to the person who asked.

    Args:
        table: exception class → its kind, and what the person can do (`None`: what suits the kind). The class
            nearest in the exception's ancestry decides.
    """

    def __init__(self, table: Mapping[type[BaseException], tuple[ErrorKind, str | None]] | None = None) -> None:
        self._table: dict[type[BaseException], tuple[ErrorKind, str | None]] = {
            TimeoutError: (ErrorKind.TIMEOUT, None),
            **(table or {}),
        }

    def explain(self, error: BaseException) -> UserFacingError:
        """Find the first classified exception from `error` through its causes.

        An exception is classified when the table knows its class, or when it carries a `kind` that is an
        `ErrorKind`. A `hint` it carries is the suggestion. An unclassified error is logged in full.
        """
        for cause in _chain(error):
            classified = self._classify(cause)
            if classified is not None:
                kind, suggestion = classified
                hint = getattr(cause, "hint", None)
                return fault(kind, str(cause), hint if isinstance(hint, str) else suggestion)
        return _internal(error)

    def _classify(self, error: BaseException) -> tuple[ErrorKind, str | None] | None:
        kind = getattr(error, "kind", None)
        if isinstance(kind, ErrorKind):
            return kind, None
        return next((self._table[cls] for cls in type(error).__mro__ if cls in self._table), None)


def fault(kind: ErrorKind, message: str = "", suggestion: str | None = None) -> UserFacingError:
    """Build an error of a known kind, with the kind's own words where none are given."""
    return UserFacingError(
        kind=kind,
        message=message.strip() or SENTENCES.get(kind, "The message could not be answered."),
        suggestion=suggestion or SUGGESTIONS.get(kind),
    )


def _internal(error: BaseException) -> UserFacingError:
    reference = uuid4().hex[:8]
    logger.error("unexpected error, reference %s", reference, exc_info=error)
    message = f"Something went wrong inside Oxios. The log says more under the reference {reference}."
    return fault(ErrorKind.INTERNAL, message)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an exception, then what it groups, then what it came from; each once."""
    waiting, met = [error], set[int]()
    while waiting:
        current = waiting.pop(0)
        if id(current) in met:
            continue
        met.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
        cause = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        if cause is not None:
            waiting.append(cause)
