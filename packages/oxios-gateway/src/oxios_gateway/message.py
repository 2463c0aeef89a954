"""What travels between a channel and the gateway: messages, and what is told about a reply.

These models meet JSON: a field that is `None`, and an empty list of questions or verdicts, is left out; times are
UTC and end in `Z`. They know nothing of how a message is answered. Channels build `Incoming` and show `Outgoing`.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import uuid4

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    model_serializer,
)

__all__ = ["ErrorKind", "Incoming", "MetadataKey", "Outgoing", "ReplyMeta", "UserFacingError"]

UtcTime = Annotated[AwareDatetime, AfterValidator(lambda time: time.astimezone(UTC))]


class ErrorKind(StrEnum):
    """What kind of thing went wrong, as far as a person has to know."""

    EXECUTION_FAILED = "ExecutionFailed"
    PROVIDER_ERROR = "ProviderError"
    CREDENTIALS = "Credentials"
    TIMEOUT = "Timeout"
    PERMISSION_DENIED = "PermissionDenied"
    VALIDATION_ERROR = "ValidationError"
    BUDGET_EXCEEDED = "BudgetExceeded"
    INTERRUPTED = "Interrupted"
    BUSY = "Busy"
    INTERNAL = "Internal"


class MetadataKey(StrEnum):
    """The metadata keys the gateway reads. A channel writes them itself; it never copies them from its users."""

    SESSION_ID = "session_id"
    SPACE_ID = "space_id"
    PERSONA_ID = "persona_id"
    MODEL_ID = "model_id"
    WORKDIR = "workdir"
    ACTION = "action"


class _Wire(BaseModel):
    """A frozen model that leaves out what is not there."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    @model_serializer(mode="wrap")
    def _leave_out_absent(self, serialise: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialise(self)
        return {name: value for name, value in fields.items() if value is not None and value not in ((), [])}


class UserFacingError(_Wire):
    """An error in words for the person who asked: what happened, and what they can do."""

    message: str
    kind: ErrorKind
    suggestion: str | None = None


class ReplyMeta(_Wire):
    """What is known about a reply besides its text.

    Attributes:
        phase: where the work ended, in lower case; `"action"` for a switch, empty for an error.
        evaluation_passed: the verdict on the work, `None` when there was nothing to judge.
        duration_ms: milliseconds from the moment the message was accepted, waiting included.
        questions: what has to be answered, in the same session, before the work can go on.
        verdicts: one mapping per criterion: `criterion`, `status`, `evidence`.
        usage: `input_tokens`, `output_tokens`, `cost_usd`, `model_calls`.
    """

    session_id: str | None = None
    space_id: str | None = None
    space_tag: str | None = None
    seed_id: str | None = None
    agent_id: str | None = None
    run_id: str | None = None
    phase: str = ""
    evaluation_passed: bool | None = None
    duration_ms: int | None = None
    error: UserFacingError | None = None
    questions: tuple[str, ...] = ()
    verdicts: tuple[dict[str, JsonValue], ...] = ()
    usage: dict[str, JsonValue] | None = None
    model: str | None = None


def _new_id() -> str:
    return uuid4().hex


def _now() -> datetime:
    return datetime.now(UTC)


class _Message(_Wire):
    id: str = Field(default_factory=_new_id, min_length=1)
    channel: str
    user_id: str
    content: str
    timestamp: UtcTime = Field(default_factory=_now)
    metadata: Mapping[str, str] = Field(default_factory=dict)


class Incoming(_Message):
    """A message from a person. The same id from the same person is answered once, however often it arrives."""


class Outgoing(_Message):
    """A message to a person; the answer to an `Incoming` has its id and its metadata."""

    meta: ReplyMeta | None = None
