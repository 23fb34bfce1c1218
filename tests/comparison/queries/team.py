"""A team's runs around a Monday noon, a line each."""

from datetime import UTC, datetime
from hashlib import md5

from comparison.runs import Experiment, Goal, Metric, Run, Status

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
FRAUD = Experiment("2", "fraud", goals={"cost": Goal.LOWER})
IRIS = Experiment("1", "iris")


def a_run(name, *, ended=None, ran=HOUR, status=Status.FINISHED, experiment=FRAUD, metrics=None, **facts):
    """`ended` in ms before now; None: it still runs, since `ran` ago. Metrics are values or (value, step)."""
    ended_at = None if ended is None else NOW_MS - ended
    heard = ended_at or NOW_MS - MINUTE
    logged = {
        key: value if isinstance(value, Metric) else Metric(*(value if isinstance(value, tuple) else (value, 0)), heard)
        for key, value in (metrics or {}).items()
    }
    return Run(
        run_id=facts.pop("run_id", md5(f"{name} in {experiment.name}".encode(), usedforsecurity=False).hexdigest()),
        name=name,
        experiment=experiment,
        status=Status.RUNNING if ended is None else status,
        started_at=(ended_at or NOW_MS) - ran,
        ended_at=ended_at,
        user=facts.pop("user", "maya"),
        metrics=logged,
        **facts,
    )


def silent(name, *, heard, ran=2 * DAY, step=0, **facts):
    """A run that is said to run and logged last `heard` ms ago."""
    return a_run(name, ran=ran, metrics={"auc": Metric(0.5, step, NOW_MS - heard)}, **facts)


def cells(report):
    """The texts of its table."""
    return [[cell.text for cell in row] for row in report.table.rows]
