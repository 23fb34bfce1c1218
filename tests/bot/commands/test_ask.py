"""`mlcompare ask`, on a store in a file."""

import json
import time

import pytest
from click.testing import CliRunner

from bot.cli import main
from bot.commands.ask import ask
from tests.mlflow_store import new_store


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    from mlflow import MlflowClient
    from mlflow.entities import Metric

    uri = new_store(tmp_path_factory.mktemp("ask"))
    client = MlflowClient(uri)
    experiment = client.create_experiment("fraud")
    for number, (name, f1, status) in enumerate((("xgb-v1", 0.7, "FINISHED"), ("xgb-v2", 0.8, "FAILED"))):
        began = int(time.time() * 1000) + number  # one after the other
        run = client.create_run(experiment, began, run_name=name, tags={"mlflow.user": "maya"})
        client.log_batch(run.info.run_id, metrics=[Metric("f1", f1, 1_700_000_000_000 + number, 0)])
        client.set_terminated(run.info.run_id, status)
    spaced = client.create_run(client.create_experiment("misc"), run_name="my run", tags={"mlflow.user": "jonas"})
    client.set_terminated(spaced.info.run_id)
    return uri


def answered(*words, store):
    result = CliRunner().invoke(main, [*words, "--tracking-uri", store])
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("xgb-v1 vs xgb-v2 only f1", "0.7"),
        ("top 5 by f1 in fraud", "Best f1 in fraud: 0.8, xgb-v2"),
        ("what failed in fraud?", "1 run failed in fraud"),
        ("is anything running?", "Nothing is running"),
        ("standup in fraud", "1 finished, 1 failed"),
        ("who ran xgb-v1", "xgb-v1: run by maya"),
        ("runs of maya without failed", "xgb-v1"),
        ("list experiments", "fraud"),
        ("params of xgb-v1 vs xgb-v2", "Parameters of xgb-v1 and xgb-v2"),
        ("how did xgb-v1 train by f1", "xgb-v1: best f1 0.7"),
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


# The same questions as commands of their own, and as JSON


@pytest.mark.parametrize(
    ("words", "kind", "rest"),
    [
        (["top", "5", "by", "f1", "in", "fraud"], "top", {"asked_for": 5, "worst": False}),
        (["standup", "in", "fraud"], "standup", {"unanswered": []}),
        (["failed", "in", "fraud"], "failed", {"is_cut": False, "pruned": 0}),
        (["running"], "running", {"runs": [], "silent_for_long": []}),
        (["show", "xgb-v1"], "show", {"at_step": None}),
        (["runs", "of", "maya"], "runs", {"which": "by maya", "is_cut": False}),
        (["experiments"], "experiments", {}),
        (["ask", "help"], "help", {}),
    ],
)
def test_each_question_is_a_command_of_its_own_and_is_answered_as_json(store, words, kind, rest):
    told = json.loads(answered(*words, "--format", "json", store=store))
    assert told == {**told, "version": 1, "kind": kind, **rest}


def test_the_best_runs_as_json_are_the_runs_with_their_values(store):
    told = json.loads(answered("top", "by", "f1", "in", "fraud", "--format", "json", store=store))
    assert told["by"] == {"metric": "f1", "goal": "higher", "goal_source": "name", "chosen_by": "request"}
    assert [(run["name"], run["value"], run["status"], run["user"]) for run in told["runs"]] == [
        ("xgb-v2", 0.8, "FAILED", "maya"),
        ("xgb-v1", 0.7, "FINISHED", "maya"),
    ]


def test_a_comparison_is_told_as_the_contract_of_comparisons_has_it(store):
    told = json.loads(answered("ask", "xgb-v1 vs xgb-v2", "--format", "json", store=store))
    assert [side["label"] for side in told["sides"]] == ["xgb-v1", "xgb-v2"]
    assert told["version"] == 2


# What a shell completes


def completed(words, incomplete, store):
    from click.shell_completion import ShellComplete

    return [
        item.value
        for item in ShellComplete(main, {}, "mlcompare", "_MLCOMPARE_COMPLETE").get_completions(
            [*words, "--tracking-uri", store] if len(words) else [], incomplete
        )
    ]


@pytest.mark.parametrize(
    ("words", "incomplete", "offered"),
    [
        ([], "stan", ["standup"]),
        (["ask"], "xgb", ["xgb-v1", "xgb-v2"]),  # a finished run before one that failed
        (["top", "5", "by"], "f", ["fraud", "f1"]),
        (["runs", "by"], "ma", ["maya"]),
        (["failed"], "yest", ["yesterday"]),
        (["show"], "my", ['"my run"']),
        (["show"], '"my', ['"my run"']),
    ],
)
def test_a_shell_completes_commands_words_and_real_names(store, words, incomplete, offered):
    assert completed(words, incomplete, store) == offered


def test_without_a_store_a_shell_still_completes_words(tmp_path):
    assert completed(["ask"], "sinc", f"sqlite:///{tmp_path / 'none.db'}") == ["since"]
