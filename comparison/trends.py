"""Conclusions about curves: metrics over steps or time.

Pure: from logged points to facts, with no words and no I/O.
"""

import itertools
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from comparison.names import HELD_OUT, TRAINING
from comparison.runs import Goal

# A curve: what a run logged of one metric, put in order. Traps of logged steps are settled here.


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


# Conclusions about one curve: does it still improve, is it flat, did it overfit, did it diverge. Silence is allowed.
# Every rule is about full data and by the goal of the metric, never by the word loss in its name.


FEWEST = 10  # points in the part of a curve whose trend is judged
MOST_PAIRED = 200  # points that slopes are taken over, each pair of them; more are put into buckets
_SLIGHT = 0.01  # of the range of the curve: a change that no eye sees
_SURE = 0.01  # Kendall's p up to which a tail goes somewhere
_RELATED = 0.5  # correlation of neighbouring residuals from which a straight line is not the story
_SHORT = 30  # points of a tail, below which noise that wanders looks like a trend and cannot be seen in the tail alone
_SHARE_BACK = 0.3  # of what the tail moved: a curve that went back so far just before may go back again
_SIGMAS = 4  # how far below its mean the best of many noisy values may lie by chance


class Tail(StrEnum):
    """What the end of a curve does."""

    IMPROVING = "improving"
    FLAT = "flat"
    WORSENING = "worsening"
    MOVING = "moving"  # it goes on, and nobody knows which way is better
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Slope:
    """Theil and Sen's slope with its 95 % interval, per unit of x, and Kendall's two-sided p of no trend."""

    value: float
    low: float
    high: float
    p: float


@dataclass(frozen=True, slots=True)
class Trend:
    """The end of a curve. `since` is the x from which on it is flat, where it is."""

    tail: Tail
    slope: Slope | None = None
    since: float | None = None


@dataclass(frozen=True, slots=True)
class Overfit:
    """Held-out values got worse while training went on: since x, by how much, and the gap to training then and now."""

    since: float
    best: float
    last: float
    gap_then: float
    gap_now: float

    @property
    def worse_by(self) -> float:
        return abs(self.last - self.best)


@dataclass(frozen=True, slots=True)
class Divergence:
    """From x on: nothing finite any more, or values that lost all that was gained."""

    since: float
    is_not_finite: bool


def slope_of(x: Sequence[float] | Numbers, values: Sequence[float] | Numbers) -> Slope:
    """Theil and Sen's slope of finite values, x growing. Takes at least two points."""
    from scipy import stats  # noqa: PLC0415 -- most of a second, for those who ask for trends

    found = stats.theilslopes(np.asarray(values, dtype=float), np.asarray(x, dtype=float), 0.95)
    p = float(stats.kendalltau(x, values).pvalue)
    return Slope(float(found[0]), float(found[2]), float(found[3]), p if math.isfinite(p) else 1.0)


def trend_of(curve: Curve) -> Trend:
    """What the last third of a curve does; unclear below 10 points there, and where a line is not the story."""
    x, values = curve.x[curve.finite], curve.values[curve.finite]
    size = max(FEWEST, len(values) // 3)
    if len(values) < FEWEST or size > len(values) or (not curve.finite[-1]):
        return Trend(Tail.UNCLEAR)
    tail_x, tail = x[-size:], values[-size:]
    noise = _local_noise(tail)
    span = _range(values)
    if span == 0:
        return Trend(Tail.FLAT, Slope(0.0, 0.0, 0.0, 1.0), float(x[0]))
    slope = slope_of(buckets(tail_x, MOST_PAIRED), buckets(tail, MOST_PAIRED))
    moved = slope.value * float(tail_x[-1] - tail_x[0])
    is_still = slope.low <= 0 <= slope.high and abs(moved) < max(noise, _SLIGHT * span)
    if is_still or (abs(moved) < _SLIGHT * span and _width(tail) < 3 * _SLIGHT * span):
        return Trend(Tail.FLAT, slope, _flat_since(x, values, tail)) if not _swings(tail_x, tail, slope) else _UNCLEAR
    rest = tail - (np.median(tail) + slope.value * (tail_x - np.median(tail_x)))
    is_small = abs(moved) < 3 * noise or abs(moved) < 2 * _width(rest) * _is_related(rest)
    is_wandering = size < _SHORT and _went_back(values[-2 * size :], moved) > _SHARE_BACK * abs(moved)
    if slope.p > _SURE or slope.low <= 0 <= slope.high or is_small or is_wandering:
        return Trend(Tail.UNCLEAR, slope)
    if not curve.sign:
        return Trend(Tail.MOVING, slope)
    return Trend(Tail.IMPROVING if moved * curve.sign < 0 else Tail.WORSENING, slope)


_UNCLEAR = Trend(Tail.UNCLEAR)


def overfit_of(train: Curve, held_out: Curve) -> Overfit | None:
    """Whether held-out values passed their best and got worse by more than noise, while training still improved.

    None where that is not so or cannot be told: no goal, other axes, less than two or a tenth of the points since.
    """
    if not held_out.sign or train.axis is not held_out.axis or not train.finite.any() or not held_out.finite.any():
        return None
    finite = held_out.finite
    x, score = held_out.x[finite], held_out.sign * held_out.values[finite]
    place = int(np.argmin(score))
    since = score[place:]
    if len(since) - 1 <= max(2, math.ceil(len(score) / 10)):
        return None
    worse = float(np.median(since[-max(1, len(since) // 4) :]) - score[place])
    if worse <= _SIGMAS * held_out.noise or worse <= _SLIGHT * _range(score) or not _rises(since):
        return None
    then, now = train.at(float(x[place])), train.at(min(float(x[-1]), float(train.x[train.finite][-1])))
    gain = None if then is None or now is None else train.sign * (then - now)
    if then is None or now is None or gain is None or gain <= max(2 * train.noise, 0.0):
        return None
    best, last = float(held_out.values[finite][place]), float(held_out.values[finite][-1])
    gap_then, gap_now = (held_out.sign * (a - b) for a, b in ((best, then), (last, now)))
    return Overfit(float(x[place]), best, last, gap_then, gap_now)


def divergence_of(curve: Curve) -> Divergence | None:  # noqa: PLR0911 -- one reason a line
    """Whether the end is not finite, or blew up: what was gained is lost, in a jump or by far. None: neither."""
    if not len(curve):
        return None
    if not curve.finite[-1]:
        ended = int(len(curve) - np.argmax(curve.finite[::-1])) if curve.finite.any() else 0
        return Divergence(float(curve.x[ended]), is_not_finite=True)
    if not curve.sign or int(curve.finite.sum()) < FEWEST:
        return None
    x, score = curve.x[curve.finite], curve.sign * curve.values[curve.finite]
    start, best = float(np.median(score[: max(1, len(score) // 20)])), float(score.min())
    end, usual = float(np.median(score[-max(2, len(score) // 10) :])), float(np.median(np.abs(np.diff(score))))
    gain = start - best
    lost = best + max(0.9 * gain, 10 * usual)  # from here on nothing of what was gained is left
    if end <= lost:
        return None
    half = best + (lost - best) / 2
    onset = int(np.flatnonzero(score <= lost)[-1]) + 1
    good = np.flatnonzero(score <= half)
    if _returns(score, best, lost) > 1 or onset >= len(score):
        return None
    height = max(usual, _SLIGHT * (end - best))
    is_jump = onset - good[-1] <= max(3, len(score) // 20) and score[onset] - score[onset - 1] > 10 * height
    is_far = end - start > 3 * gain
    if not (is_jump or is_far):
        return None
    return Divergence(float(x[onset]), is_not_finite=False)


def _returns(score: Numbers, best: float, lost: float) -> int:
    """How often it came from the worst quarter between both levels into the best one: a wave comes and goes."""
    middles = _running_median(score, 5)
    side = np.where(middles > lost - (lost - best) / 4, 1, np.where(middles < best + (lost - best) / 4, -1, 0))
    return int((np.diff(side[side != 0]) < 0).sum())


def no_gain_for(curve: Curve) -> int | None:
    """How many points at the end brought no new best; None where no goal is known."""
    best = find_best(curve)
    return None if best is None else len(curve) - 1 - best.place


def records(curve: Curve) -> int:
    """How often a new best was reached, the first point left out."""
    so_far = best_so_far(curve)
    return int((np.diff(so_far[np.isfinite(so_far)]) != 0).sum())


# Pairs of metrics: one of training, one of data that were held out.

_PARTS = re.compile(r"[^0-9a-zA-Z]+|(?<=[a-z])(?=[A-Z])")


def training_twin(metric: str, logged: Sequence[str]) -> str:
    """The metric of training that goes with one of held-out data; "" where none was logged.

    `val_loss` goes with `train_loss`, or with plain `loss` as Keras has it.
    """
    parts = _parts(metric)
    if not any(part in HELD_OUT for part in parts):
        return ""
    rest = [part for part in parts if part not in HELD_OUT]
    exact = [each for each in logged if any(p in TRAINING for p in _parts(each)) and _without(each) == rest]
    bare = [each for each in logged if _parts(each) == rest]
    return (exact or bare or [""])[0]


def _without(metric: str) -> list[str]:
    return [part for part in _parts(metric) if part not in TRAINING]


def _parts(metric: str) -> list[str]:
    return [part.casefold() for part in _PARTS.split(metric) if part]


# Small statistics


def _range(values: Numbers) -> float:
    """From the lowest to the highest, single spikes left out where there are points enough."""
    middles = _running_median(values, 5) if len(values) >= FEWEST else values
    return float(middles.max() - middles.min())


def _local_noise(values: Numbers) -> float:
    """The median change from point to point."""
    return float(np.median(np.abs(np.diff(values)))) if len(values) > 1 else 0.0


def _width(values: Numbers) -> float:
    """What nine of ten normal values lie within, by the quartiles."""
    low, high = np.quantile(values, (0.25, 0.75))
    return 2.44 * float(high - low)


def _is_related(rest: Numbers) -> bool:
    """Whether residuals follow their neighbours: a wave or a bend, not noise."""
    centred = rest - rest.mean()
    total = float((centred**2).sum())
    return total > 0 and float((centred[1:] * centred[:-1]).sum()) / total > _RELATED


def _swings(x: Numbers, values: Numbers, slope: Slope) -> bool:
    """Whether the part is a wave: residuals that follow each other and are wide against the changes in between."""
    rest = values - (np.median(values) + slope.value * (x - np.median(x)))
    return _is_related(rest) and _width(rest) > 6 * max(_local_noise(values), 1e-300)


def _went_back(values: Numbers, moved: float) -> float:
    """The largest way that values, single spikes aside, went against the direction of `moved`."""
    ahead = _running_median(values, 3) * (1 if moved > 0 else -1)
    return float((np.maximum.accumulate(ahead) - ahead).max())


def _flat_since(x: Numbers, values: Numbers, tail: Numbers) -> float:
    """The x from which on the curve, single spikes aside, stays as near to its last level as the tail does."""
    level = float(np.median(tail))
    band = max(_width(tail), 0.02 * _range(values))
    middles = _running_median(values, 5)[: len(values) - len(tail)]
    outside = np.flatnonzero(np.abs(middles - level) > band)
    return float(x[int(outside[-1]) + 1 if len(outside) else 0])


def _running_median(values: Numbers, width: int) -> Numbers:
    half = width // 2
    padded = np.pad(values, half, mode="edge")
    found: Numbers = np.median(np.lib.stride_tricks.sliding_window_view(padded, width), axis=1)
    return found


def _rises(values: Numbers) -> bool:
    """Whether later values are greater in more than seven of ten pairs."""
    few = buckets(values, MOST_PAIRED)
    higher = sum(int((few[place + 1 :] > value).sum()) for place, value in enumerate(few))
    lower = sum(int((few[place + 1 :] < value).sum()) for place, value in enumerate(few))
    return higher > 0.7 * (higher + lower)


def shared_axis(curves: Sequence[Curve]) -> Axis | None:
    """The axis that curves have in common; None where they have several."""
    kinds = {curve.axis for curve in curves if len(curve) > 1} or {curve.axis for curve in curves}
    return next(iter(kinds)) if len(kinds) == 1 else None


# Two curves of one metric: who leads at the same step, where they cross, when one reached what the other had.


LASTING = 0.1  # of the shared range: how long an order must hold to be one


@dataclass(frozen=True, slots=True)
class Aligned:
    """The difference (second − first) on every step that one of them logged, inside the range that both have."""

    x: Numbers
    difference: Numbers

    @property
    def mean(self) -> float:
        """The mean difference over the range, by trapezoids; NaN without a range."""
        width = float(self.x[-1] - self.x[0]) if len(self.x) > 1 else 0.0
        return float(np.trapezoid(self.difference, self.x)) / width if width else math.nan


@dataclass(frozen=True, slots=True)
class Lead:
    """Both values at one x. `ahead`: 0 the first, 1 the second, None: level within noise, or no goal is known."""

    x: float
    first: float
    second: float
    noise: float
    ahead: int | None

    @property
    def by(self) -> float:
        return abs(self.second - self.first)


@dataclass(frozen=True, slots=True)
class Reached:
    """When a curve first had a value at least as good: the first logged x, where a line gets there, and the seconds."""

    x: float
    between: float
    seconds: float | None


def align(first: Curve, second: Curve) -> Aligned:
    """Both on the union of their steps inside the shared range; empty where they share none."""
    parts = [curve.x[curve.finite] for curve in (first, second)]
    nothing = np.zeros(0)
    if not all(len(part) for part in parts) or first.axis is not second.axis:
        return Aligned(nothing, nothing)
    low, high = max(part[0] for part in parts), min(part[-1] for part in parts)
    union = np.unique(np.concatenate(parts))
    x = union[(union >= low) & (union <= high)]
    values = [
        np.interp(x, part, curve.values[curve.finite]) for part, curve in zip(parts, (first, second), strict=True)
    ]
    return Aligned(x, values[1] - values[0])


def lead_at_same_step(first: Curve, second: Curve) -> Lead | None:
    """Who is ahead at the last step that both have: the same budget. None where they share no step."""
    shared = align(first, second)
    if not len(shared.x):
        return None
    return lead_at(first, second, float(shared.x[-1]))


def lead_at(first: Curve, second: Curve, x: float) -> Lead | None:
    a, b = first.at(x), second.at(x)
    if a is None or b is None:
        return None
    noise = 2 * math.hypot(first.noise, second.noise)
    is_level = abs(b - a) <= noise or a == b or not first.sign
    ahead = None if is_level else int((b - a) * first.sign < 0)
    return Lead(x, a, b, noise, ahead)


def crossings(first: Curve, second: Curve) -> list[float]:
    """Where the difference changes its sign. A touch of 0 is none."""
    shared = align(first, second)
    apart = np.flatnonzero(shared.difference != 0)
    found = []
    for before, after in itertools.pairwise(apart):
        a, b = float(shared.difference[before]), float(shared.difference[after])
        if (a < 0) != (b < 0):
            x1, x2 = float(shared.x[before]), float(shared.x[after])
            found.append(x1 + (x2 - x1) * abs(a) / (abs(a) + abs(b)))
    return found


@dataclass(frozen=True, slots=True)
class Overtaking:
    """From x on the one is ahead for good, who was behind before; 0 the first, 1 the second curve."""

    x: float
    ahead: int


def lasting_crossing(first: Curve, second: Curve) -> Overtaking | None:
    """The crossing after which the order holds to the shared end, by more than noise on both sides of it.

    None where there is none, no goal is known, or the time before or after is short.
    """
    shared = align(first, second)
    if not first.sign or len(shared.x) < 3:
        return None
    noise = 2 * math.hypot(first.noise, second.noise)
    apart = np.flatnonzero(np.abs(shared.difference) > noise)
    if len(apart) < 2:
        return None
    final = np.sign(shared.difference[apart[-1]])
    against = apart[np.sign(shared.difference[apart]) == -final]
    if not len(against):
        return None
    last_against = int(against[-1])
    width = float(shared.x[-1] - shared.x[0])
    at = next((x for x in crossings(first, second) if x > float(shared.x[last_against])), None)
    if at is None or width <= 0:
        return None
    before, after = shared.difference[shared.x < at], shared.difference[shared.x > at]
    is_long = float(shared.x[-1]) - at >= LASTING * width and at - float(shared.x[0]) >= LASTING * width
    is_order = len(before) and len(after) and _holds(before, -final, noise) and _holds(after, final, noise)
    return Overtaking(at, int(final * first.sign < 0)) if is_long and is_order else None


def _holds(difference: Numbers, sign: float, noise: float) -> bool:
    """Whether most of a stretch has this sign, and its middle by more than noise."""
    signed = difference * sign
    return float((signed > 0).mean()) > 0.8 and float(np.median(signed)) > noise


def reached(curve: Curve, target: float) -> Reached | None:
    """When it was first at least as good as the target. None: never, or no goal is known."""
    if not curve.sign:
        return None
    good = np.flatnonzero(curve.finite & (curve.sign * curve.values <= curve.sign * target))
    if not len(good):
        return None
    place = int(good[0])
    x, value = float(curve.x[place]), float(curve.values[place])
    between = x
    if place and curve.finite[place - 1]:
        before_x, before = float(curve.x[place - 1]), float(curve.values[place - 1])
        between = before_x + (x - before_x) * (target - before) / (value - before) if value != before else x
    return Reached(x, between, curve.seconds_at(place))


@dataclass(frozen=True, slots=True)
class CatchingUp:
    """Counts of earlier runs as far behind the best of their time at this x: how many passed it in the end."""

    behind: int
    caught_up: int


def catching_up(earlier: Sequence[Curve], x: float, deficit: float) -> CatchingUp:
    """`earlier` in the order they ended, one metric with a goal. Each is held against the best before it."""
    behind = caught_up = 0
    best_before: tuple[Curve, Best] | None = None
    for curve in earlier:
        best = find_best(curve)
        if best is None:
            continue
        if best_before is not None:
            here, there = curve.at(x), best_before[0].at(x)
            if here is not None and there is not None and curve.sign * (here - there) >= deficit:
                behind += 1
                caught_up += curve.sign * (best.value - best_before[1].value) < 0
        if best_before is None or curve.sign * (best.value - best_before[1].value) < 0:
            best_before = (curve, best)
    return CatchingUp(behind, caught_up)


# A few points of each, on one grid: for a drawing that takes no more.


@dataclass(frozen=True, slots=True)
class Grid:
    """Values of several curves at the same x. `is_reduced`: each stands for the middle of its neighbours."""

    x: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]
    is_reduced: bool
    is_cut: bool  # some curve goes on beyond the range that all share


def grid_of(curves: Sequence[Curve], count: int = 20) -> Grid | None:
    """At most `count` x that all curves have: their own steps where they share them, else the ends of equal buckets.

    None where they share no range, or one has nothing finite in a bucket that the others fill.
    """
    parts = [(curve.x[curve.finite], curve.values[curve.finite]) for curve in curves]
    if not parts or not all(len(x) for x, _ in parts) or len({curve.axis for curve in curves}) > 1:
        return None
    low, high = max(x[0] for x, _ in parts), min(x[-1] for x, _ in parts)
    is_cut = any(x[-1] > high for x, _ in parts)
    shared = parts[0][0][(parts[0][0] >= low) & (parts[0][0] <= high)]
    if 0 < len(shared) <= count and all(
        np.isin(shared, x).all() and _within(x, low, high) == len(shared) for x, _ in parts
    ):
        values = tuple(tuple(float(v) for v in values[np.isin(x, shared)]) for x, values in parts)
        return Grid(tuple(map(float, shared)), values, is_reduced=False, is_cut=is_cut)
    if high <= low:
        return None
    edges = np.linspace(low, high, count + 1)
    columns = [
        [_middle(x, values, a, b, is_first=n == 0) for n, (a, b) in enumerate(itertools.pairwise(edges))]
        for x, values in parts
    ]
    return Grid(
        tuple(float(round(edge)) if high - low >= count else float(edge) for edge in edges[1:]),
        tuple(map(tuple, columns)),
        is_reduced=True,
        is_cut=is_cut,
    )


def _within(x: Numbers, low: float, high: float) -> int:
    return int(((x >= low) & (x <= high)).sum())


def _middle(x: Numbers, values: Numbers, low: float, high: float, *, is_first: bool) -> float:
    """The median of what was logged in the bucket, else the value on the line between its neighbours."""
    inside = values[(x <= high) & ((x >= low) if is_first else (x > low))]
    return float(np.median(inside)) if len(inside) else float(np.interp(high, x, values))


BARS = "▁▂▃▄▅▆▇█"


def sparkline(curve: Curve, width: int = 20) -> str:
    """The curve in `width` signs, gaps as blanks; "" without a finite value."""
    if not curve.finite.any():
        return ""
    edges = np.linspace(0, len(curve), min(width, len(curve)) + 1).astype(int)
    few = []
    for a, b in itertools.pairwise(edges):
        part = curve.values[a:b][curve.finite[a:b]]
        few.append(float(np.median(part)) if len(part) else math.nan)
    known = [value for value in few if math.isfinite(value)]
    low, high = min(known), max(known)
    return "".join(
        " " if not math.isfinite(value) else BARS[round((value - low) / (high - low) * 7)] if high > low else BARS[3]
        for value in few
    )
