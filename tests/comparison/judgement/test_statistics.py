"""The statistics against values computed by hand and by scipy's own tests, to nine digits."""

import math

import numpy as np
import pytest
from scipy import stats

from comparison.judgement.statistics import (
    Noise,
    advantage_of_best,
    bca_interval,
    equivalence,
    equivalence_of,
    holm,
    mcnemar,
    paired,
    pool,
    seeds_needed,
    seeds_to_show_same,
    sign_flip,
    single_against_group,
    singles,
    summarize,
    welch,
    wilcoxon,
    without_spread,
)

A = (0.912, 0.908, 0.915, 0.910, 0.905)
B = (0.921, 0.925, 0.918, 0.923, 0.919)


def near(value):
    return pytest.approx(value, rel=1e-5)  # printed vectors have six digits


def exactly(value):
    return pytest.approx(value, rel=1e-9, abs=1e-12)


def test_a_side_is_its_mean_and_the_spread_of_its_sample():
    one, two = summarize(A), summarize(B)
    assert (one.n, one.mean, one.sd) == (5, near(0.91), near(0.00380789))
    assert (two.mean, two.sd) == (near(0.9212), near(0.00286356))
    assert summarize([0.5]).sd is None


def test_five_seeds_a_side():
    found = welch(A, B)
    assert (found.difference, found.statistic, found.df) == (near(0.0112), near(5.25642), near(7.42787))
    assert (found.p, found.interval.low, found.interval.high) == (near(0.000974975), near(0.00621987), near(0.0161801))


def test_the_same_five_seeds_on_both_sides_are_pairs():
    found = paired(A, B)
    assert (found.method, found.n) == ("paired t", 5)
    assert (found.statistic, found.p) == (near(4.63459), near(0.00977351))
    assert (found.interval.low, found.interval.high) == (near(0.00449042), near(0.0179096))
    differences = [b - a for a, b in zip(A, B, strict=True)]
    assert sign_flip(differences) == 0.0625
    assert wilcoxon(differences) == 0.0625


def test_equal_differences_are_no_proof():
    a, b = (0.85, 0.86, 0.84), (0.86, 0.87, 0.85)
    found = welch(a, b)
    assert (found.difference, found.statistic, found.df) == (near(0.01), near(1.22474), near(4))
    assert (found.p, found.interval.low, found.interval.high) == (near(0.287864), near(-0.0126696), near(0.0326696))
    of_pairs = paired(a, b)
    assert (of_pairs.method, of_pairs.p, of_pairs.statistic, of_pairs.interval) == ("sign-flip", 0.25, None, None)


def test_two_a_side_cannot_tell_although_one_wins_every_pairing():
    found = welch((0.80, 0.82), (0.86, 0.84))
    assert (found.difference, found.statistic, found.df) == (near(0.04), near(2.82843), near(2))
    assert (found.p, found.interval.low, found.interval.high) == (near(0.105573), near(-0.0208487), near(0.100849))


def test_a_side_without_spread_is_compared_by_the_spread_of_the_other():
    found = welch((0.80, 0.82, 0.81), (0.84, 0.84, 0.84))
    assert (found.statistic, found.df, found.p) == (near(5.19615), near(2), near(0.0350987))
    assert summarize((0.84, 0.84, 0.84)).sd == 0


def test_unequal_sides_with_unequal_spread():
    found = welch((0.31, 0.29, 0.33, 0.30, 0.27), (0.21, 0.35, 0.19))
    assert (found.difference, found.statistic, found.df) == (near(-0.05), near(-0.974355), near(2.15933))
    assert (found.p, found.interval.low, found.interval.high) == (near(0.426082), near(-0.255895), near(0.155895))


def test_one_more_run_is_held_against_what_repeats_do():
    found = single_against_group(A, 0.921)
    assert (found.statistic, found.p) == (near(2.63705), near(0.0577584))
    assert single_against_group(A[:2], 0.921) is None


def test_two_single_runs_are_judged_by_the_noise_of_earlier_repeats():
    noise = pool([A, (0.921, 0.925, 0.918), (0.88, 0.89), (0.5,)])
    assert (noise.sd, noise.df) == (near(0.00435343), 7)
    assert noise.least_difference() == near(0.0145582)
    assert singles(0.9312, 0.9347, noise).p == near(0.587469)
    assert singles(0.9312, 0.9512, noise).p == near(0.0140864)
    assert pool([(1.0,), (2.0,)]) is None
    assert not Noise(0.1, 3).is_enough
    assert Noise(0.1, 4).is_enough
    assert singles(1.0, 2.0, Noise(0.0, 9)) is None


@pytest.mark.parametrize(
    ("ps", "corrected"),
    [
        ((0.01, 0.04, 0.03, 0.005), (0.03, 0.06, 0.06, 0.02)),
        ((0.02, 0.02, 0.02), (0.06, 0.06, 0.06)),
        ((0.001, 0.2, 0.04, 0.03, 0.9), (0.005, 0.4, 0.12, 0.12, 0.9)),
        ((0.6, 0.7), (1, 1)),
        ((), ()),
    ],
)
def test_several_tests_are_corrected(ps, corrected):
    assert holm(ps) == pytest.approx(list(corrected))


def test_the_same_is_a_claim_with_a_margin():
    b = (0.911, 0.909, 0.914, 0.912, 0.906)
    found = equivalence(A, b, 0.005)
    assert (found.difference, found.p) == (near(0.0004), near(0.0348413))
    assert (found.interval.low, found.interval.high) == (near(-0.00368231), near(0.00448231))
    assert equivalence(A, b, 0.01).p == near(0.00127955)
    assert welch(A, b).p == near(0.859306)
    with pytest.raises(ValueError, match="margin"):
        equivalence(A, b, 0)


def test_the_same_is_shown_by_pairs_and_by_known_noise_too():
    b = (0.911, 0.909, 0.914, 0.912, 0.906)
    assert equivalence_of(paired(A, b), 0.005).p == near(float(stats.t.sf((0.005 - 0.0004) / error(A, b), 4)))
    known = singles(0.9312, 0.9316, Noise(0.00435343, 7))
    assert equivalence_of(known, 0.005).p > 0.05
    assert equivalence_of(known, 0.02).p < 0.05
    assert equivalence_of(without_spread((0.8,) * 3, (0.9,) * 3), 0.02) is None


def error(first, second):
    return float(stats.sem([two - one for one, two in zip(first, second, strict=True)]))


def test_seeds_that_would_show_the_same_do_so_in_80_of_100_cases():
    rng = np.random.default_rng(0)
    for margin, seeds in ((3.0, 3), (2.0, 6), (1.0, 18), (0.5, 70)):
        assert seeds_to_show_same(margin, 1.0) == seeds
        shown = [equivalence(rng.normal(0, 1, seeds), rng.normal(0, 1, seeds), margin).p < 0.05 for _draw in range(300)]
        assert sum(shown) >= 0.68 * len(shown)
    assert (seeds_to_show_same(0.01, 1.0), seeds_to_show_same(1.0, 0.0)) == (None, None)


def test_candidates_share_one_baseline():
    c = (0.913, 0.911, 0.916, 0.909, 0.914)
    assert welch(A, c).p == near(0.251995)
    assert holm([welch(A, B).p, welch(A, c).p]) == [near(0.00194995), near(0.251995)]


def test_examples_that_changed_sides():
    assert mcnemar(14, 5) == near(0.0635681)
    assert mcnemar(40, 20) == near(0.0141714)
    assert mcnemar(0, 0) == 1


def test_scores_of_examples():
    scores = (0.1, 0.2, -0.05, 0.3, 0.15, 0, 0.25, 0.05, -0.1, 0.2)
    assert wilcoxon(scores) == near(0.0390625)
    found = bca_interval(scores)
    assert (found.low, found.high) == (near(0.03), near(0.185))
    assert bca_interval([0.1, 0.1]) is None
    assert wilcoxon([0.0, 0.0]) is None


@pytest.mark.parametrize(("size", "n"), [(0.5, 64), (0.8, 26), (1, 17), (1.5, 9), (2, 6), (3, 4)])
def test_how_many_seeds_find_a_difference(size, n):
    assert abs(seeds_needed(size * 0.01, 0.01) - n) <= 1


def test_no_number_of_seeds_without_spread_or_difference():
    assert seeds_needed(0.0, 0.1) is None
    assert seeds_needed(0.1, 0.0) is None
    assert seeds_needed(1e-9, 1.0) is None


@pytest.mark.parametrize(("k", "above"), [(1, 0), (2, 0.56), (3, 0.85), (5, 1.16), (10, 1.54), (20, 1.87), (100, 2.51)])
def test_the_best_of_many_is_lucky(k, above):
    assert advantage_of_best(k) == pytest.approx(above, abs=0.005)


@pytest.mark.parametrize("seed", range(20))
def test_scipy_says_the_same(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0.9, 0.01, rng.integers(2, 9)), rng.normal(0.905, 0.02, rng.integers(2, 9))
    theirs = stats.ttest_ind(b, a, equal_var=False)
    ours = welch(list(a), list(b))
    assert (ours.statistic, ours.p, ours.df) == (exactly(theirs.statistic), exactly(theirs.pvalue), exactly(theirs.df))
    low, high = theirs.confidence_interval()
    assert (ours.interval.low, ours.interval.high) == (exactly(low), exactly(high))
    many = min(len(a), len(b))
    if many >= 3:
        of_pairs = stats.ttest_rel(b[:many], a[:many])
        assert paired(list(a[:many]), list(b[:many])).p == exactly(of_pairs.pvalue)


@pytest.mark.parametrize(
    ("first", "second"), [((0.5,), (0.6, 0.7)), ((0.5, 0.5), (0.5, 0.5)), ((0.1, 0.1), (0.2, 0.2)), ((), (1.0, 2.0))]
)
def test_what_has_no_spread_is_not_tested(first, second):
    assert welch(first, second) is None


def test_swapping_the_sides_turns_the_sign_and_nothing_else():
    there, back = welch(A, B), welch(B, A)
    assert (there.difference, there.p) == (exactly(-back.difference), exactly(back.p))
    assert there.interval.low == exactly(-back.interval.high)


def test_many_pairs_are_tested_by_their_distribution():
    rng = np.random.default_rng(1)
    same, apart = rng.normal(0, 1, 40), rng.normal(2, 1, 40)
    assert sign_flip(list(same)) > 0.05
    assert sign_flip(list(apart)) < 1e-6
    assert sign_flip([0.0, 0.0]) == 1
    assert math.isclose(sign_flip([1.0] * 4), 2 / 16)
