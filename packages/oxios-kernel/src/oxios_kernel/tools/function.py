"""Typed asynchronous functions as tools: the schema comes from the model of the arguments, the description from the
docstring, and what a model calls wrongly is answered with what was expected.

    class Greeting(Arguments):
        name: str = Field(description="Who is greeted")

    async def greet(arguments: Greeting, context: ToolContext) -> str:
        \"\"\"Greet somebody.\"\"\"
        return f"Hello {arguments.name}"

    tools = FunctionTools([tool(greet, capability="talk", repeat=Repeat.PURE)])

Every built-in tool is made this way. Knows nothing of gate, audit and limits: those are wrappers.
"""

import inspect
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, get_type_hints

from pydantic import BaseModel, ConfigDict, ValidationError

from oxios_kernel.domain.fact import Json, JsonObject
from oxios_kernel.domain.tool import PathArgument, Repeat, ToolCall, ToolResult, ToolSpec, ToolStatus
from oxios_kernel.errors import InputError, NotFound, ToolFailed
from oxios_kernel.ports.toolset import ToolContext
from oxios_kernel.tools.cutting import clean, cut_end

__all__ = ["Arguments", "FunctionTools", "Tool", "tool"]

logger = logging.getLogger(__name__)

_SHOWN_CHARACTERS = 120
"""How much of a wrong value is quoted back to the model."""


class Arguments(BaseModel):
    """The base of all arguments: frozen, and what is not a field is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


A = TypeVar("A", bound=Arguments)
Run = Callable[[A, ToolContext], Awaitable[str | ToolResult]]
"""What a tool does: it gets its arguments and where it happens, and returns the text for the model or a result."""


@dataclass(frozen=True, kw_only=True)
class Tool:
    """One function as a tool; made by `tool`."""

    spec: ToolSpec
    arguments: type[Arguments]
    run: Callable[[Any, ToolContext], Awaitable[str | ToolResult]]


def tool(
    run: Run[A],
    *,
    capability: str,
    repeat: Repeat,
    paths: Sequence[PathArgument] = (),
    command: str | None = None,
    timeout_seconds: float | None = None,
) -> Tool:
    """Make a tool of a function, which gives it its name, description (the docstring) and arguments.

    Args:
        run: the function; its first parameter is annotated with a subclass of `Arguments`.
        capability: what an agent must hold to call it.
        repeat: whether a call may happen again.
        paths: the arguments that are paths.
        command: the argument that is a shell command.
        timeout_seconds: the longest a call may take; `None` for the setting.
    """
    first = next(iter(inspect.signature(run).parameters))
    arguments: type[Arguments] = get_type_hints(run)[first]
    spec = ToolSpec(
        name=run.__name__,
        description=inspect.getdoc(run) or "",
        parameters=_schema(arguments),
        repeat=repeat,
        capability=capability,
        paths=tuple(paths),
        command=command,
        timeout_seconds=timeout_seconds,
    )
    return Tool(spec=spec, arguments=arguments, run=run)


class FunctionTools:
    """A toolset of functions; an `oxios_kernel.ports.toolset.Toolset`."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self._tools = {tool.spec.name: tool for tool in tools}

    def specs(self) -> tuple[ToolSpec, ...]:
        return tuple(tool.spec for tool in self._tools.values())

    async def call(self, call: ToolCall, context: ToolContext, /) -> ToolResult:
        """Carry a call out.

        Errors that are no business of the tool (`JournalError`, `LeaseLost`, …) are raised.
        """
        tool = self._tools[call.name]
        if call.arguments is None:
            raw = cut_end(call.raw, _SHOWN_CHARACTERS)
            return _failed(f"The arguments of {call.name} must be one JSON object; what came is {raw!r}.", tool)
        if not _is_text(call.arguments):
            return _failed(f"The arguments of {call.name} hold half a character (a lone surrogate).", tool)
        try:
            arguments = tool.arguments.model_validate(call.arguments)
        except ValidationError as error:
            return _failed(f"The arguments of {call.name} are wrong: {_complaints(error)}.", tool)
        try:
            said = await tool.run(arguments, context)
        except (ToolFailed, InputError, NotFound) as error:
            return ToolResult(text=clean(_sentence(error)), status=ToolStatus.FAILED)
        return ToolResult(text=clean(said)) if isinstance(said, str) else said


def _is_text(arguments: JsonObject) -> bool:
    try:
        json.dumps(arguments, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _sentence(error: ToolFailed | InputError | NotFound) -> str:
    return f"{error.message.rstrip('.')}. {error.hint}" if error.hint else error.message


def _failed(complaint: str, tool: Tool) -> ToolResult:
    return ToolResult(text=clean(f"{complaint} Expected: {_expected(tool.spec)}."), status=ToolStatus.FAILED)


def _complaints(error: ValidationError) -> str:
    return "; ".join(_complaint(one["loc"], one["msg"], one["input"]) for one in error.errors(include_url=False))


def _complaint(where: Sequence[int | str], message: str, came: Any) -> str:
    name = ".".join(str(part) for part in where)
    if message == "Field required":
        return f"{name!r} is missing"
    if message == "Extra inputs are not permitted":
        return f"there is no argument {name!r}"
    return f"{name!r}: {message}; what came is {cut_end(repr(came), _SHOWN_CHARACTERS)}"


def _expected(spec: ToolSpec) -> str:
    properties, required = spec.parameters.get("properties"), spec.parameters.get("required")
    if not isinstance(properties, dict) or not properties:
        return "no arguments"
    must = required if isinstance(required, list) else []
    return ", ".join(_expected_one(name, about, name in must) for name, about in properties.items())


def _expected_one(name: str, about: Json, must: bool) -> str:
    details = about if isinstance(about, dict) else {}
    kind = details.get("type", "any value")
    return f"{name} ({kind}, required)" if must else f"{name} ({kind}, otherwise {details.get('default')!r})"


def _schema(arguments: type[BaseModel]) -> JsonObject:
    """Return the JSON Schema without the titles, which only repeat the names and cost tokens in every call."""
    schema: JsonObject = arguments.model_json_schema()
    schema.pop("title", None)
    schema.pop("description", None)
    properties = schema.setdefault("properties", {})
    assert isinstance(properties, dict)
    for about in properties.values():
        if isinstance(about, dict):
            about.pop("title", None)
    return schema
