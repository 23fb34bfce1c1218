import math

import pytest

from comparison.errors import ExperimentNotFound, TrackingUnavailable
from comparison.queries.run_lists import running_runs
from comparison.reports.run_lists import running_report
from comparison.request import Running
from comparison.runs import Metric
from tests.comparison.queries.team import DAY, HOUR, IRIS, MINUTE, NOW, a_run, cells, silent
from tests.fakes.runs import FakeRuns

BEST = a_run("best", ended=DAY, metrics={"auc": (0.93, 60)})
ALIVE = a_run("alive", ran=2 * HOUR, metrics={"auc": (0.70, 30)})
GONE = silent("gone", heard=40 * HOUR)


def race(*runs, history=(), experiment=""):
    source = runs[0] if isinstance(runs[0], FakeRuns) else FakeRuns(list(runs))
    source.histories[(BEST.run_id, "auc")] = [Metric(value, step) for step, value in history]
    return running_report(running_runs(Running(experiment), source, now=NOW)), source


def test_what_runs_is_held_against_the_best_at_the_same_step():
    report, _ = race(BEST, ALIVE, history=[(1, 0.5), (25, 0.65), (60, 0.93)])
    assert cells(report) == [["alive", "▲ +0.05 better", "auc 0.7 at step 30", "2 h", "maya"]]


def test_one_that_is_behind_is_worse():
    report, _ = race(BEST, ALIVE, history=[(30, 0.75), (60, 0.93)])
    assert cells(report)[0][1] == "▼ -0.05 worse"


def test_beyond_the_last_step_of_the_best_nothing_is_claimed():
    report, _ = race(BEST, ALIVE, history=[(1, 0.5), (20, 0.93)])
    assert cells(report)[0][1] == "–"


def test_the_newest_is_first_and_the_dead_are_marked():
    report, _ = race(GONE, ALIVE)
    assert [row[0] for row in cells(report)] == ["alive", "gone"]
    assert cells(report)[1][1].startswith("seems dead: ")
    assert cells(report)[1][2].endswith("silent for 1 d 16 h: seems dead")
    assert report.headline == "1 run is running, 1 seems dead"


def test_few_questions_are_asked():
    _, source = race(FakeRuns([BEST, ALIVE, GONE]))
    assert sorted(source.asked) == ["histories_of", "history", "search", "search", "search"]


def test_two_experiments_that_share_a_metric_are_asked_about_together():
    runs = [a_run("best", ended=DAY, experiment=IRIS, metrics={"auc": (0.8, 60)}), BEST, ALIVE]
    _, source = race(FakeRuns([*runs, a_run("other", ran=HOUR, experiment=IRIS, metrics={"auc": (0.7, 30)})]))
    assert sorted(source.asked) == ["histories_of", "search", "search", "search"]


def test_nothing_running_is_said_with_something_to_type():
    report, source = race(BEST)
    assert report.headline == "Nothing is running"
    assert report.steps[0].command == "/mlcompare show latest"
    assert source.asked == ["search"]


def test_a_run_that_logged_nothing_yet_is_listed():
    report, _ = race(a_run("quiet", ran=MINUTE))
    assert cells(report)[0][1] == "nothing yet"


def test_runs_of_several_experiments_say_which():
    report, _ = race(ALIVE, a_run("other", ran=HOUR, experiment=IRIS))
    assert [[row[0], row[2]] for row in cells(report)] == [["other", "iris"], ["alive", "fraud"]]


def test_a_history_that_cannot_be_had_leaves_the_list():
    class Stumbling(FakeRuns):
        def history(self, *_asked):
            raise TrackingUnavailable("MLflow takes too long.")

    report, _ = race(Stumbling([BEST, ALIVE]))
    assert cells(report) == [["alive", "auc 0.7 at step 30", "2 h", "maya"]]


def test_a_value_that_is_no_number_is_shown_as_it_is():
    report, _ = race(BEST, a_run("odd", ran=HOUR, metrics={"auc": (math.nan, 3)}))
    assert cells(report)[0][1] == "auc NaN at step 3"


def test_running_in_an_experiment_that_is_not_there():
    with pytest.raises(ExperimentNotFound):
        race(ALIVE, experiment="nowhere")


def test_of_the_dead_alone_nothing_is_counted_as_running():
    report, _ = race(GONE)
    assert report.headline == "Nothing is running, but 1 run seems dead"
