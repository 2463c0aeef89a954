"""Standing still, and the ways of thinking around it."""

import pytest
from oxios_ouroboros import LateralPersona, StagnationPattern, find_stagnation, select_persona

NO_DRIFT = StagnationPattern.NO_DRIFT
DIMINISHING = StagnationPattern.DIMINISHING_RETURNS
OSCILLATION = StagnationPattern.OSCILLATION
SPINNING = StagnationPattern.SPINNING


@pytest.mark.parametrize(
    ("scores", "pattern"),
    [
        ([], None),
        pytest.param([0.5], None, id="row 25, one score"),
        pytest.param([0.5, 0.5], NO_DRIFT, id="row 25, equal"),
        pytest.param([0.5, 0.505], NO_DRIFT, id="row 25, nearly equal"),
        pytest.param([0.5, 0.6], None, id="row 26"),
        pytest.param([0.5, 0.7, 0.75], DIMINISHING, id="row 28"),
        pytest.param([0.5, 0.6, 0.66], None, id="row 29, rising"),
        pytest.param([0.7, 0.6, 0.5], None, id="row 29, falling"),
        ([0.5, 0.7, 0.6], OSCILLATION),
        ([0.5, 0.3, 0.6], OSCILLATION),
    ],
)
def test_a_score_that_does_not_move_is_named(scores: list[float], pattern: StagnationPattern | None) -> None:
    assert find_stagnation(scores) == pattern


@pytest.mark.parametrize(
    ("outputs", "pattern"),
    [
        (["x", "x", "x"], SPINNING),
        (["y", "x", "x", "x"], SPINNING),
        (["x", "x"], None),
        (["x", "y", "x"], None),
        (["", "", ""], None),
    ],
)
def test_three_equal_outputs_are_spinning_whatever_the_score(
    outputs: list[str], pattern: StagnationPattern | None
) -> None:
    assert find_stagnation([0.1, 0.3, 0.5], outputs) == pattern


@pytest.mark.parametrize(
    ("pattern", "tried", "persona"),
    [
        pytest.param(SPINNING, [], LateralPersona.CONTRARIAN, id="row 31, first"),
        pytest.param(SPINNING, ["contrarian"], LateralPersona.HACKER, id="row 31, second"),
        pytest.param(SPINNING, ["contrarian", "hacker"], None, id="row 31, none left"),
        pytest.param(OSCILLATION, ["contrarian"], LateralPersona.SIMPLIFIER, id="row 32, oscillation"),
        pytest.param(NO_DRIFT, ["contrarian"], LateralPersona.RESEARCHER, id="row 32, no drift"),
        (OSCILLATION, ["contrarian", "simplifier"], LateralPersona.ARCHITECT),
        (DIMINISHING, ["contrarian", "simplifier"], LateralPersona.RESEARCHER),
    ],
)
def test_the_first_helpful_way_not_yet_tried_is_next(
    pattern: StagnationPattern, tried: list[str], persona: LateralPersona | None
) -> None:
    assert select_persona(pattern, tried) == persona


def test_every_way_of_thinking_says_what_to_do() -> None:
    assert all(persona.advice and persona.helps_with for persona in LateralPersona)
