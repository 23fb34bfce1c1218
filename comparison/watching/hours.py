"""Hours of a day in a time zone: when a channel wants quiet, and when its digest is due, over clock changes."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LATE = timedelta(hours=6)  # a digest that was missed by more than this is left out


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `begin` to `end`, over midnight where the end comes first. `zone` is a name of the time zone database."""

    begin: time
    end: time
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Hours:
    """Days of the week, Monday is 0, and the time on them."""

    days: tuple[int, ...]
    at: time
    zone: str = "UTC"


def resumes(quiet: Quiet | None, now: datetime) -> datetime | None:
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


def due(hours: Hours, after: datetime, now: datetime) -> date | None:
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


def following(hours: Hours, now: datetime) -> datetime:
    """The first time after now, in the zone of the hours."""
    zone = ZoneInfo(hours.zone)
    today = now.astimezone(zone).date()
    days = (today + timedelta(days=ahead) for ahead in range(9))
    moments = (_moment(day, hours.at, hours.zone) for day in days if day.weekday() in hours.days)
    return next((at for at in moments if at > now), now).astimezone(zone)


def _moment(day: date, at: time, zone: str) -> datetime:
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)
