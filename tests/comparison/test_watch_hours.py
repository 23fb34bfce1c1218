"""Quiet hours and the hours of digests, over the nights when clocks change."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.watch import QuietHours, WeeklySchedule, due_day, next_time, quiet_until

NOON = time(12)
NIGHT = QuietHours(time(20), time(8), "Europe/Berlin")


def at(*numbers):
    return datetime(*numbers, tzinfo=UTC)


@pytest.mark.parametrize(
    ("quiet", "now", "end"),
    [
        (NIGHT, at(2026, 11, 23, 12), None),
        (NIGHT, at(2026, 11, 23, 18, 59), None),
        (NIGHT, at(2026, 11, 23, 19), at(2026, 11, 24, 7)),
        (NIGHT, at(2026, 11, 24, 6, 59), at(2026, 11, 24, 7)),
        (NIGHT, at(2026, 11, 24, 7), None),
        (NIGHT, at(2026, 10, 24, 22), at(2026, 10, 25, 7)),  # clocks go back that night
        (NIGHT, at(2026, 3, 28, 22), at(2026, 3, 29, 6)),  # and forward that one
        (QuietHours(time(9), time(17)), at(2026, 11, 23, 12), at(2026, 11, 23, 17)),
        (QuietHours(time(18), time()), at(2026, 11, 23, 19), at(2026, 11, 24)),
        (QuietHours(NOON, NOON), at(2026, 11, 23, 12), None),
        (None, at(2026, 11, 23, 12), None),
    ],
)
def test_quiet_hours_end_when_they_were_said_to(quiet, now, end):
    assert quiet_until(quiet, now) == end


STANDUP = WeeklySchedule((0, 1, 2, 3, 4), time(9, 30), "Europe/Berlin")


@pytest.mark.parametrize(
    ("after", "now", "expected"),
    [
        (at(2026, 11, 23, 8, 29), at(2026, 11, 23, 8, 30), date(2026, 11, 23)),
        (at(2026, 11, 23, 8, 30), at(2026, 11, 23, 8, 31), None),
        (at(2026, 11, 20, 8, 30), at(2026, 11, 22, 12), None),  # a weekend
        (at(2026, 11, 16), at(2026, 11, 23, 9), date(2026, 11, 23)),  # off for a week: only the last
        (at(2026, 11, 16), at(2026, 11, 23, 20), None),  # too late for it
    ],
)
def test_a_digest_is_due_once_on_its_days(after, now, expected):
    assert due_day(STANDUP, after, now) == expected


CHANGES = [("Europe/Berlin", date(2026, 3, 29)), ("Europe/Berlin", date(2026, 10, 25)), ("Australia/Lord_Howe", date(2026, 4, 5))]  # fmt: skip


@pytest.mark.parametrize(("zone", "day"), CHANGES)
@pytest.mark.parametrize("clock", [time(2), time(2, 30), time(9, 30)])
def test_a_digest_comes_once_on_the_days_when_clocks_change(zone, day, clock):
    hours = WeeklySchedule(tuple(range(7)), clock, zone)
    before = now = datetime.combine(day, time(), UTC) - timedelta(hours=14)
    told = []
    for _ in range(45 * 12):
        now += timedelta(minutes=5)
        found = due_day(hours, before, now)
        told += [found] if found else []
        before = now
    assert told.count(day) == 1
    assert len(told) == len(set(told))


PLANS = st.builds(
    WeeklySchedule,
    st.sets(st.integers(0, 6), min_size=1).map(tuple),
    st.builds(time, st.integers(0, 23), st.sampled_from([0, 30])),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Kiritimati"]),
)


@given(PLANS, st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)))  # noqa: DTZ001 -- the zone is given below
def test_the_next_time_is_when_a_digest_is_due(hours, now):
    now = now.replace(tzinfo=UTC)
    moment = next_time(hours, now)
    assert moment > now
    assert moment.tzinfo == ZoneInfo(hours.zone)
    assert due_day(hours, now, moment) == moment.date()
    assert due_day(hours, now, moment - timedelta(seconds=1)) is None
