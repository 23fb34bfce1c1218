import math

import pytest

from comparison.compare import ask
from comparison.errors import RequestError
from comparison.language.parser import parse
from comparison.reports.comparison import comparison_report
from comparison.request import Compare
from comparison.runs import Experiment, Goal, Metric, Run
from tests.fakes.runs import FakeRuns

IRIS = Experiment("1", "iris", {"cost": Goal.LOWER})


def run(name, steps=5, **metrics):
    last = {key: Metric(value, steps) for key, value in metrics.items()}
    return Run(name.ljust(32, "0"), name, IRIS, started_at=1, metrics=last)


A = run("a1", accuracy=0.85, val_loss=0.5, f1_score=0.8)
B = run("b1", accuracy=0.92, val_loss=0.6, f1_score=0.8)
PAST = {
    (A.run_id, "accuracy"): [Metric(0.7, 1), Metric(0.9, 2), Metric(0.85, 5)],
    (B.run_id, "accuracy"): [Metric(0.6, 1), Metric(math.nan, 2), Metric(0.92, 5)],
    (A.run_id, "val_loss"): [Metric(0.3, 3), Metric(0.5, 5)],
    (B.run_id, "val_loss"): [Metric(0.4, 3), Metric(0.6, 5)],
}


def answer(said, store=None):
    return ask(parse(said), store or FakeRuns([A, B], histories=PAST))


def values(comparison):
    return {
        metric.name: (metric.changes[0].baseline.value, metric.changes[0].candidate.value)
        for metric in comparison.metrics
    }


def test_the_difference_is_the_candidate_less_the_baseline():
    metric = next(each for each in answer("a1 vs b1").metrics if each.name == "accuracy")
    assert metric.changes[0].difference == pytest.approx(0.07)


def test_better_than_makes_the_second_one_the_baseline():
    assert answer("is b1 better than a1").baseline.label == "a1"


@pytest.mark.parametrize("said", ["f1_score", "F1_Score", "f1 score", "F1-score"])
def test_a_metric_is_meant_however_it_is_typed(said):
    assert answer(f'a1 vs b1 by "{said}"').metrics[0].name == "f1_score"


def test_metrics_without_a_comma_between_them_are_told_apart():
    named = answer("a1 vs b1 by val_loss accuracy").metrics
    assert [metric.name for metric in named[:2]] == ["val_loss", "accuracy"]
    assert named[0].primary


def test_a_metric_nobody_logged_brings_the_nearest():
    with pytest.raises(RequestError) as caught:
        answer("a1 vs b1 by acuracy")
    assert (caught.value.near[0], caught.value.at) == ("accuracy", 12)


def test_best_is_by_the_goal_of_each_metric_and_never_a_nan():
    comparison = answer("a1 vs b1 best")
    assert comparison.reading == "best"
    assert values(comparison) == {"accuracy": (0.9, 0.92), "val_loss": (0.3, 0.4), "f1_score": (0.8, 0.8)}


def test_best_values_know_their_steps():
    metric = next(each for each in answer("a1 vs b1 best").metrics if each.name == "accuracy")
    assert (metric.changes[0].baseline.last_step, metric.changes[0].candidate.last_step) == (2, 5)


AT_ONE_STEP = [Metric(0.9, 0, 1), Metric(0.5, 0, 2), Metric(0.30, 0, 3), Metric(0.6, 0, 4)]


@pytest.mark.parametrize(("name", "best"), [("accuracy", 0.9), ("val_loss", 0.30), ("foo", 0.6)])
def test_the_best_value_is_found_where_no_step_was_passed(name, best):
    runs = [run(each, 0, **{name: 0.6}) for each in ("a1", "b1")]
    store = FakeRuns(runs, histories={(each.run_id, name): AT_ONE_STEP for each in runs})
    comparison = answer("a1 vs b1 best", store)
    assert values(comparison) == {name: (best, best)}
    if name != "foo":
        assert comparison.metrics[0].changes[0].baseline.points == 4
        report = comparison_report(comparison)
        assert report.table.rows[0][-1].text == f"{best} (logged 4 times at step 0)"
        assert report.warnings[0] == f"{name} was logged 4 times at step 0 in a1: folds and datasets are no steps."


def test_a_value_that_was_logged_once_is_that_of_its_step():
    runs = [run(each, 0, accuracy=0.6) for each in ("a1", "b1")]
    (row,) = comparison_report(answer("a1 vs b1 best", FakeRuns(runs))).table.rows
    assert row[-1].text == "0.6 (step 0)"


def test_several_values_at_the_step_that_was_asked_for_are_said():
    runs = [run(each, 0, accuracy=0.6) for each in ("a1", "b1")]
    store = FakeRuns(runs, histories={(each.run_id, "accuracy"): AT_ONE_STEP for each in runs})
    (row,) = comparison_report(answer("a1 vs b1 at step 0", store)).table.rows
    assert row[-1].text == "0.6 (logged 4 times at step 0)"


def test_for_best_values_no_history_is_read_of_what_has_no_goal():
    runs = [run(each, 9, accuracy=0.6, foo=1.0, n_samples=3.0) for each in ("a1", "b1")]
    store = FakeRuns(runs)
    answer("a1 vs b1 best", store)
    assert store.asked.count("history") == 2


def test_at_a_step_only_what_was_logged_then_counts():
    comparison = answer("a1 vs b1 at step 3")
    assert (comparison.reading, values(comparison)) == ("at step 3", {"val_loss": (0.3, 0.4)})


def test_a_step_at_which_nothing_was_logged_brings_the_nearest():
    with pytest.raises(RequestError) as caught:
        answer("a1 vs b1 at step 400")
    error = caught.value
    assert error.problem == "None of these runs logged a metric at step 400."
    assert (error.remedy, error.at) == ("The nearest step is 5; they logged up to step 5.", 17)
    assert answer(error.example).reading == "at step 5"


def test_too_many_histories_are_refused_with_what_to_type():
    many = [run(name, **{f"loss_{number}": 1.0 for number in range(300)}) for name in ("a1", "b1")]
    with pytest.raises(RequestError) as caught:
        answer("a1 vs b1 best", FakeRuns(many))
    assert "600" in caught.value.problem
    assert answer(caught.value.example, FakeRuns(many)).metrics


def test_one_run_is_no_comparison():
    with pytest.raises(RequestError, match="two runs"):
        ask(Compare(()), FakeRuns())


def test_the_same_run_twice_is_a_warning_and_no_error():
    assert "same_run" in [warning.code for warning in answer("a1 vs a1").warnings]


def test_sorted_by_change_the_largest_change_stands_first_whatever_decides():
    assert [metric.name for metric in answer("a1 vs b1 by f1_score sorted by change").metrics] == [
        "val_loss",
        "accuracy",
        "f1_score",
    ]
    table = comparison_report(answer("a1 vs b1 sorted by change")).table
    assert table is not None
    assert [row[0].text for row in table.rows][:2] == ["val_loss", "accuracy"]
