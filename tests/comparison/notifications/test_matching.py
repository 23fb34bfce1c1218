"""Whether a watch wants to hear of a run."""

from datetime import time

import pytest

from comparison.compare import compare
from comparison.notifications.matching import covers_experiment, matches_result, matches_run
from comparison.runs import Experiment, Metric, Run, Status
from comparison.watch import Digest, MetricRule, OnlyRuns, Watch, WeeklySchedule


def run(number, **facts):
    facts = {"status": Status.FINISHED, "metrics": {"accuracy": Metric(1.0)}} | facts
    return Run(f"{number:032x}", f"run-{number}", Experiment("7", "fraud"), **facts)


OLD = run(1)


@pytest.mark.parametrize(
    ("watching", "covered", "left_out"),
    [
        (Watch("fraud"), ["fraud", "FRAUD"], ["fr", "fraud2", ""]),
        (Watch("FRAUD"), ["fraud"], []),
        (Watch("straße"), ["STRASSE"], ["strase"]),
        (Watch("team/*"), ["team/a", "Team/b/c", "team/"], ["team", "a/team/b"]),
        (Watch("fra?d"), ["fraud", "Fra_d"], ["frad"]),
        (Watch("v[12]"), ["v1", "V2", "v[12]"], ["v3"]),
        (Watch("[odd"), ["[odd", "[ODD"], ["odd"]),
        (Watch("*"), ["fraud", "日本", ""], []),
        (Watch(""), [], ["fraud"]),
        (Watch("*", excepted=("test*", "Iris")), ["fraud"], ["test", "TEST-2", "iris"]),
        (Watch("team/*", excepted=("team/*/tmp",)), ["team/a"], ["team/a/tmp", "TEAM/b/TMP"]),
        (Watch("fraud", excepted=("fraud",)), [], ["fraud"]),
    ],
)
def test_a_watch_covers_experiments_by_name_or_pattern_whatever_their_case(watching, covered, left_out):
    assert [name for name in covered if not covers_experiment(watching, name)] == []
    assert [name for name in left_out if covers_experiment(watching, name)] == []


@pytest.mark.parametrize(
    ("experiments", "name", "expected"),
    [((), "fraud", True), (("fraud",), "FRAUD", True), (("iris", "fr*"), "fraud", True), (("iris",), "fraud", False)],
)
def test_a_digest_is_of_the_experiments_it_names_or_of_all(experiments, name, expected):
    assert Digest(WeeklySchedule((0,), time(12)), experiments).fits(name) is expected


@pytest.mark.parametrize(
    ("watching", "facts", "expected"),
    [
        (Watch("fraud"), {}, True),
        (Watch("fraud"), {"deleted": True}, False),
        (Watch("iris"), {}, False),
        (Watch("*", excepted=("fraud",)), {}, False),
        (Watch("fraud", user="Maya"), {"user": "maya"}, True),
        (Watch("fraud", user="maya"), {"user": "jonas"}, False),
        (Watch("fraud", only=OnlyRuns.FAILURES), {}, False),
        (Watch("fraud", only=OnlyRuns.FAILURES), {"status": Status.KILLED}, True),
        (Watch("fraud", only=OnlyRuns.FAILURES), {"status": Status.FAILED}, True),
    ],
)
def test_a_watch_fits_runs_by_what_they_are(watching, facts, expected):
    assert matches_run(watching, run(1, **facts)) is expected


@pytest.mark.parametrize(
    ("only", "facts", "is_best", "expected"),
    [
        (None, {}, False, True),
        (OnlyRuns.BETTER, {"metrics": {"accuracy": Metric(1.1)}}, False, True),
        (OnlyRuns.BETTER, {"metrics": {"accuracy": Metric(0.9)}}, False, False),
        (OnlyRuns.BETTER, {"metrics": {"accuracy": Metric(1.1)}, "status": Status.FAILED}, False, False),
        (OnlyRuns.WORSE, {"metrics": {"accuracy": Metric(0.9)}}, False, True),
        (OnlyRuns.WORSE, {"metrics": {}}, False, False),
        (OnlyRuns.NEW_BEST, {"metrics": {"accuracy": Metric(1.1)}}, True, True),
        (OnlyRuns.NEW_BEST, {"metrics": {"accuracy": Metric(1.1)}}, False, False),
        (OnlyRuns.NEW_BEST, {"status": Status.FAILED}, True, False),
        (OnlyRuns.FAILURES, {"status": Status.FAILED}, False, True),
    ],
)
def test_only_what_was_asked_for_is_wanted(only, facts, is_best, expected):
    new = run(2, **facts)
    assert matches_result(Watch("fraud", only=only), new, compare(OLD, new), is_best=is_best) is expected


def test_all_rules_have_to_hold():
    new = run(2, metrics={"accuracy": Metric(0.9)})
    low, high = MetricRule("accuracy", "<", 0.95), MetricRule("accuracy", ">", 0.95)
    assert matches_result(Watch("fraud", rules=(low,)), new, compare(OLD, new), is_best=False)
    assert not matches_result(Watch("fraud", rules=(low, high)), new, compare(OLD, new), is_best=False)


@pytest.mark.parametrize("only", [OnlyRuns.BETTER, OnlyRuns.WORSE])
def test_without_a_baseline_nothing_is_better_or_worse(only):
    assert not matches_result(Watch("fraud", only=only), OLD, None, is_best=False)
