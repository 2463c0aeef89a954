"""Regular expressions in a process of their own: what they find, and that bad ones harm nobody."""

import anyio
import pytest
from oxios_kernel.adapters.matching_process import MatcherProcess
from oxios_kernel.errors import ToolFailed
from oxios_kernel.ports.matching import Pattern

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("pattern", "lines"),
    [
        (Pattern(text="^b"), [1]),
        (Pattern(text="b$"), [1]),
        (Pattern(text="가.라"), [2]),
        (Pattern(text="A"), []),
        (Pattern(text="A", ignore_case=True), [0]),
        (Pattern(text="a.", literal=True), []),
        (Pattern(text="(라", literal=True), [2]),
        (Pattern(text=""), [0, 1, 2, 3]),
    ],
)
async def test_the_lines_that_match_are_told_by_index(pattern: Pattern, lines: list[int]) -> None:
    with anyio.fail_after(30):
        async with MatcherProcess().open(pattern) as matching:
            assert await matching.lines("a\nbb\r\n가나라(라\n") == lines
            assert await matching.lines("") == ([0] if pattern.text == "" else [])


async def test_a_search_without_end_is_over_when_it_is_cancelled() -> None:
    with anyio.fail_after(30):
        async with MatcherProcess().open(Pattern(text="(a+)+$")) as matching:
            with anyio.move_on_after(0.05) as scope:
                await matching.lines("a" * 100 + "!")
    assert scope.cancelled_caught


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_search_that_takes_all_memory_is_explained() -> None:
    with anyio.fail_after(60):
        async with MatcherProcess().open(Pattern(text="^(?:(x)|(y))*z")) as matching:
            with pytest.raises(ToolFailed, match="too much memory"):
                await matching.lines("x" * 12_000_000)
