from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.errors import NotUnderstood
from comparison.language.dates import LONGEST, since

MONDAY = datetime(2026, 11, 23, 10, 30, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("", "2026-11-20 10:30"),  # a Monday: Friday's standup
        ("24h", "2026-11-22 10:30"),
        ("since 24h", "2026-11-22 10:30"),
        ("last 3 days", "2026-11-20 10:30"),
        ("90 min", "2026-11-23 09:00"),
        ("2w", "2026-11-09 10:30"),
        ("last week", "2026-11-16 10:30"),
        ("an hour", None),
        ("monday", "2026-11-23 00:00"),
        ("since Monday", "2026-11-23 00:00"),
        ("since fri", "2026-11-20 00:00"),
        ("friday 9am", "2026-11-20 09:00"),
        ("friday at 17:15", "2026-11-20 17:15"),
        ("monday 11:00", "2026-11-16 11:00"),  # today at eleven is still to come
        ("last tuesday", "2026-11-17 00:00"),
        ("today", "2026-11-23 00:00"),
        ("this morning", "2026-11-23 00:00"),
        ("yesterday", "2026-11-22 00:00"),
        ("yesterday 6pm", "2026-11-22 18:00"),
        ("9am", "2026-11-23 09:00"),
        ("09:30", "2026-11-23 09:30"),
        ("6pm", "2026-11-22 18:00"),  # the last time it was six
        ("12am", "2026-11-23 00:00"),
        ("noon", "2026-11-22 12:00"),
        ("2026-11-20", "2026-11-20 00:00"),
        ("2026-11-20 14:00", "2026-11-20 14:00"),
        ("2026-13-40", None),
        ("25:00", None),
        ("24:30", None),
        ("13pm", None),
        ("9", None),
        ("tomorrow", None),
        ("2027-01-01", None),
        ("2020-01-01", None),
        ("9999 weeks", None),
        ("t", None),  # tuesday or thursday
        ("since since", None),
    ],
)
def test_a_moment_is_read_as_people_mean_it(said, meant):
    if meant is None:
        with pytest.raises(NotUnderstood):
            since(said, MONDAY)
    else:
        assert since(said, MONDAY).strftime("%Y-%m-%d %H:%M") == meant


@given(st.text(max_size=40))
def test_any_words_name_a_moment_of_the_last_year_or_are_not_understood(words):
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    try:
        moment = since(words, now)
    except NotUnderstood:
        return
    assert now - LONGEST <= moment <= now


def test_a_weekday_of_a_week_with_a_clock_change_starts_at_its_own_midnight():
    after_the_change = datetime(2026, 10, 26, 9, tzinfo=ZoneInfo("Europe/Berlin"))
    moment = since("sunday", after_the_change)
    assert (moment.hour, moment.utcoffset()) == (0, timedelta(hours=2))
