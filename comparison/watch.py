"""What a channel asked to be told of, at which hours, and how that is kept: a document to be read without words."""

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any
from zoneinfo import ZoneInfo

from comparison.errors import RequestError
from comparison.run_reference import (
    Filtered,
    Latest,
    Leading,
    Linked,
    Named,
    OfDay,
    Pinned,
    Registered,
    RunReference,
    Unfinished,
)

PATTERN = "*?["


def is_pattern(place: str) -> bool:
    return any(sign in place for sign in PATTERN)


def is_called(experiment: str, place: str) -> bool:
    """Whether this is the experiment's name, whatever its case, or a pattern that fits it."""
    name, wanted = experiment.casefold(), place.casefold()
    return name == wanted or (is_pattern(wanted) and fnmatchcase(name, wanted))


class OnlyRuns(StrEnum):
    FAILURES = "failures"
    BETTER = "better"
    WORSE = "worse"
    NEW_BEST = "new best"


@dataclass(frozen=True, slots=True)
class MetricRule:
    """`sign` is a comparison with `amount`, or a move of so much against the baseline: drops, rises, changes."""

    metric: str
    sign: str
    amount: float
    is_percent: bool = False  # of a move: a share of the baseline

    def __str__(self) -> str:
        return f"{self.metric} {self.condition}"

    @property
    def condition(self) -> str:
        """What is asked of the metric, exactly: `< 0.2`, `drops by 2 %`."""
        amount = f"{repr(float(self.amount)).removesuffix('.0')}{' %' if self.is_percent else ''}"
        return f"{self.sign} by {amount}" if self.sign in DIRECTIONS else f"{self.sign} {amount}"


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From `begin` to `end`, over midnight where the end comes first. `zone` is a name of the time zone database."""

    begin: time
    end: time
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Watch:
    """`place` is an experiment's name or a pattern of names. No baseline: the pinned one, else the previous run.

    `experiment_id` is the experiment of that name, whatever it is called by now; "" for a pattern, or not known yet.
    """

    place: str
    against: str = ""  # "", previous, best, baseline or run
    baseline: RunReference | None = None  # where against is run
    where: str = ""
    user: str = ""
    only: OnlyRuns | None = None
    rules: tuple[MetricRule, ...] = ()  # all must hold
    metrics: tuple[str, ...] = ()  # the first is primary
    quiet: QuietHours | None = None
    excepted: tuple[str, ...] = ()  # names or patterns of experiments that are not watched after all
    mentions_owner: bool = False
    broadcasts: bool = False  # a new best that an edit brought is also said aloud
    only_clear: bool = False  # only runs whose difference is more than the noise of earlier repeats explains
    seeds: int | None = None  # told once so many seeds of a configuration finished, of all of them; None: of each run
    experiment_id: str = ""
    visible: tuple[str, ...] | None = None  # names and patterns that its channel may see; None: all. Never in its words

    @property
    def is_pattern(self) -> bool:
        return is_pattern(self.place)


@dataclass(frozen=True, slots=True)
class WeeklySchedule:
    """Days of the week, Monday is 0, and the time on them."""

    days: tuple[int, ...]
    at: time
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Digest:
    """A standup that comes by itself. No experiments: all."""

    hours: WeeklySchedule
    experiments: tuple[str, ...] = ()

    def fits(self, experiment: str) -> bool:
        """Whether an experiment of this name is in it."""
        return not self.experiments or any(is_called(experiment, place) for place in self.experiments)


@dataclass(frozen=True, slots=True)
class Subscription:
    """A watch as it is decided by: whose it is, since when, and which runs were over already when it began."""

    id: str
    workspace: str
    channel: str
    watching: Watch
    since: int  # ms since the epoch, by our clock
    past: frozenset[str] = frozenset()


DIRECTIONS: Mapping[str, tuple[int, ...]] = {"drops": (-1,), "rises": (1,), "changes": (-1, 1)}


# Hours of a day in a time zone: when a channel wants quiet, and when its digest is due, over clock changes.


LATE = timedelta(hours=6)  # a digest that was missed by more than this is left out


def quiet_until(quiet: QuietHours | None, now: datetime) -> datetime | None:
    """When the quiet ends that holds now; None when it does not."""
    if quiet is None or quiet.begin == quiet.end:
        return None
    local = now.astimezone(ZoneInfo(quiet.zone))
    clock = local.time().replace(tzinfo=None)
    over_midnight = quiet.begin > quiet.end
    behind, before = clock >= quiet.begin, clock < quiet.end
    if not (behind or before if over_midnight else behind and before):
        return None
    day = local.date() + timedelta(days=1) if over_midnight and clock >= quiet.begin else local.date()
    return _moment(day, quiet.end, quiet.zone)


def due_day(hours: WeeklySchedule, after: datetime, now: datetime) -> date | None:
    """The local day of the last time that came after `after`, up to now; None when there was none.

    However many were missed it is one, and none when it is too late for it. Each local day has one time: on the
    night when clocks go back it is the first of the two, when they go forward it is as much later.
    """
    today = now.astimezone(ZoneInfo(hours.zone)).date()
    for back in range(9):
        day = today - timedelta(days=back)
        moment = _moment(day, hours.at, hours.zone)
        if day.weekday() in hours.days and moment <= now:
            return day if after < moment and now - moment < LATE else None
    return None


def next_time(hours: WeeklySchedule, now: datetime) -> datetime:
    """The first time after now, in the zone of the hours."""
    zone = ZoneInfo(hours.zone)
    today = now.astimezone(zone).date()
    days = (today + timedelta(days=ahead) for ahead in range(9))
    moments = (_moment(day, hours.at, hours.zone) for day in days if day.weekday() in hours.days)
    return next((at for at in moments if at > now), now).astimezone(zone)


def _moment(day: date, at: time, zone: str) -> datetime:
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def day_before(hours: WeeklySchedule, day: date) -> date:
    """The day of the digest before the one of this day."""
    return next(
        (each for back in range(1, 8) if (each := day - timedelta(days=back)).weekday() in hours.days),
        day - timedelta(days=1),
    )


# A watch or a digest as it is kept: JSON of a version, which is read without any words.


VERSION = 1
_SPOTS = frozenset({"at", "end"})  # where a run was named: of the words, not of the run
_BESIDE = frozenset({"experiment_id", "visible"})
_REFERENCES: dict[str, type[Any]] = {
    each.__name__: each for each in (Named, Linked, Latest, Leading, Pinned, Registered, Unfinished, OfDay, Filtered)
}


def watch_document(watching: Watch) -> str:
    """The watch without the experiment it is tied to and what its channel may see, which are kept beside it."""
    content = {each.name: getattr(watching, each.name) for each in fields(Watch) if each.name not in _BESIDE}
    return _document({"watch": {name: _encoded(value) for name, value in content.items() if value}})


def digest_document(digest: Digest) -> str:
    hours = digest.hours
    content = {"days": list(hours.days), "at": _clock(hours.at), "zone": hours.zone}
    return _document({"digest": content | {"experiments": list(digest.experiments)}})


def watch_from(document: str) -> Watch:
    """Raises RequestError for what is no watch, or of a later version."""
    content = _content(document, "watch")
    try:
        values = {each.name: content[each.name] for each in fields(Watch) if each.name in content}
        return Watch(**{"place": ""} | {name: _decoded(name, value) for name, value in values.items()})
    except (AttributeError, IndexError, KeyError, TypeError, ValueError) as error:
        raise _unread() from error


def digest_from(document: str) -> Digest:
    """Raises RequestError for what is no digest, or of a later version."""
    content = _content(document, "digest")
    try:
        hours = WeeklySchedule(tuple(content["days"]), time.fromisoformat(content["at"]), content["zone"])
        return Digest(hours, tuple(content["experiments"]))
    except (KeyError, TypeError, ValueError) as error:
        raise _unread() from error


def _document(content: dict[str, Any]) -> str:
    return json.dumps({"version": VERSION} | content, separators=(",", ":"))


def _content(document: str, what: str) -> dict[str, Any]:
    try:
        content = json.loads(document)
    except ValueError as error:
        raise _unread() from error
    if not isinstance(content, dict) or content.get("version") != VERSION or not isinstance(content.get(what), dict):
        raise _unread()
    found: dict[str, Any] = content[what]
    return found


def _unread() -> RequestError:
    return RequestError("What is kept of this watch cannot be read.", remedy="Remove it, and set it up again.")


def _encoded(value: object) -> object:
    match value:
        case QuietHours(begin=begin, end=end, zone=zone):
            return [_clock(begin), _clock(end), zone]
        case MetricRule():
            return list(astuple(value))
        case tuple():
            return [_encoded(each) for each in value]
        case _ if is_dataclass(value) and not isinstance(value, type):
            content = {each.name: getattr(value, each.name) for each in fields(value) if each.name not in _SPOTS}
            return {"kind": type(value).__name__} | content
    return value


def _decoded(name: str, value: Any) -> Any:
    match name:
        case "baseline":
            return _reference_from(value)
        case "only":
            return OnlyRuns(value)
        case "rules":
            return tuple(MetricRule(*rule) for rule in value)
        case "quiet":
            return QuietHours(time.fromisoformat(value[0]), time.fromisoformat(value[1]), value[2])
    return tuple(value) if isinstance(value, list) else value


def _reference_from(content: dict[str, Any]) -> RunReference:
    found: RunReference = _REFERENCES[content["kind"]](
        **{name: value for name, value in content.items() if name != "kind"}
    )
    return found


def _clock(at: time) -> str:
    return at.isoformat("minutes")
