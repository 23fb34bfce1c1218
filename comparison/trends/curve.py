"""A curve: what a run logged of one metric, put in order. Traps of logged steps are settled here."""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from comparison.runs import Goal

Numbers = npt.NDArray[np.float64]

LARGEST = np.finfo(np.float64).max  # MLflow stores ± infinity as this
_MAD = 1.4826  # a median absolute deviation of normal noise, times this, is its standard deviation


class Axis(StrEnum):
    """What a curve runs over."""

    STEP = "step"
    TIME = "time"  # seconds since the first point: nobody passed a step
    COUNT = "count"  # neither steps nor times tell the points apart


@dataclass(frozen=True, eq=False)
class Curve:
    """One value for each x, x growing. `x` is a step, seconds since the first point, or a number of the point.

    `values` may hold NaN and ± infinity. `times` are ms since the epoch, 0 where unknown. `is_complete`: no logged
    point is missing, so that a best value is exact. `logged` counts the points as logged, `replaced` those that a later
    one of the same step took the place of.
    """

    label: str
    metric: str
    x: Numbers
    values: Numbers
    times: Numbers
    goal: Goal = Goal.UNKNOWN
    axis: Axis = Axis.STEP
    is_complete: bool = True
    logged: int = 0
    replaced: int = 0
    is_out_of_order: bool = False  # later points have earlier steps: the run was resumed, or several wrote to it

    def __len__(self) -> int:
        return len(self.x)

    @cached_property
    def finite(self) -> npt.NDArray[np.bool_]:
        return np.isfinite(self.values)

    @cached_property
    def sign(self) -> int:
        """1 where lower is better, -1 where higher is, 0 where nobody knows: `sign * value` falls as it gets better."""
        return {Goal.LOWER: 1, Goal.HIGHER: -1}.get(self.goal, 0)

    @cached_property
    def noise(self) -> float:
        """One standard deviation of what the curve does from point to point, its trend taken out; 0 below 8 points.

        From second differences, so that neither a slope nor a level counts, and by their median, so that spikes do not.
        """
        values = self.values[self.finite]
        if len(values) < 8:
            return 0.0
        bends = np.diff(values, 2)
        return float(_MAD * np.median(np.abs(bends)) / math.sqrt(6))

    @property
    def last(self) -> float:
        return float(self.values[-1])

    def seconds_at(self, place: int) -> float | None:
        """Seconds from the first logged point to this one; None where times are not known."""
        known = self.times[self.times > 0]
        if not len(known) or not self.times[place] > 0:
            return None
        return float(self.times[place] - known.min()) / 1000

    def at(self, x: float) -> float | None:
        """The value there, between two logged points by a straight line; None outside, or where it is not finite."""
        xs, values = self.x[self.finite], self.values[self.finite]
        if not len(xs) or not xs[0] <= x <= xs[-1]:
            return None
        return float(np.interp(x, xs, values))

    def until(self, x: float) -> "Curve":
        """The same up to there."""
        keep = self.x <= x
        return self._replace(self.x[keep], self.values[keep], self.times[keep])

    def _replace(self, x: Numbers, values: Numbers, times: Numbers) -> "Curve":
        return Curve(self.label, self.metric, x, values, times, self.goal, self.axis, self.is_complete, self.logged)


@dataclass(frozen=True, slots=True)
class Best:
    """The best value and where: `place` in the curve, `x` on its axis. Ties: the first."""

    place: int
    x: float
    value: float
    is_exact: bool


def curve_of(  # noqa: PLR0913 -- what a point is made of, and what is known of the whole
    steps: Sequence[float] | Numbers,
    values: Sequence[float] | Numbers,
    times: Sequence[float] | Numbers | None = None,
    *,
    label: str = "",
    metric: str = "",
    goal: Goal = Goal.UNKNOWN,
    is_complete: bool = True,
) -> Curve:
    """A curve of logged points in any order. Of several at one step the last logged counts, as in MLflow's tables.

    All at one step: time is the axis, else the order they were logged in. Raises ValueError for parts that differ in
    length.
    """
    step, value = np.asarray(steps, dtype=float), np.asarray(values, dtype=float).copy()
    time = np.zeros(len(step)) if times is None else np.asarray(times, dtype=float)
    if not len(step) == len(value) == len(time):
        raise ValueError("steps, values and times of one curve have one length")
    value[value >= LARGEST] = math.inf
    value[value <= -LARGEST] = -math.inf
    logged = len(step)
    axis, x = _axis(step, time)
    is_out_of_order = axis is Axis.STEP and len(step) > 1 and _is_out_of_order(step, time)
    order = np.lexsort((time, x))  # by x, then by time; as logged where those are equal
    x, value, time = x[order], value[order], time[order]
    is_last = np.append(x[1:] != x[:-1], True) if len(x) else np.zeros(0, dtype=bool)
    return Curve(
        label=label,
        metric=metric,
        x=x[is_last],
        values=value[is_last],
        times=time[is_last],
        goal=goal,
        axis=axis,
        is_complete=is_complete,
        logged=logged,
        replaced=logged - int(is_last.sum()),
        is_out_of_order=is_out_of_order,
    )


def _axis(steps: Numbers, times: Numbers) -> tuple[Axis, Numbers]:
    if len(steps) < 2 or steps.min() < steps.max():
        return Axis.STEP, steps
    if times.min() > 0 and len(np.unique(times)) > max(1, len(times) // 2):
        return Axis.TIME, (times - times.min()) / 1000
    return Axis.COUNT, np.arange(len(steps), dtype=float)


def _is_out_of_order(steps: Numbers, times: Numbers) -> bool:
    if not times.min() > 0:
        return False
    by_step = np.lexsort((times, steps))
    later = times[by_step]
    return bool((np.diff(later) < -1000).any())  # a second: points logged at once come in any order


def find_best(curve: Curve) -> Best | None:
    """The best finite value by the goal; None where no goal is known, or nothing finite was logged."""
    if not curve.sign or not curve.finite.any():
        return None
    score = np.where(curve.finite, curve.sign * curve.values, math.inf)
    place = int(np.argmin(score))
    return Best(place, float(curve.x[place]), float(curve.values[place]), curve.is_complete)


def best_so_far(curve: Curve) -> Numbers:
    """The best value up to each point, NaN before the first finite one. Raises ValueError where no goal is known."""
    if not curve.sign:
        raise ValueError("a best needs a direction")
    score = np.where(curve.finite, curve.sign * curve.values, math.inf)
    found: Numbers = np.minimum.accumulate(score)
    return np.where(np.isfinite(found), curve.sign * found, np.nan)


def smoothed(values: Sequence[float] | Numbers, weight: float) -> Numbers:
    """The exponential moving average without the bias of its start: s/(1 − wᵏ). For eyes only, never for a value."""
    found = np.empty(len(values))
    total, scale = 0.0, 0.0
    for place, value in enumerate(values):
        if math.isfinite(value):
            total, scale = weight * total + (1 - weight) * value, weight * scale + (1 - weight)
        found[place] = total / scale if scale else math.nan
    return found


def buckets(values: Numbers, count: int, middle: Callable[[Any], Any] = np.median) -> Numbers:
    """At most `count` values, each the middle of as many neighbours as the others."""
    if len(values) <= count:
        return values
    edges = np.linspace(0, len(values), count + 1).astype(int)
    return np.array([middle(values[a:b]) for a, b in itertools.pairwise(edges)])
