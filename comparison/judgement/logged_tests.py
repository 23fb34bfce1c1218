"""Tests that MLflow itself made and logged as metrics: `compare/1a2b3c4d/correctness/p_value`.

They are statistics of two evaluations, not results: they are shown as what they are, never ranked and never judged.
Source: `mlflow.genai.compare_evaluations` of MLflow 3.18, which logs them to the run that was compared.
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from comparison.runs import Run

_NAME = re.compile(
    r"compare/(?P<baseline>[0-9a-f]{8})/(?P<scorer>.+)/(?P<part>diff|ci_low|ci_high|p_value|effect_size|n_paired)"
)


@dataclass(frozen=True, slots=True)
class LoggedTest:
    """One scorer of a run against a baseline; None: not logged. `difference` and its ends are in the scorer's unit."""

    run: Run
    baseline: str  # the first eight characters of the id of the run it was held against
    scorer: str
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    pairs: int | None = None


def is_logged_test(metric: str) -> bool:
    """Whether a metric is a statistic of a test that MLflow made, not a result of the run."""
    return bool(_NAME.fullmatch(metric))


def logged_tests(runs: Sequence[Run]) -> tuple[LoggedTest, ...]:
    """The tests that these runs hold, in the order of the runs and of their scorers."""
    found: list[LoggedTest] = []
    for run in runs:
        parts: dict[tuple[str, str], dict[str, float]] = {}
        for name, metric in run.metrics.items():
            if (told := _NAME.fullmatch(name)) and math.isfinite(metric.value):
                parts.setdefault((told["baseline"], told["scorer"]), {})[told["part"]] = float(metric.value)
        found += [_test(run, baseline, scorer, values) for (baseline, scorer), values in sorted(parts.items())]
    return tuple(found)


def _test(run: Run, baseline: str, scorer: str, values: dict[str, float]) -> LoggedTest:
    pairs = values.get("n_paired")
    return LoggedTest(
        run,
        baseline,
        scorer,
        values.get("diff"),
        values.get("ci_low"),
        values.get("ci_high"),
        values.get("p_value"),
        None if pairs is None else int(pairs),
    )
