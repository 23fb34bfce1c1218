"""What a sweep found."""

import pytest

from comparison.runs import Goal
from comparison.sweeps import Range, Trial, merge_repeats, pareto, stated_ranges, sweep_findings, varying


def trials(values, **parameters):
    return [
        Trial(str(at), at, (value,), {name: str(texts[at]) for name, texts in parameters.items()})
        for at, value in enumerate(values)
    ]


POINTS = {
    "a": (0.90, 100), "b": (0.92, 150), "c": (0.91, 160), "d": (0.88, 60), "e": (0.92, 140), "f": (0.90, 100), "g": (0.85, 61),
}  # fmt: skip


def test_the_front_holds_what_nothing_beats_and_equal_trials_both_stay():
    front = pareto(
        [Trial(key, at, point, {}) for at, (key, point) in enumerate(POINTS.items())], (Goal.HIGHER, Goal.LOWER)
    )
    assert {trial.key for trial in front.trials} == set("adef")
    assert front.knee is None  # they lie on one line


def test_a_long_front_is_cut_to_eight_with_both_ends_and_the_knee():
    long = [Trial(str(at), at, (float(at), (60 - at) ** 2.0), {}) for at in range(60)]
    front = pareto(long, (Goal.LOWER, Goal.LOWER))
    assert (len(front.trials), front.total) == (8, 60)
    assert {"0", "59"} <= {trial.key for trial in front.trials}
    assert front.knee is not None


def test_a_best_at_the_largest_value_tried_is_at_the_edge():
    rates = [1e-4, 1e-3, 1e-2] * 8
    found = sweep_findings(trials([rate**0.5 for rate in rates], lr=rates, x=range(24)), Goal.HIGHER)
    (edge,) = found.edges
    assert (edge.name, edge.is_high, edge.value) == ("lr", True, "0.01")
    assert edge.end == edge.value


def test_a_best_that_is_only_near_the_largest_is_not_called_the_largest():
    sizes = [float(each) for each in range(1, 41)]
    (edge,) = sweep_findings(trials([size if size < 40 else 38.5 for size in sizes], size=sizes), Goal.HIGHER).edges
    assert (edge.value, edge.end) == ("39", "40")


def test_a_best_inside_what_the_search_states_is_not_at_the_edge():
    rates = [1e-4, 1e-3, 1e-2] * 8
    found = sweep_findings(
        trials([rate**0.5 for rate in rates], lr=rates, x=range(24)), Goal.HIGHER, {"lr": Range(1e-6, 1.0, is_log=True)}
    )
    assert found.edges == ()


def test_a_best_in_the_middle_is_not_at_the_edge():
    rates = [1e-4, 1e-3, 1e-2] * 8
    found = sweep_findings(trials([-abs(rate - 1e-3) for rate in rates], lr=rates, x=range(24)), Goal.HIGHER)
    assert found.edges == ()


def test_a_search_that_gains_nothing_any_more_says_since_when():
    values = [1.0] * 5 + [2.0] + [1.5] * 54
    found = sweep_findings(trials(values, x=range(60)), Goal.HIGHER)
    assert found.stalled == 54
    assert found.best_so_far[4:7] == (1.0, 2.0, 2.0)
    assert sweep_findings(trials(range(60), x=range(60)), Goal.HIGHER).stalled == 0


def test_repeats_of_a_configuration_are_one_trial_at_their_mean_and_tell_the_noise():
    values = [0.9, 0.92, 0.5, 0.52, 0.91, 0.51, 0.905, 0.7]
    lr = [1, 1, 2, 2, 1, 2, 1, 3]
    merged, repeats = merge_repeats(trials(values, lr=lr, seed=range(8)))
    assert len(merged) == 3
    assert sorted(map(len, repeats)) == [3, 4]
    found = sweep_findings(trials(values, lr=lr, seed=range(8)), Goal.HIGHER)
    assert found.within_noise == 1
    assert found.repeats == 2


def test_numbers_are_on_a_logarithmic_scale_where_they_span_it_or_the_search_says_so():
    wide = varying(trials([0, 1, 2], lr=[1e-5, 1e-3, 1e-1]))[0]
    assert wide.is_log
    narrow = varying(trials([0, 1], lr=[1, 2]))[0]
    assert not narrow.is_log
    assert varying(trials([0, 1], lr=[1, 2]), {"lr": Range(1, 2, is_log=True)})[0].is_log


def test_a_parameter_that_some_trials_lack_has_a_level_of_its_own():
    some = [
        Trial("0", 0, (1.0,), {"momentum": "0.9"}),
        Trial("1", 1, (2.0,), {}),
        Trial("2", 2, (3.0,), {"momentum": "0.5"}),
    ]
    (found,) = varying(some)
    assert found.absent == 1
    assert found.codes[1] == min(found.codes)


def test_seeds_and_what_never_differs_are_no_parameters_of_a_sweep():
    found = varying(trials([0, 1], lr=["0.1", "0.10"], seed=[1, 2], depth=[3, 4], random_state=[5, 6]))
    assert [each.name for each in found] == ["depth"]


def test_what_optuna_logs_of_its_search_is_read():
    by_callback = {"lr_distribution": "FloatDistribution(high=0.1, log=True, low=1e-05, step=None)"}
    assert stated_ranges(by_callback) == {"lr": Range(1e-05, 0.1, is_log=True)}
    by_storage = {
        "param_directions": '{"lr": "{\\"name\\": \\"FloatDistribution\\", \\"attributes\\": {\\"step\\": null, \\"low\\": 0.1, \\"high\\": 1, \\"log\\": false}}"}'
    }
    assert stated_ranges(by_storage) == {"lr": Range(0.1, 1.0, is_log=False)}
    assert stated_ranges({"param_directions": "no JSON", "x_distribution": "odd"}) == {}


def test_without_trials_or_a_goal_nothing_can_be_found():
    with pytest.raises(ValueError, match="trials and a goal"):
        sweep_findings([], Goal.LOWER)
    with pytest.raises(ValueError, match="trials and a goal"):
        sweep_findings(trials([1.0], x=[1]), Goal.UNKNOWN)
