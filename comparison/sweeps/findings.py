"""What a sweep found: its best, how sure that is, where it lies, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from comparison.judgement.statistics import Noise, pool
from comparison.runs import Goal
from comparison.sweeps.importance import Importance, find_importance
from comparison.sweeps.space import Numbers, Parameter, Range, Trial, merge_repeats, varying

EDGE = 0.05  # of the range: how near its end a best value lies at the edge
OUTER = 0.25  # of the range, in which most of the top must lie for that to mean something
TOP_SHARE, TOP_FEWEST = 0.1, 5  # of the trials that stand for the best region
STALLED, STALLED_SHARE = 10, 1 / 3  # trials, and their share, without a gain
MOST_OF_FRONT = 8


@dataclass(frozen=True, slots=True)
class Edge:
    """The best lies at an end of what was tried or close to it: `value` of the best, `end` of the range."""

    name: str
    value: str
    is_high: bool
    end: str


@dataclass(frozen=True, slots=True)
class Region:
    """Where the best trials lie: both ends of a number, or the categories."""

    name: str
    low: str
    high: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Findings:
    """`trials` by number, one for each configuration; `ranked` are the same, the best first."""

    trials: tuple[Trial, ...]
    ranked: tuple[Trial, ...]
    parameters: tuple[Parameter, ...]
    importance: Importance
    noise: Noise | None
    within_noise: int | None  # trials that cannot be told from the best, it among them; None: the noise is not known
    edges: tuple[Edge, ...]
    regions: tuple[Region, ...]
    stalled: int  # trials since the best; 0 where that is not worth a word
    best_so_far: tuple[float, ...]
    repeats: int  # configurations that were run more than once

    @property
    def best(self) -> Trial:
        return self.ranked[0]

    @property
    def first(self) -> Trial:
        return self.trials[0]


def find(
    trials: Sequence[Trial], goal: Goal, stated: dict[str, Range] | None = None, *, is_selected: bool = False
) -> Findings:
    """Findings of trials with a known goal. `is_selected`: only the best were logged; nothing follows for parameters.

    Raises ValueError for no trials, or no goal.
    """
    if not trials or goal is Goal.UNKNOWN:
        raise ValueError("a sweep needs trials and a goal")
    sign = 1 if goal is Goal.LOWER else -1
    merged, repeats = merge_repeats(sorted(trials, key=lambda each: each.number))
    ordered = tuple(sorted(merged, key=lambda each: each.number))
    ranked = tuple(sorted(ordered, key=lambda each: sign * each.values[0]))
    parameters = varying(ordered, stated)
    values = np.array([each.values[0] for each in ordered])
    noise = pool(repeats)
    importance = Importance(len(ordered), None, passes=False) if is_selected else find_importance(parameters, values)
    names = {each.name for each in importance.telling}
    by_name = {each.name: each for each in parameters}
    telling = [by_name[each.name] for each in importance.telling]
    so_far = sign * np.minimum.accumulate(sign * values)
    since = len(values) - 1 - int(np.argmin(sign * values))
    return Findings(
        trials=ordered,
        ranked=ranked,
        parameters=parameters,
        importance=importance,
        noise=noise,
        within_noise=_within_noise(ranked, noise, sign),
        edges=() if is_selected else _edges(parameters, names, values, sign),
        regions=tuple(_region(each, values, sign) for each in telling),
        stalled=since if since >= max(STALLED, STALLED_SHARE * len(values)) else 0,
        best_so_far=tuple(float(each) for each in so_far),
        repeats=len(repeats),
    )


def _within_noise(ranked: Sequence[Trial], noise: Noise | None, sign: int) -> int | None:
    if noise is None or not noise.is_enough:
        return None
    limit = noise.least_difference()
    return sum(sign * (each.values[0] - ranked[0].values[0]) <= limit for each in ranked)


def _top(values: Numbers, sign: int) -> npt.NDArray[np.intp]:
    """The places of the best trials, the best first."""
    count = min(len(values), max(TOP_FEWEST, round(TOP_SHARE * len(values))))
    return np.argsort(sign * values, kind="stable")[:count]


def _edges(parameters: Sequence[Parameter], names: set[str], values: Numbers, sign: int) -> tuple[Edge, ...]:
    """Numbers whose best is at the end of what was tried, and most of the top near it.

    Of those that are not known to matter only grids of a few values are looked at: at random some best is at some end.
    """
    found = []
    top = _top(values, sign)
    for each in parameters:
        codes = each.codes
        levels = np.unique(codes)
        is_grid = len(levels) <= max(3, len(codes) // 4)
        if (
            not each.is_number
            or each.absent
            or len(values) < 8
            or not (each.name in names or (is_grid and not names))
            or len(levels) < 3
        ):
            continue
        low, high = _ends(each)
        place = (codes[top] - low) / (high - low)
        best = float(place[0])
        if best >= 1 - EDGE and float((place > 1 - OUTER).mean()) > 0.5:
            found.append(Edge(each.name, each.value_of(float(codes[top[0]])), is_high=True, end=each.value_of(high)))
        elif best <= EDGE and float((place < OUTER).mean()) > 0.5:
            found.append(Edge(each.name, each.value_of(float(codes[top[0]])), is_high=False, end=each.value_of(low)))
    return tuple(found)


def _ends(parameter: Parameter) -> tuple[float, float]:
    """On the scale of the codes: what the search states, else what was tried."""
    low, high = float(parameter.codes.min()), float(parameter.codes.max())
    scale = np.log10 if parameter.is_log else float
    stated = parameter.stated
    if stated.low is not None and (stated.low > 0 or not parameter.is_log):
        low = min(low, float(scale(stated.low)))
    if stated.high is not None and (stated.high > 0 or not parameter.is_log):
        high = max(high, float(scale(stated.high)))
    return low, high


def _region(parameter: Parameter, values: Numbers, sign: int) -> Region:
    codes = parameter.codes[_top(values, sign)]
    if parameter.levels:
        levels = tuple(parameter.levels[int(code)] or "not set" for code in np.unique(codes))
        return Region(parameter.name, "", "", levels)
    return Region(parameter.name, parameter.value_of(float(codes.min())), parameter.value_of(float(codes.max())))


# Several objectives.


@dataclass(frozen=True, slots=True)
class Front:
    """What can be had of two objectives: no trial is better in one and as good in the other. In order of the first.

    `knee` is the place of the one farthest from the line between both ends, each objective scaled to its range.
    """

    trials: tuple[Trial, ...]
    knee: int | None
    total: int


def pareto(trials: Sequence[Trial], goals: Sequence[Goal]) -> Front:
    """The front of trials with as many values as goals; equal trials both stay. At most 8, both ends among them."""
    signs = np.array([1 if goal is Goal.LOWER else -1 for goal in goals])
    points = np.array([each.values for each in trials], dtype=float) * signs
    kept = [
        at
        for at, point in enumerate(points)
        if not ((points <= point).all(axis=1) & (points < point).any(axis=1)).any()
    ]
    order = sorted(kept, key=lambda at: (points[at][0], trials[at].number))
    knee = _knee(points[order])
    total = len(order)
    if total > MOST_OF_FRONT:
        chosen = sorted({*np.linspace(0, total - 1, MOST_OF_FRONT - 1).round().astype(int).tolist(), knee or 0})
        knee = chosen.index(knee) if knee is not None else None
        order = [order[at] for at in chosen]
    return Front(tuple(trials[at] for at in order), knee, total)


def _knee(points: Numbers) -> int | None:
    """None for less than three different points, and where none bends away from the line."""
    if len(np.unique(points, axis=0)) < 3:
        return None
    low, high = points.min(axis=0), points.max(axis=0)
    scaled = (points - low) / np.where(high > low, high - low, 1.0)
    distance = 1.0 - scaled.sum(axis=1)  # below the line from (0, 1) to (1, 0), times a constant
    return int(np.argmax(distance)) if float(distance.max()) > 1e-9 else None
