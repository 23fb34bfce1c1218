"""Runs that were resumed and count their steps anew: what they logged last, which MLflow does not show.

MLflow shows of each metric the value at the highest step. A run that begins again at step 0 shows for hours what it
had logged before, and seems silent. Only the history tells.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from comparison.concurrency import side_by_side
from comparison.errors import RequestError
from comparison.liveness import MIN_SILENCE_MS, find_silent_runs
from comparison.runs import Metric, Run, Status, is_moment
from comparison.tracking.source import RunSource

MOST = 16  # runs of one answer whose histories are read
METRICS = 2  # of each
_SYSTEM = "system/"  # what the tracker itself logs; it counts on where it was


def renewed(
    runs: Sequence[Run], source: RunSource, now: int, *, most: int = MOST, oldest: int | None = None
) -> list[Run]:
    """The same runs; those that run and were resumed or seem dead with what they logged last, by time.

    A history that cannot be read changes nothing. Of the runs that were not resumed those are not asked for that have
    been silent for longer than `oldest` (ms).
    """
    silent = {
        key: silence for key, silence in find_silent_runs(runs, (), now).items() if oldest is None or silence <= oldest
    }
    asked = [run for run in runs if is_doubtful(run) or (run.run_id in silent and run.metrics)]
    asked.sort(key=lambda run: (run.former_end is None, -run.heard_at))
    found = side_by_side([partial(with_last_values, run, source) for run in asked[:most]])
    known = {run.run_id: run for run in found}
    return [known.get(run.run_id, run) for run in runs]


def is_doubtful(run: Run) -> bool:
    """Whether it runs again, so that its steps may have begun again."""
    return run.status is Status.RUNNING and run.former_end is not None and bool(run.metrics)


def is_behind(run: Run) -> bool:
    """Whether a run that did not finish shows nothing of its last hour: its steps may have begun again."""
    is_ill = run.is_over and run.status is not Status.FINISHED
    return is_ill and bool(run.metrics) and run.ended_at is not None and run.ended_at - run.heard_at > MIN_SILENCE_MS


def with_last_values(run: Run, source: RunSource) -> Run:
    """The run with the values logged last of a few metrics, those it logged last first. A question each."""
    own = [name for name in run.metrics if not name.startswith(_SYSTEM)] or list(run.metrics)
    own.sort(key=lambda name: -run.metrics[name].logged_at)
    last = {name: found for name in own[:METRICS] if (found := _last(run, name, source)) is not None}
    if not last:
        return run
    before = max(run.metrics[name].step for name in last)
    return replace(run, metrics={**run.metrics, **last}, steps_before=before)


def _last(run: Run, name: str, source: RunSource) -> Metric | None:
    """None where it is what MLflow shows."""
    try:
        history = source.history(run.run_id, name)
    except RequestError:
        return None
    timed = [each for each in history if is_moment(each.logged_at)]
    newest = max(timed, key=lambda each: (each.logged_at, each.step), default=None)
    shown = run.metrics[name]
    return newest if newest is not None and newest.logged_at > shown.logged_at else None
