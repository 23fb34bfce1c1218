"""Answers that are no comparison as JSON: a stable contract that other tools rely on. docs/json.md describes it."""

from collections.abc import Iterable, Mapping
from functools import singledispatch
from typing import Any

from comparison.formats.json import json_number
from comparison.judgement.primary_metric import PrimaryMetric, value_of
from comparison.queries.curves import CurvesAnswer, MetricCurves, RunCurve
from comparison.queries.run_lists import FailedRuns, KnownExperiments, NewestRuns, RankedRuns, RunDetails, RunningRuns
from comparison.queries.standup import BestRun, ExperimentGroup, StandupAnswer
from comparison.queries.sweeps import SweepAnswer
from comparison.resolve.scope import Place
from comparison.runs import Experiment, Run, milliseconds
from comparison.tracking.mlflow_links import run_url

VERSION = 1


@singledispatch
def answer_to_dict(answer: object, *, ui_url: str = "") -> dict[str, Any]:  # noqa: ARG001 -- as all others
    """Everything of an answer in types that JSON has; `ui_url` is where people open MLflow ("": no links).

    Times are ms since the epoch. Raises TypeError for what is no answer.
    """
    raise TypeError(f"no way to write {type(answer).__name__} as JSON")


@answer_to_dict.register
def _(answer: RankedRuns, *, ui_url: str = "") -> dict[str, Any]:
    return {
        **_head("top", answer.place, answer.words),
        "by": _metric(answer.by),
        "worst": answer.worst,
        "asked_for": answer.count,
        "runs": [{"value": json_number(value_of(run, answer.by.metric)), **_run(run, ui_url)} for run in answer.runs],
    }


@answer_to_dict.register
def _(answer: RunningRuns, *, ui_url: str = "") -> dict[str, Any]:
    return {
        **_head("running", answer.place, answer.words),
        "is_cut": answer.is_cut,
        "runs": [{"silent_ms": answer.silences.get(run.run_id), **_run(run, ui_url)} for run in answer.runs],
        "silent_for_long": _runs(answer.stale, ui_url),
    }


@answer_to_dict.register
def _(answer: FailedRuns, *, ui_url: str = "") -> dict[str, Any]:
    return {
        **_head("failed", answer.place, answer.words),
        "since": milliseconds(answer.since),
        "is_cut": answer.is_cut,
        "pruned": answer.pruned,
        "runs": _runs(answer.runs, ui_url),
    }


@answer_to_dict.register
def _(answer: NewestRuns, *, ui_url: str = "") -> dict[str, Any]:
    return {
        **_head("runs", answer.place, answer.words),
        "is_cut": answer.is_cut,
        "runs": _runs(answer.runs, ui_url),
    }


@answer_to_dict.register
def _(answer: StandupAnswer, *, ui_url: str = "") -> dict[str, Any]:
    return {
        **_head("standup", answer.place, answer.words),
        "since": milliseconds(answer.since),
        "cut": sorted(answer.cut),
        "silent_for_long": answer.stale,
        "unanswered": list(answer.unanswered),
        "groups": [_group(group, answer.silences, ui_url) for group in answer.groups],
    }


@answer_to_dict.register
def _(answer: RunDetails, *, ui_url: str = "") -> dict[str, Any]:
    run = answer.side.runs[0]
    return {
        "version": VERSION,
        "kind": "show",
        "notes": list(answer.side.notes),
        "by": _metric(answer.by),
        "at_step": answer.at_step,
        "run": {
            "silent_ms": answer.silence,
            **_run(run, ui_url),
            "commit": run.commit or None,
            "parent_id": run.parent_id or None,
            "tags": dict(run.tags),
            "datasets": [{"name": each.name, "digest": each.digest, "context": each.context} for each in run.datasets],
        },
    }


@answer_to_dict.register
def _(answer: CurvesAnswer, *, ui_url: str = "") -> dict[str, Any]:
    return {"kind": "curves", **curves_to_dict(answer, ui_url=ui_url)}


@answer_to_dict.register
def _(answer: SweepAnswer, *, ui_url: str = "") -> dict[str, Any]:  # noqa: ARG001 -- as all others
    return {"kind": "sweep", **sweep_to_dict(answer)}


@answer_to_dict.register
def _(answer: KnownExperiments, *, ui_url: str = "") -> dict[str, Any]:  # noqa: ARG001 -- as all others
    return {
        "version": VERSION,
        "kind": "experiments",
        "experiments": [_experiment(each) for each in answer.experiments],
    }


def _head(kind: str, place: Place, words: str) -> dict[str, Any]:
    return {
        "version": VERSION,
        "kind": kind,
        "experiments": [_experiment(each) for each in place.experiments],
        "which": words.strip(),
    }


def _experiment(experiment: Experiment) -> dict[str, str]:
    return {"id": experiment.experiment_id, "name": experiment.name}


def _metric(by: PrimaryMetric | None) -> dict[str, str] | None:
    if by is None:
        return None
    return {
        "metric": by.metric,
        "goal": by.goal.value,
        "goal_source": by.goal_source.value,
        "chosen_by": by.chosen.value,
    }


def _group(group: ExperimentGroup, silences: Mapping[str, int], ui_url: str) -> dict[str, Any]:
    return {
        "experiment": _experiment(group.experiment),
        "by": _metric(group.by),
        "finished": _runs(group.finished, ui_url),
        "failed": _runs(group.failed, ui_url),
        "running": [{"silent_ms": silences.get(run.run_id), **_run(run, ui_url)} for run in group.running],
        "pruned": _runs(group.pruned, ui_url),
        "best": _best(group.best, ui_url),
    }


def _best(best: BestRun | None, ui_url: str) -> dict[str, Any] | None:
    if best is None:
        return None
    before = None if best.before is None else _run(best.before, ui_url)
    return {"is_new": best.is_new, "is_first": best.is_first, "run": _run(best.run, ui_url), "before": before}


def _runs(runs: Iterable[Run], ui_url: str) -> list[dict[str, Any]]:
    return [_run(run, ui_url) for run in runs]


def _run(run: Run, ui_url: str) -> dict[str, Any]:
    return {
        "id": run.run_id,
        "name": run.name,
        "experiment": _experiment(run.experiment),
        "status": run.status.value,
        "user": run.user or None,
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "metrics": {name: json_number(metric.value) for name, metric in run.metrics.items()},
        "parameters": dict(run.parameters),
        "link": run_url(ui_url, run) or None,
    }


# Curves and sweeps as JSON: what is concluded of them, in types that JSON has.


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
