"""Rows of runs become lines, trees and JSON; a journal becomes steps."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from oxios.agent_steps import read_steps, step_lines
from oxios.agent_view import age, row_line, tree_json, tree_lines
from oxios_kernel.domain.ids import RunId
from oxios_kernel.domain.run import Entry, Run, RunKind
from oxios_kernel.domain.tool import ToolCall, ToolResult
from oxios_kernel.ports.llm import LlmReply

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def row(name: str, parent: str | None = None, **more: Any) -> Run:
    fields: dict[str, Any] = {"title": f"task {name}", "kind": RunKind.AGENT, "created_at": NOW, "changed_at": NOW}
    return Run(id=RunId(name), parent=None if parent is None else RunId(parent), **fields | more)


FAMILY = [row("a"), row("b"), row("a1", "a"), row("a2", "a"), row("a11", "a1"), row("lost", "gone")]
STATES: dict[str, str] = {run.id: "running" for run in FAMILY}


def test_a_tree_is_drawn_with_its_branches_and_rows_without_a_known_parent_are_roots() -> None:
    drawn = [line.partition("  running")[0] for line in tree_lines(FAMILY, STATES)]
    assert drawn == ["a", "├─ a1", "│  └─ a11", "└─ a2", "b", "lost"]


def test_a_tree_of_any_depth_is_drawn() -> None:
    deep = [row("0"), *(row(str(number), str(number - 1)) for number in range(1, 3000))]
    assert len(list(tree_lines(deep, {run.id: "running" for run in deep}))) == 3000


def test_a_tree_as_json_has_its_children_inside() -> None:
    def names(documents: Any) -> dict[str, Any]:
        return {document["id"]: names(document["children"]) for document in documents}

    assert names(tree_json(FAMILY, STATES)) == {"a": {"a1": {"a11": {}}, "a2": {}}, "b": {}, "lost": {}}


def test_a_row_tells_its_reason_in_one_line_and_cuts_a_long_title() -> None:
    line = row_line(row("a", title="x" * 100, reason="no\nspace", priority=3), "paused", NOW + timedelta(minutes=5))
    assert line == f"a  paused      critical   5m  {'x' * 60}… (no space)"


@pytest.mark.parametrize(
    ("seconds", "told"), [(-3600, "0s"), (0, "0s"), (59.9, "59s"), (60, "1m"), (7200, "2h"), (200_000, "2d")]
)
def test_an_age_is_told_in_its_largest_unit(seconds: float, told: str) -> None:
    assert age(NOW, NOW + timedelta(seconds=seconds)) == told


def entry(key: str, result: Any = None, *, done: bool = True) -> Entry:
    return Entry(key=key, digest="", done=done, result=result, sequence=1, at=NOW)


def test_a_journal_is_read_as_steps_and_what_has_not_ended_says_so() -> None:
    calls = tuple(ToolCall(id=name, name=name, arguments={}, raw="{}") for name in ("ls", "bash"))
    letter = {"to": "a", "sender": "person", "text": "Hurry", "key": "k", "at": NOW.isoformat()}
    steps = read_steps(
        [
            entry("protocol/assess/1", {}),
            entry("step/1/letters", [letter]),
            entry("step/1/model", LlmReply(text="Look.\nThen go.", tool_calls=calls).to_json()),
            entry("step/1/tool/0", ToolResult(text="a.txt " * 200).to_json()),
            entry("step/1/tool/1", done=False),
            entry("step/2/model", done=False),
        ]
    )
    first, second = ([*step_lines(step)] for step in steps)
    assert first[:4] == ["Step 1", "  message from person: Hurry", "  Look.\n  Then go.", "  ls {}"]
    assert first[4].startswith("    ok: a.txt a.txt")
    assert first[4].endswith("[…]")
    assert first[5:] == ["  bash {}", "    not ended, or its end is not known"]
    assert second == ["Step 2", "  no answer of the model yet"]
    told: Any = steps[0].to_json()["calls"]
    assert [call["status"] for call in told] == ["ok", None]
