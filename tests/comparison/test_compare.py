import math

import pytest

from comparison import Goal, Metric, Outcome, RequestError, Side, compare
from comparison.compare import distinct_labels
from comparison.judgement.result import GoalSource, Reading
from tests.comparison.builders import change, experiment, metric, run, side, two

NAN, INF = math.nan, math.inf


@pytest.mark.parametrize(
    ("baseline", "candidate", "difference", "relative"),
    [
        (0.85, 0.92, 0.07, 0.07 / 0.85),
        (0.92, 0.85, -0.07, -0.07 / 0.92),
        (-2, -1, 1, 0.5),
        (0, 0.3, 0.3, None),
        (0, 0, 0, None),
        (-0.2, 0.1, 0.3, None),
        (0.1, -0.2, -0.3, None),
        (0.3, 0, -0.3, -1),
        (5, 5, 0, 0),
        (0.8, NAN, None, None),
        (INF, 1, None, None),
        (INF, INF, None, None),
        (1e-320, 1e300, 1e300, None),
    ],
)
def test_the_difference_is_candidate_minus_baseline_and_the_change_is_relative(
    baseline, candidate, difference, relative
):
    found = change(two({"m": baseline}, {"m": candidate}), "m")
    assert (found.difference, found.relative) == (difference, pytest.approx(relative) if relative else relative)


@pytest.mark.parametrize(
    ("name", "baseline", "candidate", "outcome"),
    [
        ("accuracy", 0.85, 0.92, Outcome.BETTER),
        ("accuracy", 0.92, 0.85, Outcome.WORSE),
        ("loss", 0.5, 0.25, Outcome.BETTER),
        ("loss", 0.25, 0.5, Outcome.WORSE),
        ("loss", 0.5, 0.5, Outcome.SAME),
        ("loss", -0.0, 0.0, Outcome.SAME),
        ("loss", 0.3, 0.1 + 0.2, Outcome.SAME),
        ("accuracy", 0.8999999999999999, 0.9, Outcome.SAME),
        ("accuracy", 0.90000000001, 0.9, Outcome.WORSE),
        ("foo", 0.7, 0.1 + 0.6, Outcome.SAME),
        ("foo", 1, 2, Outcome.CHANGED),
        ("foo", 2, 2, Outcome.SAME),
        ("loss", 0.5, NAN, Outcome.NOT_A_NUMBER),
        ("loss", NAN, NAN, Outcome.NOT_A_NUMBER),
        ("loss", INF, INF, Outcome.NOT_A_NUMBER),
        ("loss", -INF, 0.1, Outcome.NOT_A_NUMBER),
    ],
)
def test_the_outcome_follows_the_goal(name, baseline, candidate, outcome):
    assert change(two({name: baseline}, {name: candidate}), name).outcome is outcome


def test_a_metric_of_one_side_only_has_no_difference():
    comparison = two({"x": 1}, {"y": 2})
    assert change(comparison, "x").outcome is Outcome.ONLY_BASELINE
    assert change(comparison, "y").outcome is Outcome.ONLY_CANDIDATE
    assert change(comparison, "x").candidate.value is None
    assert change(comparison, "y").difference is None


def test_a_metric_that_only_another_candidate_logged_is_in_neither():
    comparison = compare(run("A", {"x": 1}), run("B", {"x": 1}), run("C", {"x": 1, "y": 1}))
    assert [found.outcome for found in metric(comparison, "y").changes] == [Outcome.NEITHER, Outcome.ONLY_CANDIDATE]


@pytest.mark.parametrize(
    ("candidate", "tolerance", "outcome"),
    [(1.1, 0.1, Outcome.SAME), (0.9, 0.1, Outcome.SAME), (1.11, 0.1, Outcome.BETTER), (1.0001, 0.0, Outcome.BETTER), (1.1, None, Outcome.BETTER)],
)  # fmt: skip
def test_values_within_the_tolerance_are_the_same(candidate, tolerance, outcome):
    found = change(two({"accuracy": 1.0}, {"accuracy": candidate}, tolerance=tolerance), "accuracy")
    assert found.outcome is outcome
    assert found.difference


def test_binary_noise_is_no_difference():
    found = change(two({"accuracy": 0.3}, {"accuracy": 0.1 + 0.2}), "accuracy")
    assert (found.difference, found.relative) == (0, 0)


def test_costs_are_read_behind_what_tells_how_good_a_run_is():
    comparison = two(
        {"fit_time": 1, "acc": 0.9, "loss": 1, "foo": 1, "latency": 1},
        {"fit_time": 9, "acc": 0.91, "loss": 1.01, "foo": 2, "latency": 0.1},
    )
    assert [found.name for found in comparison.metrics] == ["loss", "acc", "fit_time", "latency", "foo"]


def test_nothing_but_nought_is_within_a_tolerance_of_nought():
    assert change(two({"loss": 0}, {"loss": 1e-9}, tolerance=0.5), "loss").outcome is Outcome.WORSE


def test_the_goal_and_who_said_so_are_kept():
    comparison = two({"loss": 1, "cost": 1, "acc": 1, "foo": 1}, {"loss": 2, "cost": 2, "acc": 2, "foo": 2},
                     goals={"loss": Goal.HIGHER}, channel_goals={"cost": Goal.HIGHER})  # fmt: skip
    assert {found.name: (found.goal, found.goal_source) for found in comparison.metrics} == {
        "loss": (Goal.HIGHER, GoalSource.REQUEST),
        "cost": (Goal.HIGHER, GoalSource.CHANNEL),
        "acc": (Goal.HIGHER, GoalSource.NAME),
        "foo": (Goal.UNKNOWN, GoalSource.NONE),
    }


def test_the_goal_of_the_experiment_is_taken():
    tagged = experiment(goals={"foo": Goal.LOWER})
    comparison = compare(run("A", {"foo": 2}, experiment=tagged), run("B", {"foo": 1}, experiment=tagged))
    assert change(comparison, "foo").outcome is Outcome.BETTER


ONE = {"acc": 0.5, "f1": 0.5, "loss": 1, "err": 1, "foo": 1, "left": 1, "nan_loss": NAN, "auc": 0.5, "auc2": 0.5}
OTHER = {"acc": 0.6, "f1": 0.9, "loss": 2, "err": 4, "foo": 9, "right": 1, "nan_loss": 1, "auc": 0.5, "auc2": 0.5}


def test_rows_are_read_worse_first_then_better_changed_one_sided_not_numbers_and_the_same():
    assert [found.name for found in two(ONE, OTHER).metrics] == [
        "err", "loss", "f1", "acc", "foo", "left", "right", "nan_loss", "auc", "auc2",
    ]  # fmt: skip


def test_named_metrics_come_first_and_the_first_is_primary():
    comparison = two(ONE, OTHER, metrics=["auc", "acc", "auc"])
    assert [found.name for found in comparison.metrics][:3] == ["auc", "acc", "err"]
    assert [found.name for found in comparison.metrics if found.primary] == ["auc"]


def test_a_row_of_several_candidates_is_placed_by_its_worst():
    comparison = compare(
        run("A", {"acc": 0.5, "f1": 0.5}), run("B", {"acc": 0.9, "f1": 0.6}), run("C", {"acc": 0.5, "f1": 0.4})
    )
    assert [found.name for found in comparison.metrics] == ["f1", "acc"]


def test_a_change_from_nought_is_read_before_one_that_can_be_told():
    comparison = two({"loss": 1, "error": 0}, {"loss": 100, "error": 0.1})
    assert [found.name for found in comparison.metrics] == ["error", "loss"]


def test_a_metric_is_found_whatever_the_case_of_its_letters():
    assert two({"Accuracy": 1}, {"Accuracy": 2}, metrics=["accuracy"]).metrics[0].primary


def test_one_metric_may_be_named_alone():
    assert two({"accuracy": 1}, {"accuracy": 2}, metrics="accuracy").metrics[0].primary


def test_a_metric_nobody_logged_is_refused_with_the_nearest_names():
    with pytest.raises(RequestError, match="None of these runs logged a metric called acuracy") as refused:
        two({"accuracy": 1}, {"accuracy": 2}, metrics=["acuracy"])
    assert refused.value.near == ("accuracy",)


def test_a_metric_that_could_be_either_is_refused_with_both():
    with pytest.raises(RequestError) as refused:
        two({"F1": 1, "f1": 1}, {"F1": 1}, metrics=["fl", "f1"])
    assert set(refused.value.near) == {"F1", "f1"} or refused.value.near == ("f1",)


def test_a_metric_asked_of_runs_without_any_is_refused():
    with pytest.raises(RequestError, match="They logged no metrics"):
        two({}, {}, metrics=["accuracy"])


def test_a_metric_unlike_any_other_is_refused_with_what_there_is():
    with pytest.raises(RequestError, match="They logged b, loss"):
        two({"loss": 1, "b": 1}, {}, metrics=["zzzz"])


def test_the_primary_metric_of_the_experiment_leads_where_it_was_logged():
    tagged = experiment(primary="f1")
    assert compare(run("A", ONE, experiment=tagged), run("B", OTHER, experiment=tagged)).metrics[0].name == "f1"
    other = experiment(primary="not logged")
    assert not any(found.primary for found in compare(run("A", ONE, experiment=other), run("B", OTHER)).metrics)


def test_experiments_with_other_primary_metrics_have_none():
    comparison = compare(
        run("A", ONE, experiment=experiment("x", primary="f1")),
        run("B", OTHER, experiment=experiment("y", primary="acc")),
    )
    assert not any(found.primary for found in comparison.metrics)


def test_a_side_of_several_runs_is_read_as_the_mean_of_those_that_logged_it():
    seeds = side("seeds", run("1", {"acc": 0.1}), run("2", {"acc": 0.2, "f1": 1}), run("3", {"acc": 0.3}))
    comparison = compare(seeds, run("B", {"acc": 0.5, "f1": 1}))
    assert change(comparison, "acc").baseline == Reading((0.1, 0.2, 0.3), 0, 3)
    assert change(comparison, "acc").baseline.value == 0.2
    assert change(comparison, "acc").difference == 0.3
    assert change(comparison, "f1").baseline.values == (1.0,)


def test_the_mean_of_large_values_is_no_infinity():
    assert Reading((1.7e308, 1.7e308)).value == 1.7e308


def test_a_nan_among_the_values_of_a_side_is_left_out_and_only_nans_are_not_a_number():
    comparison = compare([run("1", {"acc": 0.1}), run("2", {"acc": NAN})], run("B", {"acc": 0.5}))
    assert change(comparison, "acc").baseline == Reading((0.1,), 0, 2, odd=(pytest.approx(NAN, nan_ok=True),))
    assert change(comparison, "acc").outcome is Outcome.TOO_FEW
    comparison = compare([run("1", {"acc": NAN}), run("2", {"acc": NAN})], run("B", {"acc": 0.5}))
    assert change(comparison, "acc").outcome is Outcome.NOT_A_NUMBER


def test_the_last_step_of_a_side_is_its_highest():
    comparison = compare([run("1", {"a": Metric(1, 5)}), run("2", {"a": Metric(1, 9)})], run("B", {"a": Metric(1, 9)}))
    assert change(comparison, "a").baseline.last_step == 9


def test_runs_lists_of_runs_and_sides_can_be_compared():
    comparison = compare(
        [run("A"), run("A", run_id="x")], run("B"), side("see", run("C")), [run("D"), run("E"), run("F")]
    )
    assert [found.label for found in comparison.sides] == ["A", "B", "see", "D and 2 more"]


def test_a_run_without_a_name_goes_by_its_short_id():
    comparison = compare(run("", run_id="0123456789abcdef"), Side("", (run("B"),)))
    assert [found.label for found in comparison.sides] == ["01234567", "B"]


def test_fewer_than_two_sides_are_refused():
    with pytest.raises(RequestError, match="only one run"):
        compare(run("A"))
    with pytest.raises(RequestError, match="no runs"):
        compare(run("A"), [])


def test_runs_of_one_name_are_told_apart_by_a_short_id():
    first, second = run("A", run_id="11111111aaaa"), run("A", run_id="22222222bbbb")
    assert [found.label for found in compare(first, second, run("C")).sides] == ["A (11111111)", "A (22222222)", "C"]


def test_the_same_run_twice_still_has_two_labels():
    labels = [found.label for found in distinct_labels([side("A", run("A", run_id="1234567890"))] * 3)]
    assert labels == ["A (12345678)", "A (12345678) #2", "A (12345678) #3"]


def test_a_made_label_never_meets_a_given_one():
    sides = [
        side("A", run("A", run_id="11111111")),
        side("A", run("A", run_id="22222222")),
        side("A (11111111)", run("B")),
    ]
    assert len({found.label for found in distinct_labels(sides)}) == 3


def test_what_was_read_is_kept():
    assert two({}, {}, reading="best").reading == "best"
    assert two({}, {}).reading == "last"


def test_integers_are_read_as_numbers():
    assert change(two({"acc": 1}, {"acc": 2}), "acc").difference == 1.0


def test_mlflow_runs_are_there_for_who_asks_and_nothing_else_is():
    import comparison

    assert comparison.MlflowRuns.__module__ == "comparison.library"
    assert set(comparison.__all__) == set(dir(comparison))
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = comparison.Nothing
