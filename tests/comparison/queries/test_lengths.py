"""Lists by how long runs took: sorted so, or only those that took longer or less long than some time."""

from comparison.queries.run_lists import newest_runs
from comparison.reports.run_lists import newest_runs_report
from comparison.request import Runs
from comparison.run_reference import Among
from comparison.runs import Status
from tests.comparison.queries.team import DAY, HOUR, MINUTE, NOW, a_run, cells
from tests.fakes.runs import FakeRuns

RUNS = [
    a_run("short", ended=DAY, ran=12 * MINUTE),
    a_run("long", ended=2 * DAY, ran=4 * HOUR),
    a_run("crashed", ended=3 * HOUR, ran=MINUTE, status=Status.FAILED),
    a_run("going", ended=None, ran=2 * HOUR, status=Status.RUNNING),
]


def listed(runs=None, **among):
    found = newest_runs(Runs(among=Among(**among)), FakeRuns(list(runs or RUNS)), now=NOW)
    return newest_runs_report(found)


def names(report):
    return [row[0] for row in cells(report)]


def test_the_longest_comes_first_with_what_still_runs_by_what_it_has_taken_until_now():
    report = listed(order="longest")
    assert names(report) == ["long", "going", "short", "crashed"]
    assert report.headline == "long took the longest of the runs: 4 h"
    assert [row[3] for row in cells(report)] == ["4 h", "2 h", "12 min", "1 min"]


def test_the_fastest_is_none_that_failed_at_once_or_still_runs():
    report = listed(order="shortest")
    assert names(report) == ["short", "long"]
    assert report.headline == "short took the least time of the finished runs: 12 min"
    assert names(listed(order="shortest", status="failed")) == ["crashed"]


def test_the_oldest_is_by_its_start():
    report = listed(order="oldest")
    assert names(report) == ["long", "short", "crashed", "going"]
    assert report.headline == "long is the oldest of the runs: started 2 d ago"


def test_runs_are_sifted_by_how_long_they_took():
    assert set(names(listed(longer="1 hour"))) == {"long", "going"}
    assert set(names(listed(shorter="1 hour"))) == {"short", "crashed"}
    assert listed(longer="1 hour").headline == "2 runs that took longer than 1 hour"
    assert listed(longer="3 days").headline == "There are no runs that took longer than 3 days"


def test_it_is_said_where_not_all_runs_were_looked_at():
    many = [a_run(f"run-{number}", ended=HOUR + number, ran=MINUTE + number) for number in range(1_002)]
    report = listed(many, order="longest")
    assert len(names(report)) == 5
    assert report.warnings == ("Only the newest 1,000 runs were looked at: MLflow cannot sort by how long a run took.",)
    assert not listed(order="longest").warnings
