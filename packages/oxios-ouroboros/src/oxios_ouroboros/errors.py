"""The errors of this distribution, one tree.

Everything raised on purpose is an `OuroborosError`. The message says what was expected, what came and what
to do next. A caller that only wants to know "did the protocol refuse this?" catches the root; whatever the
caller's own `Complete` or `Examine` raises apart from `CompletionFailed` passes through untouched.
"""

__all__ = [
    "CompletionFailed",
    "InterviewError",
    "LineageError",
    "OuroborosError",
    "ReplyUnreadable",
    "SettingsError",
]


class OuroborosError(Exception):
    """The root of every error this distribution raises on purpose."""


class CompletionFailed(OuroborosError):
    """The model did not answer; raised by a `Complete` to send the protocol into degraded mode.

    Raise it when going on by rule is better than stopping (timeout, provider down, answer refused). Let
    errors a person must act on, such as a wrong key, pass as your own exception.
    """


class InterviewError(OuroborosError):
    """A request or a set of answers that the interview cannot take."""


class LineageError(OuroborosError):
    """A generation was judged twice, or evolved before it was judged."""


class ReplyUnreadable(OuroborosError):
    """A model's reply holds no single JSON value; the message is the problem in one sentence."""


class SettingsError(OuroborosError):
    """A protocol setting outside its range."""
