"""When a message on a run may have to be drawn anew."""

import math
from dataclasses import replace

import pytest

from comparison.notifications.new_runs import fingerprint_of
from comparison.runs import Dataset, Experiment, Metric, Run, Status
from comparison.tracking.source import ModelVersion

RUN = Run(
    "a" * 32,
    "one",
    Experiment("7", "fraud"),
    started_at=1,
    ended_at=2,
    metrics={"auc": Metric(0.9, 3, 10), "odd": Metric(math.nan)},
    parameters={"lr": "0.1", "depth": "3"},
    tags={"team": "blue"},
    datasets=(Dataset("train", "d1"), Dataset("test", "d2")),
)
SCORER = ModelVersion("scorer", "1", RUN.run_id)


def test_a_look_is_sixteen_digits_and_the_same_for_the_same_run_in_whatever_order_it_is_told():
    same = replace(
        RUN,
        metrics=dict(reversed(RUN.metrics.items())),
        parameters=dict(reversed(RUN.parameters.items())),
        datasets=RUN.datasets[::-1],
    )
    assert fingerprint_of(RUN) == fingerprint_of(same)
    assert len(fingerprint_of(RUN)) == 16
    int(fingerprint_of(RUN), 16)


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "two"},
        {"name": "\ud800"},
        {"status": Status.FAILED},
        {"ended_at": 3},
        {"deleted": True},
        {"metrics": {**RUN.metrics, "auc": Metric(0.9000000000000001, 3, 10)}},
        {"metrics": {**RUN.metrics, "auc": Metric(0.9, 4, 10)}},
        {"metrics": {"auc": Metric(0.9, 3, 10)}},
        {"parameters": {"lr": "0.1", "depth": "4"}},
        {"tags": {}},
        {"datasets": RUN.datasets[:1]},
        {"commit": "abc"},
    ],
)
def test_whatever_a_message_shows_of_a_run_changes_its_look(changes):
    assert fingerprint_of(replace(RUN, **changes)) != fingerprint_of(RUN)


def test_a_registered_model_changes_the_look():
    assert fingerprint_of(RUN, [SCORER]) != fingerprint_of(RUN)
    assert fingerprint_of(RUN, [SCORER]) != fingerprint_of(RUN, [replace(SCORER, version="2")])


def test_when_a_metric_was_logged_again_with_the_same_value_nothing_looks_different():
    assert fingerprint_of(replace(RUN, metrics={**RUN.metrics, "auc": Metric(0.9, 3, 99)})) == fingerprint_of(RUN)
