"""The metric that runs are judged by, where the request names none."""

import math
from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from comparison.channel_defaults import ChannelDefaults
from comparison.judgement.goals import decide_goal, is_cost
from comparison.judgement.numbers import is_same
from comparison.judgement.result import GoalSource, MetricComparison
from comparison.names import HELD_OUT, TRAINING
from comparison.runs import Experiment, Goal, Run, Status

_AGGREGATES = frozenset({"macro", "micro", "weighted", "mean", "avg", "average", "overall", "epoch", "final", "best"})
_CLASS_WORDS = frozenset({"class", "cls", "label", "category", "per"})
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

    Training data decide only where nothing else was logged: however many runs tell how well they learnt, it does not
    say how good they are. In one experiment its finished runs decide, where there are some. A cost leads only where
    there is nothing else. None: these runs logged nothing that can be judged. The goal of a stated metric may be
    unknown.
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
    name = min(known, key=lambda each: (is_cost(each), _is_training(each), -logged[each], *_place(each)))
    return PrimaryMetric(name, *decide_goal(name, {}, defaults.goals, experiments), MetricSource.RUNS)


def _is_training(name: str) -> bool:
    """Whether it is of training data, by its name."""
    return _place(name)[0]


@lru_cache(maxsize=4_096)  # names: asked for again with every run of an experiment
def _place(name: str) -> tuple[bool, bool, bool, bool, int, int, str]:
    """What people mean by how good a run is comes first: not training data, not one class, the usual measures."""
    parted = name.casefold()
    for sign in "/-. :":
        parted = parted.replace(sign, "_")
    words = [word for word in parted.split("_") if word]
    is_held_out = any(word in HELD_OUT for word in words)
    is_training = not is_held_out and any(word in TRAINING for word in words)
    is_of_one_class = any(word in _CLASS_WORDS for word in words) or (len(words) > 1 and words[-1].isdigit())
    rest = "_".join(word for word in words if word not in HELD_OUT and word not in _AGGREGATES)
    place = _USUAL.index(rest) if rest in _USUAL else len(_USUAL)
    return is_training, is_of_one_class, place == len(_USUAL), not is_held_out, place, len(name), name


def deciding_metric(metrics: Sequence[MetricComparison], twice: Container[str] = ()) -> MetricComparison | None:
    """The metric that sides are ranked by: the stated one, else as `choose_primary` would choose it.

    Only what two sides or more logged as a finite number and whose goal is known decides; `twice` are other names of
    one thing. None: nothing can be judged. A stated metric decides even where it cannot be judged.
    """
    stated = next((metric for metric in metrics if metric.primary), None)
    if stated is not None:
        return stated
    judged = [
        (count, metric)
        for metric in metrics
        if metric.goal is not Goal.UNKNOWN and metric.name not in twice and (count := _finite_values(metric)) > 1
    ]
    if not judged:
        return None
    _count, found = min(
        judged,
        key=lambda each: (each[1].is_cost, _is_training(each[1].logged_as), -each[0], *_place(each[1].logged_as)),
    )
    return found


def _finite_values(metric: MetricComparison) -> int:
    """How many sides have a finite value of it."""
    values = (None if reading.is_unclear else reading.value for reading in metric.readings)
    return sum(value is not None and math.isfinite(value) for value in values)


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
