"""A digest: the standup since the one before, of the experiments it names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from comparison import quick
from comparison.defaults import Defaults
from comparison.errors import NotUnderstood
from comparison.quick.place import Place
from comparison.request import Standup
from comparison.runs import Experiment
from comparison.source import RunSource
from comparison.watching.fitting import is_watched
from comparison.watching.hours import Hours
from comparison.watching.watch import Digest, Watching


@dataclass(frozen=True, slots=True)
class HeldDigest:
    """`missing` are names that no experiment has; no standup: none of them has."""

    standup: quick.Digest | None
    missing: tuple[str, ...] = ()


def held_digest(digest: Digest, day: str, source: RunSource, *, now: datetime, defaults: Defaults) -> HeldDigest:
    """`day` is the local day it is due on, as 2026-11-23. Raises TrackingUnavailable."""
    local = now.astimezone(ZoneInfo(digest.hours.zone))
    found, missing = _named(digest.experiments, source)
    if digest.experiments and not found:
        return HeldDigest(None, missing)
    begin = before(digest.hours, _day(day, local.date()))
    since = f"since {begin:%Y-%m-%d} {digest.hours.at:%H:%M}"
    request, place = Standup(since), Place(found)
    try:
        return HeldDigest(quick.standup(request, source, now=local, defaults=defaults, within=place), missing)
    except NotUnderstood:  # it is told long after its day
        return HeldDigest(quick.standup(Standup(), source, now=local, defaults=defaults, within=place), missing)


def before(hours: Hours, day: date) -> date:
    """The day of the digest before the one of this day."""
    return next(
        (each for back in range(1, 8) if (each := day - timedelta(days=back)).weekday() in hours.days),
        day - timedelta(days=1),
    )


def _day(told: str, today: date) -> date:
    try:
        return date.fromisoformat(told)
    except ValueError:
        return today


def _named(names: Sequence[str], source: RunSource) -> tuple[tuple[Experiment, ...], tuple[str, ...]]:
    """The experiments of these names or patterns, each once, and the names that none has."""
    if not names:
        return (), ()
    known = source.experiments()
    by_name = {name: [each for each in known if is_watched(Watching(name), each)] for name in names}
    found = {each.experiment_id: each for fitting in by_name.values() for each in fitting}
    return tuple(found.values()), tuple(name for name, fitting in by_name.items() if not fitting)
