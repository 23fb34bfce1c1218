"""Cards for links, on a real MLflow server: what they say, and how many requests they take."""

from datetime import UTC, datetime

import pytest
from mlflow import MlflowClient

from comparison.channel_defaults import ChannelDefaults
from comparison.library import MlflowRuns
from comparison.link_cards import read_card
from comparison.reports.link_cards import card_report
from comparison.tracking.mlflow_links import linked_page
from tests.logged import log_run, new_experiment


@pytest.fixture(scope="module")
def runs(mlflow_server):
    """Two runs of an experiment of their own, and a model of the second."""
    client = MlflowClient(mlflow_server.url)
    experiment = new_experiment(client)
    old = log_run(client, experiment, "old", {"accuracy": 0.9}, params={"lr": 0.1, "depth": 3})
    new = log_run(client, experiment, "new", {"accuracy": 0.95}, params={"lr": 0.2, "depth": 3})
    model = f"detector-{new[:6]}"
    client.create_registered_model(model)
    client.create_model_version(model, "s3://models/detector", run_id=new)
    return {"experiment": experiment, "old": old, "new": new, "model": model}


@pytest.mark.parametrize(
    ("route", "most", "said"),
    [
        ("experiments/{experiment}/runs/{new}", 1, "✅ new is better: accuracy 0.90 → 0.95 (+5.6 %)"),
        ("compare-runs?runs=[%22{old}%22,%22{new}%22]", 2, "✅ new is better: accuracy 0.90 → 0.95 (+5.6 %)"),
        ("metric?runs=[%22{old}%22,%22{new}%22]&metric=%22accuracy%22", 2, "accuracy 0.90 → 0.95"),
        ("experiments/{experiment}", 1, "2 runs, all finished"),
        ("models/{model}", 2, "version 1"),
    ],
)
def test_a_card_takes_few_requests(mlflow_proxy, runs, route, most, said):
    source = MlflowRuns(mlflow_proxy.url)
    source.experiments()  # at hand, as in a bot that runs
    mlflow_proxy.reset()
    page = linked_page(f"{mlflow_proxy.url}/#/{route.format(**runs)}", mlflow_proxy.url)
    now = int(datetime.now(UTC).timestamp() * 1000)
    card = read_card(page, source, now=now, defaults=ChannelDefaults(pinned=runs["old"]))
    assert said in card_report(card).summary
    assert len(mlflow_proxy.requests) <= most, [each.target for each in mlflow_proxy.requests]
