"""Which parameters matter, and when nothing may be said."""

import pytest
from scipy import stats

from comparison.sweeps import anova_shares, find_importance, kruskal, varying
from tests.comparison.sweeps.made import GRID, grid, noise, signal


def importance(trials):
    return find_importance(varying(trials), [trial.values[0] for trial in trials])


def test_the_shares_of_a_full_grid_are_exact():
    shares = anova_shares(varying(grid()), GRID)
    assert shares["lr",] == pytest.approx(0.680146, abs=1e-6)
    assert shares["depth",] == pytest.approx(0.194884, abs=1e-6)
    assert shares["opt",] == pytest.approx(0.107430, abs=1e-6)
    pairs = {frozenset(key): share for key, share in shares.items() if len(key) > 1}
    assert pairs[frozenset({"lr", "opt"})] == pytest.approx(0.017540, abs=1e-6)
    assert sum(pairs.values()) == pytest.approx(0.017540, abs=1e-6)


def test_what_is_no_full_grid_has_no_exact_shares():
    assert anova_shares(varying(grid()[:-1]), GRID[:-1]) == {}


def test_a_hump_is_found_by_ranks_of_groups_where_a_correlation_sees_nothing():
    by_name = {each.name: each for each in varying(grid())}
    assert kruskal(by_name["lr"], GRID) == pytest.approx(0.00484612, abs=1e-7)
    lr = [float(trial.parameters["lr"]) for trial in grid()]
    assert stats.spearmanr(lr, GRID).pvalue == pytest.approx(0.564860, abs=1e-5)


@pytest.mark.parametrize("n", [10, 20, 50])
@pytest.mark.parametrize("seed", range(4))
def test_noise_names_no_parameter(n, seed):
    assert importance(noise(n, seed)).telling == ()


def test_below_twenty_trials_no_forest_is_asked():
    found = importance(signal(19, 0))
    assert (found.explained, found.passes) == (None, False)


@pytest.mark.parametrize("seed", range(3))
def test_what_matters_comes_first_and_junk_is_not_named(seed):
    found = importance(signal(60, seed))
    assert found.telling[0].name == "lr"
    assert not {"junk_a", "junk_b", "seed"} & {each.name for each in found.telling}
    assert found.telling[0].low < found.telling[0].share + 0.05
    assert found.telling[0].p < 0.01


def test_the_same_trials_bring_the_same_answer():
    assert importance(signal(50, 1)) == importance(signal(50, 1))
