import math

from comparison.queries.run_lists import show_run
from comparison.reports.run_lists import show_report
from comparison.request import Show
from comparison.run_reference import Named
from comparison.runs import Dataset, Status
from tests.comparison.queries.team import DAY, HOUR, NOW, a_run, cells, silent
from tests.fakes.runs import FakeRuns

BEST = a_run("best", ended=DAY, metrics={"auc": (0.93, 60)})
GONE = silent("gone", heard=40 * HOUR)


def look(run, *, who=False):
    asked = Show(Named(run.run_id), who=who)
    return show_report(show_run(asked, FakeRuns([run]), now=NOW), who=who, ui_url="http://mlflow.example")


def test_all_that_is_known_of_a_run_is_shown():
    run = a_run(
        "full",
        ended=HOUR,
        metrics={"epoch": (3, 60), "auc": (0.93, 60), "system/cpu": (50, 1)},
        parameters={"lr": "0.1"},
        tags={"team": "blue"},
        datasets=(Dataset("train.csv", "d1", "training"),),
        commit="c0ffee1234567890",
    )
    report = look(run)
    assert report.headline == "full: finished, auc 0.93 at step 60"
    assert cells(report) == [["auc", "0.93", "60"], ["epoch", "3", "60"], ["system/cpu", "50", "1"]]
    told = {part.title: [f"{line.label}: {line.text}" for line in part.lines] for part in report.sections}
    assert told["Parameters"] == ["lr: 0.1"]
    assert told["Tags"] == ["team: blue"]
    assert told["Datasets"] == ["training: train.csv (digest d1)"]
    assert "Commit: c0ffee1234" in told["Details"]
    assert "Ended: 2026-11-23 11:00 UTC" in told["Details"]


def test_who_ran_it_is_one_line():
    assert look(BEST, who=True).headline == "best: run by maya 1 d ago, finished"
    assert look(a_run("x", ended=HOUR, user=""), who=True).headline == "MLflow does not say who ran x, started 2 h ago"


def test_a_run_without_metrics_is_shown_too():
    report = look(a_run("bare", ended=HOUR))
    assert report.table is None
    assert report.headline == "bare: finished, no metrics logged"


def test_what_is_wrong_with_a_run_is_said():
    assert look(GONE).warnings == ("It may be dead: RUNNING, but silent for 1 d 16 h.",)
    assert look(a_run("odd", ended=HOUR, metrics={"auc": math.nan})).warnings == ("Not a finite number: auc.",)
    assert look(a_run("ill", ended=HOUR, status=Status.FAILED)).warnings[0].startswith("It failed")
    assert look(a_run("dropped", ended=HOUR, deleted=True)).warnings == ("This run is deleted in MLflow.",)
