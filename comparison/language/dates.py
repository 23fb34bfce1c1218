"""Times of day, days of the week, time zones and moments, as people type them.

`match` finds a moment among tokens and puts it into words; `since` and `until` read these words against a clock.
"""

# ruff: noqa: PLR0911 -- a grammar is a list of cases, each in its place

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import available_timezones

from comparison.errors import NotUnderstood
from comparison.language.tokens import Word
from comparison.names import nearest_names
from comparison.watch import QuietHours

TIME = r"(?:\d{1,2}(?:[:.h]\d{2}|h)?(?: ?[ap]\.?m\.?)?|\d{4}|noon|midday|midnight)"
_CLOCK = re.compile(r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2})|h)?(?: ?(?P<half>[ap])\.?m\.?)?")
_PLAIN = re.compile(r"(?P<hour>\d{2})(?P<minute>\d{2})")
_NAMED = {"noon": time(12), "midday": time(12), "midnight": time()}
_SPAN = re.compile(
    rf"(?:hours )?(?:from |between |after |at )?(?P<begin>{TIME}) ?(?:--?|–|to|until|till|and) ?"
    rf"(?P<end>{TIME})(?: (?P<zone>\S.*))?"
)
_WRITTEN_OFFSET = re.compile(r"Etc/GMT(?P<sign>[+-])(?P<hours>[1-9]\d*)")  # west is plus there
_OFFSET = re.compile(r"(?:utc|gmt)_?(?P<sign>[+-])_?(?P<hours>\d{1,2})(?::?00)?")
_PARTS = re.compile(r"(?:utc|gmt)_?(?P<offset>[+-]\d{1,2}:?(?:15|30|45))")
_BETWEEN = {  # zones that are no whole number of hours from UTC
    "+330": "Asia/Tehran",
    "+430": "Asia/Kabul",
    "+530": "Asia/Kolkata",
    "+545": "Asia/Kathmandu",
    "+630": "Asia/Yangon",
    "+930": "Australia/Darwin",
    "-330": "America/St_Johns",
    "-930": "Pacific/Marquesas",
}
_OWN_TIME = ("local_time", "my_time", "our_time")
_OWN = frozenset({"local", "my", "our", "local_time", "my_time", "our_time", "here"})
_MACHINE = frozenset({"localtime", "Factory"})  # the zone of the machine the bot runs on, and of none
_CONTINENTS = frozenset(
    {"africa", "america", "antarctica", "asia", "atlantic", "australia", "europe", "indian", "pacific"}
)
_ABBREVIATED = {  # these say no zone: an hour off in half of the year, or one of several
    **dict.fromkeys(("est", "edt", "et", "eastern"), "America/New_York"),
    **dict.fromkeys(("cst", "cdt", "ct", "central"), "America/Chicago"),
    **dict.fromkeys(("mst", "mdt", "mountain"), "America/Denver"),
    **dict.fromkeys(("pst", "pdt", "pt", "pacific"), "America/Los_Angeles"),
    **dict.fromkeys(("cest", "mez", "mesz"), "Europe/Berlin"),
    **dict.fromkeys(("eest",), "Europe/Helsinki"),
    **dict.fromkeys(("west",), "Europe/Lisbon"),
    **dict.fromkeys(("bst",), "Europe/London"),
    **dict.fromkeys(("msk",), "Europe/Moscow"),
    **dict.fromkeys(("ist",), "Asia/Kolkata"),
    **dict.fromkeys(("jst",), "Asia/Tokyo"),
    **dict.fromkeys(("kst",), "Asia/Seoul"),
    **dict.fromkeys(("sgt",), "Asia/Singapore"),
    **dict.fromkeys(("aest", "aedt"), "Australia/Sydney"),
}
_LIKE = 0.72
WORKDAYS, WEEKEND, DAILY = (0, 1, 2, 3, 4), (5, 6), (0, 1, 2, 3, 4, 5, 6)


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAYS = {
    **dict.fromkeys(("weekdays", "weekday", "workdays", "workday"), WORKDAYS),
    **dict.fromkeys(("weekends", "weekend"), WEEKEND),
    **dict.fromkeys(("daily", "day", "everyday", "days"), DAILY),
    **{day[:size]: (number,) for number, day in enumerate(WEEKDAYS) for size in (3, len(day))},
    **{f"{day}s": (number,) for number, day in enumerate(WEEKDAYS)},
    "tues": (1,),
    "weds": (2,),
    "thur": (3,),
    "thurs": (3,),
}
SHORT_DAYS = {**DAYS, **{day[:2]: (number,) for number, day in enumerate(WEEKDAYS)}}  # in lists and spans of days


def read_clock(clock: str) -> time | None:
    """`9:30`, `9am`, `9`, `0930`, `noon`; 24:00 is midnight. None for what is no time."""
    clock = clock.casefold()
    if clock in _NAMED:
        return _NAMED[clock]
    found = _CLOCK.fullmatch(clock) or _PLAIN.fullmatch(clock)
    if not found:
        return None
    fields = found.groupdict()
    hour, minute, half = int(fields["hour"]), int(fields["minute"] or 0), fields.get("half")
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    if (hour, minute) == (24, 0):
        hour = 0
    return time(hour, minute) if hour < 24 and minute < 60 else None


def read_days(words: Sequence[Word]) -> tuple[tuple[int, ...], int]:
    """The days that these words begin with, and how many words say them: `mon, wed and fri`, `mon-fri`."""
    found: list[int] = []
    place = taken = 0
    while place < len(words):
        if found and (words[place].is_comma or words[place].folded in ("and", "&")):
            place += 1
            continue
        span, size = _days(words[place : place + 3])
        if not span:
            break
        found += span
        place = taken = place + size
    return tuple(sorted(set(found))), taken


def _days(words: Sequence[Word]) -> tuple[tuple[int, ...], int]:
    """One day, a word for several, or a span of days, and how many words say it."""
    first, last, size = words[0].folded.rstrip("."), "", 1
    listed = [SHORT_DAYS.get(each) for each in re.split(r"[/+&]", first)] if first not in DAYS else []
    if len(listed) > 1 and all(listed):
        return tuple(sorted({day for each in listed for day in each or ()})), 1
    if first not in DAYS and "-" in first:
        first, _sign, last = first.partition("-")
    elif len(words) > 2 and words[1].folded in ("-", "--", "to", "until", "through") and words[2].folded in DAYS:
        last, size = words[2].folded, 3
    begin, end = (SHORT_DAYS if last else DAYS).get(first, ()), SHORT_DAYS.get(last, ())
    if not last:
        return begin, 1
    if len(begin) != 1 or len(end) != 1:
        return (begin, 1) if size == 3 else ((), 0)
    return tuple((begin[0] + ahead) % 7 for ahead in range((end[0] - begin[0]) % 7 + 1)), size


def near_days(word: str) -> tuple[str, ...]:
    """Words for days that are nearly this one."""
    alike = difflib.get_close_matches(word, DAYS, n=3, cutoff=_LIKE) if len(word) > 3 else []
    return tuple(each for each in alike if abs(len(each) - len(word)) <= 2)


# Zones
def read_quiet(words: Sequence[Word]) -> QuietHours | None:
    """`20:00-08:00 Europe/Berlin`, `from 8pm to 8am`; in UTC where no zone is said. None for what is no such span.

    Raises NotUnderstood for a zone that does not exist.
    """
    span = _SPAN.fullmatch(" ".join(each.text.casefold() for each in words if not each.is_comma))
    begin, end = (read_clock(span["begin"]), read_clock(span["end"])) if span else (None, None)
    if span is None or begin is None or end is None or begin == end:
        return None
    if not span["zone"]:
        return QuietHours(begin, end)
    count = len(span["zone"].split(" "))
    zone = [each for each in words if not each.is_comma][-count:]
    if any(each.folded in DAYS for each in zone):
        return None
    return QuietHours(begin, end, read_zone(zone))


@dataclass(frozen=True, slots=True)
class _Zones:
    """Names of the time zone database by their name in lower case, and those of continents by their town."""

    names: dict[str, str]
    towns: dict[str, str]


@lru_cache(maxsize=1)
def _zones() -> _Zones:
    names = sorted(available_timezones() - _MACHINE, reverse=True)
    parted = [(name, *name.casefold().split("/")) for name in names]
    towns = {parts[-1]: name for name, *parts in parted if len(parts) > 1 and parts[0] in _CONTINENTS}
    return _Zones({name.casefold(): name for name in names}, towns)


def read_zone(words: Sequence[Word]) -> str:
    """The name of a zone: `Europe/Berlin`, `europe/berlin`, `Berlin`, `New York`, `UTC+2`. Raises NotUnderstood."""
    name_words = [word for word in words if word.text.casefold() not in ("in", "time", "zone")] or list(words)
    name = "_".join(word.text for word in name_words).strip("()")
    if found := known_zone(name) or _zones().towns.get(name.casefold()):
        return found
    raise no_zone(name_words, near_zones(name))


def no_zone(words: Sequence[Word], alike: Iterable[str]) -> NotUnderstood:
    name = " ".join(word.text for word in words).strip("()")
    return NotUnderstood(
        f"There is no time zone called {name[:60]}.",
        remedy="Zones are named like Europe/Berlin or America/New_York.",
        example="watch my-experiment quiet 20:00-08:00 Europe/Berlin",
        near=tuple(alike)[:5],
        at=words[0].at,
        end=words[-1].end,
    )


def known_zone(spelling: str) -> str:
    """The zone of this whole name, whatever its case, or so many hours from UTC; "" when there is none."""
    folded = spelling.strip("()").casefold().replace(" ", "_")
    if folded in _ABBREVIATED:
        return ""
    if folded == "z":
        return "UTC"
    if offset := _OFFSET.fullmatch(folded):  # the database turns the sign round
        hours = int(offset["hours"])
        turned = f"etc/gmt{'-' if offset['sign'] == '+' else '+'}{hours}" if hours else "utc"
        return _zones().names.get(turned, "")
    found = _zones().names.get(folded, "")
    return "UTC" if folded in ("utc", "gmt", "etc/utc", "etc/gmt") else found


def is_nearly_zone(spelling: str) -> bool:
    """Whether this is meant as a zone and is none as it stands: `Europe/Berln`, `Berlin`, `PST`, `UTC+25`."""
    folded = spelling.strip("()").casefold()
    if (
        folded in _ABBREVIATED
        or folded.replace(" ", "_") in (*_OWN_TIME, *_zones().towns)
        or _OFFSET.fullmatch(folded)
        or _PARTS.fullmatch(folded)
    ):
        return True
    area, sign, _town = folded.partition("/")
    is_written_so = area in _CONTINENTS and spelling.strip("()")[:1].isupper()
    return bool(sign) and (is_written_so or bool(_alike_whole(folded)))


def is_town(spelling: str) -> bool:
    """Whether a zone is called after it: `Berlin`, `New York`; and `local time`, which is none."""
    return spelling.strip("()").casefold().replace(" ", "_") in (*_OWN_TIME, *_zones().towns)


def near_zones(spelling: str) -> tuple[str, ...]:
    """The zones most like this one: by abbreviation, by town, by the whole name."""
    folded = spelling.strip("()").casefold().replace(" ", "_")
    if folded in _ABBREVIATED:
        return (_ABBREVIATED[folded],)
    if folded in _OWN:
        return ()
    if parts := _PARTS.fullmatch(folded):
        named = _BETWEEN.get(re.sub(r"(?<=[+-])0|:", "", parts["offset"]), "")
        return (named,) if named else ()
    town = folded.rpartition("/")[2]
    alike = [_zones().towns[each] for each in nearest_names(town, _zones().towns)] if len(town) > 2 else []
    whole = [name for name in _alike_whole(folded) if name not in alike]
    area = folded.partition("/")[0]
    alike.sort(key=lambda name: "/" in folded and name.partition("/")[0].casefold() != area)
    return tuple(dict.fromkeys([*alike, *whole])) or tuple(nearest_names(spelling, _zones().names.values()))


def _alike_whole(folded: str) -> tuple[str, ...]:
    city = folded.rpartition("/")[2]
    whole = (name for name in nearest_names(folded, _zones().names.values()) if "/" in name)
    return tuple(name for name in whole if _is_like(city, name.casefold().rpartition("/")[2]))


def _is_like(one: str, other: str) -> bool:
    return bool(nearest_names(one, [other])) and abs(len(one) - len(other)) <= 2


# From when: the words people use for a stretch of time, read against a clock that is given


_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TIME_SPAN = re.compile(
    r"(?:the )?(?:last |past )?(?P<count>\d{1,4})? ?(?P<unit>m|min|minutes?|h|hr|hrs|hours?|d|days?|w|weeks?)(?: ago)?"
)
_TELLS_CLOCK = re.compile(r"[:.]\d|h\d|[ap]\.?m")
_DATE = re.compile(r"(?P<date>\d{4}-\d{2}-\d{2})(?:[ t](?P<clock>\S.*))?")
_HOUR = re.compile(r"midnight|(?:^|[ t])\d{1,2}(?:[:.h]\d{2}| ?[ap]m)")  # in words for a moment that is no whole day
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
    phrase = " ".join(words.lower().split()).removeprefix("since ").removeprefix("on ").removeprefix("at ")
    if not phrase:
        return last_working_day(now)
    moment = _span(phrase, now) or _date(phrase, now) or _day(phrase, now) or _clock(phrase, now)
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


def until(words: str, now: datetime) -> datetime:
    """The moment up to which `words` mean: of a day its end, never later than `now`; `before` a day is its start.

    Raises NotUnderstood.
    """
    phrase = " ".join(words.lower().split())
    moment = since(phrase.removeprefix("before "), now)
    is_day = moment.time() == time() and not _span(phrase, now) and not _HOUR.search(phrase)
    if phrase.startswith("before ") or not is_day:
        return moment
    return min(datetime.combine(moment.date() + timedelta(days=1), time(), moment.tzinfo), now)


def _span(phrase: str, now: datetime) -> datetime | None:
    found = _TIME_SPAN.fullmatch(phrase)
    if not found:
        return None
    return now - timedelta(**{_UNITS[found["unit"][0]]: int(found["count"] or 1)})


def _date(phrase: str, now: datetime) -> datetime | None:
    found = _DATE.fullmatch(phrase)
    if not found:
        return None
    try:
        day = datetime.strptime(found["date"], "%Y-%m-%d").replace(tzinfo=now.tzinfo)
    except ValueError:
        return None
    at = _time(found["clock"]) if found["clock"] else time()
    return None if at is None else datetime.combine(day.date(), at, now.tzinfo)


def _day(phrase: str, now: datetime) -> datetime | None:
    """`monday`, `last monday`, `yesterday`, `this morning`, each with an hour behind it or at its start."""
    word, _, rest = phrase.removeprefix("last ").partition(" ")
    today = now.date()
    named = {"today": 0, "yesterday": 1, "morning": 0}
    if phrase.startswith("this morning"):
        word, rest = "today", phrase.removeprefix("this morning").strip()
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


def _clock(phrase: str, now: datetime) -> datetime | None:
    """The last time the clock stood so."""
    at = _time(phrase)
    if at is None:
        return None
    moment = datetime.combine(now.date(), at, now.tzinfo)
    return moment if moment <= now else moment - timedelta(days=1)


def _time(clock: str) -> time | None:
    """A time of day; a bare number is none, and `9h` is nine hours ago."""
    return read_clock(clock) if clock in _NAMED or _TELLS_CLOCK.search(clock) else None


def zone_words(name: str) -> str:
    """So many hours from UTC with the sign that people expect, which the database turns round."""
    found = _WRITTEN_OFFSET.fullmatch(name)
    return f"UTC{'-' if found['sign'] == '+' else '+'}{found['hours']}" if found else name


# Moments among other words


_ANY = datetime(2026, 11, 25, 23, 59, tzinfo=UTC)  # against which it is tried whether words name a moment
_MOST = 6  # tokens
_LEADS = ("the", "last", "past", "this", "letzten", "letzte", "les", "derniers", "los", "últimos", "os")
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
_UNIT_WORDS = {
    "tage": "days", "tagen": "days", "tag": "day", "stunden": "hours", "stunde": "hour", "wochen": "weeks",
    "jours": "days", "heures": "hours", "semaines": "weeks", "días": "days", "horas": "hours", "semanas": "weeks",
    "dias": "days",
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7",
    "ten": "10", "couple": "2",
    "zwei": "2", "drei": "3", "fünf": "5", "sieben": "7",
}  # fmt: skip
_BARE_UNITS = frozenset(
    {"morning", "min", "hour", "day", "week", "days", "hours", "weeks", "minutes", "minute", "hr", "hrs"}
)
_PARTS_OF_DAY = {"morning": "", "noon": "noon", "afternoon": "12:00", "evening": "6pm", "night": "6pm"}
_BEGINNINGS = frozenset(
    {
        *_LEADS,
        "yesterday",
        "today",
        "noon",
        "midnight",
        "morning",
        *_UNIT_WORDS,
        *WEEKDAYS,
        "tues",
        "weds",
        "thur",
        "thurs",
    }
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
        part = words[start:last]
        if "" in part:
            continue
        possessive = part[-1].endswith("'s")
        if (moment := _moment([*part[:-1], part[-1].removesuffix("'s")])) is not None:
            return last, moment, possessive
    return None


def _moment(words: Sequence[str]) -> str | None:
    phrase = " ".join(words)
    if phrase in _SAME:
        return _SAME[phrase]
    if (
        len(words) > 1
        and words[-1] in _PARTS_OF_DAY
        and (day := _moment(words[:-1])) in (*WEEKDAYS, "yesterday", "today")
    ):
        return f"{day} {_PARTS_OF_DAY[words[-1]]}".strip()
    plain = [_UNIT_WORDS.get(each, _SAME.get(each, each)) for each in words]
    while len(plain) > 1 and plain[0] in _LEADS and plain[1] not in ("week", "weeks", "month"):
        plain = plain[1:]
    if not plain or plain == ["last"] or (len(plain) == 1 and plain[0] in ("m", "h", "d", "w", *_LEADS)):
        return None
    if len(plain) == 1 and plain[0] in _BARE_UNITS:
        return "today" if words[0] == "this" and plain[0] == "morning" else f"1 {plain[0]}" if len(words) > 1 else None
    if len(plain) == 1 and (plain[0].isdecimal() or plain[0].startswith("0.")):
        return None
    try:
        since(" ".join(plain), _ANY)
    except NotUnderstood as error:
        return " ".join(plain) if "future" in error.problem or "year ago" in error.problem else None
    except OverflowError:
        return None
    return " ".join(plain)
