"""A warm start: the first command asks MLflow no more than the tenth."""

import gc

import pytest
from mlflow import MlflowClient
from pydantic import SecretStr

from bot.app import build
from bot.playground.slack import SlackStandIn
from bot.server.health import ask_standup, compare_newest, spare_the_collector
from bot.settings import Settings
from comparison.resolve.scope import since_moment
from tests.endings import running
from tests.logged import log_run, new_experiment


@pytest.fixture
def slack():
    with running(SlackStandIn()) as stand_in:
        yield stand_in


@pytest.fixture
def services(slack, mlflow_proxy, tmp_path):
    made = build(
        Settings(
            slack_bot_token=SecretStr(slack.installation.bot_token),
            slack_signing_secret=SecretStr("unused"),
            slack_api_url=slack.api_url,
            mlflow_tracking_uri=SecretStr(mlflow_proxy.url),
            database_url=SecretStr(f"sqlite:///{tmp_path}/state.db"),
        )
    )
    yield made.services
    made.pool.drain(10)
    made.listeners.shutdown()
    made.engine.dispose()


def test_two_runs_are_compared_for_nobody_and_their_names_known(services, slack, mlflow_server, mlflow_proxy):
    client = MlflowClient(mlflow_server.url)
    experiment = new_experiment(client, "warm")
    runs = [log_run(client, experiment, f"warm-{number}", {"f1": 0.5 + number / 10}) for number in range(2)]
    assert compare_newest(services)
    assert slack.calls == []
    mlflow_proxy.reset()
    assert {run.run_id for run in services.lookup_cache.runs(services.runs, "warm-", (), 5.0).runs} >= set(runs)
    assert services.lookup_cache.names(services.runs, 5.0)
    assert not [asked for asked in mlflow_proxy.requests if "experiments" in asked.target]


def test_what_a_standup_asks_is_remembered_before_anybody_asks(services, slack, mlflow_server, mlflow_proxy):
    client = MlflowClient(mlflow_server.url)
    log_run(client, new_experiment(client), "warm-again", {"f1": 0.5})
    assert ask_standup(services)
    assert slack.calls == []
    mlflow_proxy.reset()
    since, _everywhere = since_moment("", services.now(), text="", command="standup")
    found = services.runs.activity(int(since.timestamp() * 1000))
    assert "warm-again" in [run.name for run in found.finished.runs]
    assert len(mlflow_proxy.requests) <= 4  # three, and one where something does not tell when it ended


def test_without_an_answer_of_mlflow_the_bot_starts_all_the_same(services, mlflow_proxy, caplog):
    mlflow_proxy.refuse()
    assert not compare_newest(services)
    assert not ask_standup(services)
    assert "ERROR" not in caplog.text


def test_what_is_loaded_at_the_start_is_no_work_for_the_garbage_collector():
    try:
        spare_the_collector()
        kept = gc.get_freeze_count()
        spare_the_collector()
        assert 1_000 < gc.get_freeze_count() <= kept, "once: what is made later is collected"
    finally:
        gc.unfreeze()
