"""`weekdays 9:30 Europe/Berlin fraud, iris`: when a digest comes, and of which experiments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from comparison.errors import NotUnderstood
from comparison.language.clauses import bare_words, refused_option
from comparison.language.dates import (
    DAILY,
    DAYS,
    is_nearly_zone,
    is_town,
    known_zone,
    near_days,
    near_zones,
    no_zone,
    read_clock,
    read_days,
)
from comparison.language.experiment_pattern import is_filling, read_names, without_here
from comparison.language.tokens import Word
from comparison.language.watch_options import words_of
from comparison.watch import Digest, WeeklySchedule

MOST_NAMED = 50
_MOST_TURNED = 12  # words before the time
_WEEKDAY = "digest monday"
EXAMPLE = "digest weekdays 9:30 Europe/Berlin"
_HOURLY = frozenset({"morning", "mornings", "evening", "evenings", "afternoon", "afternoons", "night"})
_WEEKLY = frozenset({"weekly", "week"})
_NEVER = frozenset(
    {"hourly", "hour", "other", "biweekly", "fortnightly", "monthly", "month", "twice", "second", "tomorrow"}
)
_OCLOCK = frozenset({"o'clock", "o’clock", "oclock", "sharp", "uhr"})
_HALF = (("in", "the", "morning"), ("in", "the", "afternoon"), ("in", "the", "evening"), ("at", "night"))
_NOON = 12
_AROUND = frozenset({"at", "on", "every", "each", "in", "time", "zone", "the"})
_HALVES = frozenset({"am", "pm", "a.m.", "p.m.", "a.m", "p.m"})


@dataclass
class _When:
    """What was said of the time so far; `rest` is what is still to be read."""

    rest: list[Word]
    days: tuple[int, ...] = ()
    at: time | None = None
    zone: str = ""
    is_weekly: bool = False


def read_digest(words: Sequence[Word], text: str) -> Digest:
    """Days, time and zone in any order, every day and UTC where they are not said; then experiments.

    Raises NotUnderstood with the spot.
    """
    when = _read(words)
    if when.at is None:
        raise _unfinished(when, words, text)
    if when.is_weekly and not when.days:
        raise refused_option("On which day of the week?", "Say it before the hour.", f"{_WEEKDAY} 9:30", words)
    if [each.folded in ("and", "&") for each in when.rest[:1]] == [True] and read_clock(_next(when)) is not None:
        raise refused_option("A digest comes once a day.", "Say one hour.", EXAMPLE, when.rest[:2])
    named = _named(when, text)
    return Digest(WeeklySchedule(when.days or DAILY, when.at, when.zone or "UTC"), named)


def _read(words: Sequence[Word]) -> _When:
    when = _When(bare_words(without_here(words)))
    while when.rest and (_days(when) or _time(when) or _zone(when) or _skip(when)):
        pass
    return when


def _days(when: _When) -> bool:
    found, count = read_days(when.rest) if not when.days else ((), 0)
    when.days = when.days or found
    when.rest = bare_words(when.rest[count:])
    return bool(count)


def _time(when: _When) -> bool:
    if when.at is not None or when.rest[0].is_comma:
        return False
    said, count = when.rest[0].folded, 1
    if len(when.rest) > 1 and when.rest[1].folded in _HALVES:
        said, count = f"{said} {when.rest[1].folded}", 2
    when.at = read_clock(said)
    if when.at is not None:
        when.rest = bare_words(when.rest[count:])
        when.rest = when.rest[1:] if when.rest and when.rest[0].folded in _OCLOCK else when.rest
        _half(when)
    return when.at is not None


def _half(when: _When) -> None:
    """`in the evening`, `in the morning`, `at night` behind the time."""
    size = next((len(each) for each in _HALF if tuple(word.folded for word in when.rest[: len(each)]) == each), 0)
    if when.at is None or not size:
        return
    half = when.rest[size - 1].folded
    if half in ("evening", "afternoon", "night", "tonight") and 1 <= when.at.hour < _NOON:
        when.at = when.at.replace(hour=when.at.hour + _NOON)
    when.rest = bare_words(when.rest[size:])


def _zone(when: _When) -> bool:
    """Raises NotUnderstood for what is meant as a zone and is none as it stands."""
    if when.zone or not when.rest[0].folded:
        return False
    for size in (2, 1):
        words = when.rest[:size]
        said = " ".join(each.text for each in words)
        if len(words) < size or any(not each.folded for each in words):
            continue
        when.zone = known_zone(said)
        if when.zone:
            when.rest = bare_words(when.rest[size:])
            return True
        if is_nearly_zone(said) if size == 1 else is_town(said):
            behind = [each for each in when.rest[size : size + 1] if each.folded == "time"]
            error = no_zone([*words, *behind], near_zones(said))
            error.problem = f"There is no time zone called {said[:60]}."
            error.remedy = "Write the zone like Europe/Berlin; an experiment that is called so goes in quotes."
            error.example = EXAMPLE
            raise error
    return False


def _skip(when: _When) -> bool:
    """Leaves out `at`, `every` and the like, as long as more of the time may follow."""
    word = when.rest[0].folded
    if when.at is None and word in _WEEKLY and not when.is_weekly:
        when.is_weekly, when.rest = True, bare_words(when.rest[1:])
        return True
    if when.at is None and word in _HOURLY and len(when.rest) > 1:
        when.rest = when.rest[1:]
        return True
    if len(when.rest) < 2 or word not in _AROUND or (word in ("in", "the") and when.zone and when.at is not None):
        return False
    when.rest = when.rest[1:]
    return True


def _next(when: _When) -> str:
    return when.rest[1].folded if len(when.rest) > 1 else ""


def _named(when: _When, text: str) -> tuple[str, ...]:
    rest = when.rest
    if len(rest) > 1 and rest[0].folded in ("only", "just"):
        rest = rest[1:]
    if (ahead := next((each for each in rest if ":" in each.folded and read_clock(each.folded)), None)) is not None:
        raise refused_option("A digest comes once a day.", "Say one hour.", EXAMPLE, [ahead])
    if is_filling(rest):
        return ()
    if len(rest) == 2 and rest[0].folded in ("all", "every") and rest[1].folded in ("experiments", "experiment"):
        return ()
    named = read_names(rest, text, f"{EXAMPLE} my-experiment")
    if len(named) > MOST_NAMED:
        problem = f"That is {len(named)} experiments; a digest takes {MOST_NAMED} of them, or all."
        raise refused_option(problem, "Name fewer.", EXAMPLE, rest)
    return named


def _turned(rest: Sequence[Word], text: str) -> str:
    """The line where the experiments that were said first come last; "" where it is none."""
    for place in range(1, min(len(rest), _MOST_TURNED)):
        try:
            when = _read(rest[place:])
        except NotUnderstood:
            continue
        said = bare_words(rest[:place])
        if said and when.at is not None and not when.rest and (when.days or not when.is_weekly):
            return _if_read(f"digest {text[rest[place].at : rest[-1].end]} {text[said[0].at : said[-1].end]}")
    return ""


def _if_read(line: str) -> str:
    try:
        read_digest(words_of(line)[1:], line)
    except NotUnderstood:
        return ""
    return line


def _unfinished(when: _When, words: Sequence[Word], text: str) -> NotUnderstood:
    """What is missing, and the nearest words for days."""
    spot = when.rest[:1] or list(words[-1:])
    said = spot[0].folded if spot else ""
    if said == "now":
        remedy = "A digest comes by itself; what there is now is a standup."
        return refused_option("When shall the digest come?", remedy, "standup", spot)
    if when.is_weekly and not when.days:
        return refused_option("On which day of the week?", "Say the day and the hour.", f"{_WEEKDAY} 9:30", spot)
    if said in _NEVER:
        problem, remedy = "A digest comes on some days of the week, once a day.", "Say the days and the hour."
        return refused_option(problem, remedy, EXAMPLE, spot)
    if when.days:
        problem, remedy = "At what time?", "Say it behind the days."
    else:
        problem, remedy = "When shall the digest come?", "Say the days and the hour first, then the experiments."
    near = near_days(said) if not when.days and said not in DAYS else ()
    turned = "" if when.days or when.zone or near else _turned(when.rest, text)
    error = (
        refused_option(problem, remedy, turned or EXAMPLE, spot)
        if spot
        else NotUnderstood(problem, remedy=remedy, example=EXAMPLE)
    )
    error.near = near
    return error
