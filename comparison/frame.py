"""A comparison as a pandas DataFrame: one row a metric and candidate. docs/frame.md has the columns."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from comparison.outcome import Change, Comparison, GoalSource, MetricComparison, Outcome
from comparison.runs import Goal, Side

# Plain float64 for numbers: nan is "no number here", and `outcome`, `baseline_n` and `candidate_n` say why.
COLUMNS = {
    "metric": "string",
    "baseline": "string",
    "candidate": "string",
    "primary": "bool",
    "goal": "category",
    "goal_source": "category",
    "baseline_value": "float64",
    "candidate_value": "float64",
    "difference": "float64",
    "change": "float64",
    "outcome": "category",
    "baseline_n": "int64",
    "candidate_n": "int64",
    "baseline_step": "Int64",
    "candidate_step": "Int64",
}
_CATEGORIES = {"goal": Goal, "goal_source": GoalSource, "outcome": Outcome}


def to_frame(comparison: Comparison) -> pd.DataFrame:
    """Rows in reading order, for each metric the candidates in theirs; same columns and dtypes when there are none."""
    rows = [
        row
        for metric in comparison.metrics
        for candidate, change in zip(comparison.candidates, metric.changes, strict=True)
        for row in _rows(metric, comparison.baseline, candidate, change)
    ]
    columns = zip(*rows, strict=True) if rows else ([] for _ in COLUMNS)
    return pd.DataFrame(
        {name: _series(name, list(values)) for name, values in zip(COLUMNS, columns, strict=True)},
        columns=list(COLUMNS),
    )


def _rows(metric: MetricComparison, baseline: Side, candidate: Side, change: Change) -> Iterator[tuple[Any, ...]]:
    yield (
        metric.name,
        baseline.label,
        candidate.label,
        metric.primary,
        metric.goal.value,
        metric.goal_source.value,
        change.baseline.value,
        change.candidate.value,
        change.difference,
        change.relative,
        change.outcome.value,
        len(change.baseline.values),
        len(change.candidate.values),
        change.baseline.last_step,
        change.candidate.last_step,
    )


def _series(name: str, values: list[Any]) -> pd.Series:
    if name in _CATEGORIES:
        categories = [member.value for member in _CATEGORIES[name]]
        return pd.Series(pd.Categorical(values, categories=categories))
    return pd.Series(values, dtype=COLUMNS[name])
