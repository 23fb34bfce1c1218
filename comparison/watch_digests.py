"""`weekdays 9:30 Europe/Berlin fraud, iris`: when a digest comes, and of which experiments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time

from comparison import watch_hours, watch_places
from comparison.errors import NotUnderstood
from comparison.watch_hours import DAILY, DAYS
from comparison.watch_words import bare, refused
from comparison.watching.hours import Hours
from comparison.watching.watch import Digest
from comparison.words import Word

MOST_NAMED = 50
EXAMPLE = "digest weekdays 9:30 Europe/Berlin"
_AROUND = frozenset({"at", "on", "every", "each", "in", "time", "zone", "the"})
_HALVES = frozenset({"am", "pm", "a.m.", "p.m.", "a.m", "p.m"})


@dataclass
class _When:
    """What was said of the time so far; `rest` is what is still to be read."""

    rest: list[Word]
    days: tuple[int, ...] = ()
    at: time | None = None
    zone: str = ""


def read_digest(words: Sequence[Word], text: str) -> Digest:
    """Days, time and zone in any order, every day and UTC where they are not said; then experiments.

    Raises NotUnderstood with the spot.
    """
    when = _When(bare(words))
    while when.rest and (_days(when) or _time(when) or _zone(when) or _skip(when)):
        pass
    if when.at is None:
        raise _unfinished(when, words)
    named = _named(when, text)
    return Digest(Hours(when.days or DAILY, when.at, when.zone or "UTC"), named)


def _days(when: _When) -> bool:
    found, count = watch_hours.days(when.rest) if not when.days else ((), 0)
    when.days = when.days or found
    when.rest = bare(when.rest[count:])
    return bool(count)


def _time(when: _When) -> bool:
    if when.at is not None or when.rest[0].is_comma:
        return False
    said, count = when.rest[0].folded, 1
    if len(when.rest) > 1 and when.rest[1].folded in _HALVES:
        said, count = f"{said} {when.rest[1].folded}", 2
    when.at = watch_hours.clock(said)
    if when.at is not None:
        when.rest = bare(when.rest[count:])
    return when.at is not None


def _zone(when: _When) -> bool:
    """Raises NotUnderstood for what is meant as a zone and is none as it stands."""
    word = when.rest[0]
    if when.zone or not word.folded:
        return False
    when.zone = watch_hours.known_zone(word.text)
    if not when.zone and watch_hours.is_nearly_zone(word.text):
        error = watch_hours.no_zone([word], watch_hours.near_zones(word.text))
        error.remedy = "Write the zone like Europe/Berlin; an experiment that is called so goes in quotes."
        error.example = EXAMPLE
        raise error
    if when.zone:
        when.rest = bare(when.rest[1:])
    return bool(when.zone)


def _skip(when: _When) -> bool:
    """Leaves out `at`, `every` and the like, as long as more of the time may follow."""
    word = when.rest[0].folded
    if len(when.rest) < 2 or word not in _AROUND or (word in ("in", "the") and when.zone and when.at is not None):
        return False
    when.rest = when.rest[1:]
    return True


def _named(when: _When, text: str) -> tuple[str, ...]:
    rest = when.rest
    if watch_places.is_filling(rest):
        return ()
    if len(rest) == 2 and rest[0].folded in ("all", "every") and rest[1].folded in ("experiments", "experiment"):
        return ()
    named = watch_places.names(rest, text, f"{EXAMPLE} my-experiment")
    if len(named) > MOST_NAMED:
        problem = f"That is {len(named)} experiments; a digest takes {MOST_NAMED} of them, or all."
        raise refused(problem, "Name fewer.", EXAMPLE, rest)
    return named


def _unfinished(when: _When, words: Sequence[Word]) -> NotUnderstood:
    """What is missing, and the nearest words for days."""
    spot = when.rest[:1] or list(words[-1:])
    said = spot[0].folded if spot else ""
    if said == "now":
        remedy = "A digest comes by itself; what there is now is a standup."
        return refused("When shall the digest come?", remedy, "standup", spot)
    if when.days:
        problem, remedy = "At what time?", "Say it behind the days."
    else:
        problem, remedy = "When shall the digest come?", "Say the days and the hour first, then the experiments."
    error = refused(problem, remedy, EXAMPLE, spot) if spot else NotUnderstood(problem, remedy=remedy, example=EXAMPLE)
    error.near = watch_hours.near_days(said) if not when.days and said not in DAYS else ()
    return error
