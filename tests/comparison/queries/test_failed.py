import pytest

from comparison.errors import RequestError
from comparison.queries.run_lists import failed_runs
from comparison.reports.run_lists import failed_report
from comparison.request import Failed
from comparison.runs import Status
from tests.comparison.queries.team import DAY, HOUR, MINUTE, NOW, a_run, cells
from tests.fakes.runs import FakeRuns

BEST = a_run("best", ended=DAY, metrics={"auc": (0.93, 60)})


def fail(*runs, since=""):
    return failed_report(failed_runs(Failed(since, text=f"failed {since}"), FakeRuns(list(runs)), now=NOW))


def test_failures_are_listed_the_last_first_with_what_they_logged():
    report = fail(
        a_run(
            "early", ended=5 * HOUR, ran=34 * MINUTE, status=Status.FAILED, metrics={"loss": (0.41, 120)}, user="ada"
        ),
        a_run("late", ended=HOUR, status=Status.KILLED),
        BEST,
    )
    assert cells(report) == [
        ["late", "was killed 1 h ago", "nothing", "1 h", "maya"],
        ["early", "failed 5 h ago", "loss 0.41 at step 120", "34 min", "ada"],
    ]
    assert report.headline == "2 runs failed since Fri 20 Nov, 12:00 UTC"


def test_nothing_failed_is_said():
    report = fail(BEST, since="since yesterday")
    assert report.headline == "Nothing failed since Sun 22 Nov, 00:00 UTC"


def test_a_beginning_that_is_none_is_answered_with_an_example_of_this_command():
    with pytest.raises(RequestError) as error:
        fail(BEST, since="since whenever")
    assert error.value.example == "failed since monday"
