"""The metric that runs are judged by, where the request names none."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from comparison.channel_defaults import ChannelDefaults
from comparison.judgement.costs import is_cost
from comparison.judgement.goals import decide_goal
from comparison.judgement.numbers import is_same
from comparison.judgement.result import GoalSource
from comparison.runs import Experiment, Goal, Run, Status

_HELD_OUT = ("test", "val", "valid", "validation", "eval", "dev")
_USUAL = (
    *(
        "accuracy",
        "acc",
        "balanced_accuracy",
        "auc",
        "roc_auc",
        "auroc",
        "f1",
        "f1_score",
        "map",
        "ndcg",
        "r2",
        "reward",
    ),
    *("loss", "log_loss", "perplexity", "rmse", "mse", "mae"),
)


class MetricSource(StrEnum):
    """Who chose the metric."""

    REQUEST = "request"
    CHANNEL = "channel"
    EXPERIMENT = "experiment"
    RUNS = "runs"  # the metric that most of the runs logged


@dataclass(frozen=True, slots=True)
class PrimaryMetric:
    metric: str
    goal: Goal
    goal_source: GoalSource
    chosen: MetricSource


def stated_metric(experiments: Sequence[Experiment], defaults: ChannelDefaults) -> tuple[str, MetricSource] | None:
    """The metric that the channel, else the experiments agree on."""
    if defaults.metric:
        return defaults.metric, MetricSource.CHANNEL
    own = {each.primary_metric for each in experiments if each.primary_metric}
    return (own.pop(), MetricSource.EXPERIMENT) if len(own) == 1 else None


def choose_primary(
    runs: Sequence[Run], experiments: Sequence[Experiment], defaults: ChannelDefaults
) -> PrimaryMetric | None:
    """The stated metric if one of the runs logged it, else the one that most did and whose goal is known.

    In one experiment its finished runs decide, where there are some. A cost leads only where there is nothing else.
    None: these runs logged nothing that can be judged. The goal of a stated metric may be unknown.
    """
    is_one = len({run.experiment.experiment_id for run in runs}) == 1
    finished = [run for run in runs if run.status is Status.FINISHED and run.metrics] if is_one else []
    logged = Counter(name for run in finished or runs for name in run.metrics)
    for name, chosen in (
        (defaults.metric, MetricSource.CHANNEL),
        *((each.primary_metric, MetricSource.EXPERIMENT) for each in experiments),
    ):
        if name and name in logged:
            return PrimaryMetric(name, *decide_goal(name, {}, defaults.goals, experiments), chosen)
    known = [name for name in logged if decide_goal(name, {}, defaults.goals, experiments)[0] is not Goal.UNKNOWN]
    if not known:
        return None
    name = min(known, key=lambda each: (is_cost(each), -logged[each], *_place(each)))
    return PrimaryMetric(name, *decide_goal(name, {}, defaults.goals, experiments), MetricSource.RUNS)


def _place(name: str) -> tuple[bool, bool, int, int, str]:
    """What people mean by how good a run is comes first: held-out data, then the usual measures."""
    words = [word for word in name.casefold().replace("/", "_").replace("-", "_").replace(" ", "_").split("_") if word]
    rest = "_".join(word for word in words if word not in _HELD_OUT)
    place = _USUAL.index(rest) if rest in _USUAL else len(_USUAL)
    return place == len(_USUAL), not any(word in _HELD_OUT for word in words), place, len(name), name


def value_of(run: Run, metric: str) -> float | None:
    """The run's value where it logged a finite one."""
    logged = run.metrics.get(metric)
    return logged.value if logged is not None and math.isfinite(logged.value) else None


def rank(runs: Sequence[Run], by: PrimaryMetric | None) -> tuple[Run, ...]:
    """The best first, then those without a value as they came; without a goal all as they came."""
    if by is None or by.goal is Goal.UNKNOWN:
        return tuple(runs)
    sign = 1 if by.goal is Goal.LOWER else -1
    valued = [(sign * value, run) for run in runs if (value := value_of(run, by.metric)) is not None]
    best = [run for _value, run in sorted(valued, key=lambda each: each[0])]
    return (*best, *(run for run in runs if value_of(run, by.metric) is None))


def is_better(value: float, other: float, goal: Goal) -> bool:
    return not is_same(value, other) and (value < other if goal is Goal.LOWER else value > other)
