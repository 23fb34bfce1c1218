"""Whether a run that is said to run still does, and what one logged last that was resumed.

MLflow leaves a killed run RUNNING for ever. A run seems dead when it has logged nothing for more than an hour and for
more than ten times its usual interval. One that never logged a metric may log only at its end: it seems dead after
three times the longest run beside it. A parent lives as long as its children do. Of one that was resumed and has logged
nothing since nobody knows since when it is silent, so that it is given a week.

MLflow shows of each metric the value at the highest step. A run that begins again at step 0 shows for hours what it
had logged before, and seems silent. Only the history tells.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial

from comparison.concurrency import side_by_side
from comparison.errors import RequestError
from comparison.runs import Metric, Run, Status, is_moment
from comparison.tracking.source import RunSource

MOST = 16  # runs of one answer whose histories are read
METRICS = 2  # of each
_SYSTEM = "system/"  # what the tracker itself logs; it counts on where it was
MIN_SILENCE_MS = 3_600_000  # ms
SILENT_INTERVALS = 10
SILENT_LENGTHS = 3
STALE = 7 * 86_400_000  # ms; what has been silent for longer is no news


def find_silent_runs(running: Iterable[Run], others: Iterable[Run], now: int) -> dict[str, int]:
    """For how many ms those that seem dead have said nothing, by run id. `others` are runs beside them."""
    runs = [run for run in running if run.status is Status.RUNNING]
    beside = [*runs, *others]
    of_children: dict[str, int] = {}
    for run in beside:
        if run.parent_id:
            heard = max(run.heard_at, run.ended_at or 0)
            of_children[run.parent_id] = max(heard, of_children.get(run.parent_id, 0))
    longest: dict[str, int] = {}
    for run in beside:
        if run.started_at and run.ended_at:
            key = run.experiment.experiment_id
            longest[key] = max(longest.get(key, 0), run.ended_at - run.started_at)
    silences = {run.run_id: now - max(run.heard_at, of_children.get(run.run_id, 0)) for run in runs}
    return {
        run.run_id: silences[run.run_id]
        for run in runs
        if run.heard_at and silences[run.run_id] > _patience(run, longest.get(run.experiment.experiment_id, 0))
    }


def _patience(run: Run, longest: int) -> int:
    if run.former_end is not None and run.heard_at <= run.former_end:
        return STALE
    if not run.metrics:
        return max(MIN_SILENCE_MS, SILENT_LENGTHS * longest)
    last_step = run.steps_before + max(metric.step for metric in run.metrics.values())
    if last_step <= 0 or not run.started_at:
        return MIN_SILENCE_MS
    return max(MIN_SILENCE_MS, SILENT_INTERVALS * (run.heard_at - run.started_at) // last_step)


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
    doubtful = [run for run in runs if is_doubtful(run) or (run.run_id in silent and run.metrics)]
    doubtful.sort(key=lambda run: (run.former_end is None, -run.heard_at))
    found = side_by_side([partial(with_last_values, run, source) for run in doubtful[:most]])
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
