"""`mlcompare ask`, on a store in a file."""

import pytest
from click.testing import CliRunner

from bot.commands.ask import ask


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    uri = f"sqlite:///{tmp_path_factory.mktemp('ask') / 'mlflow.db'}"
    client = MlflowClient(uri)
    experiment = client.create_experiment("fraud")
    for number, (name, f1, status) in enumerate((("xgb-v1", 0.7, "FINISHED"), ("xgb-v2", 0.8, "FAILED"))):
        run = client.create_run(experiment, run_name=name, tags={"mlflow.user": "maya"})
        client.log_batch(run.info.run_id, metrics=[Metric("f1", f1, 1_700_000_000_000 + number, 0)])
        client.set_terminated(run.info.run_id, status)
    return uri


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("xgb-v1 vs xgb-v2 only f1", "0.7"),
        ("top 5 by f1 in fraud", "Best f1 in fraud: 0.8, xgb-v2"),
        ("what failed in fraud?", "1 run failed in fraud"),
        ("is anything running?", "Nothing is running"),
        ("standup in fraud", "1 finished, 1 failed"),
        ("who ran xgb-v1", "maya ran xgb-v1"),
        ("runs of maya without failed", "xgb-v1"),
        ("list experiments", "fraud"),
        ("params of xgb-v1 vs xgb-v2", "Parameters of xgb-v1 and xgb-v2"),
        ("how did xgb-v1 train by f1", "xgb-v1: f1 0.7"),
        ("", "mlcompare ask"),
    ],
)
def test_a_question_of_a_channel_is_answered(store, said, told):
    result = CliRunner().invoke(ask, [said, "--tracking-uri", store])
    assert result.exit_code == 0, result.output
    assert told in result.output


@pytest.mark.parametrize("said", ["watch fraud", "tell me a joke", "show xgb-v9", "set metric f1"])
def test_what_cannot_be_answered_here_is_told_with_a_line_to_type(store, said):
    result = CliRunner().invoke(ask, [said, "--tracking-uri", store])
    assert result.exit_code == 2
    assert "mlcompare ask " in result.stderr
