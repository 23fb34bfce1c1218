"""Runs and sides in a line each, for tests of the judgement."""

from collections.abc import Mapping
from typing import Any

from comparison.compare import compare
from comparison.judgement.result import CaveatCode, Change, Comparison, MetricComparison
from comparison.runs import Experiment, Goal, Metric, Run, Side

IRIS = Experiment("1", "iris")


def experiment(name: str = "iris", *, goals: Mapping[str, Goal] | None = None, primary: str = "") -> Experiment:
    return Experiment(f"id of {name}", name, goals=goals or {}, primary_metric=primary)


def run(name: str = "A", metrics: Mapping[str, float | Metric] | None = None, **facts: Any) -> Run:
    """A finished run; its id is its name twice unless said otherwise."""
    logged = {key: value if isinstance(value, Metric) else Metric(value) for key, value in (metrics or {}).items()}
    facts.setdefault("run_id", name * 2)
    facts.setdefault("experiment", IRIS)
    facts.setdefault("commit", "1a2b3c4d5e6f")
    return Run(name=name, metrics=logged, **facts)


def side(label: str, *runs: Run) -> Side:
    return Side(label, runs)


def two(baseline: Mapping[str, float | Metric], candidate: Mapping[str, float | Metric], **asked: Any) -> Comparison:
    """Run A with some metrics against run B with others."""
    return compare(run("A", baseline), run("B", candidate), **asked)


def metric(comparison: Comparison, name: str) -> MetricComparison:
    return next(metric for metric in comparison.metrics if metric.name == name)


def change(comparison: Comparison, name: str) -> Change:
    """What became of a metric, from the baseline to the first candidate."""
    return metric(comparison, name).changes[0]


def warning(comparison: Comparison, code: CaveatCode) -> str | None:
    """The sentences of this code, or None."""
    return " ".join(warning.text for warning in comparison.warnings if warning.code is code) or None
