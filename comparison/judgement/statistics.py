"""Statistics of repeats: what several runs a side, or the noise of earlier repeats, can tell about a difference.

Every function takes plain finite numbers and returns frozen values; nothing is read, nothing is drawn, and what
cannot be computed is None rather than a number that looks like an answer. scipy does the mathematics and is
imported by the first call.

Which test when, and what each is known to do to false alarms, is told in docs/judgement.md. Sources: Welch 1947
(unequal variances), Holm 1979 (several tests), Schuirmann 1987 (equivalence by two one-sided tests), McNemar 1947,
Wilcoxon 1945, Efron 1987 (BCa).
"""

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist, fmean
from typing import Any

CONFIDENCE = 0.95  # of every interval that is shown
ALPHA = 1 - CONFIDENCE
POWER = 0.8  # with which a difference should be found when more seeds are advised
# Single runs may fall far out, and few repeats do not show it: at 95 %, Student's bound calls 8 of 100 equal pairs of a
# heavy-tailed metric different, at 98 % it calls 5 (docs/judgement.md has the table).
REPEATS_CONFIDENCE = 0.98
MOST_DIFFERENCES = 4_000  # between repeats that are looked at
LEAST_NOISE_DF = 4  # degrees of freedom below which pooled noise judges nothing: the threshold would be six sd
RESAMPLES = 10_000  # of a bootstrap
MANY_PICKED = 3  # runs of which the best is picked, from which on that is luck
MAX_SEEDS = 1_000  # a number of seeds nobody runs
_NORMAL_80 = 2.8015852  # standard errors at which a normal test at 5 % has a power of 80 %
_NORMAL_SAME_80 = 2.9264053  # likewise of two one-sided tests, where there is no difference
_EXACT_MCNEMAR = 25  # discordant pairs below which McNemar's test is exact
_EXACT_WILCOXON = 50  # non-zero differences up to which Wilcoxon's test is exact
_DEGENERATE = 1e-12  # a spread of differences below this share of their mean is rounding


@dataclass(frozen=True, slots=True)
class Summary:
    """A side in three numbers. `sd` is the sample standard deviation (n − 1); None for a single value."""

    n: int
    mean: float
    sd: float | None


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends, in the unit of what it is an interval of."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Test:
    """A difference (second side − first) with its interval and p-value.

    `statistic` and `df` are those of the method; None where it has none, or where the data are degenerate.
    `p` is two-sided. `interval` is None where no spread is known.
    """

    method: str
    difference: float
    p: float
    interval: Interval | None = None
    statistic: float | None = None
    df: float | None = None
    n: int = 0  # pairs, where values are paired


@dataclass(frozen=True, slots=True)
class Noise:
    """The pooled spread of repeats: one standard deviation, with its degrees of freedom.

    `widening` is how many times Student's bound runs have to differ, where tails may be heavier than normal.
    """

    sd: float
    df: int
    widening: float = 1.0

    @property
    def is_enough(self) -> bool:
        """Whether it can judge single runs at all."""
        return self.df >= LEAST_NOISE_DF

    def least_difference(self, n_first: int = 1, n_second: int = 1) -> float:
        """How far two means (of so many runs each) must lie apart to tell them apart: t · sd · √(1/n₁ + 1/n₂)."""
        return _t_quantile(1 - ALPHA / 2, self.df) * self.error(n_first, n_second)

    def error(self, n_first: int = 1, n_second: int = 1) -> float:
        """The standard error of the difference of two such means, widened."""
        return self.widening * self.sd * math.sqrt(1 / n_first + 1 / n_second)


def summarize(values: Sequence[float]) -> Summary:
    """n, mean and sample standard deviation. Raises ValueError for no values."""
    if not values:
        raise ValueError("a summary needs a value")
    return Summary(len(values), fmean(values), _sd(values))


def welch(first: Sequence[float], second: Sequence[float]) -> Test | None:
    """Means of two independent groups, with unequal variances. None below two values a side, or without spread."""
    if min(len(first), len(second)) < 2:
        return None
    one, two = _variance(first) / len(first), _variance(second) / len(second)
    difference = fmean(second) - fmean(first)
    error = math.sqrt(one + two)
    if error <= _DEGENERATE * max(abs(fmean(first)), abs(fmean(second)), abs(difference)):
        return None
    df = (one + two) ** 2 / (one**2 / (len(first) - 1) + two**2 / (len(second) - 1))
    return _t_test("Welch", difference, error, df)


def without_spread(first: Sequence[float], second: Sequence[float]) -> Test | None:
    """Two groups that are equal within themselves: over all ways to share the values out, two are as far apart.

    None where the two are equal, or there is spread.
    """
    if len({*first}) != 1 or len({*second}) != 1 or first[0] == second[0]:
        return None
    p = min(1.0, 2 / math.comb(len(first) + len(second), len(first)))
    return Test("permutation", second[0] - first[0], p)


def paired(first: Sequence[float], second: Sequence[float]) -> Test | None:
    """Means of pairs in order: the t-test, or the sign-flip test where all differences are equal up to rounding.

    None below three pairs. Raises ValueError for sides of different lengths.
    """
    differences = [b - a for a, b in zip(first, second, strict=True)]
    if len(differences) < 3:
        return None
    mean, spread = fmean(differences), math.sqrt(_variance(differences))
    size = max(abs(mean), *(abs(value) for value in (*first, *second)))
    if spread <= _DEGENERATE * size:
        # The t of equal differences is infinite, and its p of 0 would be a claim of rounding.
        return Test("sign-flip", mean, sign_flip(differences), n=len(differences))
    found = _t_test("paired t", mean, spread / math.sqrt(len(differences)), len(differences) - 1)
    return Test("paired t", mean, found.p, found.interval, found.statistic, found.df, len(differences))


def sign_flip(differences: Sequence[float]) -> float:
    """Two-sided p of paired differences when each sign could as well be the other; never below 2 / 2ⁿ.

    Exact up to 14 pairs, beyond that by the normal approximation of the same distribution.
    """
    observed = abs(sum(differences))
    if not any(differences):
        return 1.0
    if len(differences) > 14:  # 2¹⁵ sums are more than anybody waits for
        return _normal_tail(observed / math.sqrt(sum(value**2 for value in differences)))
    close = observed * (1 - 1e-9) - 1e-300
    sums = [0.0]
    for value in differences:
        sums = [total + sign * value for total in sums for sign in (1, -1)]
    return sum(abs(total) >= close for total in sums) / len(sums)


def mean_interval(values: Sequence[float]) -> Interval | None:
    """The 95 % interval of a mean by Student's t. None below two values, or without spread."""
    sd = _sd(values)
    if not sd:
        return None
    mean, half = fmean(values), _t_quantile(1 - ALPHA / 2, len(values) - 1) * sd / math.sqrt(len(values))
    return Interval(mean - half, mean + half)


def single_against_group(group: Sequence[float], single: float) -> Test | None:
    """One run against a group of three or more: whether it is inside what repeats of the group do."""
    if len(group) < 3:
        return None
    side = summarize(group)
    error = (side.sd or 0.0) * math.sqrt(1 + 1 / side.n)
    if error <= _DEGENERATE * max(abs(side.mean), abs(single)):
        return None
    return _t_test("prediction", single - side.mean, error, side.n - 1)


def pool(groups: Sequence[Sequence[float]]) -> Noise | None:
    """The common spread of groups, each around its own mean; None where no group has two values."""
    df = sum(len(group) - 1 for group in groups if len(group) > 1)
    if not df:
        return None
    total = sum(_variance(group) * (len(group) - 1) for group in groups if len(group) > 1)
    return Noise(math.sqrt(total / df), df)


def pool_near(groups: Sequence[Sequence[float]], values: Sequence[float]) -> Noise | None:
    """The common spread of the groups whose means are near one of these values: within 2 √2 pooled sd.

    Far from them chance may do something else: near a ceiling values hardly vary. None where none is near. It is
    widened for heavy tails: to Student's bound at 98 %, and to what 98 of 100 repeats were seen to differ by at most.
    """
    several = [group for group in groups if len(group) > 1]
    noise = pool(several)
    if noise is None:
        return None
    reach = 2 * math.sqrt(2) * noise.sd
    near = [group for group in several if any(abs(fmean(group) - value) <= reach for value in values)]
    found = pool(near)
    return replace(found, widening=_widening(found, near)) if found and found.sd else found


def _widening(noise: Noise, groups: Sequence[Sequence[float]]) -> float:
    """How many times Student's bound repeats have to differ, by their tails."""
    cautious = _t_quantile((1 + REPEATS_CONFIDENCE) / 2, noise.df) / _t_quantile(1 - ALPHA / 2, noise.df)
    return max(cautious, _seen_difference(groups) / noise.least_difference())


def _seen_difference(groups: Sequence[Sequence[float]]) -> float:
    """The difference between two repeats that 2 of 100 exceed; the largest where there are fewer.

    Of large groups each value is compared with the next ones in their order, which is that of time.
    """
    found: list[float] = []
    for lag in range(1, max(map(len, groups))):
        found += [abs(b - a) for group in groups for a, b in zip(group, group[lag:], strict=False)]
        if len(found) >= MOST_DIFFERENCES:
            break
    found.sort()
    return found[math.ceil(REPEATS_CONFIDENCE * len(found)) - 1]


def singles(first: float, second: float, noise: Noise) -> Test | None:
    """Two single runs, judged by the known noise of repeats: t with the pool's degrees of freedom, never 1.96.

    None for a noise of 0: values that never vary say nothing about chance.
    """
    if not noise.sd:
        return None
    return _t_test("pooled noise", second - first, noise.error(), noise.df)


def by_noise(first: Summary, second: Summary, noise: Noise) -> Test | None:
    """As `singles`, of the means of so many runs each."""
    if not noise.sd:
        return None
    return _t_test("pooled noise", second.mean - first.mean, noise.error(first.n, second.n), noise.df)


def holm(ps: Sequence[float]) -> list[float]:
    """p-values corrected for being several (Holm's step-down), in the order they came."""
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    corrected = [0.0] * len(ps)
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, ps[place] * (len(ps) - rank)))
        corrected[place] = largest
    return corrected


def equivalence(first: Sequence[float], second: Sequence[float], margin: float) -> Test | None:
    """Whether two groups are the same within ± `margin` (TOST): p of the claim, with the 90 % interval it rests on.

    None where Welch's test has nothing to say. Raises ValueError for a margin that is not positive.
    """
    found = welch(first, second)
    return equivalence_of(found, margin) if found else None


def equivalence_of(found: Test, margin: float) -> Test | None:
    """As `equivalence`, by the spread that a t-test went by: of pairs, of one run against a group, of known noise.

    None where that test has no interval. Raises ValueError for a margin that is not positive.
    """
    if not margin > 0:
        raise ValueError("a margin is more than 0")
    if found.df is None or found.interval is None:
        return None
    error = (found.interval.high - found.interval.low) / 2 / _t_quantile(1 - ALPHA / 2, found.df)
    special = _special()
    below = special.stdtr(found.df, -(found.difference + margin) / error)
    above = special.stdtr(found.df, (found.difference - margin) / error)
    half = _t_quantile(1 - ALPHA, found.df) * error
    inside = Interval(found.difference - half, found.difference + half)
    return Test("TOST", found.difference, float(max(below, above)), inside, None, found.df, found.n)


def mcnemar(better: int, worse: int) -> float:
    """Two-sided p of examples that changed sides: exact below 25 of them, else χ² with continuity correction."""
    changed = better + worse
    if not changed:
        return 1.0
    if changed < _EXACT_MCNEMAR:
        return float(_stats().binomtest(min(better, worse), changed, 0.5).pvalue)
    chi = (abs(better - worse) - 1) ** 2 / changed
    return float(_stats().chi2.sf(chi, 1))


def wilcoxon(differences: Sequence[float]) -> float | None:
    """Two-sided p of paired differences by their ranks; zeros are left out. None without a difference.

    Exact while there are at most 50 and no two are equal in size.
    """
    moved = [value for value in differences if value]
    if not moved:
        return None
    exact = len(moved) <= _EXACT_WILCOXON
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about ties: the exact distribution is asked for on purpose
        found = _stats().wilcoxon(moved, method="exact" if exact else "approx", correction=False)
    return float(found.pvalue)


def bca_interval(values: Sequence[float], seed: int = 0) -> Interval | None:
    """The 95 % interval of a mean by the bias-corrected and accelerated bootstrap. None below two values or spread."""
    if len(values) < 2 or not _variance(values):
        return None
    import numpy as np  # noqa: PLC0415 -- as scipy: for those who ask

    found = _stats().bootstrap(
        (np.asarray(values, dtype=float),),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=CONFIDENCE,
        method="BCa",
        rng=np.random.default_rng(seed),
    )
    low, high = found.confidence_interval
    return Interval(float(low), float(high)) if math.isfinite(low) and math.isfinite(high) else None


def seeds_needed(difference: float, sd: float) -> int | None:
    """How many seeds a side find a difference of this size with 80 % power at 5 %; None without spread or difference.

    At least 3; None also beyond a thousand.
    """
    if not sd > 0 or not difference:
        return None
    size = abs(difference) / sd
    if not size or (guess := 2 * (_NORMAL_80 / size) ** 2) > MAX_SEEDS:
        return None
    n = max(3, int(guess) - 2)  # the normal approximation is short by one or two
    while _power(size, n) < POWER:
        n += 1
    return n if n <= MAX_SEEDS else None


def seeds_to_show_same(margin: float, sd: float) -> int | None:
    """How many seeds a side show with 80 % power that equal configurations are the same within ± `margin` (TOST).

    By Student's t: the 90 % interval, and as much again as it moves in 80 of 100 cases, fit into the margin. At
    least 3; None without spread, and beyond a thousand.
    """
    if not sd > 0 or not margin > 0:
        return None
    guess = 2 * (_NORMAL_SAME_80 * sd / margin) ** 2
    if guess > MAX_SEEDS:
        return None
    n = max(3, int(guess) - 2)
    while margin < sd * math.sqrt(2 / n) * _reach_of_same(2 * n - 2):
        n += 1
    return n if n <= MAX_SEEDS else None


def _reach_of_same(df: int) -> float:
    """Standard errors that a margin takes: half of the 90 % interval, and where 80 of 100 differences of 0 lie."""
    return _t_quantile(1 - ALPHA, df) + _t_quantile((1 + POWER) / 2, df)


def is_picked_of_more(most: int, fewest: int) -> bool:
    """Whether the best of `most` runs is better than the best of `fewest` by luck that is worth a word."""
    return most >= MANY_PICKED and most >= 2 * fewest


def advantage_of_best(k: int) -> float:
    """How many standard deviations the best of `k` equal runs lies above their mean, on average."""
    if k < 1:
        raise ValueError("the best of none")
    if k == 1:
        return 0.0
    normal, step = NormalDist(), 0.01  # of the sum below, which is exact to nine digits
    places = (number * step for number in range(-900, 901))
    return step * math.fsum(x * k * normal.pdf(x) * normal.cdf(x) ** (k - 1) for x in places)


def _power(size: float, n: int) -> float:
    """The chance that Student's test of `n` a side finds a difference of `size` standard deviations."""
    special = _special()
    df = 2 * n - 2
    limit = _t_quantile(1 - ALPHA / 2, df)
    shift = size * math.sqrt(n / 2)
    return float(1 - special.nctdtr(df, shift, limit) + special.nctdtr(df, shift, -limit))


def _t_test(method: str, difference: float, error: float, df: float) -> Test:
    statistic = difference / error
    half = _t_quantile(1 - ALPHA / 2, df) * error
    p = 2 * float(_special().stdtr(df, -abs(statistic)))
    return Test(method, difference, p, Interval(difference - half, difference + half), statistic, df)


def _variance(values: Sequence[float]) -> float:
    """The sample variance (n − 1), of two values or more; 0 where all are equal, whatever rounding makes of it."""
    if all(value == values[0] for value in values):
        return 0.0
    mean = fmean(values)
    return math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _sd(values: Sequence[float]) -> float | None:
    return math.sqrt(_variance(values)) if len(values) > 1 else None


def _t_quantile(share: float, df: float) -> float:
    return float(_special().stdtrit(df, share))


def _normal_tail(z: float) -> float:
    """Two-sided."""
    return 2 * float(_special().ndtr(-abs(z)))


def _special() -> Any:
    from scipy import special  # noqa: PLC0415 -- as below, and loaded in a fraction of the time

    return special


def _stats() -> Any:
    from scipy import stats  # noqa: PLC0415 -- imported by those who compare repeats: it takes most of a second

    return stats
