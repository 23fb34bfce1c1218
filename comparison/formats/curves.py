"""Curves and sweeps as JSON: what is concluded of them, in types that JSON has."""

from typing import Any

from comparison.formats.json import json_number
from comparison.queries.curves import CurvesAnswer, MetricCurves, RunCurve
from comparison.queries.sweeps import SweepAnswer
from comparison.tracking.mlflow_links import run_url

VERSION = 1


def curves_to_dict(answer: CurvesAnswer, *, ui_url: str = "") -> dict[str, Any]:
    """All conclusions; `x` is a step, or seconds, or the number of a point, as `axis` says."""
    return {
        "version": VERSION,
        "metrics": [
            {
                "metric": each.metric,
                "goal": each.goal.value,
                "curves": [_curve(found, ui_url) for found in each.curves],
                "missing": [side.runs[0].run_id for side in each.missing],
                "pairs": _pairs(each),
            }
            for each in answer.metrics
        ],
    }


def _curve(found: RunCurve, ui_url: str) -> dict[str, Any]:
    curve = found.curve
    return {
        "run": {"id": found.run.run_id, "name": found.run.name, "url": run_url(ui_url, found.run) or None},
        "axis": curve.axis.value,
        "points": curve.logged,
        "is_complete": curve.is_complete,
        "best": None if found.best is None else {"x": found.best.x, "value": json_number(found.best.value)},
        "last": {"x": float(curve.x[-1]), "value": json_number(curve.last)},
        "tail": found.trend.tail.value,
        "flat_since": found.trend.since,
        "overfit_since": None if found.overfit is None else found.overfit.since,
        "diverged_since": None if found.divergence is None else found.divergence.since,
    }


def _pairs(metric: MetricCurves) -> list[dict[str, Any]]:
    first = metric.curves[0].run.run_id if metric.curves else ""
    return [
        {
            "first": first,
            "second": other.run.run_id,
            "at": None if pair.lead is None else pair.lead.x,
            "first_value": None if pair.lead is None else json_number(pair.lead.first),
            "second_value": None if pair.lead is None else json_number(pair.lead.second),
            "ahead": None if pair.lead is None or pair.lead.ahead is None else ("first", "second")[pair.lead.ahead],
            "overtaken_at": None if pair.overtaking is None else pair.overtaking.x,
        }
        for other, pair in zip(metric.curves[1:], metric.pairs, strict=True)
    ]


def sweep_to_dict(answer: SweepAnswer) -> dict[str, Any]:
    """What a sweep found; `findings` is None where no trial can be judged."""
    found = answer.findings
    shared = {
        "version": VERSION,
        "kind": answer.kind.value,
        "name": answer.name,
        "metrics": list(answer.metrics),
        "goals": [goal.value for goal in answer.goals],
        "counts": {status.value: count for status, count in (answer.counts or {}).items()},
    }
    if found is None:
        return {**shared, "findings": None}
    importance = found.importance
    return {
        **shared,
        "findings": {
            "trials": len(found.trials),
            "best": {"id": found.best.key, "value": found.best.values[0], "parameters": dict(found.best.parameters)},
            "first": {"id": found.first.key, "value": found.first.values[0]},
            "within_noise": found.within_noise,
            "explained": importance.explained,
            "can_tell": importance.passes,
            "importance": [
                {"parameter": each.name, "share": each.share, "low": each.low, "high": each.high, "told": each.is_apart}
                for each in importance.shares
            ],
            "edges": [{"parameter": each.name, "value": each.value, "is_high": each.is_high} for each in found.edges],
            "no_gain_for": found.stalled,
            "best_so_far": list(found.best_so_far),
        },
        "front": None if answer.front is None else [trial.key for trial in answer.front.trials],
    }
