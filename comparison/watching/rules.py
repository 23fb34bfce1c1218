"""`when val_loss < 0.2`, `when accuracy drops by 2 %`: a rule on one metric of a run that ended."""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from comparison.naming import folded
from comparison.outcome import Change, Comparison
from comparison.runs import Run

_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": lambda value, amount: value < amount,
    "<=": lambda value, amount: value <= amount,
    ">": lambda value, amount: value > amount,
    ">=": lambda value, amount: value >= amount,
    "=": lambda value, amount: value == amount,
    "!=": lambda value, amount: value != amount,
}
MOVES: Mapping[str, tuple[int, ...]] = {"drops": (-1,), "rises": (1,), "changes": (-1, 1)}
_HAIR = 1e-9  # of the amount: 0.98 is 2 % below 1, whatever binary fractions make of it


@dataclass(frozen=True, slots=True)
class Rule:
    """`sign` is a comparison with `amount`, or a move of so much against the baseline: drops, rises, changes."""

    metric: str
    sign: str
    amount: float
    is_percent: bool = False  # of a move: a share of the baseline

    def __str__(self) -> str:
        return f"{self.metric} {self.condition}"

    @property
    def condition(self) -> str:
        """What is asked of the metric, exactly: `< 0.2`, `drops by 2 %`."""
        amount = f"{repr(float(self.amount)).removesuffix('.0')}{' %' if self.is_percent else ''}"
        return f"{self.sign} by {amount}" if self.sign in MOVES else f"{self.sign} {amount}"


def holds(rule: Rule, run: Run, comparison: Comparison | None) -> bool:
    """False also where it cannot be told: the metric was not logged, is no number, or there is no baseline.

    A metric that is not logged under this very name is the one whose name is typed alike: `F1 score`, `f1_score`.
    """
    if rule.sign in MOVES:
        change = _change(rule.metric, comparison)
        return change is not None and _moved(rule, change)
    logged = run.metrics.get(_as_logged(rule.metric, run.metrics))
    return logged is not None and math.isfinite(logged.value) and _SIGNS[rule.sign](logged.value, rule.amount)


def _change(metric: str, comparison: Comparison | None) -> Change | None:
    metrics = comparison.metrics if comparison else ()
    of_datasets = {each.logged_as: each for each in reversed(metrics)}  # of several the first, which is held out
    known = {**of_datasets, **{each.name: each for each in metrics}}
    found = known.get(_as_logged(metric, known))
    return found.changes[0] if found else None


def _as_logged(metric: str, names: Iterable[str]) -> str:
    known = list(names)
    if metric in known:
        return metric
    return next((name for name in known if folded(name) == folded(metric)), "")


def _moved(rule: Rule, change: Change) -> bool:
    size = change.relative if rule.is_percent else change.difference
    if size is None:
        return False
    amount = rule.amount / 100 if rule.is_percent else rule.amount
    return any(direction * size >= amount * (1 - _HAIR) and size for direction in MOVES[rule.sign])
