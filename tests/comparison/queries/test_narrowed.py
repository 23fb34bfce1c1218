"""Quick questions about some of the runs: what is said of them is honoured or refused, never ignored."""

import pytest

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import RequestError
from comparison.queries.run_lists import failed_runs, known_experiments, newest_runs, running_runs, show_run, top_runs
from comparison.queries.standup import standup
from comparison.reports.run_lists import (
    experiments_report,
    failed_report,
    newest_runs_report,
    running_report,
    show_report,
    top_report,
)
from comparison.reports.standup import standup_report
from comparison.request import Experiments, Failed, Running, Runs, Show, Standup, Top
from comparison.run_reference import Among, Exclusion, Leading, Named
from comparison.runs import Metric, Status
from tests.comparison.queries.team import DAY, HOUR, IRIS, NOW, a_run, cells
from tests.fakes.runs import FakeRuns

BEST = a_run("best", ended=HOUR, metrics={"auc": 0.9, "loss": 0.3}, user="jonas", tags={"size": "64"})
STORE = FakeRuns(
    [
        BEST,
        a_run("good", ended=2 * HOUR, metrics={"auc": 0.8, "loss": 0.2}, tags={"size": "32"}, parameters={"lr": "0.1"}),
        a_run("bad", ended=3 * HOUR, metrics={"auc": 0.2, "loss": 0.9}, status=Status.FAILED, user="jonas"),
        a_run("worse", ended=5 * HOUR, metrics={"auc": 0.1, "loss": 0.8}, status=Status.KILLED),
        a_run("old", ended=9 * DAY, metrics={"auc": 0.7, "loss": 0.4}),
        a_run("busy", ran=HOUR, metrics={"auc": (0.5, 3), "loss": (0.6, 3)}, user="jonas"),
        a_run("calm", ran=2 * HOUR, metrics={"auc": (0.4, 3)}),
        a_run("flower", ended=HOUR, metrics={"accuracy": 0.9}, experiment=IRIS),
    ],
    histories={
        (BEST.run_id, "auc"): [Metric(0.5, 1, 1), Metric(0.9, 2, 2)],
        (BEST.run_id, "loss"): [Metric(0.7, 1, 1), Metric(0.3, 2, 2)],
    },
)
ANSWERS = {
    Top: (top_runs, top_report),
    Running: (running_runs, running_report),
    Failed: (failed_runs, failed_report),
    Standup: (standup, standup_report),
    Runs: (newest_runs, newest_runs_report),
    Show: (show_run, show_report),
    Experiments: (known_experiments, experiments_report),
}


def report(request, **defaults):
    answer, word = ANSWERS[type(request)]
    return word(answer(request, STORE, now=NOW, defaults=ChannelDefaults(**defaults)))


def told(request):
    found = report(request)
    names = [row[0].partition(". ")[2] or row[0] for row in cells(found)] if found.table else []
    return [name.partition(" in ")[0] for name in names]


@pytest.mark.parametrize(
    ("request_", "meant"),
    [
        (Top(5, "auc", experiment="fraud", among=Among(user="jonas")), ["best", "busy", "bad"]),
        (Top(5, "auc", experiment="fraud", among=Among(status="finished")), ["best", "good", "old"]),
        (Top(5, "auc", experiment="fraud", among=Among(since="yesterday", status="finished")), ["best", "good"]),
        (Top(2, "auc", among=Among(excluded=(Exclusion("run", "best"),))), ["good", "old"]),
        (Top(2, "loss", experiment="fraud", goal="higher"), ["bad", "worse"]),
        (Top(5, "auc", where="tags.size = '32'", among=Among(user="maya")), ["good"]),
        (Running("fraud", among=Among(user="jonas")), ["busy"]),
        (Running("fraud", among=Among(excluded=(Exclusion("user", "jonas"),))), ["calm"]),
        (Running("fraud", among=Among(count=1)), ["busy"]),
        (Failed("yesterday", "fraud", among=Among(user="jonas")), ["bad"]),
        (Failed("yesterday", "fraud", among=Among(until="4h")), ["worse"]),
        (Failed("yesterday", among=Among(excluded=(Exclusion("run", "bad"),))), ["worse"]),
        (Runs("fraud", among=Among(count=3)), ["busy", "best", "calm"]),
        (Runs("fraud", among=Among(status="failed")), ["bad", "worse"]),
        (Runs(among=Among(excluded=(Exclusion("experiment", "fraud"),))), ["flower"]),
    ],
)
def test_the_runs_that_are_said_are_told(request_, meant):
    assert sorted(told(request_)) == sorted(meant)


@pytest.mark.parametrize(
    ("request_", "headline"),
    [
        (Top(1, "auc", among=Among(user="jonas")), "Best auc by jonas: 0.9"),
        (Running(among=Among(user="jonas")), "1 run is running by jonas"),
        (Failed("yesterday", "fraud", among=Among(user="jonas")), "1 run failed in fraud by jonas since"),
        (
            Standup("yesterday", "fraud", among=Among(user="jonas")),
            " in fraud by jonas: 1 finished, 1 failed; now 1 running",
        ),
        (
            Standup("yesterday", among=Among(excluded=(Exclusion("experiment", "fraud"),))),
            ": 1 finished, 0 failed; nothing is running now",
        ),
        (Runs("fraud", among=Among(user="jonas")), "3 runs in fraud by jonas"),
        (Runs("fraud", among=Among(where="tags.size = '9'")), "There are no runs in fraud where tags.size = '9'"),
        (Experiments(), "2 experiments"),
        (Show(Named("best"), metrics=("loss",)), "best: finished, loss 0.3"),
        (Show(Named("best"), metrics=("AUC",), at_step=1), "best: finished, auc 0.5 at step 1"),
        (Show(Named("good"), part="parameters"), "good: parameters"),
        (Show(Named("best"), part="parameters"), "best logged no parameters"),
    ],
)
def test_the_headline_says_which_runs_are_meant(request_, headline):
    assert headline in report(request_).headline


def test_named_metrics_are_shown_beside_the_one_that_ranks():
    found = report(Top(2, "auc", experiment="fraud", metrics=("loss",)))
    assert [column.title for column in found.table.columns][:4] == ["Run", "auc", "Behind #1", "loss"]
    assert [row[3] for row in cells(found)] == ["0.3", "0.2"]


def test_named_metrics_are_shown_of_what_runs_and_of_a_list():
    assert "loss 0.6" in str(cells(report(Running("fraud", metrics=("loss",)))))
    assert "auc 0.9, loss 0.3" in str(cells(report(Runs("fraud", metrics=("auc", "loss")))))


def test_a_standup_is_by_the_metric_that_is_named():
    answer = standup(Standup("yesterday", "fraud", metrics=("loss",)), STORE, now=NOW)
    assert (answer.groups[0].by.metric, answer.groups[0].by.chosen.value) == ("loss", "request")


def test_the_experiment_of_the_channel_is_marked_in_the_list():
    lines = report(Experiments(), experiment="iris").sections[0].lines
    assert {line.label: line.text for line in lines} == {"iris": "the channel's experiment", "fraud": "id 2"}


@pytest.mark.parametrize(
    ("request_", "problem", "example"),
    [
        (Top(3, "auc", at_step=10), "I rank by the last values", "top 3 by metric auc"),
        (Top(3, goal="lower"), "Of which metric is lower better?", "top 5"),
        (Top(3, "auc", metrics=("nothing",)), "None of these runs logged a metric called nothing.", ""),
        (Running(metrics=("nothing",)), "None of these runs logged a metric called nothing.", ""),
        (Running(among=Among(user="zoe")), "No run here is by zoe.", ""),
        (Failed("yesterday", metrics=("nothing",)), "None of these runs logged a metric called nothing.", ""),
        (Standup(metrics=("auc", "loss")), "A standup is judged by one metric.", "standup by auc"),
        (
            Standup(among=Among(excluded=(Exclusion("experiment", "nowhere"),))),
            "There is no experiment called",
            "list experiments",
        ),
        (Show(Named("best"), at_step=7), "best logged nothing at step 7.", f"show {BEST.run_id[:8]} at step 2"),
        (Show(Named("best"), metrics=("nothing",)), "None of these runs logged a metric called nothing.", ""),
        (Runs(metrics=("nothing",)), "None of these runs logged a metric called nothing.", ""),
    ],
)
def test_what_cannot_be_honoured_is_refused_in_words(request_, problem, example):
    with pytest.raises(RequestError) as caught:
        report(request_)
    assert problem in caught.value.problem
    assert caught.value.example == example


@pytest.mark.parametrize(
    ("request_", "meant"),
    [
        (Top(1, "loss"), ["good"]),
        (Top(1, "loss", among=Among(newest=3)), ["best"]),
        (Top(2, "auc", worst=True, among=Among(newest=20, user="jonas")), ["bad", "busy"]),
        (Top(1, "auc", where="metrics.auc < 0.8", among=Among(newest=20)), ["old"]),
    ],
)
def test_the_best_is_found_among_so_many_of_the_newest(request_, meant):
    assert told(request_) == meant


@pytest.mark.parametrize("ask", [Running, Failed, Runs, Standup])
def test_a_question_may_be_of_several_experiments(ask):
    name = BEST.experiment.name
    assert f" in {name} and {IRIS.name}" in report(ask(among=Among(experiments=(name, IRIS.name)))).headline


def test_of_several_experiments_each_has_to_be_there():
    with pytest.raises(RequestError, match="no experiment called narnia"):
        report(Failed(among=Among(experiments=(IRIS.name, "narnia"))))


def test_the_best_by_a_metric_is_shown_by_that_metric():
    assert report(Show(Leading("loss"))).headline == "good: finished, loss 0.2"
