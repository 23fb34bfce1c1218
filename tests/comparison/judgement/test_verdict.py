import math

import pytest

from comparison import Goal, compare
from comparison.judgement.result import VerdictKind
from comparison.runs import Side
from tests.comparison.builders import run, two

NAN = math.nan


def verdict(baseline, candidate, **asked):
    return two(baseline, candidate, **asked).verdicts[0]


@pytest.mark.parametrize(
    ("baseline", "candidate", "standing", "text"),
    [
        ({"acc": 1, "f1": 1, "auc": 1, "loss": 2}, {"acc": 2, "f1": 2, "auc": 2, "loss": 1}, "better", "B is better on 4 of 4 metrics"),
        ({"acc": 2, "f1": 2, "auc": 2, "loss": 2}, {"acc": 1, "f1": 1, "auc": 1, "loss": 2}, "worse", "B is worse on 3 of 4 metrics"),
        (
            {"acc": 1, "f1": 1, "auc": 1, "loss": 2, "mae": 1, "mse": 1},
            {"acc": 2, "f1": 2, "auc": 2, "loss": 3, "mae": 1, "mse": 1},
            "mixed",
            "Mixed: B is better on 3 of 6 metrics, worse on 1",
        ),
        ({"a": 1, "b": 2, "c": 3, "d": 4, "acc": 5}, {"a": 1, "b": 2, "c": 3, "d": 4, "acc": 5}, "same", "No difference on 5 metrics"),
        ({"a": 1, "b": 2, "c": 3}, {"a": 2, "b": 3, "c": 3}, "unknown", "Cannot tell: no goal is known for these 3 metrics"),
        ({"n_samples": 150}, {"n_samples": 150}, "unknown", "Nothing to judge: no goal is known for the metric they share, and it is the same"),
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, "unknown", "Nothing to judge: no goal is known for the 2 metrics they share, and all are the same"),
        ({"n_samples": 150, "acc": 1}, {"n_samples": 150, "f1": 1}, "unknown", "Nothing to judge: no goal is known for the metric they share, and it is the same"),
        # binary noise
        ({"acc": 0.3, "f1": 0.5}, {"acc": 0.1 + 0.2, "f1": 0.5}, "same", "No difference on 2 metrics"),
        ({"loss": 0.3}, {"loss": 0.1 + 0.2}, "same", "No difference on 1 metric"),
        # quality before cost
        ({"acc": 0.85, "fit_time": 10}, {"acc": 0.92, "fit_time": 10.03}, "better", "B is better on 1 of 2 metrics"),
        ({"acc": 0.85, "latency_ms": 10}, {"acc": 0.92, "latency_ms": 15}, "better", "B is better on 1 of 1 metric; 1 cost worse"),
        ({"acc": 0.92, "cost_usd": 10, "fit_time": 4}, {"acc": 0.85, "cost_usd": 5, "fit_time": 2}, "worse", "B is worse on 1 of 1 metric; 2 costs better"),
        ({"acc": 0.85, "loss": 1, "fit_time": 1}, {"acc": 0.92, "loss": 2, "fit_time": 2}, "mixed", "Mixed: B is better on 1 of 2 metrics, worse on 1; 1 cost worse"),
        ({"acc": 0.9, "fit_time": 10}, {"acc": 0.9, "fit_time": 10.03}, "same", "No difference on 2 metrics"),
        ({"acc": 0.9, "fit_time": 10}, {"acc": 0.9, "fit_time": 5}, "better", "B is better on 1 of 1 cost, the same on 1 metric"),
        ({"acc": 0.9, "fit_time": 10, "latency": 1}, {"acc": 0.9, "fit_time": 5, "latency": 2}, "mixed", "Mixed: B is better on 1 of 2 costs, worse on 1, the same on 1 metric"),
        ({"fit_time": 10}, {"fit_time": 10.03}, "worse", "B is worse on 1 of 1 metric"),
        ({"acc": 0.9, "fit_time": 10}, {"acc": NAN, "fit_time": 5}, "unknown", "Cannot tell: 1 metric is not a number; 1 cost better"),
        ({"acc": 0.9, "fit_time": 10}, {"fit_time": 5}, "unknown", "Cannot tell: the runs share no metric but costs; 1 cost better"),
        ({"foo": 1, "fit_time": 10}, {"foo": 2, "fit_time": 5}, "unknown", "Cannot tell: no goal is known for this metric; 1 cost better"),
        # one thing under two names
        ({"acc": 0.85, "accuracy": 0.85, "loss": 1}, {"acc": 0.92, "accuracy": 0.92, "loss": 2}, "mixed", "Mixed: B is better on 1 of 2 metrics, worse on 1"),
        ({"acc": 0.85, "val_acc": 0.85}, {"acc": 0.85, "val_acc": 0.85}, "same", "No difference on 1 metric"),
        ({"f1_micro": 0.8533, "precision_micro": 0.8533}, {"f1_micro": 0.9067, "precision_micro": 0.9067}, "better", "B is better on 1 of 1 metric"),
        ({"f1": 0.5, "precision": 0.5}, {"f1": 0.6, "precision": 0.6}, "better", "B is better on 2 of 2 metrics"),
        ({"train_acc": 0.9, "val_acc": 0.9}, {"train_acc": 0.95, "val_acc": 0.95}, "better", "B is better on 2 of 2 metrics"),
        ({"a": 1}, {"a": 2}, "unknown", "Cannot tell: no goal is known for this metric"),
        ({"acc": 1}, {"loss": 2}, "nothing", "Nothing to compare: the runs share no metric"),
        ({}, {}, "nothing", "Nothing to compare: the runs share no metric"),
        ({"acc": 1}, {"acc": 2}, "better", "B is better on 1 of 1 metric"),
        ({"acc": 1, "foo": 1}, {"acc": 1, "foo": 2}, "same", "No difference on 1 metric; 1 changed with no known goal"),
        ({"acc": 1, "loss": 1}, {"acc": 2, "loss": NAN}, "better", "B is better on 1 of 1 metric; 1 metric not a number"),
        ({"loss": 1}, {"loss": NAN}, "unknown", "Cannot tell: 1 metric is not a number"),
        ({"a": 1, "b": 1}, {"a": NAN, "b": 2}, "unknown", "Cannot tell: no goal is known for this metric; 1 metric not a number"),
    ],
)  # fmt: skip
def test_the_verdict_is(baseline, candidate, standing, text):
    found = verdict(baseline, candidate)
    assert (found.standing, found.text) == (VerdictKind(standing), text)


def test_it_is_counted_over_metrics_with_a_known_goal_that_both_sides_have():
    found = verdict({"acc": 1, "foo": 1, "f1": 1, "loss": 1}, {"acc": 2, "foo": 2, "loss": 1})
    assert (found.better, found.worse, found.same) == (1, 0, 1)
    assert found.text == "B is better on 1 of 2 metrics"


@pytest.mark.parametrize(
    ("candidate", "standing", "text"),
    [
        ({"accuracy": 0.92, "f1": 2, "auc": 2, "loss": 9}, "better", "B is better: accuracy 0.85 → 0.92 (+8.2 %); 2 more metrics better, 1 worse"),
        ({"accuracy": 0.8, "f1": 2, "auc": 1, "loss": 1}, "worse", "B is worse: accuracy 0.85 → 0.80 (-5.9 %); 1 more metric better, 2 the same"),
        ({"accuracy": 0.85}, "same", "No difference in accuracy between A and B"),
        ({"loss": 0.5}, "unknown", "Cannot tell: B did not log accuracy; 1 more metric better"),
        ({}, "nothing", "Cannot tell: B did not log accuracy"),
        ({"accuracy": NAN, "loss": 0.5}, "unknown", "Cannot tell: accuracy is not a number; 1 more metric better"),
    ],
)  # fmt: skip
def test_the_primary_metric_leads_the_sentence(candidate, standing, text):
    baseline = {"accuracy": 0.85, "f1": 1, "auc": 1, "loss": 1}
    found = verdict(baseline, candidate, metrics=["accuracy"])
    assert (found.standing, found.text) == (VerdictKind(standing), text)


def test_a_primary_metric_with_no_goal_cannot_decide():
    found = verdict({"foo": 0, "acc": 1}, {"foo": 3, "acc": 2}, metrics=["foo"])
    assert found.standing is VerdictKind.UNKNOWN
    assert found.text == "Cannot tell: no goal is known for foo (0 → 3); 1 more metric better"


def test_a_change_of_sign_has_no_percentage():
    assert verdict({"acc": -0.2}, {"acc": 0.1}, metrics=["acc"]).text == "B is better: acc -0.2 → 0.1 (+0.3)"


def test_a_stated_goal_turns_the_verdict():
    assert verdict({"acc": 1}, {"acc": 2}, goals={"acc": Goal.LOWER}).standing is VerdictKind.WORSE


def test_each_of_several_candidates_is_named_in_its_verdict():
    comparison = compare(
        run("A", {"acc": 1, "f1": 1}),
        run("B", {"acc": 2, "f1": 2}),
        run("C", {"acc": 2, "f1": 0}),
        run("D", {"acc": 1, "f1": 1}),
        run("E", {}),
    )
    assert [found.text for found in comparison.verdicts] == [
        "B is better on 2 of 2 metrics",
        "Mixed: C is better on 1 of 2 metrics, worse on 1",
        "D: no difference on 2 metrics",
        "E: nothing to compare: the runs share no metric",
    ]


def test_one_run_on_both_sides_is_said_and_not_judged():
    same = run("A", {"acc": 1, "loss": 2})
    found = compare(same, same).verdicts[0]
    assert found.standing is VerdictKind.NOTHING
    assert found.text == "A (AA) and A (AA) #2 are one run, so there is nothing to judge"
    assert compare(same, same, metrics=["acc"]).verdicts[0].standing is VerdictKind.NOTHING
    assert compare([same, run("B")], [run("B"), same]).verdicts[0].standing is VerdictKind.NOTHING
    assert compare([same, run("B", {"acc": 2})], same).verdicts[0].standing is VerdictKind.UNCLEAR


def test_one_run_that_was_found_twice_says_how():
    same = run("A", {"acc": 1})
    latest, best = Side("A", (same,), ("latest to end in iris",)), Side("A", (same,), ("best acc in iris", "guessed"))
    told = "Both sides are one run, A (latest to end in iris and best acc in iris), so there is nothing to judge"
    assert compare(latest, best).verdicts[0].text == told
    named = compare(Side("A", (same,)), best).verdicts[0].text
    assert named == "Both sides are one run, A (best acc in iris), so there is nothing to judge"


def test_costs_are_counted_apart_too():
    found = verdict(
        {"acc": 1, "fit_time": 1, "latency": 1, "cost_usd": 1},
        {"acc": 2, "fit_time": 2, "latency": 0.5, "cost_usd": 1.001},
    )
    assert (found.better, found.worse, found.same) == (2, 1, 1)
    assert found.costs == (1, 1, 1)


def test_a_cost_that_was_named_decides_however_little_it_moved():
    found = verdict({"acc": 0.8, "fit_time": 10}, {"acc": 0.9, "fit_time": 10.03}, metrics=["fit_time"])
    assert found.standing is VerdictKind.WORSE
    assert found.text == "B is worse: fit_time 10.00 → 10.03 (+0.3 %); 1 more metric better"
