"""Whether a run that is said to run still does: MLflow leaves a killed one RUNNING for ever.

A run seems dead when it has logged nothing for more than an hour and for more than ten times its usual interval. One
that never logged a metric may log only at its end: it seems dead after three times the longest run beside it. A
parent lives as long as its children do.
"""

from collections.abc import Iterable

from comparison.runs import Run, Status

SILENT = 3_600_000  # ms
INTERVALS = 10
LENGTHS = 3


def heard_at(run: Run) -> int:
    """When it last logged a metric, else when it started; ms since the epoch, 0 when neither is known."""
    logged = max((metric.logged_at for metric in run.metrics.values()), default=0)
    return max(logged, run.started_at or 0)


def silences(running: Iterable[Run], others: Iterable[Run], now: int) -> dict[str, int]:
    """For how many ms those that seem dead have said nothing, by run id. `others` are runs beside them."""
    runs = [run for run in running if run.status is Status.RUNNING]
    beside = [*runs, *others]
    of_children: dict[str, int] = {}
    for run in beside:
        if run.parent_id:
            heard = max(heard_at(run), run.ended_at or 0)
            of_children[run.parent_id] = max(heard, of_children.get(run.parent_id, 0))
    longest: dict[str, int] = {}
    for run in beside:
        if run.started_at and run.ended_at:
            key = run.experiment.experiment_id
            longest[key] = max(longest.get(key, 0), run.ended_at - run.started_at)
    told = {run.run_id: now - max(heard_at(run), of_children.get(run.run_id, 0)) for run in runs}
    return {
        run.run_id: told[run.run_id]
        for run in runs
        if heard_at(run) and told[run.run_id] > _patience(run, longest.get(run.experiment.experiment_id, 0))
    }


def _patience(run: Run, longest: int) -> int:
    if not run.metrics:
        return max(SILENT, LENGTHS * longest)
    last_step = max(metric.step for metric in run.metrics.values())
    if last_step <= 0 or not run.started_at:
        return SILENT
    return max(SILENT, INTERVALS * (heard_at(run) - run.started_at) // last_step)
