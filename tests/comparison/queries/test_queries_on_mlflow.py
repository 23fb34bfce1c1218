"""Quick answers on a real store, as training code fills it."""

import time
from datetime import UTC, datetime

import pytest
from mlflow import MlflowClient

from comparison.language.parser import parse
from comparison.queries.run_lists import failed_runs, running_runs, show_run, top_runs
from comparison.queries.standup import standup
from comparison.reports.run_lists import failed_report, running_report, show_report, top_report
from comparison.reports.standup import standup_report
from comparison.tracking.mlflow import MlflowSource
from tests.logged import log_run, new_experiment
from tests.mlflow_store import new_store

ANSWERS = {
    "Standup": (standup, standup_report),
    "Running": (running_runs, running_report),
    "Failed": (failed_runs, failed_report),
    "Top": (top_runs, top_report),
    "Show": (show_run, show_report),
}
DAY = 86_400_000


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    uri = new_store(tmp_path_factory.mktemp("store"))
    client = MlflowClient(uri)
    now = int(time.time() * 1000)
    fraud = new_experiment(client, "fraud", **{"mlcompare.metric": "val/auc"})
    ancient = log_run(client, fraud, "old-best", {"val/auc": 0.90}, params={"C": 1}, started=now - 9 * DAY)
    client.set_terminated(ancient, "FINISHED", end_time=now - 9 * DAY + 60_000)
    log_run(client, fraud, "fresh", {"val/auc": [0.5, 0.7, 0.93]}, params={"C": 2})
    log_run(client, fraud, "broke", {"val/auc": 0.4}, status="FAILED")
    log_run(client, fraud, "alive", {"val/auc": [0.5, 0.75]}, status="RUNNING")
    log_run(client, fraud, "gone", status="RUNNING", started=now - 3 * DAY)
    log_run(client, new_experiment(client, "iris"), "flower", {"accuracy": 0.9})
    return MlflowSource(uri)


def ask(source, words):
    request = parse(words)
    answer, word = ANSWERS[type(request).__name__]
    return word(answer(request, source, now=datetime.now(UTC)))


def test_a_standup_tells_counts_and_the_new_best(source):
    report = ask(source, "standup since 24h")
    assert report.headline.endswith(": 2 finished, 1 failed; now 1 running, 1 seems dead")
    told = {part.title: [line.label for line in part.lines] for part in report.sections}
    assert told["New best"] == ["fraud", "iris"]
    assert told["Failed"] == ["broke"]
    assert told["Seems dead"] == ["gone"]
    new = next(part for part in report.sections if part.title == "New best").lines[0].text
    assert new.startswith("fresh, val/auc 0.93 · was 0.90, old-best")


def test_the_best_of_an_experiment_are_listed(source):
    rows = ask(source, "top 2 in fraud").table.rows
    assert [row[0].text for row in rows] == ["1. fresh", "2. old-best"]


def test_what_runs_is_held_against_the_best(source):
    rows = [[cell.text for cell in row] for row in ask(source, "running in fraud").table.rows]
    assert rows[0][0] == "alive"
    assert rows[0][1] == "▲ +0.05 better"
    assert rows[1][1] == "seems dead"


def test_what_failed_is_listed(source):
    assert ask(source, "failed since 24h").headline.startswith("1 run failed since ")


def test_one_run_is_shown(source):
    assert ask(source, "show fresh").headline == "fresh: finished, val/auc 0.93 at step 2"
