"""Reading JSON out of a model's reply: every repair path, and what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from oxios_ouroboros import ReplyUnreadable, extract_json

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("reply", "value", "how"),
    [
        ('{"a": 1}', {"a": 1}, "strict"),
        ('\ufeff  {"a": 1}\n', {"a": 1}, "strict"),
        ('[{"a": 1}, {"b": 2}]', [{"a": 1}, {"b": 2}], "strict"),
        ('```json\n{"a": 1}\n```', {"a": 1}, "fenced"),
        ('```\n{"a": 1}\n```', {"a": 1}, "fenced"),
        ('Sure!\n```json\n{"a": 1}\n```\nAnything else?', {"a": 1}, "fenced"),
        ('```json\n{"a": 1}\n', {"a": 1}, "fenced"),
        ('```json {"a": 1}```', {"a": 1}, "fenced"),
        ('```{"a": 1}```', {"a": 1}, "fenced"),
        ('```json\n[{"a": 1}, {"b": 2}]\n```', [{"a": 1}, {"b": 2}], "fenced"),
        ('```python\nprint({})\n```\n```json\n{"a": 1}\n```', {"a": 1}, "fenced"),
        ('Here it is: {"a": {"b": 1}} as asked.', {"a": {"b": 1}}, "embedded"),
        ('Verdicts: [{"a": 1}, {"b": 2}] as asked.', [{"a": 1}, {"b": 2}], "embedded"),
        ('See [1] and [2]: {"a": 1}', {"a": 1}, "embedded"),
        ('```json\n{"a": "```sh\\nls\\n```"}\n```', {"a": "```sh\nls\n```"}, "embedded"),
        ('<think>{"a": 0}?</think>\n{"a": 1}', {"a": 1}, "strict"),
        ('결과: {"목표": "보고서"} 입니다', {"목표": "보고서"}, "embedded"),
    ],
)
def test_a_reply_with_one_json_value_is_read(reply: str, value: object, how: str) -> None:
    assert extract_json(reply) == (value, how)


@pytest.mark.parametrize(
    ("reply", "problem"),
    [
        ("", "empty"),
        (" \n\t", "empty"),
        ("<think>hm</think>", "empty"),
        ("I cannot do that.", "found none"),
        ("42", "found none"),
        ('"text"', "found none"),
        ('{"a": 1', "found none"),
        ('```json\n{"a": [1, 2\n```', "found none"),
        ("{'a': 1}", "found none"),
        ('{"a": NaN}', "found none"),
        ('{"a": 1} and {"b": 2}', "got 2"),
        ('```json\n{"a": 1}\n```\n```json\n{"b": 2}\n```', "got 2"),
        ("[1] [2]", "found none"),
        ("{" * 5_000, "found none"),
        ("[" * 100_000, "found none"),
        (r'{"a": "\ud83d"}', "half"),
    ],
)
def test_a_reply_without_exactly_one_json_value_is_refused(reply: str, problem: str) -> None:
    with pytest.raises(ReplyUnreadable, match=problem):
        extract_json(reply)


@given(st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=3))
def test_any_object_is_read_back_bare_and_fenced(value: dict[str, object]) -> None:
    text = json.dumps(value)
    assert extract_json(text) == (value, "strict")
    assert extract_json(f"```json\n{text}\n```")[0] == value


@given(st.text())
def test_no_text_does_worse_than_being_refused(reply: str) -> None:
    try:
        value, _ = extract_json(reply)
    except ReplyUnreadable:
        return
    assert isinstance(value, dict | list)
