"""Which way a metric is meant to go."""

from collections.abc import Mapping, Sequence

from comparison.outcome import GoalSource
from comparison.runs import Experiment, Goal


def goal_of(name: str) -> Goal:
    low = name.lower()
    if any(w in low for w in ("loss", "error", "mse", "mae", "latency")):
        return Goal.LOWER
    return Goal.HIGHER if any(w in low for w in ("acc", "precision", "recall", "f1", "auc")) else Goal.UNKNOWN


def decide(
    name: str, requested: Mapping[str, Goal], channel: Mapping[str, Goal], experiments: Sequence[Experiment]
) -> tuple[Goal, GoalSource]:
    """The goal of a metric and who said so: the request, the channel, the experiments, the name, in this order.

    Experiments that disagree leave it unknown.
    """
    if name in requested:
        return requested[name], GoalSource.REQUEST
    if name in channel:
        return channel[name], GoalSource.CHANNEL
    stated = {experiment.goals[name] for experiment in experiments if name in experiment.goals}
    if stated:
        return (stated.pop(), GoalSource.EXPERIMENT) if len(stated) == 1 else (Goal.UNKNOWN, GoalSource.NONE)
    assumed = goal_of(name)
    return assumed, GoalSource.NONE if assumed is Goal.UNKNOWN else GoalSource.NAME
