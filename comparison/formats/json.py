"""A comparison as JSON: a stable contract that other tools rely on. docs/json.md describes it."""

import math
from collections.abc import Sequence
from typing import Any

from comparison.judgement.differences import is_same
from comparison.judgement.result import (
    Change,
    Comparison,
    DatasetComparison,
    Differences,
    Evidence,
    ExampleTest,
    MetricComparison,
    VerdictKind,
)
from comparison.judgement.statistics import Interval, Summary
from comparison.runs import Dataset, Side
from comparison.tracking.mlflow_links import compare_url, run_url

VERSION = 2


def to_dict(comparison: Comparison, *, ui_url: str = "") -> dict[str, Any]:
    """Everything of a comparison in types that JSON has; `ui_url` is where people open MLflow ("": no links)."""
    runs = tuple(run for side in comparison.sides for run in side.runs)
    return {
        "version": VERSION,
        "verdict": _verdict(comparison),
        "reading": comparison.reading,
        "sides": [_side(side, index, ui_url) for index, side in enumerate(comparison.sides)],
        "metrics": [_metric(metric, comparison.candidates) for metric in comparison.metrics],
        "examples": [_example(each) for each in comparison.examples],
        "counted_once": [list(names) for names in comparison.counted_once],
        "parameters": _differences(comparison.parameters),
        "tags": _differences(comparison.tags),
        "datasets": _datasets(comparison.datasets),
        "warnings": [{"code": warning.code.value, "text": warning.text} for warning in comparison.warnings],
        "links": {"compare": compare_url(ui_url, runs) or None},
    }


def json_number(value: float | None) -> float | str | None:
    """A number as it is; "NaN", "Infinity" and "-Infinity" as text, which is all that JSON has for them."""
    if value is None or math.isfinite(value):
        return value
    if math.isnan(value):
        return "NaN"
    return "Infinity" if value > 0 else "-Infinity"


def _verdict(comparison: Comparison) -> dict[str, Any]:
    standings = {verdict.standing for verdict in comparison.verdicts}
    return {
        "standing": (standings.pop() if len(standings) == 1 else VerdictKind.MIXED).value,
        "text": "; ".join(verdict.text for verdict in comparison.verdicts),
        "candidates": [
            {
                "label": side.label,
                "standing": verdict.standing.value,
                "better": verdict.better,
                "worse": verdict.worse,
                "same": verdict.same,
                "costs": verdict.costs._asdict(),
                "text": verdict.text,
            }
            for side, verdict in zip(comparison.candidates, comparison.verdicts, strict=True)
        ],
    }


def _example(test: ExampleTest) -> dict[str, Any]:
    return {
        "score": test.score,
        "goal": test.goal.value,
        "baseline": json_number(test.baseline),
        "candidate": json_number(test.candidate),
        "pairs": test.pairs,
        "better": test.better,
        "worse": test.worse,
        "method": test.method or None,
        "p": json_number(test.p),
        "p_holm": json_number(test.corrected),
        "interval": _interval(test.interval),
        "outcome": test.outcome.value,
    }


def _side(side: Side, index: int, ui_url: str) -> dict[str, Any]:
    return {
        "label": side.label,
        "role": "candidate" if index else "baseline",
        "run_ids": [run.run_id for run in side.runs],
        "links": [url for run in side.runs if (url := run_url(ui_url, run))],
        "notes": list(side.notes),
        "left_out": [{"run_id": each.run.run_id, "why": each.why} for each in side.left_out],
    }


def _metric(metric: MetricComparison, candidates: Sequence[Side]) -> dict[str, Any]:
    return {
        "name": metric.name,
        "goal": metric.goal.value,
        "goal_source": metric.goal_source.value,
        "primary": metric.primary,
        "logged_as": metric.logged_as,
        "dataset": metric.dataset or None,
        "cost": metric.is_cost,
        "tolerance": metric.tolerance,
        "tolerance_source": metric.tolerance_source.value,
        "candidates": [_change(side.label, change) for side, change in zip(candidates, metric.changes, strict=True)],
    }


def _change(label: str, change: Change) -> dict[str, Any]:
    return {
        "label": label,
        "baseline": json_number(change.baseline.value),
        "candidate": json_number(change.candidate.value),
        "difference": json_number(change.difference),
        "change": json_number(change.relative),
        "outcome": change.outcome.value,
        "baseline_values": [json_number(value) for value in change.baseline.values],
        "candidate_values": [json_number(value) for value in change.candidate.values],
        "outcome_by_value": change.outcome_by_value.value,
        "evidence": None if change.evidence is None else _evidence(change.evidence),
    }


def _evidence(evidence: Evidence) -> dict[str, Any]:
    test, same, noise = evidence.test, evidence.same, evidence.noise
    return {
        "baseline": _summary(evidence.baseline),
        "candidate": _summary(evidence.candidate),
        "method": test.method if test else None,
        "paired": evidence.is_paired,
        "pairs": test.n or None if test else None,
        "difference": json_number(test.difference) if test else None,
        "interval": _interval(test.interval) if test else None,
        "statistic": json_number(test.statistic) if test else None,
        "df": json_number(test.df) if test else None,
        "p": json_number(test.p) if test else None,
        "p_holm": json_number(evidence.corrected),
        "tests": evidence.tests,
        "margin": json_number(evidence.margin),
        "p_same": json_number(same.p) if same else None,
        "interval_90": _interval(same.interval) if same else None,
        "noise": None if noise is None else {"sd": noise.sd, "df": noise.df, "until": evidence.noise_at},
        "least_difference": json_number(evidence.needed),
        "seeds_advised": evidence.seeds,
    }


def _summary(side: Summary) -> dict[str, Any]:
    return {"n": side.n, "mean": json_number(side.mean), "sd": json_number(side.sd)}


def _interval(interval: Interval | None) -> list[Any] | None:
    return None if interval is None else [json_number(interval.low), json_number(interval.high)]


def _differences(differences: Differences) -> dict[str, Any]:
    return {
        "changed": [
            {"name": changed.name, "baseline": changed.values[0], "candidates": list(changed.values[1:])}
            for changed in differences.changed
        ],
        "same": differences.same_count,
    }


def _datasets(datasets: Sequence[DatasetComparison]) -> dict[str, Any]:
    changed = [role for role in datasets if not is_same(role)]
    return {
        "changed": [
            {
                "context": role.context,
                "baseline": [_dataset(dataset) for dataset in role.sides[0]],
                "candidates": [[_dataset(dataset) for dataset in side] for side in role.sides[1:]],
            }
            for role in changed
        ],
        "same": len(datasets) - len(changed),
    }


def _dataset(dataset: Dataset) -> dict[str, str]:
    return {"name": dataset.name, "digest": dataset.digest}
