"""What is learned from providers' answers: how long to wait for a request, and what nonsense changes nothing."""

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oxios_kernel.schedule import Rates
from oxios_kernel.schedule.headers import read_retry_after

patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

OPENAI = {
    "X-RateLimit-Limit-Requests": "60",
    "X-RateLimit-Remaining-Requests": "0",
    "X-RateLimit-Reset-Requests": "1m0s",
    "X-RateLimit-Limit-Tokens": "1000",
    "X-RateLimit-Remaining-Tokens": "400",
    "X-RateLimit-Reset-Tokens": "6s",
}

ANTHROPIC = {
    "date": "Thu, 21 Aug 2025 12:41:00 GMT",
    "anthropic-ratelimit-requests-limit": "60",
    "anthropic-ratelimit-requests-remaining": "0",
    "anthropic-ratelimit-requests-reset": "2025-08-21T12:42:00Z",
    "anthropic-ratelimit-input-tokens-limit": "1000",
    "anthropic-ratelimit-input-tokens-remaining": "400",
    "anthropic-ratelimit-input-tokens-reset": "2025-08-21T12:41:06Z",
}


def learned(headers: Mapping[str, str], now: float = 0.0) -> Rates:
    rates = Rates()
    rates.learn("p", headers, now)
    return rates


def limits(requests: str = "100", tokens: str = "1000") -> Rates:
    return learned(
        {
            "x-ratelimit-limit-requests": "100",
            "x-ratelimit-remaining-requests": requests,
            "x-ratelimit-limit-tokens": "1000",
            "x-ratelimit-remaining-tokens": tokens,
        }
    )


def test_a_provider_that_has_said_nothing_is_open() -> None:
    rates = Rates()
    rates.take("p", 10**9, 0)
    assert rates.wait("p", 10**9, 0) == 0


@pytest.mark.parametrize("headers", [OPENAI, ANTHROPIC], ids=["openai", "anthropic"])
def test_both_families_of_headers_say_when_the_next_request_may_be_made(headers: Mapping[str, str]) -> None:
    rates = learned(headers)
    assert rates.wait("p", 0, 0) == pytest.approx(1)
    assert rates.wait("p", 700, 0) == pytest.approx(3)
    assert rates.wait("p", 700, 2) == pytest.approx(1)
    assert rates.wait("p", 700, 3) == pytest.approx(0, abs=1e-9)
    assert rates.wait("other", 700, 0) == 0


def test_what_is_taken_is_missing_until_it_has_filled_again() -> None:
    rates = limits()
    rates.take("p", 1000, 0)
    assert rates.wait("p", 500, 0) == pytest.approx(30)
    rates.take("p", 500, 0)
    assert rates.wait("p", 500, 0) == pytest.approx(60)
    assert rates.wait("p", 500, 60) == pytest.approx(0)


def test_an_answer_puts_right_what_was_estimated() -> None:
    rates = limits()
    rates.take("p", 1000, 0)
    rates.learn("p", {"x-ratelimit-limit-tokens": "1000", "x-ratelimit-remaining-tokens": "990"}, 1)
    assert rates.wait("p", 900, 1) == 0


def test_a_call_above_the_limit_waits_for_all_of_it_and_not_for_ever() -> None:
    assert limits(tokens="400").wait("p", 50_000, 0) == pytest.approx(36)


def test_a_limit_per_day_is_not_taken_for_one_per_minute() -> None:
    headers = {
        "x-ratelimit-limit-requests": "200",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "24h0m0s",
    }
    assert learned(headers).wait("p", 0, 0) == pytest.approx(432)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "2"}, 1.5),
        ({"retry-after": "Thu, 21 Aug 2025 12:41:10 GMT", "date": "Thu, 21 Aug 2025 12:41:00 GMT"}, 10),
        ({"retry-after": "Thu, 21 Aug 2025 12:40:00 GMT", "date": "Thu, 21 Aug 2025 12:41:00 GMT"}, 0),
        ({"retry-after": "999999999"}, 86_400),
    ],
)
def test_an_answer_that_asks_to_wait_closes_the_provider_until_then(headers: dict[str, str], seconds: float) -> None:
    rates = learned(headers, now=100)
    assert rates.wait("p", 0, 100) == pytest.approx(seconds)
    assert rates.wait("p", 0, 100 + seconds) == 0


def test_a_shorter_request_to_wait_does_not_open_what_a_longer_one_closed() -> None:
    rates = Rates()
    rates.close("p", 60, 0)
    rates.learn("p", {"retry-after": "1"}, 0)
    assert rates.wait("p", 0, 0) == 60


@pytest.mark.parametrize(
    "value",
    ["", "soon", "-5", "nan", "inf", "1e9", "٣", "Thu, 99 Aug 2025 12:41:10 GMT", "21 Aug 99999999999999999999", "5m5"],
)
def test_a_value_that_cannot_be_read_changes_nothing(value: str) -> None:
    date = "Thu, 21 Aug 2025 12:41:00 GMT"
    headers = {
        "date": date,
        "retry-after": value,
        "x-ratelimit-limit-tokens": "5",
        "x-ratelimit-remaining-tokens": value,
    }
    assert learned(headers).wait("p", 1000, 0) == 0


def test_a_moment_without_the_answers_own_date_says_nothing() -> None:
    assert read_retry_after({"retry-after": "Thu, 21 Aug 2025 12:41:10 GMT"}) is None


@patient
@given(st.dictionaries(st.sampled_from([*map(str.lower, OPENAI), *ANTHROPIC, "retry-after"]), st.text(max_size=30)))
def test_no_header_is_strange_enough_to_raise_or_to_wait_beyond_a_day(headers: dict[str, str]) -> None:
    rates = learned(headers)
    assert 0 <= read_retry_after_or_zero(headers) <= 86_400
    rates.take("p", 100, 0)
    assert rates.wait("p", 100, 0) >= 0


def read_retry_after_or_zero(headers: Mapping[str, str]) -> float:
    return read_retry_after(headers) or 0.0
