from dataclasses import replace

import pytest

from comparison.liveness import find_silent_runs
from tests.comparison.queries.team import DAY, FRAUD, HOUR, MINUTE, NOW_MS, a_run, silent


def dead(*runs, others=()):
    names = {run.run_id: run.name for run in runs}
    return {names[key]: silence for key, silence in find_silent_runs(runs, others, NOW_MS).items()}


def test_a_run_that_logged_a_moment_ago_lives():
    assert dead(silent("fresh", heard=MINUTE)) == {}


def test_a_run_that_is_silent_for_more_than_an_hour_seems_dead():
    assert dead(silent("gone", heard=3 * HOUR)) == {"gone": 3 * HOUR}


@pytest.mark.parametrize(("heard", "is_dead"), [(5 * HOUR, False), (13 * HOUR, True)])
def test_a_run_that_logs_seldom_is_given_ten_times_its_usual_interval(heard, is_dead):
    assert bool(dead(silent("slow", heard=heard, ran=40 * HOUR + heard, step=40))) is is_dead


def test_a_run_that_never_logged_may_log_at_its_end():
    assert dead(a_run("quiet", ran=5 * HOUR), others=[a_run("before", ended=DAY, ran=4 * HOUR)]) == {}


def test_a_run_that_never_logged_seems_dead_after_three_times_the_longest_beside_it():
    beside = [a_run("before", ended=DAY, ran=HOUR)]
    assert dead(a_run("quiet", ran=5 * HOUR), others=beside) == {"quiet": 5 * HOUR}


def test_a_parent_lives_as_long_as_its_children_do():
    parent = a_run("sweep", ran=9 * HOUR)
    assert dead(parent, a_run("trial", parent_id=parent.run_id, metrics={"auc": 0.5})) == {}
    assert dead(parent, others=[a_run("trial", ended=MINUTE, parent_id=parent.run_id)]) == {}


def test_a_run_without_any_time_is_not_taken_for_dead():
    assert dead(replace(a_run("odd"), started_at=None)) == {}


def test_a_clock_ahead_of_ours_is_no_silence():
    assert dead(silent("ahead", heard=-3 * HOUR)) == {}


def test_an_ended_run_is_not_dead():
    assert dead(a_run("done", ended=DAY, experiment=FRAUD)) == {}
