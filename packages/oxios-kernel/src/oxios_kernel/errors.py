"""The kernel's errors, split by what the caller does next.

    KernelError
    ├── InputError              the request itself is wrong: change it                      (usage)
    ├── ConfigError             a setting is wrong: mend it                                 (configuration)
    ├── HomeError               the home cannot be read or written                          (configuration)
    │   └── HomeHosted          another kernel is the host of the home
    ├── NotFound                no such session, persona, run, model
    ├── Conflict                somebody else changed or holds it
    │   ├── LeaseLost           another host works on the run: stop
    │   └── IllegalTransition   a run may not go from this state to that
    ├── JournalError            the journal cannot be read or written
    │   ├── JournalMismatch     one name, two contents: a fault of the program, never guessed around
    │   └── OutcomeUnknown      an effect that may happen once was begun and its end is not known
    ├── Denied                  the gate said no
    ├── BudgetExhausted         what may be spent is spent: pause and ask, or stop
    ├── ToolFailed              a tool could not do it: the model is told
    ├── Halted                  the run obeyed a signal: it is paused or was killed
    ├── AgentStopped            a turn's agent was killed or has failed: there is nothing to judge
    └── ModelError              a model call failed
        ├── CredentialsMissing, CredentialsRefused       (credentials)
        ├── ModelUnknown        no such model or provider
        ├── RateLimited         try later; carries retry_after_seconds
        ├── ContextTooLong      the transcript does not fit: compact it
        ├── ContentRefused      the provider refuses the content
        ├── ModelTimeout, ModelUnavailable               (provider)
        │   └── CircuitOpen     it failed again and again: not asked for a while
        └── ModelMalformed      the reply made no sense

The message of each is one sentence: what was expected, what came, what to do next. None of them knows of exit codes or
HTTP; the doors map the classes.
"""

from datetime import datetime

from oxios_kernel.domain.run import RunState

__all__ = [
    "AgentStopped",
    "BudgetExhausted",
    "CircuitOpen",
    "ConfigError",
    "Conflict",
    "ContentRefused",
    "ContextTooLong",
    "CredentialsMissing",
    "CredentialsRefused",
    "Denied",
    "Halted",
    "HomeError",
    "HomeHosted",
    "IllegalTransition",
    "InputError",
    "JournalError",
    "JournalMismatch",
    "KernelError",
    "LeaseLost",
    "ModelError",
    "ModelMalformed",
    "ModelTimeout",
    "ModelUnavailable",
    "ModelUnknown",
    "NotFound",
    "OutcomeUnknown",
    "RateLimited",
    "ToolFailed",
]


class KernelError(Exception):
    """The root of the tree. `hint` says what to do next, `None` when the message does already."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class InputError(KernelError):
    """The request itself is wrong: empty, too large, not text, a path that may not be a root."""


class ConfigError(KernelError):
    """A setting cannot be used, or the file cannot be read; says where."""


class HomeError(KernelError):
    """The home folder or its database cannot be read or written."""


class HomeHosted(HomeError):
    """Another kernel is the host of the home; the message names its process and since when."""


class NotFound(KernelError):
    """What was named does not exist."""


class Conflict(KernelError):
    """Somebody else changed it or holds it."""


class LeaseLost(Conflict):
    """The run is another host's now; whoever gets this stops working on it."""


class IllegalTransition(Conflict):
    """A run may not go from the state it is in to the one asked for."""


class JournalError(KernelError):
    """The journal cannot be read or written: disk full, locked for too long, damaged."""


class JournalMismatch(JournalError):
    """A recorded effect has the same name and another content."""


class OutcomeUnknown(JournalError):
    """An effect that may happen only once was begun before a crash, and nobody knows whether it happened."""


class Denied(KernelError):
    """The gate refused; the message is the rule, the hint the setting that would allow it."""


class BudgetExhausted(KernelError):
    """A model call does not fit into a budget; the hint says how to raise it.

    Attributes:
        scope: whose budget it is, such as `agent:ID` or `global`.
        ask: whether to pause and ask a person, who may raise it; else stop.
        resets_at: when its window ends, `None` for never.
    """

    def __init__(self, message: str, *, scope: str, ask: bool, resets_at: datetime | None, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.scope = scope
        self.ask = ask
        self.resets_at = resets_at


class Halted(KernelError):
    """The run obeyed a signal.

    Attributes:
        state: the state it is in now: paused or killed.
    """

    def __init__(self, message: str, state: RunState) -> None:
        super().__init__(message, hint="`oxios agent resume RUN_ID` lets a paused run go on.")
        self.state = state


class AgentStopped(KernelError):
    """The agent of a turn was killed, or has failed by a fault: the turn has nothing to judge."""


class ToolFailed(KernelError):
    """A tool could not do what it was asked; the text is for the model."""


class ModelError(KernelError):
    """A model call failed.

    Attributes:
        model: the model id that was called.
        retry: whether the same call may succeed later.
    """

    retry = False

    def __init__(self, message: str, *, model: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.model = model


class CredentialsMissing(ModelError):
    """There is no key for the provider."""


class CredentialsRefused(ModelError):
    """The provider refuses the key (401, 403)."""


class ModelUnknown(ModelError):
    """No such provider or model; the hint names the nearest."""


class RateLimited(ModelError):
    """Too many requests or tokens (429).

    Attributes:
        retry_after_seconds: what the provider asked to wait, `None` when it did not say.
    """

    retry = True

    def __init__(
        self,
        message: str,
        *,
        model: str = "",
        hint: str | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        super().__init__(message, model=model, hint=hint)
        self.retry_after_seconds = retry_after_seconds


class ContextTooLong(ModelError):
    """The transcript is longer than the model's context."""


class ContentRefused(ModelError):
    """The provider's content filter refused request or answer."""


class ModelTimeout(ModelError):
    """No answer within the deadline."""

    retry = True


class ModelUnavailable(ModelError):
    """The provider cannot be reached, answers 5xx, or the reply was cut."""

    retry = True


class CircuitOpen(ModelUnavailable):
    """The model failed so often that it is not asked for a while; another model may be.

    Attributes:
        retry_after_seconds: when it may be asked again at the earliest.
    """

    retry = False

    def __init__(self, message: str, *, model: str, retry_after_seconds: float) -> None:
        super().__init__(message, model=model)
        self.retry_after_seconds = retry_after_seconds


class ModelMalformed(ModelError):
    """The reply is not what the protocol promises."""

    retry = True
