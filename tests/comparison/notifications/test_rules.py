"""Rules on metrics: whether they hold for a run that ended, and how they read."""

import pytest

from comparison.compare import compare
from comparison.notifications.matching import rule_holds
from comparison.runs import Experiment, Metric, Run, Status
from comparison.watch import MetricRule


def run(number, **metrics):
    logged = {name: Metric(value) for name, value in metrics.items()}
    experiment = Experiment("7", "fraud")
    return Run(f"{number:032x}", f"run-{number}", experiment, status=Status.FINISHED, metrics=logged)


OLD = run(1, accuracy=1.0, zero=0.0, loss=-2.0)


def percent(metric, sign, amount):
    return MetricRule(metric, sign, amount, is_percent=True)


@pytest.mark.parametrize(
    ("rule", "logged", "expected"),
    [
        (percent("accuracy", "drops", 2), {"accuracy": 0.98}, True),
        (percent("accuracy", "drops", 2), {"accuracy": 0.981}, False),
        (percent("accuracy", "drops", 2), {"accuracy": 0.9801}, False),
        (percent("accuracy", "drops", 2), {"accuracy": 1.2}, False),
        (percent("accuracy", "rises", 2), {"accuracy": 1.02}, True),
        (percent("accuracy", "changes", 2), {"accuracy": 0.5}, True),
        (percent("loss", "drops", 50), {"loss": -3.0}, True),  # by half of its size, from -2 to -3
        (percent("loss", "drops", 51), {"loss": -3.0}, False),
        (percent("zero", "rises", 2), {"zero": 1.0}, False),  # there is no share of zero
        (MetricRule("zero", "rises", 1), {"zero": 1.0}, True),
        (MetricRule("zero", "rises", 1), {"zero": 1 - 1e-9}, True),  # by a hair less, which is none
        (MetricRule("accuracy", "rises", 0.1), {"accuracy": 1.1}, True),
        (MetricRule("accuracy", "changes", 0.1), {"accuracy": 0.9}, True),
        (MetricRule("accuracy", "changes", 0), {"accuracy": 1.0}, False),
        (MetricRule("accuracy", "drops", 0), {"accuracy": 0.9999}, True),
        (MetricRule("accuracy", "drops", 0), {"accuracy": 1.0}, False),
        (MetricRule("accuracy", "<", 0.99), {"accuracy": 0.98}, True),
        (MetricRule("accuracy", "<=", 0.98), {"accuracy": 0.98}, True),
        (MetricRule("accuracy", "<", 0.98), {"accuracy": 0.98}, False),
        (MetricRule("accuracy", "<=", 0.98), {"accuracy": 0.99}, False),
        (MetricRule("accuracy", ">=", 0.98), {"accuracy": 0.98}, True),
        (MetricRule("accuracy", ">=", 0.98), {"accuracy": 0.97}, False),
        (MetricRule("accuracy", ">", 0.98), {"accuracy": 0.99}, True),
        (MetricRule("accuracy", ">", 0.98), {"accuracy": 0.98}, False),
        (MetricRule("accuracy", "=", 0.98), {"accuracy": 0.98}, True),
        (MetricRule("accuracy", "=", 0.98), {"accuracy": 0.97}, False),
        (MetricRule("accuracy", "!=", 0.98), {"accuracy": 0.98}, False),
        (MetricRule("accuracy", "!=", 0.98), {"accuracy": 0.97}, True),
        (MetricRule("accuracy", "<", 0.5), {"accuracy": float("nan")}, False),
        (MetricRule("accuracy", ">", 0.5), {"accuracy": float("inf")}, False),
        (MetricRule("accuracy", "drops", 0.5), {"accuracy": float("nan")}, False),
        (MetricRule("f1", "<", 0.5), {"accuracy": 0.1}, False),
        (MetricRule("f1", "drops", 0.5), {"f1": 0.1}, False),
        (MetricRule("Accuracy", "<", 0.5), {"accuracy": 0.1}, True),
        (MetricRule("F1 score", "<", 0.5), {"f1_score": 0.1}, True),
        (percent("ACCURACY", "drops", 2), {"accuracy": 0.5}, True),
    ],
)
def test_a_rule_holds_or_it_does_not(rule, logged, expected):
    new = run(2, **logged)
    assert rule_holds(rule, new, compare(OLD, new)) is expected


def test_a_metric_that_is_called_exactly_so_comes_before_one_that_is_typed_alike():
    new = run(2, **{"f1_score": 0.9, "F1 score": 0.1})
    assert rule_holds(MetricRule("F1 score", "<", 0.5), new, None)
    assert not rule_holds(MetricRule("f1_score", "<", 0.5), new, None)


def test_without_a_baseline_a_level_can_be_told_and_a_move_cannot():
    assert rule_holds(MetricRule("accuracy", ">", 0.5), OLD, None)
    assert not rule_holds(MetricRule("accuracy", "drops", 0), OLD, None)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (MetricRule("loss", "<", 0.2), "loss < 0.2"),
        (MetricRule("loss", ">=", 100), "loss >= 100"),
        (MetricRule("loss", "=", 0.1 + 0.2), "loss = 0.30000000000000004"),
        (MetricRule("loss", "<", 1e-7), "loss < 1e-07"),
        (MetricRule("steps", ">", 123456789), "steps > 123456789"),
        (percent("loss", "drops", 2), "loss drops by 2 %"),
        (MetricRule("loss", "changes", 0.5), "loss changes by 0.5"),
    ],
)
def test_a_rule_reads_as_it_would_be_typed_to_the_last_digit(rule, text):
    assert str(rule) == text
