"""What MLflow's client brings, as our own values: runs, experiments, model versions, traces and histories."""

import json
import math
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from comparison.channel_defaults import read_tolerance
from comparison.runs import GOING_ON, Dataset, Experiment, Goal, Metric, Run, Status, is_moment, is_pruned
from comparison.tracking.source import History, ModelVersion, history_of

GOAL_TAG = "mlcompare.goal."
GOALS_TAG = "mlcompare.goals"  # several, also by patterns, which no tag's name can hold: score_*: higher, ls_*: lower
TOLERANCE_TAG = "mlcompare.tolerance"
MARGIN_TAG = "mlcompare.margin."
EXAMPLES_TAG = "mlcompare.examples"
EXAMPLE_TABLE = "eval_results_table.json"  # as `mlflow.evaluate` calls it
MOST_TABLE_BYTES = 20_000_000
_YES = frozenset({"on", "yes", "true", "1"})
METRIC_TAG = "mlcompare.metric"
BASELINE_TAG = "mlcompare.baseline"
_STATUSES = frozenset(Status) - {Status.PRUNED}
_GOALS = frozenset(Goal)
TRACES_IN_PAGE = 500  # the most that MLflow gives at once
MOST_TRACES = 5_000  # of one run that are read


def to_run(found: Any, experiment_: Experiment) -> Run:
    info, tags = found.info, found.data.tags
    own = {name: value for name, value in tags.items() if not name.startswith("mlflow.")}
    status = _status(info.status, own)
    ended_at = _moment(info.end_time)
    logged = {"start": info.start_time, "end": info.end_time}
    return Run(
        run_id=info.run_id,
        name=info.run_name or tags.get("mlflow.runName", "") or info.run_id[:8],
        experiment=experiment_,
        status=status,
        started_at=_moment(info.start_time),
        ended_at=None if status in GOING_ON else ended_at,
        user=tags.get("mlflow.user") or info.user_id or "",
        deleted=info.lifecycle_stage == "deleted",
        parent_id=tags.get("mlflow.parentRunId", ""),
        commit=tags.get("mlflow.source.git.commit", ""),
        source=tags.get("mlflow.source.name", ""),
        metrics={each.key: to_metric(each) for each in found.data._metric_objs},  # noqa: SLF001 -- the only place that holds steps
        parameters=dict(found.data.params),
        tags=own,
        datasets=_datasets(found.inputs),
        models=_models(found),
        former_end=ended_at if status in GOING_ON else None,
        odd_times={name: at for name, at in logged.items() if at and _moment(at) is None},
    )


def _status(text: str, tags: Mapping[str, str]) -> Status:
    status = Status(text) if text in _STATUSES else Status.UNKNOWN
    return Status.PRUNED if is_pruned(status, tags) else status


def _moment(logged: int | None) -> int | None:
    return logged if is_moment(logged) else None


def to_metric(found: Any) -> Metric:
    """SQL stores keep ±inf as the largest float there is; nobody logs that one otherwise."""
    value = found.value
    if abs(value) == sys.float_info.max:
        value = math.copysign(math.inf, value)
    dataset, digest = (getattr(found, name, None) or "" for name in ("dataset_name", "dataset_digest"))
    return Metric(value, found.step, found.timestamp, dataset=dataset, digest=digest)


def to_experiment(found: Any) -> Experiment:
    tags = dict(found.tags or {})
    goals = _listed(tags.get(GOALS_TAG, "")) | {
        name.removeprefix(GOAL_TAG): Goal(value.strip().lower())
        for name, value in tags.items()
        if name.startswith(GOAL_TAG) and value.strip().lower() in _GOALS
    }
    primary, baseline = (tags.get(tag, "").strip() for tag in (METRIC_TAG, BASELINE_TAG))
    return Experiment(
        found.experiment_id,
        found.name,
        goals,
        primary,
        baseline,
        tags.get(EXAMPLES_TAG, "").strip().casefold() in _YES,
        tolerances=_tolerances(tags),
        margins=_margins(tags),
    )


def _margins(tags: Mapping[str, str]) -> dict[str, float]:
    """By metric, in its unit, from `mlcompare.margin.<metric>`; what is no positive number sets none."""
    found: dict[str, float] = {}
    for tag, value in tags.items():
        if tag.startswith(MARGIN_TAG):
            try:
                margin = float(value)
            except ValueError:
                continue
            if 0 < margin < math.inf:
                found[tag.removeprefix(MARGIN_TAG)] = margin
    return found


def _tolerances(tags: Mapping[str, str]) -> dict[str, float]:
    """Tolerances from `mlcompare.tolerance` and `mlcompare.tolerance.<metric>`; unreadable values say nothing."""
    found = {
        name.removeprefix(TOLERANCE_TAG).removeprefix("."): read_tolerance(value)
        for name, value in tags.items()
        if name == TOLERANCE_TAG or name.startswith(f"{TOLERANCE_TAG}.")
    }
    return {name: fraction for name, fraction in found.items() if fraction is not None}


def _listed(goals: str) -> dict[str, Goal]:
    """The goals of `score_*: higher, ls_*: lower`; what is not of this form is passed over."""
    stated = {}
    for each in re.split(r"[,;\n]", goals):
        value = re.split(r"[:=\s]", each.strip())[-1]
        name = each.strip().removesuffix(value).rstrip(":= \t")
        if name and value.lower() in _GOALS:
            stated[name] = Goal(value.lower())
    return stated


def to_model_version(found: Any) -> ModelVersion:
    return ModelVersion(found.name, str(found.version), found.run_id or "")


def _datasets(inputs: Any) -> tuple[Dataset, ...]:
    found = []
    for each in inputs.dataset_inputs if inputs else ():
        context = next((tag.value for tag in each.tags if tag.key == "mlflow.data.context"), "")
        found.append(Dataset(each.dataset.name, each.dataset.digest, context))
    return tuple(found)


def _models(found: Any) -> tuple[str, ...]:
    """Models of a run; MLflow before version 3 knows none."""
    made = getattr(getattr(found, "outputs", None), "model_outputs", None) or ()
    used = getattr(found.inputs, "model_inputs", None) or ()
    return tuple(dict.fromkeys(each.model_id for each in (*made, *used)))


def trace_table(traces: Sequence[Any]) -> bytes | None:
    """A table in the form of `eval_results_table.json`, of traces of MLflow; None where none was assessed.

    Of several assessments of one name the last that holds counts. One that failed, or is a list or a map, is no value.
    """
    assessed = [_assessed(each.info.assessments or ()) for each in traces]
    names = list(dict.fromkeys(name for values in assessed for name in values))
    if not names:
        return None
    rows = [
        [each.info.request_preview, each.info.response_preview, *(values.get(name) for name in names)]
        for each, values in zip(traces, assessed, strict=True)
    ]
    return json.dumps({"columns": ["request", "response", *names], "data": rows}).encode()


def _assessed(assessments: Iterable[Any]) -> dict[str, Any]:
    """By name what a trace was found to be, or expected to."""
    found = {}
    for each in sorted(assessments, key=lambda each: each.last_update_time_ms or each.create_time_ms or 0):
        said = each.feedback or each.expectation
        is_value = said is not None and isinstance(said.value, bool | int | float | str)
        if is_value and getattr(each, "valid", None) is not False and getattr(said, "error", None) is None:
            found[each.name] = said.value
    return {name: value for name, value in found.items() if name not in {"request", "response"}}


# Histories of one metric for many runs at once: how many points to ask for, and what an answer in bulk proves.


RUNS_IN_BULK = 100  # that one request takes
POINTS_IN_BULK = 2_500  # of each run in one answer, the most that MLflow gives
ALL_IN_BULK = 80_000  # points in one answer: 14 MB of MLflow's JSON
ROWS_OF_OLDER = 25_000  # that servers before 3.15 read for one answer, however many there are
FIRST_STEP, LAST_STEP = -(2**62), 2**62  # a range that holds every step: without one, negative steps are left out
SAMPLE = 50  # steps of each run in a sample


def points_for(runs: int) -> int:
    """How many points of each of so many runs to ask for, so that one answer is not too large."""
    return max(20, min(POINTS_IN_BULK, ALL_IN_BULK // max(runs, 1)))


def read_bulk(rows: Sequence[Mapping[str, Any]], most: int) -> dict[str, History]:
    """By run id, what an answer of MLflow's interval call holds; runs of which it holds nothing are absent.

    Servers before 3.15 sample the steps of all runs together, later ones those of each run. Either way an answer is
    whole where fewer steps came than were asked for, over all runs, and no run brought as many points.
    """
    points: dict[str, list[tuple[int, float, int]]] = {}
    for row in rows:
        point = (int(row.get("step", 0)), _number(row["value"]), int(row["timestamp"]))
        points.setdefault(str(row["run_id"]), []).append(point)
    steps = {point[0] for each in points.values() for point in each}
    is_whole = len(steps) < most and len(rows) < ROWS_OF_OLDER
    return {run_id: history_of(each, is_complete=is_whole and len(each) < most) for run_id, each in points.items()}


def read_samples(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Metric]]:
    """By run id, the points of an answer of MLflow's interval call."""
    found: dict[str, list[Metric]] = {}
    for row in rows:
        point = Metric(_number(row["value"]), int(row.get("step", 0)), int(row["timestamp"]))
        found.setdefault(str(row["run_id"]), []).append(point)
    return {run_id: by_step(points) for run_id, points in found.items()}


def by_step(points: Iterable[Metric]) -> list[Metric]:
    """The points by step, those of one step by time."""
    return sorted(points, key=lambda each: (each.step, each.logged_at))


def _number(value: Any) -> float:
    """A number as MLflow writes it in JSON: NaN is text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan
