"""Moments as people type them, found among tokens and put into the words of `comparison.language.dates`."""

# ruff: noqa: PLR0911 -- a grammar is a list of cases, each in its place

from collections.abc import Sequence
from datetime import UTC, datetime

from comparison.errors import NotUnderstood
from comparison.language.dates import WEEKDAYS, since

_ANY = datetime(2026, 11, 25, 23, 59, tzinfo=UTC)  # against which it is tried whether words name a moment
_MOST = 6  # tokens
_LEADS = ("the", "last", "past", "this", "letzten", "letzte", "this", "les", "derniers", "los", "últimos", "os")
_SAME = {  # other words for a moment: longest first
    "last night": "yesterday 6pm",
    "overnight": "yesterday 6pm",
    "tonight": "today 6pm",
    "this week": "monday",
    "this afternoon": "today 12:00",
    "this evening": "today 6pm",
    "day before yesterday": "2 days",
    "the day before yesterday": "2 days",
    "the weekend": "friday 6pm",
    "last weekend": "friday 6pm",
    "over the weekend": "friday 6pm",
    "weekend": "friday 6pm",
    "last month": "30 days",
    "this month": "30 days",
    "a week": "1 week",
    "a day": "1 day",
    "an hour": "1 hour",
    "a week ago": "1 week",
    "gestern": "yesterday", "heute": "today", "hier": "yesterday", "aujourd'hui": "today", "ayer": "yesterday",
    "hoy": "today", "ontem": "yesterday", "hoje": "today", "letzte nacht": "yesterday 6pm",
    "gestern abend": "yesterday 6pm",
    "letzte woche": "last week", "la semaine dernière": "last week", "la semana pasada": "last week",
    "semana passada": "last week", "anoche": "yesterday 6pm", "heute morgen": "today", "heute früh": "today",
    **dict.fromkeys(("montag", "lundi", "lunes", "segunda"), "monday"),
    **dict.fromkeys(("dienstag", "mardi", "martes", "terça"), "tuesday"),
    **dict.fromkeys(("mittwoch", "mercredi", "miércoles", "quarta"), "wednesday"),
    **dict.fromkeys(("donnerstag", "jeudi", "jueves", "quinta"), "thursday"),
    **dict.fromkeys(("freitag", "vendredi", "viernes", "sexta"), "friday"),
    **dict.fromkeys(("samstag", "samedi", "sábado"), "saturday"),
    **dict.fromkeys(("sonntag", "dimanche", "domingo"), "sunday"),
}  # fmt: skip
_UNITS = {
    "tage": "days", "tagen": "days", "tag": "day", "stunden": "hours", "stunde": "hour", "wochen": "weeks",
    "jours": "days", "heures": "hours", "semaines": "weeks", "días": "days", "horas": "hours", "semanas": "weeks",
    "dias": "days",
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "ten": "10", "couple": "2",
    "zwei": "2", "drei": "3", "fünf": "5", "sieben": "7",
}  # fmt: skip
_PARTS_OF_DAY = {"morning": "", "noon": "noon", "afternoon": "12:00", "evening": "6pm", "night": "6pm"}
_BEGINNINGS = frozenset(
    {*_LEADS, "yesterday", "today", "noon", "midnight", "morning", *_UNITS, *WEEKDAYS, "tues", "weds", "thur", "thurs"}
    | {day[:3] for day in WEEKDAYS}
    | {phrase.split()[0] for phrase in _SAME}
)


def match(words: Sequence[str], start: int) -> tuple[int, str, bool] | None:
    """Where the longest moment that begins here ends, in words that `since` reads, and whether it is a possessive."""
    first = words[start]
    stem = first.removesuffix("'s")
    if not first or not (stem in _BEGINNINGS or first[0].isdigit()):
        return None
    for last in range(min(start + _MOST, len(words)), start, -1):
        said = words[start:last]
        if "" in said:
            continue
        possessive = said[-1].endswith("'s")
        if (moment := _moment([*said[:-1], said[-1].removesuffix("'s")])) is not None:
            return last, moment, possessive
    return None


def _moment(said: Sequence[str]) -> str | None:
    phrase = " ".join(said)
    if phrase in _SAME:
        return _SAME[phrase]
    if len(said) > 1 and said[-1] in _PARTS_OF_DAY and (day := _moment(said[:-1])) in (*WEEKDAYS, "yesterday", "today"):
        return f"{day} {_PARTS_OF_DAY[said[-1]]}".strip()
    plain = [_UNITS.get(each, _SAME.get(each, each)) for each in said]
    while len(plain) > 1 and plain[0] in _LEADS and plain[1] not in ("week", "weeks", "month"):
        plain = plain[1:]
    if not plain or plain == ["last"] or (len(plain) == 1 and plain[0] in ("m", "h", "d", "w", *_LEADS)):
        return None
    if len(plain) == 1 and plain[0] in (
        "morning",
        "min",
        "hour",
        "day",
        "week",
        "days",
        "hours",
        "weeks",
        "minutes",
        "minute",
        "hr",
        "hrs",
    ):
        return "today" if said[0] == "this" and plain[0] == "morning" else f"1 {plain[0]}" if len(said) > 1 else None
    if len(plain) == 1 and (plain[0].isdecimal() or plain[0].startswith("0.")):
        return None
    try:
        since(" ".join(plain), _ANY)
    except NotUnderstood as error:
        return " ".join(plain) if "future" in error.problem or "year ago" in error.problem else None
    except OverflowError:
        return None
    return " ".join(plain)
