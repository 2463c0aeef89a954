"""Functions as tools: what a model is promised, and what it is told when it calls wrongly."""

from typing import Literal

import pytest
from anyio.lowlevel import checkpoint
from oxios_kernel.domain.fact import JsonObject
from oxios_kernel.domain.tool import Repeat, ToolCall, ToolResult, ToolStatus
from oxios_kernel.errors import JournalError, NotFound, ToolFailed
from oxios_kernel.ports.toolset import ToolContext
from oxios_kernel.tools import Arguments, FunctionTools, tool
from pydantic import Field

pytestmark = pytest.mark.anyio


class Greeting(Arguments):
    name: str = Field(description="Who is greeted")
    times: int = Field(default=1, ge=1, le=3)
    tone: Literal["kind", "cold"] = "kind"


async def greet(arguments: Greeting, context: ToolContext) -> str:
    """Greet somebody."""
    await checkpoint()
    match arguments.name:
        case "nobody":
            raise ToolFailed("nobody cannot be greeted", hint="Name somebody")
        case "stranger":
            raise NotFound("there is no such person")
        case "shy":
            raise ToolFailed("The shy are not greeted.", hint="Wave instead.")
        case "half":
            return "half \ud800"
        case "disk":
            raise JournalError("the disk is gone")
    return f"{arguments.tone} hello {arguments.name} from {context.principal}" * arguments.times


TOOLS = FunctionTools([tool(greet, capability="exec", repeat=Repeat.PURE, timeout_seconds=5)])


def test_the_promise_is_read_off_the_function() -> None:
    (spec,) = TOOLS.specs()
    assert (spec.name, spec.description, spec.capability, spec.timeout_seconds) == (
        "greet",
        "Greet somebody.",
        "exec",
        5,
    )
    assert spec.parameters == {
        "type": "object",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "description": "Who is greeted"},
            "times": {"type": "integer", "default": 1, "minimum": 1, "maximum": 3},
            "tone": {"type": "string", "enum": ["kind", "cold"], "default": "kind"},
        },
    }


async def greeted(context: ToolContext, arguments: JsonObject | None, raw: str = "") -> ToolResult:
    return await TOOLS.call(ToolCall(id="1", name="greet", arguments=arguments, raw=raw), context)


async def test_right_arguments_reach_the_function(context: ToolContext) -> None:
    result = await greeted(context, {"name": "세상", "tone": "cold"})
    assert result == ToolResult(text="cold hello 세상 from somebody")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ({}, "'name' is missing"),
        ({"name": 3}, "'name': Input should be a valid string; what came is 3"),
        ({"name": "a", "times": "many"}, "'times': Input should be a valid integer"),
        ({"name": "a", "times": 9}, "'times': Input should be less than or equal to 3; what came is 9"),
        ({"name": "a", "tone": "loud"}, "'tone': Input should be 'kind' or 'cold'; what came is 'loud'"),
        ({"name": "a", "volume": 3}, "there is no argument 'volume'"),
        ({"name": "a\ud800"}, "half a character"),
    ],
)
async def test_wrong_arguments_are_answered_with_what_was_expected(
    context: ToolContext, arguments: JsonObject, complaint: str
) -> None:
    result = await greeted(context, arguments)
    assert result.status is ToolStatus.FAILED
    assert complaint in result.text
    assert "Expected: name (string, required), times (integer, otherwise 1), tone (string" in result.text


async def test_arguments_that_are_no_object_are_quoted_in_part(context: ToolContext) -> None:
    result = await greeted(context, None, raw='{"name": ' + "x" * 10_000)
    assert result.status is ToolStatus.FAILED
    assert 'must be one JSON object; what came is \'{"name": xxx' in result.text
    assert len(result.text) < 500


@pytest.mark.parametrize(
    ("name", "status", "text"),
    [
        ("nobody", ToolStatus.FAILED, "nobody cannot be greeted. Name somebody"),
        ("stranger", ToolStatus.FAILED, "there is no such person"),
        ("shy", ToolStatus.FAILED, "The shy are not greeted. Wave instead."),
        ("half", ToolStatus.OK, "half \ufffd"),
    ],
)
async def test_what_goes_wrong_in_the_tools_own_business_is_a_result(
    context: ToolContext, name: str, status: ToolStatus, text: str
) -> None:
    assert await greeted(context, {"name": name}) == ToolResult(text=text, status=status)


async def test_what_is_no_business_of_the_tool_is_raised(context: ToolContext) -> None:
    with pytest.raises(JournalError):
        await greeted(context, {"name": "disk"})
