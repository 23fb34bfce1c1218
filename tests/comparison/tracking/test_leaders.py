import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison.runs import Experiment, Goal, Metric, Run
from comparison.tracking.leaders import PAGE, leaders
from comparison.tracking.source import Ranking

IRIS = Experiment("1", "iris")


def run(number, value=None):
    metrics = {} if value is None else {"acc": Metric(value)}
    return Run(f"{number:032x}", f"run {number}", IRIS, started_at=number, metrics=metrics)


class Store:
    """Answers filters on one metric as MLflow does: newest first, and a value that is not a number stored as 0."""

    def __init__(self, runs):
        self.runs = sorted(runs, key=lambda each: -each.started_at)
        self.questions = []

    def search(self, where, *, experiment_ids, limit):  # noqa: ARG002 -- one experiment is enough here
        self.questions.append(where)
        found = re.fullmatch(r'metrics\."acc" (>=|>|<) (\S+)', where)
        fitting = [each for each in self.runs if not found or self._fits(each, found[1], float(found[2]))]
        return fitting[:limit]

    def _fits(self, each, sign, bar):
        if "acc" not in each.metrics:
            return False
        value = each.metrics["acc"].value
        stored = 0.0 if math.isnan(value) else value
        return {">": stored > bar, ">=": stored >= bar, "<": stored < bar}[sign]


def ask(store, count=1, goal=Goal.HIGHER, **more):
    return leaders(Ranking("acc", goal, ("1",), **more), store, count=count)


values = st.none() | st.sampled_from([math.nan, math.inf, -math.inf]) | st.floats(allow_nan=False) | st.integers(-3, 3)


@given(st.lists(values, max_size=600), st.integers(1, 12), st.booleans(), st.booleans())
def test_the_leaders_are_those_that_sorting_every_run_would_give(logged, count, lower, worst):
    runs = [run(number, value) for number, value in enumerate(logged)]
    down = lower != worst
    finite = [each for each in runs if "acc" in each.metrics and math.isfinite(each.metrics["acc"].value)]
    finite.sort(key=lambda each: each.metrics["acc"].value * (1 if down else -1))
    found = ask(Store(runs), count, Goal.LOWER if lower else Goal.HIGHER, worst=worst)
    assert [each.metrics["acc"].value for each in found] == [each.metrics["acc"].value for each in finite[:count]]


def test_few_questions_find_the_best_of_many_runs():
    store = Store([run(number, (number * 7919 % 10_007) / 10_007) for number in range(10_000)])
    assert [each.metrics["acc"].value for each in ask(store, 3)] == [10_006 / 10_007, 10_005 / 10_007, 10_004 / 10_007]
    assert len(store.questions) <= 4


def test_a_page_of_values_that_are_not_numbers_hides_nobody():
    lost = [run(number, math.nan) for number in range(1_000, 1_000 + 3 * PAGE)]
    store = Store([run(0, -5.0), run(1, -0.5), *[run(number, -9.0) for number in range(2_000, 2_100)], *lost])
    assert ask(store)[0].run_id == run(1).run_id


def test_of_equal_runs_the_newest_leads():
    assert [each.started_at for each in ask(Store([run(1, 0.5), run(2, 0.5), run(3, 0.5)]), 2)] == [3, 2]


def test_with_the_leader_at_hand_one_question_is_enough():
    runs = [run(number, number / 1_000) for number in range(1_000)]
    store = Store(runs)
    best = leaders(Ranking("acc", Goal.HIGHER, ("1",)), store, known=[runs[-1]])
    assert (best, len(store.questions)) == ((runs[-1],), 1)


@pytest.mark.parametrize("runs", [[], [run(1)], [run(1, math.nan)]])
def test_without_a_finite_value_nobody_leads(runs):
    assert ask(Store(runs)) == ()
