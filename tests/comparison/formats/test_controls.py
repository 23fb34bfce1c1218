"""Names that hold escape sequences, in everything that the command line prints: they act on no terminal."""

import csv
import json
import unicodedata
from io import StringIO

import pytest
from click.testing import CliRunner

from bot.cli import main
from comparison.formats.controls import json_text, written_out
from tests.mlflow_store import new_store

CONTROLS = "\x1b]0;owned\x07\x1b[2J\x9b31m\x7f\u202egpj\u2066\u061c\ufeff"
NAMES = tuple(f"run-{number} {CONTROLS}" for number in (1, 2))


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Two runs of a real store whose name, experiment, parameters, tags and user hold escape sequences."""
    from mlflow import MlflowClient
    from mlflow.entities import Metric, Param, RunTag

    folder = tmp_path_factory.mktemp("store")
    uri = new_store(folder)
    client = MlflowClient(uri)
    experiment = client.create_experiment(f"iris {CONTROLS}", f"file://{folder}")
    ids = []
    for number, name in enumerate(NAMES):
        run = client.create_run(experiment, start_time=1_795_000_000_000 + number, run_name=name)
        told = [Metric("accuracy", 0.8 + number / 10, 1_795_000_000_000, 1)]
        tags = [RunTag("note", f"{number}{CONTROLS}"), RunTag("mlflow.user", f"maya{CONTROLS}")]
        client.log_batch(run.info.run_id, told, [Param("C", f"{number}{CONTROLS}")], tags)
        client.set_terminated(run.info.run_id, "FINISHED" if number else "FAILED", 1_795_000_060_000)
        ids.append(run.info.run_id)
    return uri, ids


@pytest.fixture
def run(store, monkeypatch, tmp_path):
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "SLACK_SIGNING_SECRET", "DATABASE_URL", "MLFLOW_UI_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store[0])
    for name in ("MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_MAX_RETRIES", "MLFLOW_HTTP_POOL_MAXSIZE"):
        monkeypatch.setenv(name, "1")
    return lambda *words: CliRunner().invoke(main, words)


def acting(printed):
    return {each for each in printed if unicodedata.category(each) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - {"\n"}


@pytest.mark.parametrize("form", ["text", "markdown", "csv", "json", "slack"])
def test_no_form_of_a_comparison_acts_on_a_terminal(run, store, form):
    told = run("compare", *store[1], "--all", "--format", form)
    assert told.exit_code == 0, told.output
    assert not acting(told.stdout)
    assert "run-1" in told.stdout


def test_errors_and_gates_act_on_no_terminal(run, store):
    for words in (
        ("compare", f"rum-1 {CONTROLS}", store[1][0]),
        ("compare", *store[1], "--by", f"accurac {CONTROLS}", "--fail-if-worse"),
        ("compare", *store[1], "-e", f"iri {CONTROLS}"),
    ):
        told = run(*words)
        assert told.exit_code, words
        assert not acting(told.output), words


def test_the_check_shows_the_newest_run_without_letting_it_act(run):
    told = run("check")
    assert "newest run is run-2 \\x1b]0;owned\\x07" in told.stdout
    assert not acting(told.stdout)
    document = run("check", "--json").stdout
    assert not acting(document)
    assert any(NAMES[1] in finding["found"] for finding in json.loads(document)["findings"])


def test_json_reads_as_the_names_are(run, store):
    told = json.loads(run("compare", *store[1], "--format", "json").stdout)
    assert [side["label"] for side in told["sides"]] == list(NAMES)
    odd = f"\ud800 \U000e0041 \u2028 ⏎ 精度 {CONTROLS}"
    assert json.loads(json_text([odd])) == [odd]


def test_csv_keeps_names_apart_by_writing_them_out(run, store):
    (row,) = csv.DictReader(StringIO(run("compare", *store[1], "--format", "csv").stdout))
    assert row["candidate_label"] == written_out(NAMES[1])
    assert row["candidate_label"].startswith("run-2 \\x1b]0;owned\\x07\\x1b[2J\\x9b31m\\x7f\\u202egpj")
    assert written_out("a\x01") != written_out("a\x02")
    assert written_out("精度 é \u200d⏎") == "精度 é \u200d⏎"
