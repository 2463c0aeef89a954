"""Cron expressions as moments: the fields, the zones, and the two nights a year when the clock is changed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter  # type: ignore[import-untyped]  # it has no types
from hypothesis import given, settings
from hypothesis import strategies as st
from oxios_kernel.errors import InputError
from oxios_kernel.schedule import Timetable

BERLIN = "Europe/Berlin"
MINUTE = timedelta(minutes=1)


def utc(*when: int) -> datetime:
    return datetime(*when, tzinfo=UTC)  # type: ignore[misc,arg-type]  # as many numbers as the test gives


def times(expression: str, after: datetime, count: int, zone: str = "UTC") -> list[str]:
    """Return slots as they are on the wall."""
    slots = islice(Timetable.parse(expression, zone).slots(after), count)
    return [slot.astimezone(ZoneInfo(zone)).isoformat(" ") for slot in slots]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("*/5 * * * *", ["2026-01-01T12:05:00", "2026-01-01T12:10:00"]),
        ("30 9 * * MON-FRI", ["2026-01-02T09:30:00", "2026-01-05T09:30:00"]),
        ("0 0 1,15 * *", ["2026-01-15T00:00:00", "2026-02-01T00:00:00"]),
        ("0 12 * * 7", ["2026-01-04T12:00:00", "2026-01-11T12:00:00"]),
        ("0 0 L * *", ["2026-01-31T00:00:00", "2026-02-28T00:00:00"]),
        ("0 0 29 2 *", ["2028-02-29T00:00:00", "2032-02-29T00:00:00"]),
        ("0 0 13 * FRI", ["2026-01-02T00:00:00", "2026-01-09T00:00:00"]),
        ("*/20 * * * * *", ["2026-01-01T12:00:20", "2026-01-01T12:00:40"]),
        ("15 30 9 * * *", ["2026-01-02T09:30:15", "2026-01-03T09:30:15"]),
        ("0 0 9 1 1 * 2030-2031", ["2030-01-01T09:00:00", "2031-01-01T09:00:00"]),
        ("@hourly", ["2026-01-01T13:00:00", "2026-01-01T14:00:00"]),
        ("@daily", ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
        ("@midnight", ["2026-01-02T00:00:00", "2026-01-03T00:00:00"]),
        ("@weekly", ["2026-01-04T00:00:00", "2026-01-11T00:00:00"]),
        ("@monthly", ["2026-02-01T00:00:00", "2026-03-01T00:00:00"]),
        (" @YEARLY ", ["2027-01-01T00:00:00", "2028-01-01T00:00:00"]),
        ("@annually", ["2027-01-01T00:00:00", "2028-01-01T00:00:00"]),
    ],
)
def test_an_expression_is_due_at_the_times_it_says(expression: str, expected: list[str]) -> None:
    slots = islice(Timetable.parse(expression).slots(utc(2026, 1, 1, 12)), 2)
    assert [f"{slot:%Y-%m-%dT%H:%M:%S}" for slot in slots] == expected


def test_a_slot_is_after_the_moment_to_the_second() -> None:
    daily = Timetable.parse("0 9 * * *")
    nine = utc(2026, 1, 1, 9)
    assert daily.next(nine - timedelta(microseconds=1)) == nine
    assert daily.next(nine) == nine + timedelta(days=1)
    assert daily.next(nine + timedelta(microseconds=1)) == nine + timedelta(days=1)


def test_a_zone_says_whose_nine_o_clock_is_meant() -> None:
    after = utc(2026, 7, 1)
    assert Timetable.parse("0 9 * * *", BERLIN).next(after) == utc(2026, 7, 1, 7)
    assert Timetable.parse("0 9 * * *", "Asia/Kolkata").next(after) == utc(2026, 7, 1, 3, 30)
    assert Timetable.parse("0 9 * * *", "America/Los_Angeles").next(after) == utc(2026, 7, 1, 16)


def test_a_time_that_is_left_out_in_spring_comes_once_when_the_clock_goes_on() -> None:
    assert times("30 2 * * *", utc(2026, 3, 28, 12), 2, BERLIN) == [
        "2026-03-29 03:00:00+02:00",
        "2026-03-30 02:30:00+02:00",
    ]
    assert times("0,15,30 2,3 * * *", utc(2026, 3, 28, 12), 3, BERLIN) == [
        "2026-03-29 03:00:00+02:00",
        "2026-03-29 03:15:00+02:00",
        "2026-03-29 03:30:00+02:00",
    ]


def test_a_time_that_comes_twice_in_autumn_counts_the_first_time() -> None:
    expected = ["2026-10-25 02:30:00+02:00", "2026-10-26 02:30:00+01:00"]
    assert times("30 2 * * *", utc(2026, 10, 24, 12), 2, BERLIN) == expected
    assert times("30 2 * * *", utc(2026, 10, 25, 0, 30), 1, BERLIN) == expected[1:]
    assert times("30 2 * * *", utc(2026, 10, 25, 1, 15), 1, BERLIN) == expected[1:]


def test_an_interval_goes_through_both_passes_of_an_hour_and_has_nothing_in_one_that_is_left_out() -> None:
    assert times("*/30 * * * *", utc(2026, 10, 24, 23, 45), 6, BERLIN) == [
        "2026-10-25 02:00:00+02:00",
        "2026-10-25 02:30:00+02:00",
        "2026-10-25 02:00:00+01:00",
        "2026-10-25 02:30:00+01:00",
        "2026-10-25 03:00:00+01:00",
        "2026-10-25 03:30:00+01:00",
    ]
    assert times("*/30 * * * *", utc(2026, 10, 25, 0, 45), 3, BERLIN) == [
        "2026-10-25 02:00:00+01:00",
        "2026-10-25 02:30:00+01:00",
        "2026-10-25 03:00:00+01:00",
    ]
    assert times("*/30 2 * * *", utc(2026, 3, 28, 12), 1, BERLIN) == ["2026-03-30 02:00:00+02:00"]
    assert times("*/30 * * * *", utc(2026, 3, 29, 0, 45), 2, BERLIN) == [
        "2026-03-29 03:00:00+02:00",
        "2026-03-29 03:30:00+02:00",
    ]


def test_a_day_that_a_zone_left_out_is_made_up_for_when_the_next_begins() -> None:
    assert times("0 9 30 12 *", utc(2011, 12, 1), 1, "Pacific/Apia") == ["2011-12-31 00:00:00+14:00"]


def on_each_minute(expression: str, zone: str, after: datetime, until: datetime) -> Iterator[datetime]:
    """Yield the slots by looking at the wall every minute, and once more for what was left out of it."""
    wall, fields = ZoneInfo(zone), expression.split()
    interval = any(field.startswith("*") for field in fields[:2])
    seen = set[datetime]()
    moment, before = after + MINUTE, after.astimezone(wall).replace(tzinfo=None)
    matches = croniter(expression, before - timedelta(days=1), ret_type=datetime).all_next()
    wanted = set(takewhile(lambda time: time < before + timedelta(days=3), matches))
    while moment <= until:
        local = moment.astimezone(wall).replace(tzinfo=None)
        left_out = [before + count * MINUTE for count in range(1, int((local - before) / MINUTE))]
        candidates = [local] if interval else [*left_out, local]
        due = [time for time in candidates if time in wanted and (interval or time not in seen)]
        seen.update(candidates)
        if due:
            yield moment
        moment, before = moment + MINUTE, local


@settings(deadline=None, max_examples=60)
@given(
    expression=st.sampled_from(
        ["*/7 * * * *", "13 * * * *", "30 2 * * *", "0,59 1-3 * * *", "*/20 2 * * *", "5 */2 * * *", "0 0 * * *"]
    ),
    night=st.sampled_from(
        [
            (BERLIN, utc(2026, 3, 29, 1)),
            (BERLIN, utc(2026, 10, 25, 1)),
            ("America/New_York", utc(2026, 3, 8, 7)),
            ("America/New_York", utc(2026, 11, 1, 6)),
            ("Australia/Lord_Howe", utc(2026, 4, 4, 15)),
            ("Australia/Lord_Howe", utc(2026, 10, 3, 15, 30)),
            ("America/Havana", utc(2026, 3, 8, 5)),
            ("Asia/Kolkata", utc(2026, 6, 1)),
        ]
    ),
    hours=st.integers(min_value=0, max_value=14),
    minutes=st.integers(min_value=0, max_value=59),
)
def test_the_slots_around_a_change_are_those_of_looking_every_minute(
    expression: str, night: tuple[str, datetime], hours: int, minutes: int
) -> None:
    zone, change = night
    begin = change - timedelta(hours=14)
    after, until = begin + timedelta(hours=hours, minutes=minutes), change + timedelta(hours=6)
    expected = [slot for slot in on_each_minute(expression, zone, begin, until) if slot > after]
    slots = Timetable.parse(expression, zone).slots(after)
    assert [slot for slot in islice(slots, len(expected) + 1) if slot <= until] == expected


def test_the_last_slots_of_many_years_are_found_without_counting_through_them() -> None:
    every_second = Timetable.parse("* * * * * *")
    last = every_second.latest(utc(1970, 1, 1), utc(2026, 1, 1), 3)
    assert last == [utc(2025, 12, 31, 23, 59, 58), utc(2025, 12, 31, 23, 59, 59), utc(2026, 1, 1)]
    leap_days = Timetable.parse("0 0 29 2 *").latest(utc(2000, 2, 29), utc(2026, 1, 1), 100)
    assert [day.year for day in leap_days] == [2004, 2008, 2012, 2016, 2020, 2024]
    assert every_second.latest(utc(2026, 1, 1), utc(2025, 1, 1), 3) == []


@settings(deadline=None, max_examples=30)
@given(st.sampled_from(["*/5 * * * *", "30 2 * * *", "0 */3 * * *"]), st.integers(0, 400 * 24 * 60))
def test_slots_only_go_forward(expression: str, minutes: int) -> None:
    after = utc(2026, 1, 1) + minutes * MINUTE
    slots = [after, *islice(Timetable.parse(expression, BERLIN).slots(after), 50)]
    assert all(early < late for early, late in pairwise(slots))


def test_a_day_that_never_comes_has_no_slot() -> None:
    assert Timetable.parse("0 0 30 2 *").next(utc(2026, 1, 1)) is None
    assert Timetable.parse("0 0 9 1 1 * 2020").next(utc(2026, 1, 1)) is None


@pytest.mark.parametrize(
    ("expression", "field"),
    [
        ("61 * * * *", "minute"),
        ("* 24 * * *", "hour"),
        ("* * 32 * *", "day of the month"),
        ("* * 0 * *", "day of the month"),
        ("* * * 13 *", "month"),
        ("* * * foo *", "month"),
        ("* * * * 8", "day of the week"),
        ("* * * * MON#6", "day of the week"),
        ("60 * * * * *", "second"),
        ("* 61 * * * *", "minute"),
        ("0 0 0 1 1 * 1969", "year"),
        ("*/0 * * * *", "minute"),
        ("-1 * * * *", "minute"),
        ("1.5 * * * *", "minute"),
        ("H * * * *", "minute"),
        ("* R(1-5) * * *", "hour"),
        ("* * ٣ * *", "day of the month"),
    ],
)
def test_a_bad_field_is_named_with_an_example(expression: str, field: str) -> None:
    with pytest.raises(InputError, match=f"^The {field} of `schedule` .* such as ") as refused:
        Timetable.parse(expression)
    assert "30 9 * * MON-FRI" in str(refused.value.hint)


@pytest.mark.parametrize("expression", ["", "every day", "* * * *", "* * * * * * * *", "@reboot", "1 " * 200])
def test_what_is_no_expression_is_refused_with_an_example(expression: str) -> None:
    with pytest.raises(InputError, match="five or six fields") as refused:
        Timetable.parse(expression)
    assert len(refused.value.message) < 300
    assert "30 9 * * MON-FRI" in str(refused.value.hint)


@pytest.mark.parametrize(
    ("zone", "guess"),
    [("Europe/Berln", "Europe/Berlin"), ("europe/london", "Europe/London"), ("Asia/Soeul", "Asia/Seoul")],
)
def test_an_unknown_zone_is_answered_with_the_nearest(zone: str, guess: str) -> None:
    with pytest.raises(InputError, match=f"Did you mean '{guess}'"):
        Timetable.parse("@daily", zone)


@pytest.mark.parametrize("zone", ["", "../../etc/passwd", "/etc/localtime", "a\0b", "x" * 10_000])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(InputError, match="time zone"):
        Timetable.parse("@daily", zone)
