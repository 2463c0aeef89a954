"""Cutting text: never more than asked, never inside what a reader takes for one character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_kernel.tools.cutting import boundary, clean, cut_end, cut_middle, decode

FAMILY = "👩\u200d👩\u200d👧\u200d👦"
CHARACTERS = ["a", "가", "\u1100\u1161\u11a8", "각", "e\u0301", "👍🏽", FAMILY, "🇰🇷", "\r\n", "न"]


@given(st.text(max_size=300), st.integers(0, 400))
def test_a_boundary_is_never_behind_where_it_was_looked_for(text: str, at: int) -> None:
    assert 0 <= boundary(text, at) <= min(at, len(text))


@given(st.lists(st.sampled_from(CHARACTERS), max_size=40), st.integers(0, 300))
def test_a_boundary_is_between_two_characters(characters: list[str], at: int) -> None:
    text = "".join(characters)
    starts = {0}
    for character in characters:
        starts.add(max(starts) + len(character))
    assert boundary(text, at) in starts


@given(st.text(), st.integers(1, 100))
def test_the_end_is_cut_to_the_limit_and_marked(text: str, limit: int) -> None:
    cut = cut_end(text, limit)
    assert len(cut) <= limit
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))


@given(st.text(min_size=1), st.integers(1, 100))
def test_the_middle_is_cut_and_beginning_and_end_are_as_they_were(text: str, limit: int) -> None:
    cut = cut_middle(text, limit, "[{count}|]")
    if len(text) <= limit:
        assert cut == text
        return
    left_out = int(cut[cut.rindex("\n[") + 2 : cut.rindex("|]\n")]) if "|]" not in text else None
    assert cut.startswith(text[: boundary(text, limit // 2)])
    if left_out is not None:
        assert len(cut) == len(text) - left_out + len(f"\n[{left_out}|]\n")
        assert len(text) - left_out <= limit


def test_a_family_at_the_cut_stays_whole_or_goes_whole() -> None:
    text = "x" * 4 + FAMILY + "y" * 20
    for limit in range(2, 30):
        cut = cut_middle(text, limit, "")
        assert FAMILY in cut or not set(FAMILY) & set(cut)


@pytest.mark.parametrize("text", ["a" + "\u0301" * 100_000, "🇰" * 10_001, "\u200d" * 10_000])
def test_endless_characters_are_cut_all_the_same(text: str) -> None:
    assert len(cut_end(text, 1_000)) <= 1_000
    assert len(cut_middle(text, 1_000, "")) <= 1_002


@pytest.mark.parametrize(
    ("text", "expected"), [("é한👍", "é한👍"), ("a\ud800b", "a\ufffdb"), ("\ud83d\udc4d", "👍"), ("\udc80", "\ufffd")]
)
def test_what_is_no_utf8_is_made_so(text: str, expected: str) -> None:
    assert clean(text) == expected
    clean(text).encode()


def test_undecodable_bytes_are_counted_and_real_replacement_characters_are_not() -> None:
    assert decode("한글 \ufffd".encode()) == ("한글 \ufffd", 0)
    assert decode(b"a\xffb\xb0\xa1") == ("a\ufffdb\ufffd\ufffd", 3)
