"""Runs that are meant together, on a real store: what its filter language has to take."""

import time
from datetime import UTC, datetime

import pytest
from mlflow import MlflowClient

from comparison.resolve.runs import find_runs
from comparison.run_reference import AllRuns, Among, Exclusion, Group, Latest, Leading, TopRuns
from comparison.tracking.mlflow import MlflowSource
from tests.logged import log_run, new_experiment
from tests.mlflow_store import new_store

DAY = 86_400_000


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    uri = new_store(tmp_path_factory.mktemp("store"))
    client = MlflowClient(uri)
    now = int(time.time() * 1000)
    fraud = new_experiment(client, "fraud")

    def logged(name, auc, user, days, status="FINISHED", **tags):
        begun = now - days * DAY
        run_id = log_run(
            client, fraud, name, {"auc": auc}, tags={"mlflow.user": user, **tags}, status="RUNNING", started=begun
        )
        if status != "RUNNING":
            client.set_terminated(run_id, status, end_time=begun + 60_000)

    logged("mlp-32-seed1", 0.80, "maya", 6, size="32")
    logged("mlp-32-seed2", 0.82, "maya", 5, size="32")
    logged("mlp-64-seed1", 0.90, "jonas", 4, size="64", group="wide")
    logged("mlp-64-seed2", 0.92, "jonas", 3, "FAILED", size="64", group="wide")
    logged("killed", 0.95, "o'neil", 2, "KILLED")
    logged("busy", 0.50, "maya", 1, "RUNNING")
    return MlflowSource(uri)


@pytest.mark.parametrize(
    ("reference", "meant"),
    [
        (
            AllRuns(),
            ["busy", "killed", "mlp-64-seed2", "mlp-64-seed1", "mlp-32-seed2", "mlp-32-seed1"],
        ),
        (AllRuns(Among(user="MAYA")), ["busy", "mlp-32-seed2", "mlp-32-seed1"]),
        (AllRuns(Among(user="o'neil")), ["killed"]),
        (AllRuns(Among(status="failed")), ["killed", "mlp-64-seed2"]),
        (AllRuns(Among(status="running")), ["busy"]),
        (AllRuns(Among(since="80h", user="jonas")), ["mlp-64-seed2"]),
        (AllRuns(Among(since="60h", until="36h")), ["killed"]),
        (AllRuns(Among(where="tags.size = '32'", since="130h")), ["mlp-32-seed2"]),
        (
            AllRuns(Among(excluded=(Exclusion("filter", "tags.size = '64'"), Exclusion("status", "running")))),
            ["killed", "mlp-32-seed2", "mlp-32-seed1"],
        ),
        (TopRuns(2, "auc", among=Among(status="finished")), ["mlp-64-seed1", "mlp-32-seed2"]),
        (TopRuns(1, "auc", among=Among(user="maya", since="130h")), ["mlp-32-seed2"]),
        (Leading(user="maya"), ["mlp-32-seed2"]),
        (Latest(user="jonas", experiment="fraud"), ["mlp-64-seed2"]),
        (Group(pattern="mlp-32-*"), ["mlp-32-seed2", "mlp-32-seed1"]),
        (Group(where="tags.size = '32'"), ["mlp-32-seed2", "mlp-32-seed1"]),
        (Group(name="mlp-32"), ["mlp-32-seed2", "mlp-32-seed1"]),
        (Group(name="wide"), ["mlp-64-seed1"]),
    ],
)
def test_a_real_store_finds_the_runs_that_are_meant(source, reference, meant):
    sides = find_runs([reference], source, experiment="fraud", now=datetime.now(UTC))
    assert [run.name for side in sides for run in side.runs] == meant
