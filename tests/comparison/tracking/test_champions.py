import math

from hypothesis import given
from hypothesis import strategies as st

from comparison.runs import Experiment, Goal, Metric, Run
from comparison.tracking.leaders import MOST_QUESTIONS, PAGE, best_of_each
from comparison.tracking.source import Ranking
from tests.fakes.runs import FakeRuns

PLACES = [Experiment(str(number), f"team-{number}") for number in range(4)]

KEYS = tuple(each.experiment_id for each in PLACES)


def run(number, value, place):
    metrics = {} if value is None else {"auc": Metric(value)}
    return Run(f"{number:032x}", f"run {number}", PLACES[place], started_at=number, metrics=metrics)


values = st.none() | st.floats(-3, 3) | st.sampled_from([math.nan, 1.0, -1.0])


@given(st.lists(st.tuples(values, st.integers(0, 3)), max_size=500), st.sampled_from([Goal.HIGHER, Goal.LOWER]))
def test_the_champions_are_those_that_sorting_every_run_would_give(logged, goal):
    runs = [run(number, value, place) for number, (value, place) in enumerate(logged)]
    known = {place.experiment_id: [each for each in runs if each.experiment == place][-2:] for place in PLACES}
    found = best_of_each(Ranking("auc", goal, KEYS), known, FakeRuns(runs))
    for key, best in found.items():
        own = [each.metrics["auc"].value for each in runs if each.experiment.experiment_id == key and each.metrics]
        finite = [value for value in own if math.isfinite(value)]
        assert best.metrics["auc"].value == (min(finite) if goal is Goal.LOWER else max(finite))


def test_four_experiments_of_two_thousand_runs_take_two_or_three_questions():
    runs = [run(number, (number * 7919 % 10_007) / 10_007, number % 4) for number in range(8_000)]
    source = FakeRuns(runs)
    known = {place.experiment_id: [each for each in runs if each.experiment == place][-8:] for place in PLACES}
    assert set(best_of_each(Ranking("auc", Goal.HIGHER, KEYS), known, source)) == {"0", "1", "2", "3"}
    assert len(source.asked) <= 3


def test_a_page_of_values_that_are_no_numbers_ends_in_not_knowing_within_a_few_questions():
    runs = [run(number, math.nan, 0) for number in range(2 * PAGE)]
    source = FakeRuns([*runs, run(9_999, -1.0, 0)])
    assert best_of_each(Ranking("auc", Goal.HIGHER, KEYS), {"0": [run(9_999, -1.0, 0)]}, source) == {}
    assert len(source.asked) <= MOST_QUESTIONS


def test_nothing_is_asked_where_nothing_is_known():
    source = FakeRuns()
    assert best_of_each(Ranking("auc", Goal.HIGHER, KEYS), {"0": [run(1, None, 0)]}, source) == {}
    assert source.asked == []
