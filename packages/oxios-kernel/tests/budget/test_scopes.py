"""Scopes as text, windows as moments, limits that limit."""

from datetime import UTC, datetime

import pytest
from oxios_kernel.domain.budget import EVERYBODY, Limit, Scope, ScopeKind, payers, window_at
from pydantic import ValidationError


@pytest.mark.parametrize("text", ["agent:a", "principal:p@example.com", "space:s:1", "global"])
def test_a_scope_is_read_as_it_is_written(text: str) -> None:
    assert str(Scope.parse(text)) == text


@pytest.mark.parametrize("text", ["", "agent", "agent:", "global:x", "planet:earth", "a"])
def test_what_is_no_scope_is_refused_with_what_would_be(text: str) -> None:
    with pytest.raises(ValueError, match="expected agent:ID, principal:ID, space:ID or global"):
        Scope.parse(text)


def test_a_call_is_paid_by_its_line_of_runs_its_principal_its_space_and_everybody() -> None:
    assert list(map(str, payers(["child", "parent"], principal="p", space="s"))) == [
        "agent:child",
        "agent:parent",
        "principal:p",
        "space:s",
        "global",
    ]
    assert payers([], principal="p") == (Scope(kind=ScopeKind.PRINCIPAL, id="p"), EVERYBODY)


@pytest.mark.parametrize(
    ("seconds", "begin", "end"),
    [(3600, (2026, 3, 4, 5), (2026, 3, 4, 6)), (86400, (2026, 3, 4), (2026, 3, 5)), (None, (1970, 1, 1), None)],
)
def test_windows_begin_at_whole_multiples_of_their_length(
    seconds: int | None, begin: tuple[int, int, int], end: tuple[int, int, int] | None
) -> None:
    now = datetime(2026, 3, 4, 5, 59, 59, 999999, tzinfo=UTC)
    expected = datetime(*begin, tzinfo=UTC), None if end is None else datetime(*end, tzinfo=UTC)
    assert window_at(seconds, now) == expected


@pytest.mark.parametrize("amounts", [{}, {"tokens": -1}, {"calls": 1, "window_seconds": 0}, {"tokens": 2**64}])
def test_a_limit_that_limits_nothing_or_no_number_is_refused(amounts: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        Limit.model_validate({"scope": EVERYBODY} | amounts)
