"""Conclusions about hyperparameter sweeps, from trials to facts: which parameters matter, and where the best lies.

Pure: no words, no I/O.
"""

import itertools
import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from comparison.judgement.statistics import Noise, holm, pool
from comparison.runs import Goal

# The trials of a sweep as columns: which parameters vary, on which scale, within which range.


Numbers = npt.NDArray[np.float64]

LOG_FROM = 100  # a range of positive values that is so many times as high as low is searched on a logarithmic scale
_SEED = re.compile(
    r"(.*[_.-])?(seed|random_state|rng|fold|cv_fold|trial|trial_id|trial_number|replicate|repeat|run)", re.IGNORECASE
)
_LOW, _HIGH, _LOG = re.compile(r"\blow=([-+.\de]+)"), re.compile(r"\bhigh=([-+.\de]+)"), re.compile(r"\blog=True")


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial that ended with finite objectives, of which the first leads. `number` orders trials."""

    key: str
    number: int
    values: tuple[float, ...]
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Range:
    """What a search says of a parameter; None where it does not."""

    low: float | None = None
    high: float | None = None
    is_log: bool = False


@dataclass(frozen=True, eq=False)
class Parameter:
    """One that varies. `codes` has a number for each trial: the value, its logarithm, or the place of a category.

    `levels` are the categories in order, empty where it is a number. A trial without the parameter has the lowest code.
    """

    name: str
    codes: Numbers
    levels: tuple[str, ...] = ()
    is_log: bool = False
    stated: Range = Range()
    absent: int = 0

    @property
    def is_number(self) -> bool:
        return not self.levels

    def value_of(self, code: float) -> str:
        if self.levels:
            return self.levels[round(code)]
        return f"{10**code if self.is_log else code:.3g}"


def is_seed(name: str) -> bool:
    """Whether a parameter only tells repeats apart."""
    return _SEED.fullmatch(name) is not None


def varying(trials: Sequence[Trial], stated: Mapping[str, Range] | None = None) -> tuple[Parameter, ...]:
    """The parameters that differ between trials, seeds left out, in the order of their names."""
    names = sorted({name for trial in trials for name in trial.parameters if not is_seed(name)})
    found = []
    for name in names:
        texts = [trial.parameters.get(name) for trial in trials]
        if len(set(map(_plain, texts))) > 1:
            found.append(_parameter(name, texts, (stated or {}).get(name, Range())))
    return tuple(found)


def _plain(text: str | None) -> float | str | None:
    number = _number(text)
    return text if number is None else number


def _parameter(name: str, texts: Sequence[str | None], stated: Range) -> Parameter:
    absent = sum(text is None for text in texts)
    numbers = [_number(text) for text in texts if text is not None]
    known = [number for number in numbers if number is not None]
    if len(known) == len(numbers) and len(set(known)) > 1:
        is_log = stated.is_log or (min(known) > 0 and max(known) / min(known) >= LOG_FROM)
        is_log = is_log and min(known) > 0
        scaled = [math.log10(number) if is_log else number for number in known]
        below = min(scaled) - 0.5 * ((max(scaled) - min(scaled)) or 1.0)
        values = iter(scaled)
        codes = [below if text is None else next(values) for text in texts]
        return Parameter(name, np.array(codes), (), is_log, stated, absent)
    counted = Counter("" if text is None else text for text in texts)
    levels = tuple(sorted(counted, key=lambda each: (each != "", each)))
    places = {level: place for place, level in enumerate(levels)}
    return Parameter(name, np.array([float(places[text or ""]) for text in texts]), levels, absent=absent)


def _number(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def merge_repeats(trials: Sequence[Trial]) -> tuple[tuple[Trial, ...], tuple[tuple[float, ...], ...]]:
    """Trials with one for each configuration, at its mean; and the values of those that were run more than once."""
    groups: dict[tuple[tuple[str, float | str | None], ...], list[Trial]] = {}
    for trial in trials:
        key = tuple(sorted((name, _plain(text)) for name, text in trial.parameters.items() if not is_seed(name)))
        groups.setdefault(key, []).append(trial)
    merged = [
        Trial(
            group[0].key, group[0].number, tuple(np.mean([each.values for each in group], axis=0)), group[0].parameters
        )
        if len(group) > 1
        else group[0]
        for group in groups.values()
    ]
    repeats = tuple(tuple(each.values[0] for each in group) for group in groups.values() if len(group) > 1)
    return tuple(merged), repeats


def stated_ranges(tags: Mapping[str, str]) -> dict[str, Range]:
    """What Optuna logged of its search in the tags of a trial: its callback as text, its storage as JSON."""
    found = {}
    for name, text in tags.items():
        if name.endswith("_distribution") and "Distribution(" in text:
            found[name.removesuffix("_distribution")] = _from_text(text)
    try:
        listed = json.loads(tags.get("param_directions", "{}"))
    except ValueError:
        listed = {}
    if isinstance(listed, dict):
        found |= {name: document for name, each in listed.items() if (document := _from_json(each))}
    return found


def _from_text(text: str) -> Range:
    low, high = _LOW.search(text), _HIGH.search(text)
    return Range(_number(low[1]) if low else None, _number(high[1]) if high else None, bool(_LOG.search(text)))


def _from_json(document: object) -> Range | None:
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return None
    attributes = document.get("attributes", document) if isinstance(document, dict) else None
    if not isinstance(attributes, dict):
        return None
    low, high = (_number(str(attributes[key])) if key in attributes else None for key in ("low", "high"))
    return Range(low, high, attributes.get("log") is True)


# Importance of parameters: a forest, and a gate that keeps it silent where it would only explain noise.
# An impurity forest names a most important parameter of pure noise, too. So shares are told only where trials that a
# tree did not see are predicted well enough, and a parameter only where it beats shuffled copies of all of them.


FEWEST = 20  # trials
MANY = 50
_NEEDED = ((MANY, 0.1), (FEWEST, 0.3))  # trials from which on so much must be explained of what was not seen
TREES, LEAF = 100, 2
ROUNDS, SMALL, SMALL_LEAF = 12, 20, 3  # resamples of the trials, trees of each, and trials in a leaf of those
_LEAST = 0.03  # share below which a parameter is not named
_BEATS = 0.9  # of the rounds in which a parameter must be above every shuffled copy
INTERACTION = 0.1  # share from which on a pair is worth a word
_GRID, _BACKGROUND = 6, 40  # points a side, and trials, over which a pair is looked at
MOST_TRIALS = 2_000  # that a forest is grown on; the newest are left out beyond


@dataclass(frozen=True, slots=True)
class Share:
    """How much of the differences goes with a parameter, with its 90 % interval over resampled trials.

    `is_apart`: it can be told from a shuffled copy. `p` is that of Kruskal and Wallis over terciles, or categories,
    corrected for being several.
    """

    name: str
    share: float
    low: float
    high: float
    is_apart: bool
    p: float


@dataclass(frozen=True, slots=True)
class Pair:
    """Two parameters that act together, beyond what each does alone."""

    first: str
    second: str
    share: float


@dataclass(frozen=True, slots=True)
class Importance:
    """Shares, the largest first. `explained` is R² on trials that were not seen; None where no forest was grown.

    `passes` says whether anything may be concluded from it.
    """

    n: int
    explained: float | None
    passes: bool
    shares: tuple[Share, ...] = ()
    pair: Pair | None = None

    @property
    def telling(self) -> tuple[Share, ...]:
        """The parameters that matter; none where that cannot be told."""
        return tuple(each for each in self.shares if each.is_apart) if self.passes else ()


def find_importance(parameters: Sequence[Parameter], values: Sequence[float] | Numbers, *, seed: int = 0) -> Importance:
    """What matters for these values, one for each trial. Takes about a second of CPU for 200 trials."""
    y = np.asarray(values, dtype=float)[:MOST_TRIALS]
    n = len(y)
    if n < FEWEST or not parameters or float(y.std()) == 0:
        return Importance(n, None, passes=False)
    x = np.column_stack([each.codes[:MOST_TRIALS] for each in parameters])
    with _without_checks():
        return _importance(parameters, x, y, seed)


def _without_checks() -> Any:
    """scikit-learn without its checks of parameters and of finite values, which take a third of the time."""
    from sklearn import config_context  # noqa: PLC0415 -- over a second, for who asks what matters

    return config_context(skip_parameter_validation=True, assume_finite=True)


def _importance(parameters: Sequence[Parameter], x: Numbers, y: Numbers, seed: int) -> Importance:
    n = len(y)
    forest = _forest(TREES, LEAF, seed, is_scored=True)
    forest.fit(x, y)
    explained = float(forest.oob_score_)
    passes = explained > next(least for count, least in _NEEDED if n >= count)
    if not passes:
        return Importance(n, explained, passes=False)
    exact = anova_shares(parameters, y)
    names = [each.name for each in parameters]
    shares = np.array([exact[(name,)] for name in names]) if exact else forest.feature_importances_
    low, high, apart = _resampled(x, y, seed)
    ps = holm([kruskal(each, y) for each in parameters])
    found = [
        Share(
            name, float(shares[at]), float(low[at]), float(high[at]), bool(apart[at] and shares[at] >= _LEAST), ps[at]
        )
        for at, name in enumerate(names)
    ]
    found.sort(key=lambda each: -each.share)
    telling = [each.name for each in found if each.is_apart]
    pair = _exact_pair(exact) if exact else _pair(forest, x, names, telling[:3])
    return Importance(n, explained, passes=True, shares=tuple(found), pair=pair)


def _forest(trees: int, leaf: int, seed: int, *, is_scored: bool = False) -> Any:
    from sklearn.ensemble import RandomForestRegressor  # noqa: PLC0415 -- over a second, for who asks what matters

    return RandomForestRegressor(trees, min_samples_leaf=leaf, random_state=seed, oob_score=is_scored)


def _resampled(x: Numbers, y: Numbers, seed: int) -> tuple[Numbers, Numbers, Numbers]:
    """The ends of 90 % intervals of the shares, and whether each parameter beats all shuffled copies."""
    rng = np.random.default_rng(seed)
    shares, wins = [], []
    size = min(len(y), 400)
    for turn in range(ROUNDS):
        # Shuffled before rows are drawn: a row that is drawn twice has to look the same in its copies, too.
        shuffled = np.column_stack([rng.permutation(column) for column in x.T])
        rows = rng.integers(0, len(y), size)
        forest = _forest(SMALL, SMALL_LEAF, seed + turn)
        forest.fit(np.hstack([x, shuffled])[rows], y[rows])
        real, junk = np.split(forest.feature_importances_, 2)
        shares.append(real / (real.sum() or 1.0))
        wins.append(real > junk.max())
    low, high = np.quantile(np.array(shares), (0.05, 0.95), axis=0)
    return low, high, np.array(wins).mean(axis=0) >= _BEATS


def _pair(forest: Any, x: Numbers, names: Sequence[str], telling: Sequence[str]) -> Pair | None:
    """The pair of telling parameters with the largest share beyond its parts, where that is worth a word."""
    total = float(forest.predict(x).var())
    if total <= 0:
        return None
    background = x[np.linspace(0, len(x) - 1, min(len(x), _BACKGROUND)).astype(int)]
    found = []
    for first, second in itertools.combinations(telling, 2):
        a, b = names.index(first), names.index(second)
        grids = [np.unique(np.quantile(x[:, at], np.linspace(0.05, 0.95, _GRID))) for at in (a, b)]
        rows = np.repeat(background[None], len(grids[0]) * len(grids[1]), axis=0)
        points = np.array(list(itertools.product(*grids)))
        rows[:, :, a], rows[:, :, b] = points[:, :1], points[:, 1:]
        surface = forest.predict(rows.reshape(-1, x.shape[1])).reshape(len(grids[0]), len(grids[1]), -1).mean(axis=2)
        alone = surface.mean(axis=1, keepdims=True) + surface.mean(axis=0, keepdims=True) - surface.mean()
        found.append(Pair(first, second, float((surface - alone).var() / total)))
    best = max(found, key=lambda each: each.share, default=None)
    return best if best and best.share > INTERACTION else None


def anova_shares(parameters: Sequence[Parameter], values: Sequence[float] | Numbers) -> dict[tuple[str, ...], float]:
    """Shares of the variance of a full balanced grid, of each parameter and of each pair; empty where it is no grid."""
    y = np.asarray(values, dtype=float)
    levels = [np.unique(each.codes) for each in parameters]
    if not parameters or np.prod([len(each) for each in levels]) != len(y):
        return {}
    places = [np.searchsorted(known, each.codes) for known, each in zip(levels, parameters, strict=True)]
    grid = np.full([len(each) for each in levels], np.nan)
    grid[tuple(places)] = y
    total = float(((y - y.mean()) ** 2).sum())
    if np.isnan(grid).any() or total <= 0:
        return {}
    found: dict[tuple[str, ...], float] = {}
    axes = range(len(parameters))
    means = {at: grid.mean(axis=tuple(each for each in axes if each != at)) for at in axes}
    for at in axes:
        weight = len(y) / len(levels[at])
        found[(parameters[at].name,)] = float(weight * ((means[at] - y.mean()) ** 2).sum()) / total
    for a, b in itertools.combinations(axes, 2):
        both = grid.mean(axis=tuple(each for each in axes if each not in (a, b)))
        rest = both - means[a][:, None] - means[b][None, :] + y.mean()
        weight = len(y) / (len(levels[a]) * len(levels[b]))
        found[parameters[a].name, parameters[b].name] = float(weight * (rest**2).sum()) / total
    return found


def _exact_pair(exact: dict[tuple[str, ...], float]) -> Pair | None:
    pairs = [Pair(key[0], key[1], share) for key, share in exact.items() if len(key) > 1]
    best = max(pairs, key=lambda each: each.share, default=None)
    return best if best and best.share > INTERACTION else None


def kruskal(parameter: Parameter, values: Sequence[float] | Numbers) -> float:
    """P of Kruskal and Wallis over the parameter's terciles, or its values where they are few. Finds humps, too."""
    from scipy import stats  # noqa: PLC0415 -- most of a second, as sklearn

    y = np.asarray(values, dtype=float)
    codes = parameter.codes[: len(y)]
    known = np.unique(codes)
    groups = codes if len(known) <= 6 else np.searchsorted(np.quantile(codes, (1 / 3, 2 / 3)), codes)
    parts = [part for level in np.unique(groups) if len(part := y[groups == level])]
    if len(parts) < 2 or len(np.unique(y)) < 2:
        return 1.0
    return float(stats.kruskal(*parts).pvalue)


# What a sweep found: its best, how sure that is, where it lies, and what to do next.


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


def sweep_findings(
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
    front = [
        at
        for at, point in enumerate(points)
        if not ((points <= point).all(axis=1) & (points < point).any(axis=1)).any()
    ]
    order = sorted(front, key=lambda at: (points[at][0], trials[at].number))
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
