"""From when: the words people use for a stretch of time, read against a clock that is given."""

import re
from datetime import datetime, time, timedelta

from comparison.errors import NotUnderstood

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_SPAN = re.compile(
    r"(?:the )?(?:last |past )?(?P<count>\d{1,4})? ?(?P<unit>m|min|minutes?|h|hr|hrs|hours?|d|days?|w|weeks?)(?: ago)?"
)
_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2}))? ?(?P<half>am|pm)?")
_DATE = re.compile(r"(?P<date>\d{4}-\d{2}-\d{2})(?:[ t](?P<clock>\S.*))?")
LONGEST = timedelta(days=366)


def last_working_day(now: datetime) -> datetime:
    """The same time on the last working day: on a Monday it is Friday's."""
    back = {0: 3, 6: 2}.get(now.weekday(), 1)
    return now - timedelta(days=back)


def since(words: str, now: datetime) -> datetime:
    """The moment that `words` name, at most a year before `now` and in its time zone.

    `monday`, `yesterday`, `today`, `9am`, `monday 9:30`, `24h`, `3 days`, `last week`, `2026-11-20`. Empty words
    mean the last working day at this hour. Raises NotUnderstood.
    """
    said = " ".join(words.lower().split()).removeprefix("since ").removeprefix("on ").removeprefix("at ")
    if not said:
        return last_working_day(now)
    moment = _span(said, now) or _date(said, now) or _day(said, now) or _clock(said, now)
    if moment is None:
        raise NotUnderstood(
            f"I do not know when “{words.strip()[:60]}” is.",
            remedy="Say a day, an hour or a length of time.",
            example="standup since monday 9am",
            text=words,
            at=0,
        )
    if moment > now or moment < now - LONGEST:
        raise NotUnderstood(
            f"“{words.strip()[:60]}” is {'in the future' if moment > now else 'more than a year ago'}.",
            remedy="Say a moment within the last year.",
            example="standup since monday",
            text=words,
            at=0,
        )
    return moment


def _span(said: str, now: datetime) -> datetime | None:
    found = _SPAN.fullmatch(said)
    if not found:
        return None
    return now - timedelta(**{_UNITS[found["unit"][0]]: int(found["count"] or 1)})


def _date(said: str, now: datetime) -> datetime | None:
    found = _DATE.fullmatch(said)
    if not found:
        return None
    try:
        day = datetime.strptime(found["date"], "%Y-%m-%d").replace(tzinfo=now.tzinfo)
    except ValueError:
        return None
    at = _time(found["clock"]) if found["clock"] else time()
    return None if at is None else datetime.combine(day.date(), at, now.tzinfo)


def _day(said: str, now: datetime) -> datetime | None:
    """`monday`, `last monday`, `yesterday`, `this morning`, each with an hour behind it or at its start."""
    word, _, rest = said.removeprefix("last ").partition(" ")
    today = now.date()
    named = {"today": 0, "yesterday": 1, "morning": 0}
    if said.startswith("this morning"):
        word, rest = "today", said.removeprefix("this morning").strip()
    if word in named:
        back = named[word]
    else:
        fits = [number for number, day in enumerate(WEEKDAYS) if len(word) > 2 and day.startswith(word.rstrip("s"))]
        if len(fits) != 1:
            return None
        back = (now.weekday() - fits[0]) % 7
    at = _time(rest.removeprefix("at ")) if rest else time()
    if at is None:
        return None
    moment = datetime.combine(today - timedelta(days=back), at, now.tzinfo)
    return moment - timedelta(days=7) if moment > now and word not in named else moment


def _clock(said: str, now: datetime) -> datetime | None:
    """The last time the clock stood so."""
    at = _time(said)
    if at is None:
        return None
    moment = datetime.combine(now.date(), at, now.tzinfo)
    return moment if moment <= now else moment - timedelta(days=1)


def _time(said: str) -> time | None:
    if said in ("noon", "midday"):
        return time(12)
    if said == "midnight":
        return time()
    found = _CLOCK.fullmatch(said)
    if not found or not (found["minute"] or found["half"]):
        return None
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found["half"] == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None
