"""MLflow servers with workspaces, and without."""

import pytest
from mlflow import MlflowClient

from comparison.errors import RunNotFound, TrackingUnavailable
from comparison.library import MlflowRuns
from comparison.tracking.mlflow_links import run_url
from tests.logged import log_run, new_experiment
from tests.mlflow_server import MlflowServer
from tests.mlflow_store import new_store


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One with the workspaces `default` and `blue`."""
    folder = tmp_path_factory.mktemp("workspaces")
    server = MlflowServer(folder, new_store(folder))
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLFLOW_ENABLE_WORKSPACES", "true")
        server.start()
    MlflowClient(server.url).create_workspace("blue")
    yield server
    server.stop()


def test_a_bot_in_a_workspace_reads_it_and_its_links_come_back(server, monkeypatch):
    monkeypatch.setenv("MLFLOW_WORKSPACE", "blue")
    client = MlflowClient(server.url)
    run_id = log_run(client, new_experiment(client, "shades"), "navy", {"acc": 0.9})
    source = MlflowRuns(server.url)
    run = source.find("navy", experiment="shades").runs[0]
    assert run.run_id == run_id
    link = run_url(f"{server.url}?workspace=blue", run)
    assert link.endswith("?workspace=blue")
    assert source.find(link).runs[0].run_id == run_id
    monkeypatch.delenv("MLFLOW_WORKSPACE")
    with pytest.raises(RunNotFound, match="in the workspace blue"):
        MlflowRuns(server.url).find(link)


def test_a_workspace_that_is_not_there_is_named_as_what_may_be_wrong(server, monkeypatch):
    monkeypatch.setenv("MLFLOW_WORKSPACE", "nowhere")
    with pytest.raises(TrackingUnavailable, match="MLFLOW_WORKSPACE may name a workspace that is not there"):
        MlflowRuns(server.url).experiments()


def test_a_server_without_workspaces_says_that_none_can_be_named(mlflow_server, monkeypatch):
    monkeypatch.setenv("MLFLOW_WORKSPACE", "blue")
    with pytest.raises(TrackingUnavailable) as refused:
        MlflowRuns(mlflow_server.url).experiments()
    assert "has no workspaces" in refused.value.problem
    assert "MLFLOW_WORKSPACE" in refused.value.remedy
