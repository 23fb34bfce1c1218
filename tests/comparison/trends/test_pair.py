"""What is concluded of two curves and of many."""

import math

import numpy as np
import pytest

from comparison.runs import Goal
from comparison.trends import (
    align,
    catching_up,
    crossings,
    curve_of,
    grid_of,
    lasting_crossing,
    lead_at_same_step,
    reached,
    sparkline,
)


def curve(steps, values, *, goal=Goal.LOWER, times=None):
    return curve_of(steps, values, times, goal=goal)


A = curve([0, 10, 20, 30], [1, 0.6, 0.4, 0.3])
B = curve([0, 15, 30, 45], [1.1, 0.5, 0.35, 0.3])


def test_curves_on_different_steps_are_compared_where_both_are():
    shared = align(A, B)
    assert list(shared.x) == [0, 10, 15, 20, 30]
    assert list(shared.difference) == pytest.approx([0.1, 0.1, 0, 0.05, 0.05])
    assert shared.mean == pytest.approx(0.0625)


def test_a_touch_is_no_crossing():
    assert crossings(A, B) == []
    assert lasting_crossing(A, B) is None


def test_a_change_of_sign_is_a_crossing():
    steps = range(0, 100, 10)
    slow = curve(steps, [1 - 0.1 * n for n in range(10)])
    early = curve(steps, [0.6] * 10)
    assert crossings(early, slow) == pytest.approx([40])
    found = lasting_crossing(early, slow)
    assert (found.x, found.ahead) == (pytest.approx(40), 1)


def test_noise_that_changes_sides_all_the_time_is_no_overtaking():
    rng = np.random.default_rng(0)
    first, second = (curve(range(200), 0.5 + rng.normal(0, 0.01, 200)) for _ in range(2))
    assert len(crossings(first, second)) > 20
    assert lasting_crossing(first, second) is None


def test_the_first_step_that_is_as_good_and_where_the_line_gets_there():
    assert (reached(A, 0.5).x, reached(A, 0.5).between) == (20, pytest.approx(15))
    assert (reached(B, 0.5).x, reached(B, 0.5).between) == (15, 15)
    assert reached(A, 0.1) is None


def test_the_time_to_get_there_counts_from_the_first_point():
    timed = curve([0, 1, 2], [1, 0.7, 0.4], times=[1e12, 1e12 + 60_000, 1e12 + 120_000])
    assert reached(timed, 0.5).seconds == 120


def test_the_longer_run_is_taken_at_the_last_step_of_the_shorter():
    found = lead_at_same_step(A, B)
    assert (found.x, found.first, found.second, found.ahead) == (30, 0.3, 0.35, 0)
    higher = lead_at_same_step(curve([0, 1], [0, 1], goal=Goal.HIGHER), curve([0, 1], [0, 2], goal=Goal.HIGHER))
    assert higher.ahead == 1


def test_nobody_leads_where_the_direction_is_unknown_or_no_step_is_shared():
    unknown = [curve([0, 1], [0, value], goal=Goal.UNKNOWN) for value in (1, 2)]
    assert lead_at_same_step(*unknown).ahead is None
    assert lead_at_same_step(curve([0, 1], [1, 1]), curve([5, 6], [1, 1])) is None


def test_batches_and_epochs_share_only_the_range_that_both_have():
    batches, epochs = curve(range(1000), np.linspace(1, 0, 1000)), curve(range(10), np.linspace(1, 0, 10))
    assert align(batches, epochs).x[-1] == 9


def test_of_the_earlier_runs_that_were_as_far_behind_some_caught_up():
    def run(at_five, end):
        return curve([0, 5, 10], [2, at_five, end])

    first = run(1.0, 0.5)
    found = catching_up([first, run(1.2, 0.4), run(1.3, 0.6), run(0.9, 0.45), run(1.5, 0.7)], 5, 0.1)
    assert (found.behind, found.caught_up) == (3, 1)


def test_few_shared_steps_are_drawn_as_they_are():
    grid = grid_of([curve(range(10), range(10)), curve(range(10), range(10, 20))])
    assert grid.x == tuple(range(10))
    assert grid.values[1] == tuple(range(10, 20))
    assert not grid.is_reduced


def test_many_steps_are_put_into_twenty_buckets_that_all_share():
    grid = grid_of([curve(range(10_000), np.arange(10_000.0)), curve(range(0, 5_000, 10), np.arange(500.0))])
    assert len(grid.x) == 20
    assert all(len(values) == 20 and all(map(math.isfinite, values)) for values in grid.values)
    assert grid.is_reduced
    assert grid.is_cut


def test_curves_that_share_no_range_have_no_grid():
    assert grid_of([curve([0, 1], [1, 1]), curve([5, 6], [1, 1])]) is None
    assert grid_of([]) is None
    assert grid_of([curve([0, 1], [math.nan] * 2)]) is None


def test_a_curve_in_twenty_signs():
    assert sparkline(curve(range(8), range(8))) == "▁▂▃▄▅▆▇█"
    assert len(sparkline(curve(range(1000), range(1000)))) == 20
    assert sparkline(curve(range(3), [1, 1, 1])) == "▄▄▄"
    assert sparkline(curve(range(3), [0, math.nan, 1])) == "▁ █"
    assert sparkline(curve([0], [math.nan])) == ""
