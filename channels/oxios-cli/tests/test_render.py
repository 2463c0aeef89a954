import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_cli import Style, neutralise, render_message
from oxios_gateway import ErrorKind, Outgoing, ReplyMeta, UserFacingError


def outgoing(content: str, meta: ReplyMeta | None = None) -> Outgoing:
    return Outgoing(channel="cli", user_id="u", content=content, meta=meta)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("\x1b]8;;http://evil\x07click\x1b]8;;\x07", "␛]8;;http://evil␇click␛]8;;␇"),
        ("\x9b2J", "�2J"),
        ("safe\rEVIL", "safeEVIL"),
        ("two\r\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\u202egnp.exe", "�gnp.exe"),
        ("\ud800", "�"),
        ("שלום 안녕 👩‍👩‍👧 https://example.org/?a=1", "שלום 안녕 👩‍👩‍👧 https://example.org/?a=1"),
    ],
)
def test_what_a_terminal_would_act_upon_is_shown_instead(text: str, shown: str) -> None:
    assert neutralise(text) == shown


@given(st.text(), st.text())
def test_pieces_of_a_stream_are_as_harmless_as_the_whole(one: str, two: str) -> None:
    whole = neutralise(one + two)

    assert neutralise(one) + neutralise(two) == whole
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", whole)
    whole.encode()


META = ReplyMeta(
    session_id="s1",
    space_tag="📦",
    phase="evaluate",
    evaluation_passed=False,
    duration_ms=1234,
    verdicts=(
        {"criterion": "the file exists", "status": "verified", "evidence": "12 bytes\nand more"},
        {"criterion": "tests\x1b[2J pass", "status": "failed", "evidence": ""},
        {"criterion": "it reads well", "status": "unverified"},
    ),
    usage={"model_calls": 1, "cost_usd": "0.0012"},
    model="oxios/demo",
)


def test_an_answer_comes_with_its_verdicts_and_one_line_of_facts() -> None:
    assert render_message(outgoing("Written.\n", META)) == (
        "Written.\n"
        "\n"
        "  verified    the file exists (12 bytes …)\n"
        "  failed      tests␛[2J pass\n"
        "  unverified  it reads well\n"
        "not passed · evaluate · 📦 · oxios/demo · 1 model call · $0.0012 · 1.2 s · session s1"
    )


def test_colours_change_no_word() -> None:
    plain, coloured = (
        render_message(outgoing("Written.", META)),
        render_message(outgoing("Written.", META), Style(colour=True)),
    )

    assert "\x1b[32mverified" in coloured
    assert re.sub(r"\x1b\[\d+m", "", coloured) == plain


def test_an_error_is_said_once_with_what_can_be_done() -> None:
    error = UserFacingError(message="No key for openai.", kind=ErrorKind.CREDENTIALS, suggestion="Set OPENAI_API_KEY.")

    assert render_message(outgoing("No key for openai.", ReplyMeta(error=error))) == (
        "error: No key for openai.\n  Set OPENAI_API_KEY."
    )
    assert render_message(outgoing("Half of it.", ReplyMeta(error=error))).startswith("Half of it.\n\nerror: No key")


def test_a_question_is_listed_unless_the_answer_asks_it() -> None:
    meta = ReplyMeta(phase="interview", questions=("Which folder?", "Which format?"))

    assert render_message(outgoing("Please tell me:\n1. Which folder?\n2. Which format?", meta)).count("Which") == 2
    assert "1. Which folder?\n2. Which format?" in render_message(outgoing("Please tell me.", meta))


def test_a_switch_has_no_facts_below_it() -> None:
    meta = ReplyMeta(phase="action", evaluation_passed=True, duration_ms=3)

    assert render_message(outgoing("This conversation now uses m.", meta)) == "This conversation now uses m."
