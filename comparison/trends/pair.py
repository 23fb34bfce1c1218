"""Two curves of one metric: who leads at the same step, where they cross, when one reached what the other had."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from comparison.trends.curve import Best, Curve, Numbers, find_best

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
