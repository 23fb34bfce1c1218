"""Which runs of a poll are news. Edge-triggered: however often and late it is polled, each ending is news once.

A run is looked for by the time its own machine says it ended, so each poll looks back over what clocks may be off.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from comparison.runs import Run, Status

OVERLAP = 15 * 60_000  # ms that clocks may be off, either way
KEPT = 2 * 24 * 3_600_000  # ms that an end is remembered behind the last poll
_GOING_ON = frozenset({Status.RUNNING, Status.SCHEDULED})


@dataclass(frozen=True, slots=True)
class Seen:
    """`cursor`: the time of the last poll by our clock, in ms since the epoch; the ends seen, by run id."""

    cursor: int = 0
    ends: Mapping[str, tuple[str, int]] = field(default_factory=dict)  # status, and when it ended


@dataclass(frozen=True, slots=True)
class Step:
    seen: Seen
    fresh: tuple[Run, ...]  # ended since, the first to end first
    changed: tuple[Run, ...]  # seen before, and ended otherwise since


def floor(seen: Seen, overlap: int = OVERLAP) -> int:
    """Runs that ended at or before this are not looked for any more; ms since the epoch."""
    return seen.cursor - overlap


def step(seen: Seen, runs: Iterable[Run], now: int, overlap: int = OVERLAP) -> Step:
    """One poll, made at `now`; of the runs that ended before `floor` nothing is said.

    The cursor does not go back when clocks differ a little; when it was far ahead of us, some clock was wrong.
    """
    ended = {run.run_id: run for run in runs if _is_over(run) and (run.ended_at or 0) > floor(seen, overlap)}
    states = {run_id: (run.status.value, run.ended_at or 0) for run_id, run in ended.items()}
    fresh = [run for run_id, run in ended.items() if run_id not in seen.ends]
    changed = [run for run_id, run in ended.items() if seen.ends.get(run_id, states[run_id]) != states[run_id]]
    cursor = now if seen.cursor > now + OVERLAP else max(now, seen.cursor)
    kept = {run_id: end for run_id, end in {**seen.ends, **states}.items() if end[1] > cursor - KEPT}
    return Step(Seen(cursor, kept), _in_order(fresh), _in_order(changed))


def _is_over(run: Run) -> bool:
    return run.status not in _GOING_ON


def _in_order(runs: Iterable[Run]) -> tuple[Run, ...]:
    return tuple(sorted(runs, key=lambda run: (run.ended_at or 0, run.run_id)))
