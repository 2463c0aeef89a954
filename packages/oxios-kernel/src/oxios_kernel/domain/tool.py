"""Tools as facts: what a tool promises (`ToolSpec`), what a model asks of it (`ToolCall`), what came of it
(`ToolResult`). The tools themselves are toolsets (`ports/toolset.py`)."""

import json
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from oxios_kernel.domain.fact import Fact, JsonObject

__all__ = ["PathArgument", "Repeat", "ToolCall", "ToolResult", "ToolSpec", "ToolStatus"]


class Repeat(StrEnum):
    """Whether an effect may happen again when it is unknown whether it happened.

    `PURE` changes nothing and may run again and beside others. `IDEMPOTENT` may run again: the second time changes
    nothing more. `ONCE` is never run again by itself; in doubt the model (or a person) is told.
    """

    PURE = "pure"
    IDEMPOTENT = "idempotent"
    ONCE = "once"


@dataclass(frozen=True, kw_only=True)
class PathArgument:
    """An argument of a tool that names a file or folder below the run's root.

    Attributes:
        name: the argument.
        writes: whether the tool may change what is there.
    """

    name: str
    writes: bool = False


@dataclass(frozen=True, kw_only=True)
class ToolSpec:
    """What a tool promises to the model, the gate and the journal.

    Attributes:
        name: what the model calls it; unique in a toolset.
        description: for the model.
        parameters: JSON Schema of the arguments, an object.
        repeat: whether a call may be repeated after a crash; calls of one turn run side by side when all are pure.
        capability: what an agent must hold to call it, such as `files.read`.
        paths: the arguments that are paths, which the gate checks before the call.
        command: the argument that is a shell command, which the exec rules check, or `None`.
        timeout_seconds: the longest a call may take, `None` for the setting `tools.timeout_seconds`.
    """

    name: str
    description: str
    parameters: JsonObject
    repeat: Repeat
    capability: str
    paths: tuple[PathArgument, ...] = ()
    command: str | None = None
    timeout_seconds: float | None = field(default=None)

    @cached_property
    def characters(self) -> int:
        """How many characters of a request it takes; counted once, since every step of every agent offers it."""
        return len(self.name) + len(self.description) + len(json.dumps(self.parameters))


class ToolCall(Fact):
    """A call as the model wrote it.

    Attributes:
        id: the provider's name of the call, unique in its turn.
        name: the tool's name; it need not exist.
        arguments: the parsed arguments, `None` when `raw` is not a JSON object.
        raw: the arguments as they came.
    """

    id: str
    name: str
    arguments: JsonObject | None
    raw: str = ""


class ToolStatus(StrEnum):
    """How a call ended. Everything but `OK` is told to the model in the result's text."""

    OK = "ok"
    FAILED = "failed"
    DENIED = "denied"
    TIMED_OUT = "timed_out"
    UNKNOWN = "unknown"


class ToolResult(Fact):
    """What the model is told about a call.

    Attributes:
        text: the output, cut to the limit by characters.
        status: how the call ended.
        kept: where the full output is when `text` was cut, a path below the run's root or the home; else `None`.
        exit_code: a command's exit status where there was one.
        rule: the rule that denied the call, when it was denied.
        letters: the numbers of the letters to the agent that the text tells it; it is not told them again.
    """

    text: str
    status: ToolStatus = ToolStatus.OK
    kept: str | None = None
    exit_code: int | None = None
    rule: str | None = None
    letters: tuple[int, ...] = ()
