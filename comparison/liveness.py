"""Whether a run that is said to run still does: MLflow leaves a killed one RUNNING for ever.

A run seems dead when it has logged nothing for more than an hour and for more than ten times its usual interval. One
that never logged a metric may log only at its end: it seems dead after three times the longest run beside it. A
parent lives as long as its children do. Of one that was resumed and has logged nothing since nobody knows since when
it is silent, so that it is given a week.
"""

from collections.abc import Iterable

from comparison.runs import Run, Status

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
    told = {run.run_id: now - max(run.heard_at, of_children.get(run.run_id, 0)) for run in runs}
    return {
        run.run_id: told[run.run_id]
        for run in runs
        if run.heard_at and told[run.run_id] > _patience(run, longest.get(run.experiment.experiment_id, 0))
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
