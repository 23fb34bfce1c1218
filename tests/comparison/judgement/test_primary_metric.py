import pytest

from comparison.channel_defaults import ChannelDefaults
from comparison.judgement.primary_metric import MetricSource, choose_primary
from comparison.runs import Experiment, Goal
from tests.comparison.queries.team import a_run

TAGGED = Experiment("3", "tagged", primary_metric="cost_per_item")


def chosen(*metrics, experiment=TAGGED, defaults=None):
    runs = [a_run(str(number), ended=1, metrics=each) for number, each in enumerate(metrics)]
    found = choose_primary(runs, [experiment], defaults or ChannelDefaults())
    return found and (found.metric, found.goal, found.chosen)


@pytest.mark.parametrize(
    ("metrics", "expected"),
    [
        ({"accuracy": 1, "precision": 1, "recall": 1, "f1_score": 1}, "accuracy"),
        ({"train_loss": 1, "val_loss": 1}, "val_loss"),
        ({"train_accuracy": 1, "test_accuracy": 1, "latency_ms": 1}, "test_accuracy"),
        ({"loss": 1, "accuracy": 1}, "accuracy"),
        ({"latency_ms": 1, "epoch": 1}, "latency_ms"),
        ({"epoch": 1, "magic": 1}, None),
        ({}, None),
    ],
)
def test_what_most_runs_logged_and_people_mean_is_primary(metrics, expected):
    found = chosen(metrics)
    assert (found and found[0]) == expected


def test_what_more_runs_logged_comes_first():
    assert chosen({"auc": 1}, {"auc": 1, "accuracy": 1})[0] == "auc"


def test_training_data_never_come_before_others_however_many_logged_them():
    assert chosen({"train_loss": 1}, {"train_loss": 1}, {"train_loss": 1, "val_ndcg": 1})[0] == "val_ndcg"


def test_the_channel_says_it_before_the_experiment():
    logged = {"cost_per_item": 1, "auc": 1, "accuracy": 1}
    assert chosen(logged, defaults=ChannelDefaults(metric="auc")) == ("auc", Goal.HIGHER, MetricSource.CHANNEL)
    assert chosen(logged)[0::2] == ("cost_per_item", MetricSource.EXPERIMENT)


def test_a_metric_of_the_channel_that_nobody_logged_gives_way():
    assert chosen({"accuracy": 1}, defaults=ChannelDefaults(metric="auc"))[0] == "accuracy"


def test_a_goal_that_the_channel_set_makes_a_metric_known():
    assert chosen({"magic": 1}, defaults=ChannelDefaults(goals={"magic": Goal.LOWER}))[:2] == ("magic", Goal.LOWER)
