"""Importance of parameters: a forest, and a gate that keeps it silent where it would only explain noise.

An impurity forest names a most important parameter of pure noise, too. So shares are told only where trials that a tree
did not see are predicted well enough, and a parameter only where it beats shuffled copies of all of them.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from comparison.judgement.statistics import holm
from comparison.sweeps.space import Numbers, Parameter

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
    told = [each.name for each in found if each.is_apart]
    pair = _exact_pair(exact) if exact else _pair(forest, x, names, told[:3])
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


def _pair(forest: Any, x: Numbers, names: Sequence[str], told: Sequence[str]) -> Pair | None:
    """The pair of telling parameters with the largest share beyond its parts, where that is worth a word."""
    total = float(forest.predict(x).var())
    if total <= 0:
        return None
    background = x[np.linspace(0, len(x) - 1, min(len(x), _BACKGROUND)).astype(int)]
    found = []
    for first, second in itertools.combinations(told, 2):
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
