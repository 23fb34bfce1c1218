"""Histories of many runs: one request, exact where the answer proves it or the pages are read, and it says which."""

import json
import math
import time

import pytest
from mlflow import MlflowClient
from mlflow.entities import Metric

from comparison.errors import TrackingUnavailable
from comparison.tracking.mlflow import MlflowSource, answer_within
from comparison.tracking.mlflow_answers import read_bulk
from tests.logged import log_run, new_experiment
from tests.mlflow_proxy import Fault

BULK = "get-history-bulk-interval"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    settings = {}
    answer_within(10, settings)
    for name, value in {**settings, "MLFLOW_DISABLE_TELEMETRY": "true"}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture(scope="module")
def logged(mlflow_server):
    """An experiment with five runs of 30 steps, one of 6,000 whose best is a single point, and one of odd points."""
    client = MlflowClient(mlflow_server.url)
    home = new_experiment(client)
    short = [
        log_run(client, home, f"short-{n}", {"loss": [1 / (step + n + 1) for step in range(30)]}) for n in range(5)
    ]
    long = log_run(client, home, "long", {"loss": [0.01 if step == 3_617 else 1.0 for step in range(6_000)]})
    odd = log_run(client, home, "odd", status="RUNNING")
    now = int(time.time() * 1000)
    points = [(-5, 3.0), (7, math.nan), (2, math.inf), (2, -math.inf), (9, 0.5)]
    client.log_batch(odd, metrics=[Metric("loss", value, now + n, step) for n, (step, value) in enumerate(points)])
    client.set_terminated(odd)
    return {"short": short, "long": long, "odd": odd}


@pytest.fixture
def source(mlflow_proxy):
    found = MlflowSource(mlflow_proxy.url, timeout=10.0)
    mlflow_proxy.reset()
    return found


def _asked(proxy):
    return [each.target for each in proxy.requests if "get-history" in each.target]


def test_five_runs_are_one_request_and_are_not_asked_for_again(source, logged, mlflow_proxy):
    runs = source.get(logged["short"])
    found = source.histories_of(runs, "loss")
    assert [len(past) for past in found.values()] == [30] * 5
    assert all(past.is_complete for past in found.values())
    assert len(_asked(mlflow_proxy)) == 1
    assert source.histories_of(runs, "loss")[logged["short"][3]] is found[logged["short"][3]]
    assert len(_asked(mlflow_proxy)) == 1


def test_samples_of_five_runs_are_one_request_and_are_not_asked_for_again(source, logged, mlflow_proxy):
    runs = source.get(logged["short"])
    found = source.samples_of({"loss": runs})["loss"]
    assert [[each.step for each in past] for past in found.values()] == [list(range(30))] * 5
    assert source.samples_of({"loss": runs}) == {"loss": found}
    [long] = source.get([logged["long"]])
    steps = [each.step for each in source.samples_of({"loss": [long]})["loss"][long.run_id]]
    assert (steps[0], steps[-1]) == (0, 5_999)
    assert len(steps) < 100
    assert len(_asked(mlflow_proxy)) == 2


def test_a_long_run_is_read_whole_so_that_its_one_best_point_is_there(source, logged, mlflow_proxy):
    runs = source.get([logged["long"], logged["short"][0]])
    found = source.histories_of(runs, "loss")
    assert len(found[logged["long"]]) == 6_000
    assert min(found[logged["long"]].values) == 0.01
    assert found[logged["long"]].is_complete
    assert found[logged["short"][0]].is_complete
    assert [BULK in each for each in _asked(mlflow_proxy)].count(True) == 1


def test_where_a_sample_is_enough_it_is_one_request_and_says_that_it_is_a_sample(source, logged, mlflow_proxy):
    found = source.histories_of(source.get([logged["long"]]), "loss", exact=False)[logged["long"]]
    assert not found.is_complete
    assert 1_000 < len(found) <= 2_501
    assert max(found.steps) == 5_999
    assert len(_asked(mlflow_proxy)) == 1


def test_where_the_pages_do_not_come_in_time_the_sample_is_told(logged, mlflow_proxy):
    source = MlflowSource(mlflow_proxy.url, timeout=4.0)
    runs = source.get([logged["long"]])
    mlflow_proxy.reset()
    mlflow_proxy.fault = Fault(status=503, body="busy", only="metrics/get-history?")
    found = source.histories_of(runs, "loss")[logged["long"]]
    assert not found.is_complete


def test_negative_steps_and_values_that_are_no_numbers_come_as_they_are(source, logged):
    found = source.histories_of(source.get([logged["odd"]]), "loss")[logged["odd"]]
    assert sorted(found.steps) == [-5, 2, 2, 7, 9]
    assert sum(math.isnan(value) for value in found.values) == 1
    assert sum(abs(value) > 1e308 for value in found.values) == 2


def test_a_server_without_the_call_is_read_run_by_run(source, logged, mlflow_proxy):
    runs = source.get(logged["short"][:2])
    body = json.dumps({"error_code": "ENDPOINT_NOT_FOUND", "message": "no such call"})
    mlflow_proxy.fault = Fault(status=404, body=body, content_type="application/json", only=BULK)
    found = source.histories_of(runs, "loss")
    assert [len(past) for past in found.values()] == [30, 30]
    assert all(past.is_complete for past in found.values())


def test_a_server_that_fails_is_an_error_with_a_remedy(source, logged, mlflow_proxy):
    runs = source.get(logged["short"][:2])
    mlflow_proxy.fault = Fault(status=403, body="{}", content_type="application/json", only=BULK)
    with pytest.raises(TrackingUnavailable):
        source.histories_of(runs, "loss")


def _rows(run, steps):
    return [{"run_id": run, "key": "loss", "value": 1.0, "timestamp": step, "step": step} for step in steps]


def test_fewer_steps_than_were_asked_for_prove_that_none_is_missing():
    found = read_bulk(_rows("a", range(90)) + _rows("b", range(50)), 100)
    assert [past.is_complete for past in found.values()] == [True, True]


def test_servers_that_sample_all_runs_together_prove_nothing_by_the_count_of_one():
    many, few = _rows("a", range(0, 10_000, 101)), _rows("b", range(0, 10_000, 1010))
    found = read_bulk(many + few, 100)  # as servers before 3.15 answer: b logged more steps than came
    assert len(found["b"]) == 10
    assert not found["b"].is_complete


def test_as_many_points_as_were_asked_for_prove_nothing():
    assert not read_bulk(_rows("a", range(100)), 100)["a"].is_complete
    repeated = _rows("a", [0] * 100)
    assert not read_bulk(repeated, 100)["a"].is_complete
