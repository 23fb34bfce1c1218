"""Whether a watch wants to hear of a run."""

from datetime import time

import pytest

from comparison.comparing import compare
from comparison.runs import Experiment, Metric, Run, Status
from comparison.watching.fitting import covers, fits, is_wanted
from comparison.watching.hours import Hours
from comparison.watching.rules import Rule
from comparison.watching.watch import Digest, Only, Watching


def run(number, **facts):
    facts = {"status": Status.FINISHED, "metrics": {"accuracy": Metric(1.0)}} | facts
    return Run(f"{number:032x}", f"run-{number}", Experiment("7", "fraud"), **facts)


OLD = run(1)


@pytest.mark.parametrize(
    ("watching", "covered", "left_out"),
    [
        (Watching("fraud"), ["fraud", "FRAUD"], ["fr", "fraud2", ""]),
        (Watching("FRAUD"), ["fraud"], []),
        (Watching("straße"), ["STRASSE"], ["strase"]),
        (Watching("team/*"), ["team/a", "Team/b/c", "team/"], ["team", "a/team/b"]),
        (Watching("fra?d"), ["fraud", "Fra_d"], ["frad"]),
        (Watching("v[12]"), ["v1", "V2", "v[12]"], ["v3"]),
        (Watching("[odd"), ["[odd", "[ODD"], ["odd"]),
        (Watching("*"), ["fraud", "日本", ""], []),
        (Watching(""), [], ["fraud"]),
        (Watching("*", excepted=("test*", "Iris")), ["fraud"], ["test", "TEST-2", "iris"]),
        (Watching("team/*", excepted=("team/*/tmp",)), ["team/a"], ["team/a/tmp", "TEAM/b/TMP"]),
        (Watching("fraud", excepted=("fraud",)), [], ["fraud"]),
    ],
)
def test_a_watch_covers_experiments_by_name_or_pattern_whatever_their_case(watching, covered, left_out):
    assert [name for name in covered if not covers(watching, name)] == []
    assert [name for name in left_out if covers(watching, name)] == []


@pytest.mark.parametrize(
    ("experiments", "name", "expected"),
    [((), "fraud", True), (("fraud",), "FRAUD", True), (("iris", "fr*"), "fraud", True), (("iris",), "fraud", False)],
)
def test_a_digest_is_of_the_experiments_it_names_or_of_all(experiments, name, expected):
    assert Digest(Hours((0,), time(12)), experiments).fits(name) is expected


@pytest.mark.parametrize(
    ("watching", "facts", "expected"),
    [
        (Watching("fraud"), {}, True),
        (Watching("fraud"), {"deleted": True}, False),
        (Watching("iris"), {}, False),
        (Watching("*", excepted=("fraud",)), {}, False),
        (Watching("fraud", user="Maya"), {"user": "maya"}, True),
        (Watching("fraud", user="maya"), {"user": "jonas"}, False),
        (Watching("fraud", only=Only.FAILURES), {}, False),
        (Watching("fraud", only=Only.FAILURES), {"status": Status.KILLED}, True),
        (Watching("fraud", only=Only.FAILURES), {"status": Status.FAILED}, True),
    ],
)
def test_a_watch_fits_runs_by_what_they_are(watching, facts, expected):
    assert fits(watching, run(1, **facts)) is expected


@pytest.mark.parametrize(
    ("only", "facts", "is_best", "expected"),
    [
        (None, {}, False, True),
        (Only.BETTER, {"metrics": {"accuracy": Metric(1.1)}}, False, True),
        (Only.BETTER, {"metrics": {"accuracy": Metric(0.9)}}, False, False),
        (Only.BETTER, {"metrics": {"accuracy": Metric(1.1)}, "status": Status.FAILED}, False, False),
        (Only.WORSE, {"metrics": {"accuracy": Metric(0.9)}}, False, True),
        (Only.WORSE, {"metrics": {}}, False, False),
        (Only.NEW_BEST, {"metrics": {"accuracy": Metric(1.1)}}, True, True),
        (Only.NEW_BEST, {"metrics": {"accuracy": Metric(1.1)}}, False, False),
        (Only.NEW_BEST, {"status": Status.FAILED}, True, False),
        (Only.FAILURES, {"status": Status.FAILED}, False, True),
    ],
)
def test_only_what_was_asked_for_is_wanted(only, facts, is_best, expected):
    new = run(2, **facts)
    assert is_wanted(Watching("fraud", only=only), new, compare(OLD, new), is_best=is_best) is expected


def test_all_rules_have_to_hold():
    new = run(2, metrics={"accuracy": Metric(0.9)})
    low, high = Rule("accuracy", "<", 0.95), Rule("accuracy", ">", 0.95)
    assert is_wanted(Watching("fraud", rules=(low,)), new, compare(OLD, new), is_best=False)
    assert not is_wanted(Watching("fraud", rules=(low, high)), new, compare(OLD, new), is_best=False)


@pytest.mark.parametrize("only", [Only.BETTER, Only.WORSE])
def test_without_a_baseline_nothing_is_better_or_worse(only):
    assert not is_wanted(Watching("fraud", only=only), OLD, None, is_best=False)
