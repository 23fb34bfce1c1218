"""Hours of a day in a time zone: when a channel wants quiet, and when its digest is due, over clock changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import NotUnderstood
from comparison.notifications.matching import is_watched
from comparison.queries.scope import Scope
from comparison.queries.standup import StandupAnswer, standup
from comparison.request import Standup
from comparison.runs import Experiment
from comparison.tracking.source import RunSource
from comparison.watch import Digest, QuietHours, Watch, WeeklySchedule

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


# A digest: the standup since the one before, of the experiments it names.


@dataclass(frozen=True, slots=True)
class DueDigest:
    """`missing` are names that no experiment has; no standup: none of them has."""

    standup: StandupAnswer | None
    missing: tuple[str, ...] = ()


def due_digest(digest: Digest, day: str, source: RunSource, *, now: datetime, defaults: ChannelDefaults) -> DueDigest:
    """`day` is the local day it is due on, as 2026-11-23. Raises TrackingUnavailable."""
    local = now.astimezone(ZoneInfo(digest.hours.zone))
    found, missing = _named(digest.experiments, source)
    if digest.experiments and not found:
        return DueDigest(None, missing)
    begin = before(digest.hours, _day(day, local.date()))
    since = f"since {begin:%Y-%m-%d} {digest.hours.at:%H:%M}"
    request, place = Standup(since), Scope(found)
    try:
        return DueDigest(standup(request, source, now=local, defaults=defaults, within=place), missing)
    except NotUnderstood:  # it is told long after its day
        return DueDigest(standup(Standup(), source, now=local, defaults=defaults, within=place), missing)


def before(hours: WeeklySchedule, day: date) -> date:
    """The day of the digest before the one of this day."""
    return next(
        (each for back in range(1, 8) if (each := day - timedelta(days=back)).weekday() in hours.days),
        day - timedelta(days=1),
    )


def _day(text: str, today: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return today


def _named(names: Sequence[str], source: RunSource) -> tuple[tuple[Experiment, ...], tuple[str, ...]]:
    """The experiments of these names or patterns, each once, and the names that none has."""
    if not names:
        return (), ()
    known = source.experiments()
    by_name = {name: [each for each in known if is_watched(Watch(name), each)] for name in names}
    found = {each.experiment_id: each for fitting in by_name.values() for each in fitting}
    return tuple(found.values()), tuple(name for name, fitting in by_name.items() if not fitting)
