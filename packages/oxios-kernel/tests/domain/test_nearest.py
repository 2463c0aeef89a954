"""Guesses at what was meant."""

import pytest
from oxios_kernel.domain.nearest import nearest

KNOWN = ("engine.max_retries", "engine.default_model", "GPT-4o", "검토")


@pytest.mark.parametrize(
    ("word", "guess"),
    [
        ("engine.max_retrys", "engine.max_retries"),
        ("gpt4o", "GPT-4o"),
        ("검토자", "검토"),
        ("weather", None),
        ("", None),
    ],
)
def test_the_likest_known_name_is_guessed_if_one_is_like_it(word: str, guess: str | None) -> None:
    assert nearest(word, KNOWN) == guess


def test_nothing_is_guessed_when_nothing_is_known() -> None:
    assert nearest("word", ()) is None
