"""Times and durations as people say them. All are given in ms since the epoch."""

from datetime import UTC, datetime

from comparison.runs import Run, is_moment

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
RECENT = 30 * DAY
_TENTH, _HALF = 100, 50  # of a second; half of it is rounded up
AHEAD = 15 * MINUTE  # that a machine's clock may be ahead without a word
_OUT_OF_RANGE = (OverflowError, OSError, ValueError)


def date(at: int) -> str:
    """`2026-11-23 14:05 UTC`."""
    try:
        return datetime.fromtimestamp(at / SECOND, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except _OUT_OF_RANGE:
        return "at an impossible time"


def started(at: int, now: int | None) -> str:
    """`started 2 h ago`; with the date when it is long ago, when the clock is not known, or runs ahead of ours."""
    if now is None or not -MINUTE <= now - at < RECENT:
        return f"started {date(at)}"
    return "started just now" if now - at < MINUTE else f"started {_coarse(now - at)} ago"


def duration(length: int) -> str:
    """`0.4 s`, `12 s`, `4 min 10 s`, `2 h 5 min`, `3 d 4 h`."""
    if length < 10 * SECOND:
        whole, tenths = divmod((length + _HALF) // _TENTH, SECOND // _TENTH)
        return f"{whole}.{tenths}".removesuffix(".0") + " s"
    for unit, word, smaller, smaller_word in (
        (DAY, "d", HOUR, "h"),
        (HOUR, "h", MINUTE, "min"),
        (MINUTE, "min", SECOND, "s"),
    ):
        if length >= unit:
            rest = length % unit // smaller
            return f"{length // unit} {word}" + (f" {rest} {smaller_word}" if rest else "")
    return f"{length // SECOND} s"


def _coarse(length: int) -> str:
    for unit, word in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if length >= unit:
            return f"{length // unit} {word}"
    return f"{length // SECOND} s"


def impossible(run: Run) -> tuple[str, ...]:
    """Times of a run that cannot be, as logged: `start 1970-01-21 18:51 UTC, perhaps logged in seconds`."""
    return tuple(f"{name} {date(at)}{_perhaps(at)}" for name, at in run.odd_times.items())


def _perhaps(at: int) -> str:
    units = (("seconds", at * SECOND), ("microseconds", at // 1_000), ("nanoseconds", at // 1_000_000))
    unit = next((unit for unit, meant in units if is_moment(meant)), "")
    return f", perhaps logged in {unit}" if unit else ""


def doubts(run: Run, now: int) -> tuple[str, ...]:
    """What is odd about the times of a run, a sentence each."""
    found = [f"A time of it cannot be and is not used: {told}." for told in impossible(run)]
    if run.is_over and run.ended_at is None and "end" not in run.odd_times:
        found.append("It does not tell when it ended.")
    if run.started_at and run.ended_at and run.ended_at < run.started_at:
        found.append("By its own times it ended before it started, so that nobody knows how long it took.")
    for name, at in (("start", run.started_at), ("end", run.ended_at)):
        if at is not None and at - now > AHEAD:
            found.append(f"Its {name} is still to come ({date(at)}): the clock of its machine is ahead.")
    return tuple(found)
