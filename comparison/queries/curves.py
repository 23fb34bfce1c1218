"""Curves of runs: the histories fetched, one request a metric for all runs, and what they say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from comparison.channel_defaults import ChannelDefaults
from comparison.concurrency import side_by_side
from comparison.errors import RequestError
from comparison.judgement.goals import decide_goal
from comparison.judgement.primary_metric import choose_primary
from comparison.judgement.result import GoalSource
from comparison.names import fold
from comparison.request import Curves
from comparison.resolve.runs import find_runs
from comparison.resolve.scope import ChosenRuns, logged_names
from comparison.runs import GOING_ON, Goal, Run, Side
from comparison.tracking.source import History, RunSource
from comparison.trends import (
    Best,
    CatchingUp,
    Curve,
    Divergence,
    Lead,
    Overfit,
    Overtaking,
    Reached,
    Tail,
    Trend,
    catching_up,
    curve_of,
    divergence_of,
    find_best,
    lasting_crossing,
    lead_at,
    lead_at_same_step,
    overfit_of,
    reached,
    training_twin,
    trend_of,
)

MOST_METRICS = 4  # that are drawn for one request
MOST_CURVES = 20  # runs
EARLIER = 20  # runs that a running one is held against


@dataclass(frozen=True, slots=True)
class RunCurve:
    """A run's curve and what is concluded of it alone. `training` is the metric of training that goes with it."""

    side: Side
    curve: Curve
    best: Best | None
    trend: Trend
    overfit: Overfit | None = None
    divergence: Divergence | None = None
    training: str = ""

    @property
    def run(self) -> Run:
        return self.side.runs[0]


@dataclass(frozen=True, slots=True)
class CurvePair:
    """The first run against another one."""

    lead: Lead | None
    overtaking: Overtaking | None
    reached: Reached | None  # when the other one was as good as the first one's best
    reached_back: Reached | None  # when the first one was as good as the other's best


@dataclass(frozen=True, slots=True)
class Against:
    """A run that goes on, against the best run of its experiment at the same step."""

    best: Run
    lead: Lead
    total: float  # where the best run ended
    catching_up: CatchingUp


@dataclass(frozen=True, slots=True)
class MetricCurves:
    """One metric of all runs. `missing` are those that logged none of it."""

    metric: str
    goal: Goal
    goal_source: GoalSource
    curves: tuple[RunCurve, ...]
    missing: tuple[Side, ...] = ()
    pairs: tuple[CurvePair, ...] = ()  # of the first curve with each other one
    against: Against | None = None

    @property
    def leader(self) -> RunCurve | None:
        """The run with the best value of all; None where none is known."""
        sign = -1 if self.goal is Goal.HIGHER else 1
        known = [each for each in self.curves if each.best]
        return min(known, key=lambda each: sign * each.best.value, default=None)  # type: ignore[union-attr]


@dataclass(frozen=True, slots=True)
class CurvesAnswer:
    sides: tuple[Side, ...]
    metrics: tuple[MetricCurves, ...]
    now: datetime
    left_out: tuple[Side, ...] = ()  # runs beyond what one picture holds


def ask_curves(
    request: Curves,
    source: RunSource,
    *,
    now: datetime,
    defaults: ChannelDefaults | None = None,
    several: ChosenRuns = ChosenRuns.NEWEST,
) -> CurvesAnswer:
    """The curves that were asked for. Raises what finding raises, and RequestError where nothing was logged."""
    agreed = defaults or ChannelDefaults()
    sides = find_runs(
        request.runs,
        source,
        experiment=request.experiment,
        text=request.text,
        metric=request.metrics[0] if request.metrics else "",
        defaults=agreed,
        now=now,
        several=several,
    )
    sides = [Side(run.name, (run,), side.notes) for side in sides for run in side.runs]
    shown, left_out = sides[:MOST_CURVES], sides[MOST_CURVES:]
    runs = [side.runs[0] for side in shown]
    names = _metrics(request, runs, agreed)
    wanted = {each: _twin(each, runs) for each in names}
    keys = list(dict.fromkeys([*names, *filter(None, wanted.values())]))
    read = dict(zip(keys, side_by_side([partial(source.histories_of, runs, key) for key in keys]), strict=True))
    stated = {each: Goal(request.goal) for each in request.metrics} if request.goal in tuple(Goal) else {}
    folded = {fold(each): goal for each, goal in stated.items()}
    experiments = [run.experiment for run in runs]
    found = []
    for name in names:
        requested = {name: folded[fold(name)]} if fold(name) in folded else {}
        if not requested and request.goal and not request.metrics:
            requested = {name: Goal(request.goal)}
        goal, goal_source = decide_goal(name, requested, agreed.goals, experiments)
        twin = wanted[name]
        found.append(_conclude(name, goal, goal_source, shown, read[name], twin, read.get(twin, {})))
    if not any(each.curves for each in found):
        raise RequestError(
            f"{'None of these runs' if len(runs) > 1 else runs[0].name} logged {' or '.join(names)}.",
            "Name a metric that was logged.",
            text=request.text,
        )
    if len(runs) == 1 and runs[0].status in GOING_ON and found[0].curves and found[0].goal is not Goal.UNKNOWN:
        found[0] = replace(found[0], against=_against(found[0], source))
    return CurvesAnswer(tuple(shown), tuple(found), now, tuple(left_out))


def conclude(curve: Curve, side: Side, training: Curve | None = None) -> RunCurve:
    """What one curve says by itself; silence where it cannot be told."""
    overfit = overfit_of(training, curve) if training is not None else None
    divergence = divergence_of(curve)
    if divergence and overfit and not divergence.is_not_finite:
        divergence = None  # it left slowly, and training went on
    return RunCurve(
        side,
        curve,
        find_best(curve),
        trend_of(curve),
        None if divergence else overfit,
        divergence,
        "" if training is None else training.metric,
    )


def _metrics(request: Curves, runs: Sequence[Run], defaults: ChannelDefaults) -> tuple[str, ...]:
    """The named metrics as they were logged, else the primary one of those that have a curve."""
    if request.metrics:
        return logged_names(request.metrics, runs, text=request.text)[:MOST_METRICS]
    if not any(run.metrics for run in runs):
        raise RequestError(
            f"{'These runs' if len(runs) > 1 else runs[0].name} logged no metrics at all.", text=request.text
        )
    stepped = [_with(run, {key: each for key, each in run.metrics.items() if each.step}) for run in runs]
    among = stepped if any(run.metrics for run in stepped) else runs
    by = choose_primary(among, [run.experiment for run in runs], defaults)
    if by is not None:
        return (by.metric,)
    ours = [name for run in among for name in run.metrics if not name.startswith("system/")]
    return ((ours or [name for run in among for name in run.metrics])[0],)


def _with(run: Run, metrics: Mapping[str, object]) -> Run:
    return replace(run, metrics=metrics)  # type: ignore[arg-type]


def _twin(metric: str, runs: Sequence[Run]) -> str:
    logged = list(dict.fromkeys(name for run in runs for name in run.metrics))
    return training_twin(metric, logged)


def _conclude(  # noqa: PLR0913, PLR0917 -- a metric, and what was read of it
    metric: str,
    goal: Goal,
    goal_source: GoalSource,
    sides: Sequence[Side],
    read: Mapping[str, History],
    twin: str,
    training: Mapping[str, History],
) -> MetricCurves:
    curves, missing = [], []
    for side in sides:
        run = side.runs[0]
        if run.run_id not in read:
            missing.append(side)
            continue
        curve = to_curve(read[run.run_id], side.label, metric, goal)
        beside = training.get(run.run_id)
        curves.append(conclude(curve, side, to_curve(beside, side.label, twin, goal) if beside else None))
    pairs = tuple(_pair(curves[0].curve, each.curve) for each in curves[1:])
    return MetricCurves(metric, goal, goal_source, tuple(curves), tuple(missing), pairs)


def to_curve(history: History, label: str, metric: str, goal: Goal) -> Curve:
    return curve_of(
        history.steps,
        history.values,
        history.times,
        label=label,
        metric=metric,
        goal=goal,
        is_complete=history.is_complete,
    )


def _pair(first: Curve, second: Curve) -> CurvePair:
    best, other = find_best(first), find_best(second)
    return CurvePair(
        lead_at_same_step(first, second),
        lasting_crossing(first, second),
        reached(second, best.value) if best else None,
        reached(first, other.value) if other else None,
    )


def _against(metric: MetricCurves, source: RunSource) -> Against | None:
    """Against the best of the runs that ended before in its experiment. None where none logged the metric there."""
    own = metric.curves[0]
    earlier = [
        run
        for run in source.ended(experiment_ids=(own.run.experiment.experiment_id,), limit=EARLIER)
        if metric.metric in run.metrics and run.run_id != own.run.run_id
    ]
    if not earlier or not own.curve.finite.any():
        return None
    read = source.histories_of(earlier, metric.metric)
    by_end = [run for run in reversed(earlier) if run.run_id in read]
    drawn = {run.run_id: to_curve(read[run.run_id], run.name, metric.metric, metric.goal) for run in by_end}
    # A run that logged its result alone, at one step, has no way to it that another one could be ahead of.
    curves = {key: curve for key, curve in drawn.items() if int(curve.finite.sum()) > 1}
    by_end = [run for run in by_end if run.run_id in curves]
    bests = {run.run_id: best for run in by_end if (best := find_best(curves[run.run_id]))}
    if not bests:
        return None
    leading = min(
        (run for run in by_end if run.run_id in bests), key=lambda run: own.curve.sign * bests[run.run_id].value
    )
    best_curve = curves[leading.run_id]
    here = min(float(own.curve.x[own.curve.finite][-1]), float(best_curve.x[best_curve.finite][-1]))
    lead = lead_at(best_curve, own.curve, here)
    if lead is None:
        return None
    deficit = max(own.curve.sign * (lead.second - lead.first), 0.0)
    past = catching_up([curves[run.run_id] for run in by_end], here, deficit) if deficit else CatchingUp(0, 0)
    return Against(leading, lead, float(best_curve.x[-1]), past)


def is_still_improving(found: RunCurve) -> bool:
    return found.trend.tail is Tail.IMPROVING and not found.divergence and not found.overfit
