"""The button that asks which way metrics are better: what it holds, and below which comparisons it stands."""

import json
from dataclasses import dataclass

from comparison.outcome import Comparison, GoalSource, MetricComparison, Outcome
from comparison.runs import Goal
from handlers.blocks import push
from handlers.escaping import length
from handlers.limits import VALUE
from handlers.reply import Block

ACTION = "goals:set"
BY_NAME = "name"  # nothing is set: the name tells, or nothing does
MOST = 15  # metrics in one dialog
_LONGEST = 240  # characters of a name that an id of a block can hold
_SIGNS = {"h": Goal.HIGHER.value, "l": Goal.LOWER.value, "u": Goal.UNKNOWN.value, "n": BY_NAME}


@dataclass(frozen=True, slots=True)
class Asked:
    """A metric, and what is set for it in the channel: higher, lower, unknown, or that its name tells."""

    metric: str
    goal: str = BY_NAME


def goal_button(comparison: Comparison) -> list[Block]:
    """Below a comparison whose goals were assumed, are not known, or were set for the channel."""
    asked = list(dict.fromkeys(_asked(each) for each in sorted(comparison.metrics, key=_place) if _is_open(each)))
    value = write(asked[:MOST])
    return [push("Set goals …", ACTION, value)] if value else []


def write(asked: list[Asked]) -> str:
    """As the value of a button, as many as fit; "" for none."""
    signs = {goal: sign for sign, goal in _SIGNS.items()}
    told = [[each.metric, signs[each.goal]] for each in asked if len(each.metric) <= _LONGEST]
    while told and length(json.dumps(told)) > VALUE:
        told.pop()
    return json.dumps(told, separators=(",", ":")) if told else ""


def read(value: str) -> list[Asked]:
    """What a button holds; nothing for what is none of ours."""
    try:
        told = json.loads(value)
    except ValueError:
        return []
    if not isinstance(told, list):
        return []
    pairs = [
        each for each in told if isinstance(each, list) and len(each) == 2 and all(isinstance(e, str) for e in each)
    ]
    return [Asked(name, _SIGNS[sign]) for name, sign in pairs if sign in _SIGNS and 0 < len(name) <= _LONGEST][:MOST]


def _asked(metric: MetricComparison) -> Asked:
    return Asked(metric.logged_as, metric.goal.value if metric.goal_source is GoalSource.CHANNEL else BY_NAME)


def _is_open(metric: MetricComparison) -> bool:
    moved = any(change.outcome is Outcome.CHANGED for change in metric.changes)
    return metric.goal_source in (GoalSource.NAME, GoalSource.CHANNEL) or (metric.goal is Goal.UNKNOWN and moved)


def _place(metric: MetricComparison) -> int:
    """What nobody knows comes first, then what was assumed."""
    return {GoalSource.NONE: 0, GoalSource.NAME: 1}.get(metric.goal_source, 2)
