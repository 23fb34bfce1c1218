"""Times and durations as people say them. All are given in ms since the epoch."""

from datetime import UTC, datetime

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
RECENT = 30 * DAY
_TENTH, _HALF = 100, 50  # of a second; half of it is rounded up
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
