"""Runs of a poll that are news. Edge-triggered: however often and late it is polled, each ending is news once.

A run is looked for by the time its own machine says it ended, so each poll looks back over what clocks may be off.
What does not tell when it ended, or tells a time that cannot be, is found by having been seen to run before, or else
by its last sign of life. A run that was resumed ends anew: soon after, that is a change of what was told; later it is
news again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256

from comparison.runs import GOING_ON, Run, Status
from comparison.tracking.source import ModelVersion

CLOCK_SKEW_MS = 15 * 60_000  # ms that clocks may be off, either way
KEPT = 30 * 24 * 3_600_000  # ms that an end is remembered behind the last poll
AGAIN = 3_600_000  # ms after an end that another end of the same run is news, not a change
GROWN = 24 * AGAIN  # likewise, of a run that finished well both times: evaluations are often logged later
_AND_NOW = ">"


@dataclass(frozen=True, slots=True)
class SeenRuns:
    """`cursor`: the time of the last poll by our clock, in ms since the epoch; the ends seen, by run id."""

    cursor: int = 0
    ends: Mapping[str, tuple[str, int]] = field(default_factory=dict)  # status, and when it ended


@dataclass(frozen=True, slots=True)
class RunDiff:
    seen: SeenRuns
    fresh: tuple[Run, ...]  # ended since, the first to end first
    changed: tuple[Run, ...]  # seen before, and ended otherwise since
    again: tuple[Run, ...] = ()  # of the fresh, those that were seen to end before, and were resumed


def oldest_end(seen: SeenRuns, overlap: int = CLOCK_SKEW_MS) -> int:
    """Runs that ended at or before this are not looked for any more; ms since the epoch."""
    return seen.cursor - overlap


def diff_runs(seen: SeenRuns, runs: Iterable[Run], now: int, overlap: int = CLOCK_SKEW_MS) -> RunDiff:
    """Compares a poll, made at `now`, with what was seen. Runs that ended before `floor` count only if seen to run.

    The cursor does not go back when clocks differ a little; when it was far ahead of us, some clock was wrong.
    """
    least = oldest_end(seen, overlap)
    ended = {run.run_id: run for run in runs if run.is_over and (run.over_at > least or _was_going_on(seen, run))}
    states = {run_id: as_seen(run, now) for run_id, run in ended.items()}
    fresh: list[Run] = []
    changed: list[Run] = []
    again: list[Run] = []
    for run_id, run in ended.items():
        before = seen.ends.get(run_id)
        if before is None or (is_going_on(before[0]) and not before[1]):
            fresh.append(run)
        elif before[0] != run.status.value or run.ended_at not in (None, before[1]):
            (again if _is_news(before, run, now) else changed).append(run)
        else:
            states[run_id] = before
    cursor = now if seen.cursor > now + CLOCK_SKEW_MS else max(now, seen.cursor)
    ends = {run_id: end for run_id, end in {**seen.ends, **states}.items() if end[1] > cursor - KEPT}
    return RunDiff(SeenRuns(cursor, ends), _in_order([*fresh, *again]), _in_order(changed), _in_order(again))


def as_seen(run: Run, now: int) -> tuple[str, int]:
    """What is remembered of a run that is over; where it does not tell when it ended, since when that is known."""
    return run.status.value, run.ended_at or now


def is_going_on(status: str) -> bool:
    """Tells whether a status as it is remembered goes on."""
    return status.rpartition(_AND_NOW)[2] in GOING_ON


def resumed(before: tuple[str, int] | None, run: Run, now: int) -> tuple[str, int]:
    """What is remembered of a run that goes on: how and when it had ended before, where that was seen."""
    if before is None:
        return run.status.value, 0
    if is_going_on(before[0]):
        return before
    return f"{before[0]}{_AND_NOW}{run.status.value}", before[1] or now


def as_before(status: str) -> str:
    """How a run that goes on had ended before, "" where it was not seen to."""
    return status.rpartition(_AND_NOW)[0]


def _was_going_on(seen: SeenRuns, run: Run) -> bool:
    return is_going_on(seen.ends.get(run.run_id, ("", 0))[0])


def _is_news(before: tuple[str, int], run: Run, now: int) -> bool:
    """Whether a run that had ended before ended so much later that its first message is no place for it."""
    status, at = before
    ended_at = run.ended_at if run.ended_at and run.ended_at != at else now
    was_well = (as_before(status) or status) == Status.FINISHED
    return ended_at - at >= (GROWN if was_well and run.status is Status.FINISHED else AGAIN)


def _in_order(runs: Iterable[Run]) -> tuple[Run, ...]:
    return tuple(sorted(runs, key=lambda run: (run.over_at, run.run_id)))


# What a message shows of a run, as one short text: when it differs, the message may have to.


def fingerprint_of(run: Run, versions: Iterable[ModelVersion] = ()) -> str:
    """16 hexadecimal digits, of all that people can still change of it; in whatever order MLflow tells it."""
    facts = (run.name, run.status.value, run.started_at, run.ended_at, run.user, run.deleted, run.parent_id)
    metrics = sorted((name, repr(metric.value), metric.step) for name, metric in run.metrics.items())
    datasets = sorted((each.name, each.digest, each.context) for each in run.datasets)
    registered = sorted((each.model, each.version) for each in versions)
    code = (run.commit, run.source)
    content = (facts, code, metrics, sorted(run.parameters.items()), sorted(run.tags.items()), datasets, registered)
    return sha256(repr(content).encode("utf-8", "backslashreplace")).hexdigest()[:16]
