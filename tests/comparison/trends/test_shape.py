"""What is concluded of one curve."""

import math

import numpy as np
import pytest

from comparison.runs import Goal
from comparison.trends import (
    Axis,
    Tail,
    best_so_far,
    curve_of,
    divergence_of,
    find_best,
    overfit_of,
    slope_of,
    smoothed,
    training_twin,
    trend_of,
)


def curve(values, steps=None, *, goal=Goal.LOWER, times=None):
    return curve_of(range(len(values)) if steps is None else steps, values, times, goal=goal)


def test_smoothing_has_no_bias_at_its_start():
    values = (1, 0.8, 0.9, 0.6, 0.5)
    assert smoothed(values, 0.6) == pytest.approx([1, 0.875, 0.887755, 0.755515, 0.644691], abs=1e-6)
    assert smoothed(values, 0.9) == pytest.approx([1, 0.894737, 0.896679, 0.81041, 0.73461], abs=1e-6)


def test_the_best_so_far_never_gets_worse_and_a_tie_is_the_first():
    falling = curve((1, 0.8, 0.9, 0.6, 0.7, 0.6))
    assert list(best_so_far(falling)) == [1, 0.8, 0.8, 0.6, 0.6, 0.6]
    assert find_best(falling).x == 3


def test_the_goal_says_what_is_best_and_nothing_is_where_it_is_unknown():
    assert find_best(curve((0.1, 0.9, 0.3), goal=Goal.HIGHER)).value == 0.9
    assert find_best(curve((0.1, 0.9, 0.3), goal=Goal.LOWER)).value == 0.1
    assert find_best(curve((0.1, 0.9, 0.3), goal=Goal.UNKNOWN)) is None


def test_a_value_that_only_wavers_is_flat():
    values = (0.500, 0.498, 0.501, 0.499, 0.500, 0.497, 0.499, 0.500, 0.498, 0.499)
    slope = slope_of(range(10), values)
    assert (slope.value, slope.low, slope.high) == pytest.approx((-0.000111, -0.0005, 0.000333), abs=1e-6)
    assert slope.p == pytest.approx(0.459, abs=1e-3)
    assert trend_of(curve(values)).tail is Tail.FLAT


def test_a_value_that_falls_to_the_end_is_still_improving():
    values = (0.50, 0.48, 0.47, 0.45, 0.44, 0.43, 0.41, 0.40, 0.39, 0.38)
    slope = slope_of(range(10), values)
    assert (slope.value, slope.low, slope.high) == pytest.approx((-0.01333, -0.015, -0.012), abs=1e-5)
    assert slope.p == pytest.approx(5.5e-7, rel=0.02)
    assert trend_of(curve(values)).tail is Tail.IMPROVING
    assert trend_of(curve(values, goal=Goal.HIGHER)).tail is Tail.WORSENING
    assert trend_of(curve(values, goal=Goal.UNKNOWN)).tail is Tail.MOVING


def test_held_out_values_that_rise_while_training_goes_on_are_overfitting():
    train = curve((1, 0.7, 0.5, 0.35, 0.25, 0.18, 0.12, 0.08))
    held_out = curve((1.05, 0.8, 0.65, 0.58, 0.56, 0.58, 0.62, 0.68))
    found = overfit_of(train, held_out)
    assert (found.since, found.best, found.last) == (4, 0.56, 0.68)
    assert (found.worse_by, found.gap_then, found.gap_now) == pytest.approx((0.12, 0.31, 0.60))


def test_without_training_that_goes_on_it_is_no_overfitting():
    held_out = curve((1.05, 0.8, 0.65, 0.58, 0.56, 0.58, 0.62, 0.68))
    assert overfit_of(curve((1, 0.7, 0.5, 0.35, 0.25, 0.26, 0.25, 0.27)), held_out) is None


def test_overfitting_goes_by_the_goal_and_not_by_the_word_loss():
    train = curve((0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97, 0.99), goal=Goal.HIGHER)
    held_out = curve((0.5, 0.6, 0.68, 0.72, 0.73, 0.71, 0.68, 0.64), goal=Goal.HIGHER)
    assert overfit_of(train, held_out).since == 4
    unknown = curve((0.5, 0.6, 0.68, 0.72, 0.73, 0.71, 0.68, 0.64), goal=Goal.UNKNOWN)
    assert overfit_of(train, unknown) is None


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1.7976931348623157e308, -1.7976931348623157e308])
def test_values_that_are_no_numbers_from_a_step_on_are_a_divergence_at_that_step(value):
    found = divergence_of(curve([1.0, 0.9, 0.8, value, value, value]))
    assert (found.since, found.is_not_finite) == (3, True)


def test_one_value_that_is_no_number_in_between_is_no_divergence():
    assert divergence_of(curve([1.0, math.nan, 0.8, 0.7])) is None
    assert find_best(curve([1.0, math.nan, 0.8, 0.7])).value == 0.7


def test_a_run_whose_every_value_is_no_number_diverged_at_once():
    assert divergence_of(curve([math.nan] * 4)).since == 0
    assert find_best(curve([math.nan] * 4)) is None


def test_a_log_likelihood_that_is_negative_is_judged_as_any_other():
    x = np.arange(60)
    values = -3 + 2.5 * (1 - np.exp(-x / 8)) + np.random.default_rng(0).normal(0, 0.01, 60)
    assert trend_of(curve(values, goal=Goal.HIGHER)).tail is Tail.FLAT


def test_of_several_values_at_one_step_the_last_logged_counts():
    retried = curve_of([0, 1, 1, 2], [1.0, 0.1, 0.7, 0.5], [1e12, 1e12 + 1, 1e12 + 9, 1e12 + 10], goal=Goal.LOWER)
    assert list(retried.values) == [1.0, 0.7, 0.5]
    assert retried.replaced == 1


def test_steps_may_be_negative_missing_and_out_of_order():
    found = curve_of([20, -10, 5], [0.3, 0.9, 0.5], goal=Goal.LOWER)
    assert list(found.x) == [-10, 5, 20]
    assert list(found.values) == [0.9, 0.5, 0.3]


def test_a_resumed_run_is_known_by_its_times():
    hour = 3_600_000.0
    times = [1e12, 1e12 + hour, 1e12 + 3 * hour, 1e12 + 2 * hour]
    assert curve_of([0, 1, 2, 3], [4, 3, 2, 1], times).is_out_of_order
    assert not curve_of([0, 1, 2, 3], [4, 3, 2, 1], sorted(times)).is_out_of_order


def test_where_nobody_passed_a_step_time_is_the_axis():
    found = curve_of([0] * 4, [4, 3, 2, 1], [1e12, 1e12 + 1000, 1e12 + 2500, 1e12 + 9000])
    assert found.axis is Axis.TIME
    assert list(found.x) == [0, 1, 2.5, 9]


def test_where_neither_steps_nor_times_tell_points_apart_their_order_is_the_axis():
    found = curve_of([0] * 4, [4, 3, 2, 1], [1e12] * 4)
    assert found.axis is Axis.COUNT
    assert list(found.values) == [4, 3, 2, 1]


@pytest.mark.parametrize("values", [[], [1.0], [1.0, 2.0], [math.nan]])
def test_few_points_bring_no_trend(values):
    assert trend_of(curve(values)).tail is Tail.UNCLEAR


def test_a_value_that_never_changes_is_flat_from_the_first_step():
    found = trend_of(curve([0.5] * 40))
    assert (found.tail, found.since) == (Tail.FLAT, 0)


def test_the_one_best_of_a_million_points_is_found():
    values = 1 + np.exp(-np.arange(1_000_000) / 2e5)
    values[618_000] = 0.01
    long = curve(values)
    assert find_best(long).x == 618_000
    assert trend_of(long).tail is Tail.IMPROVING
    assert divergence_of(long) is None


@pytest.mark.parametrize(
    ("metric", "logged", "twin"),
    [
        ("val_loss", ["train_loss", "val_loss"], "train_loss"),
        ("val_loss", ["loss", "val_loss"], "loss"),
        ("validation/accuracy", ["training/accuracy", "train/loss"], "training/accuracy"),
        ("evalLoss", ["trainLoss"], "trainLoss"),
        ("loss", ["train_loss"], ""),
        ("val_f1", ["train_loss"], ""),
    ],
)
def test_the_training_metric_that_goes_with_a_held_out_one(metric, logged, twin):
    assert training_twin(metric, logged) == twin
