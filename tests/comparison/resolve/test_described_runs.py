"""Runs that are told and not named: said → found."""

from datetime import UTC, datetime

import pytest

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import RequestError
from comparison.language.parser import parse
from comparison.resolve.runs import find_runs
from comparison.runs import Experiment, Goal, Metric, Run, Status
from comparison.tracking.source import ModelVersion
from tests.fakes.runs import FakeRuns

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
HOUR = 3_600_000
NOON = int(NOW.timestamp() * 1000)
FRAUD = Experiment("1", "fraud", {"cost": Goal.LOWER}, "auc", baseline="b1".ljust(32, "0"))
CHURN = Experiment("2", "churn")


def run(start, name, ago, experiment=FRAUD, *, user="ada", status=Status.FINISHED, parent="", lr="0.1", **metrics):
    ended = NOON - ago * HOUR
    return Run(
        start.ljust(32, "0"),
        name,
        experiment,
        status,
        ended - HOUR,
        None if status is Status.RUNNING else ended,
        user,
        parent_id=parent.ljust(32, "0") if parent else "",
        metrics={key: Metric(value, 1) for key, value in metrics.items()},
        parameters={"lr": lr},
    )


STORE = FakeRuns(
    [
        run("b1", "first", 100, auc=0.80, cost=9.0, size=3.0),
        run("b2", "strong", 30, user="grace", auc=0.93, cost=5.0, lr="0.2"),
        run("b3", "weak", 20, auc=0.60, cost=7.0, status=Status.FAILED),
        run("b4", "fresh", 2, user="grace hopper", auc=0.90, cost=6.0),
        run("b5", "busy", 1, status=Status.RUNNING, auc=0.10),
        run("c1", "other", 1, CHURN, f1_score=0.7, auc=0.99),
        run("d1", "grid", 50, CHURN),
        run("d2", "trial 1", 49, CHURN, parent="d1", f1_score=0.5),
        run("d3", "trial 2", 48, CHURN, parent="d1", f1_score=0.6),
    ],
    models=[
        (ModelVersion("scorer", "1", "b1".ljust(32, "0")), ["old"]),
        (ModelVersion("scorer", "2", "b2".ljust(32, "0")), ["champion"]),
        (ModelVersion("gone", "7", "e" * 32), ["lost"]),
        (ModelVersion("left", "1", "c1".ljust(32, "0")), ["shared"]),
        (ModelVersion("right", "1", "b4".ljust(32, "0")), ["shared"]),
    ],
)


def found(said, **defaults):
    request = parse(said)
    runs = request.runs if hasattr(request, "runs") else (request.run,)
    metric = request.metrics[0] if getattr(request, "metrics", ()) else ""
    sides = find_runs(
        runs,
        STORE,
        experiment=request.experiment,
        text=said,
        metric=metric,
        defaults=ChannelDefaults(**defaults),
        now=NOW,
    )
    return [f"{side.label} ({'; '.join(side.notes)})" if side.notes else side.label for side in sides]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("latest in fraud", ["fresh (latest to end in fraud)"]),
        ("latest", ["other (latest to end)"]),
        ("previous in fraud", ["weak (1 before the latest to end in fraud)"]),
        ("latest~2 in fraud", ["strong (2 before the latest to end in fraud)"]),
        ("latest by grace in fraud", ["strong (latest by grace in fraud)"]),  # exactly so called comes first
        ("latest by Ada in fraud", ["weak (latest by ada in fraud)"]),
        ("latest by hopper", ["fresh (latest by grace hopper)"]),
        ("best auc in fraud", ["strong (best auc in fraud)"]),
        ("best in fraud", ["strong (best auc in fraud)"]),  # the experiment's primary metric
        ("best cost in fraud", ["strong (best cost in fraud)"]),  # its goal is a tag: lower
        ("worst AUC in fraud", ["busy (worst auc in fraud)"]),
        ("best f1 score in churn", ["other (best f1_score in churn)"]),
        ("best in churn", ["other (best f1_score in churn; judged by f1_score, as most runs logged it)"]),
        ("best auc", ["other (best auc)"]),
        ("first vs best auc", ["first", "strong (best auc in fraud)"]),  # best where the other run is
        ("latest vs best by auc in fraud", ["fresh (latest to end in fraud)", "strong (best auc in fraud)"]),
        ("baseline vs fresh", ["first (the pinned baseline)", "fresh"]),  # pinned by a tag of the experiment
        ("champion", ["strong (version 2 @champion of scorer)"]),
        ("latest vs @champion in fraud", ["strong (version 2 @champion of scorer)", "fresh (latest to end in fraud)"]),
        ("fresh vs models:/scorer/1", ["first (version 1 of scorer)", "fresh"]),
        ("fresh vs models:/scorer@champion", ["strong (version 2 @champion of scorer)", "fresh"]),
        ("fresh vs @shared in churn", None),
        ("running vs fresh", ["busy (newest that still runs)", "fresh"]),
        ("yesterday’s vs fresh", None),
        ("sunday's vs fresh", ["weak (latest that ended Sunday, 22 November (UTC))", "fresh"]),
        ("fresh vs where params.lr = '0.2'", ["fresh", "strong (the only one where params.lr = '0.2')"]),
        (
            "fresh vs where metrics.auc > 0.7 in fraud",
            ["fresh", "fresh (newest of several where metrics.auc > 0.7)"],
        ),
        (
            "compare top 2 by auc in fraud",
            ["strong (number 1 of the best by auc in fraud)", "fresh (number 2 of the best by auc in fraud)"],
        ),
        ("first vs top 1 by auc", ["first", "strong (number 1 of the best by auc in fraud)"]),
        ("compare all in sweep grid", ["trial 2 (of sweep grid)", "trial 1 (of sweep grid)"]),
    ],
)
def test_a_run_is_found_as_people_tell_it(said, meant):
    if said.startswith("yesterday"):
        assert found(said) == found("sunday's vs fresh")
    elif said.startswith("fresh vs @shared"):
        with pytest.raises(RequestError):
            found(said)  # `fresh` is not in churn
    else:
        assert found(said) == meant


@pytest.mark.parametrize(
    ("said", "defaults", "meant"),
    [
        ("latest", {"experiment": "fraud"}, ["fresh (latest to end in fraud)"]),
        ("best", {"experiment": "fraud", "metric": "cost"}, ["strong (best cost in fraud)"]),
        ("best size in fraud", {"goals": {"size": Goal.LOWER}}, ["first (best size in fraud)"]),
        ("baseline vs fresh", {"pinned": "b2".ljust(32, "0")}, ["strong (the pinned baseline)", "fresh"]),
        ("latest in churn", {"experiment": "fraud"}, ["other (latest to end in churn)"]),
        ("other vs fresh", {"experiment": "fraud"}, ["other", "fresh"]),  # a name is looked for everywhere
    ],
)
def test_what_the_channel_agreed_on_counts_where_the_request_says_nothing(said, defaults, meant):
    assert found(said, **defaults) == meant


@pytest.mark.parametrize(
    ("said", "problem", "near"),
    [
        ("latest~9 in fraud", "Only 4 runs have ended in fraud.", ()),
        ("latest by zoe", "zoe has no run that ended.", None),
        ("latest by gra", "Several users are called like gra.", ("grace", "grace hopper")),
        ("best nonsense in fraud", "No run in fraud logged a metric called nonsense.", None),
        ("best acu in fraud", "No run in fraud logged a metric called acu.", ("auc",)),
        ("best size in fraud", "No goal is known for size: higher or lower?", ()),
        ("baseline vs other", "No baseline is pinned here.", ()),
        ("fresh vs @nobody", "No registered model has the alias @nobody.", ()),
        ("fresh vs models:/scorer@nobody", "The model scorer has no @nobody.", ()),
        ("fresh vs models:/scorer/99", "The model scorer has no version 99.", ()),
        ("fresh vs @lost", "No run is behind gone @lost.", ()),
        ("fresh vs @shared", "Several models have the alias @shared.", ("models:/left@shared", "models:/right@shared")),
        ("other vs running in churn", "Nothing is running in churn.", ()),
        ("fresh vs where params.lr = '9'", "No run fits params.lr = '9'.", ()),
        ("fresh vs where params.lr LIKE 9", "Expected a quoted string", None),
        ("tuesday's vs fresh", "No run ended on Tuesday, 17 November (UTC).", ()),
        ("compare all in sweep fresh", "fresh has no child runs: it is no sweep.", ()),
    ],
)
def test_what_cannot_be_found_says_why(said, problem, near):
    with pytest.raises(RequestError) as caught:
        found(said)
    assert problem in caught.value.problem
    assert near is None or caught.value.near == near
    assert caught.value.text == said


def test_a_pinned_baseline_that_is_gone_says_so():
    with pytest.raises(RequestError, match="pinned baseline eeeeeeee… is gone"):
        found("baseline vs fresh", pinned="e" * 32)
