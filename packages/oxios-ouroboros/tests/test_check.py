"""Checks: what each one holds, what it says it saw, and which ones cannot be made."""

from typing import Any

import pytest
from oxios_ouroboros import Check, CommandCheck, FileCheck, JudgedCheck, SchemaCheck
from pydantic import TypeAdapter, ValidationError


def needs_name(schema: dict[str, Any], value: Any) -> str | None:
    """Stand for a schema validator that knows `required` only."""
    missing = [key for key in schema.get("required", []) if key not in value]
    return f"{missing[0]!r} is missing" if missing else None


@pytest.mark.parametrize(
    ("check", "exit_code", "stdout", "passed"),
    [
        (CommandCheck(command="true"), 0, "", True),
        (CommandCheck(command="false"), 1, "", False),
        (CommandCheck(command="exit 2", exit_code=2), 2, "", True),
        (CommandCheck(command="exit 2", exit_code=2), 0, "exit code 2", False),
        (CommandCheck(command="pytest", stdout_contains=("3 passed",)), 0, "3 passed in 0.1s", True),
        (CommandCheck(command="pytest", stdout_contains=("3 passed",)), 0, "2 passed, 1 failed", False),
        (CommandCheck(command="pytest", stdout_contains=("3 passed",)), 1, "3 passed", False),
        (CommandCheck(command="echo", stdout_contains=("안녕",)), 0, "안녕하세요", True),
        (CommandCheck(command="sleep 99"), None, "", False),
    ],
)
def test_a_command_passes_by_its_exit_code_and_output(
    check: CommandCheck, exit_code: int | None, stdout: str, passed: bool
) -> None:
    assert check.judge(exit_code, stdout).passed is passed


def test_a_failed_command_says_what_was_expected_and_what_it_printed() -> None:
    seen = CommandCheck(command="make").judge(2, "", "no rule to make target")
    assert "ended with exit code 2: expected exit code 0" in seen.evidence
    assert "no rule to make target" in seen.evidence


def test_a_command_stopped_at_its_limit_says_how_long_it_had() -> None:
    assert "within 5 s" in CommandCheck(command="sleep 9", timeout_seconds=5).judge(None, "").evidence


def test_long_output_is_quoted_from_both_ends_and_not_inside_a_character() -> None:
    seen = CommandCheck(command="x").judge(1, "시작" + "가" * 5_000 + "끝")
    assert "시작" in seen.evidence
    assert seen.evidence.endswith("끝")
    assert len(seen.evidence) < 800


@pytest.mark.parametrize(
    ("check", "content", "passed"),
    [
        (FileCheck(path="a"), b"", True),
        (FileCheck(path="a"), None, False),
        (FileCheck(path="a", exists=False), None, True),
        (FileCheck(path="a", exists=False), b"", False),
        (FileCheck(path="a", contains=("x", "y")), b"x and y", True),
        (FileCheck(path="a", contains=("x", "y")), b"just x", False),
        (FileCheck(path="a", matches=r"^- \w+$"), b"# list\n- one\n", True),
        (FileCheck(path="a", matches=r"^- \w+$"), b"# list\n* one\n", False),
        (FileCheck(path="a", min_bytes=3), "가".encode(), True),
        (FileCheck(path="a", min_bytes=4), "가".encode(), False),
        (FileCheck(path="a", max_bytes=2), b"abc", False),
        (FileCheck(path="a", equals="hello"), b"hello\n", True),
        (FileCheck(path="a", equals="hello\n"), b"hello", True),
        (FileCheck(path="a", equals="hello"), b"hello\n\n", False),
        (FileCheck(path="a", equals="hello"), b"Hello", False),
        (FileCheck(path="a", contains=("보고서",)), "# 보고서".encode(), True),
        (FileCheck(path="a", contains=("x",)), b"x\xff", False),
        (FileCheck(path="a", min_bytes=1), b"\xff\xfe", True),
    ],
)
def test_a_file_passes_by_what_is_in_it(check: FileCheck, content: bytes | None, passed: bool) -> None:
    assert check.judge(content).passed is passed


@pytest.mark.parametrize(
    ("check", "passed"),
    [
        (FileCheck(path="big", contains=("begin",)), True),
        (FileCheck(path="big", contains=("end",)), None),
        (FileCheck(path="big", equals="begin 가"), None),
        (FileCheck(path="big", max_bytes=100), False),
        (FileCheck(path="big", max_bytes=100, contains=("end",)), False),
        (FileCheck(path="big", min_bytes=100), True),
    ],
)
def test_the_beginning_of_a_big_file_settles_only_what_it_can(check: FileCheck, passed: bool | None) -> None:
    cut_inside_a_character = "begin 가".encode()[:-1]
    assert check.judge(cut_inside_a_character, size=1_000).passed is passed


@pytest.mark.parametrize(
    ("path", "text", "passed"),
    [
        (None, '{"name": "x"}', True),
        (None, 'Here you are:\n```json\n{"name": "x"}\n```', True),
        (None, '{"title": "x"}', False),
        (None, "the name is x", False),
        ("out.json", '{"name": "x"}', True),
        ("out.json", '```json\n{"name": "x"}\n```', False),
        ("out.json", None, False),
    ],
)
def test_a_document_passes_by_its_schema(path: str | None, text: str | None, passed: bool) -> None:
    check = SchemaCheck(json_schema={"required": ["name"]}, path=path)
    assert check.judge(text, needs_name).passed is passed


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "command", "command": ""},
        {"kind": "command", "command": "x", "timeout_seconds": 601},
        {"kind": "command", "command": "x", "timeout_seconds": 0},
        {"kind": "command", "command": "x", "shell": True},
        {"kind": "file", "path": ""},
        {"kind": "file", "path": "a", "matches": "("},
        {"kind": "file", "path": "a", "matches": "(a+)+$"},
        {"kind": "file", "path": "a", "exists": False, "contains": ["x"]},
        {"kind": "file", "path": "a", "exists": False, "max_bytes": 1},
        {"kind": "file", "path": "a", "min_bytes": -1},
        {"kind": "judged", "statement": ""},
        {"kind": "judged", "statement": "x", "subject": "vibes"},
        {"kind": "prayer", "statement": "x"},
        {"statement": "x"},
    ],
)
def test_a_check_that_makes_no_sense_cannot_be_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter[Check](Check).validate_python(wrong)


@pytest.mark.parametrize(
    "check",
    [
        CommandCheck(command="ls", stdout_contains=("a",)),
        FileCheck(path="보고서.md", contains=("제목",), matches="^#"),
        SchemaCheck(json_schema={"type": "object"}),
        JudgedCheck(statement="it reads well", subject="answer"),
    ],
)
def test_a_check_survives_json_by_its_kind(check: Check) -> None:
    adapter = TypeAdapter[Check](Check)
    assert adapter.validate_json(adapter.dump_json(check)) == check
