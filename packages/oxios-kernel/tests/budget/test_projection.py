"""When a limit will be used up, as a table."""

from datetime import UTC, datetime, timedelta

import pytest
from oxios_kernel.budget.projection import exhausted_at
from oxios_kernel.domain.budget import EVERYBODY, Limit, Spent, window_at
from oxios_kernel.domain.meter import Meter

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("limit", "spent", "recent", "seconds"),
    [
        ({"tokens": 1000}, Spent(tokens=400), Spent(tokens=300), 600),
        ({"tokens": 1000}, Spent(tokens=400), Spent(), None),
        ({"tokens": 1000}, Spent(tokens=1000), Spent(), 0),
        ({"tokens": 0}, Spent(), Spent(tokens=1), 0),
        ({"tokens": 1000, "calls": 3}, Spent(tokens=400, calls=2), Spent(tokens=300, calls=2), 150),
        ({"micro_usd": 10}, Spent(micro_usd=5, unpriced=9), Spent(micro_usd=1, unpriced=3), 1500),
        ({"tokens": 1000, "window_seconds": 3600}, Spent(tokens=400), Spent(tokens=300), 600),
        ({"tokens": 1000, "window_seconds": 300}, Spent(tokens=400), Spent(tokens=300), None),
        ({"tokens": 10**15}, Spent(tokens=1), Spent(tokens=1), None),
    ],
)
def test_a_limit_lasts_as_long_as_the_rate_says(
    limit: dict[str, int], spent: Spent, recent: Spent, seconds: int | None
) -> None:
    bound = Limit.model_validate({"scope": EVERYBODY} | limit)
    meter = Meter(limit=bound, since=window_at(bound.window_seconds, NOON)[0], spent=spent)
    expected = None if seconds is None else NOON + timedelta(seconds=seconds)
    assert exhausted_at(meter, recent, NOON) == expected
