"""Runs that ended, judged by the noise of earlier repeats; watches for clear differences and for several seeds."""

import pytest

from comparison.errors import TrackingUnavailable
from comparison.notifications.grouping import group_runs
from comparison.notifications.message import MessageKind, Unwanted
from comparison.past_repeats import RepeatsCache
from comparison.reports.news import news_report
from comparison.run_reference import Named
from comparison.runs import Status
from comparison.watch import OnlyRuns, Subscription, Watch
from tests.comparison.notifications.newsroom import forest, told
from tests.comparison.queries.team import HOUR, MINUTE, NOW, NOW_MS, a_run
from tests.fakes.runs import FakeRuns

SMALL = [0.912, 0.908, 0.915, 0.910, 0.905]
LARGE = [0.921, 0.925, 0.918, 0.923, 0.919]
BY_AUC = Watch("fraud", metrics=("val_auc",))


def seeds(name, values, ended, **facts):
    """Runs of one configuration, a seed a value, that ended a minute one after the other; the last `ended` ago."""
    return [
        a_run(
            f"{name}-seed-{seed}",
            ended=ended + (len(values) - 1 - seed) * MINUTE,
            metrics={"val_auc": value},
            parameters={"width": name, "seed": str(seed)},
            **facts,
        )
        for seed, value in enumerate(values)
    ]


PAST = seeds("mlp-32", SMALL, 5 * HOUR)


def heard(*runs, watch=BY_AUC, **more):
    return told(*runs, watch=watch, past=RepeatsCache(), **more)


def headline(*runs, **more):
    return news_report(heard(*runs, **more).news, now=NOW).headline


def is_wanted(*runs, **terms):
    return not isinstance(heard(*runs, watch=Watch("fraud", metrics=("val_auc",), **terms)), Unwanted)


def test_a_run_is_judged_by_the_noise_of_earlier_repeats_and_what_would_tell_is_said():
    found = news_report(heard(*PAST, forest(9, MINUTE, 0.907)).news, now=NOW)
    assert found.headline == (
        "❔ Cannot tell rf-9 in fraud from mlp-32-seed-4: val_auc 0.9050 → 0.9070 "
        "(+0.0020; runs here must differ by 0.0202 to tell)"
    )
    assert [step.text for step in found.steps] == [
        "To see a difference of this size run about 58 seeds a side (val_auc)"
    ]


@pytest.mark.parametrize(
    ("value", "terms", "wanted"),
    [
        (0.907, {}, True),
        (0.907, {"only_clear": True}, False),
        (0.95, {"only_clear": True}, True),
        (0.85, {"only_clear": True}, True),
        (0.907, {"only": OnlyRuns.BETTER}, True),
        (0.95, {"only": OnlyRuns.BETTER, "only_clear": True}, True),
        (0.85, {"only": OnlyRuns.BETTER, "only_clear": True}, False),
        (0.85, {"only": OnlyRuns.WORSE, "only_clear": True}, True),
        (0.916, {"only": OnlyRuns.NEW_BEST}, True),
        (0.916, {"only": OnlyRuns.NEW_BEST, "only_clear": True}, False),
        (0.95, {"only": OnlyRuns.NEW_BEST, "only_clear": True}, True),
    ],
)
def test_only_what_is_clear_is_told_where_a_watch_asks_for_that(value, terms, wanted):
    assert is_wanted(*PAST, forest(9, MINUTE, value), **terms) is wanted


def test_what_nobody_knows_the_noise_of_is_not_clear_and_a_failure_neither():
    assert not is_wanted(*PAST[:3], forest(9, MINUTE, 0.95), only_clear=True)
    assert not is_wanted(*PAST, forest(9, MINUTE, 0.95, status=Status.FAILED), only_clear=True)


def test_of_a_burst_only_clear_differences_are_told():
    burst = [forest(number, number * MINUTE, value) for number, value in ((3, 0.906), (2, 0.908), (1, 0.95))]
    source, ids = FakeRuns([*PAST, *burst]), [run.run_id for run in burst]
    watch = Watch("fraud", against="previous", metrics=("val_auc",), only_clear=True)
    found = heard(watch=watch, kind=MessageKind.BURST, ids=ids, source=source)
    assert [run.name for run in found.news.groups[0].runs] == ["rf-1"]


def test_a_new_best_of_a_burst_within_noise_of_the_record_says_so():
    burst = forest(1, MINUTE, 0.918)
    found = heard(kind=MessageKind.BURST, ids=[burst.run_id], source=FakeRuns([*PAST, burst]))
    best = next(line.text for part in news_report(found.news, now=NOW).sections for line in part.lines)
    assert best == (
        "0.918 (+0.003), the record before: 0.915, mlp-32-seed-2, "
        "but within noise of the record: runs here must differ by 0.0202 to tell"
    )


# When N seeds are in


FIVE = Watch("fraud", metrics=("val_auc",), seeds=5)


def test_five_seeds_are_told_of_once_all_are_in_as_a_group_against_the_repeats_of_other_parameters():
    new = seeds("mlp-64", LARGE, MINUTE)
    assert isinstance(heard(*PAST, *new[:4], watch=FIVE), Unwanted)
    found = news_report(heard(*PAST, *new, watch=FIVE).news, now=NOW)
    assert found.headline == (
        "✅ mlp-64 in fraud is better than mlp-32: val_auc 0.9100 → 0.9212 "
        "(+0.0112, 95 %: +0.0045 to +0.0179; 5 seeds each, paired)"
    )
    assert "all 5 seeds are in, the last was mlp-64-seed-4" in found.summary
    assert "against mlp-32 (the newest repeats of other parameters)" in found.summary


def test_a_sixth_seed_and_a_rerun_are_not_told_of_again_and_the_sixth_does_not_count():
    new = seeds("mlp-64", [*LARGE, 0.5], MINUTE)
    facts = {"metrics": {"val_auc": 0.9}, "parameters": dict(new[2].parameters)}
    again = a_run("mlp-64-seed-2", run_id="a" * 32, ended=0, **facts)
    source = FakeRuns([*PAST, *new, again])
    for run in (new[5], again):
        assert isinstance(heard(watch=FIVE, source=source, ids=[run.run_id]), Unwanted)
    fifth = heard(watch=FIVE, source=source, ids=[new[4].run_id]).news
    assert {run.run_id for run in fifth.seeds.runs} == {run.run_id for run in (*new[:2], *new[3:5], again)}


def test_failed_seeds_are_not_in():
    new = [*seeds("mlp-64", LARGE[:4], MINUTE), *seeds("mlp-64", LARGE, 0, status=Status.FAILED)[4:]]
    assert isinstance(heard(*PAST, *new, watch=FIVE), Unwanted)


def test_seeds_are_held_against_the_repeats_of_the_baseline_that_the_watch_asks_for():
    other = seeds("mlp-16", [0.80, 0.82, 0.81], 2 * HOUR)
    watch = Watch("fraud", metrics=("val_auc",), seeds=5, against="run", baseline=Named("mlp-32-seed-1"))
    new = seeds("mlp-64", LARGE, MINUTE)
    assert " is better than mlp-16: " in headline(*PAST, *other, *new, watch=FIVE)
    assert " is better than mlp-32: " in headline(*PAST, *other, *new, watch=watch)


def test_seeds_with_nothing_to_hold_them_against_are_told_with_their_mean():
    found = news_report(heard(*seeds("mlp-64", LARGE, MINUTE), watch=FIVE).news, now=NOW)
    assert found.headline == "All 5 seeds of mlp-64 in fraud are in: val_auc 0.9212 ± 0.0029 (5)"
    assert "No other repeats of fraud ended before." in found.summary


@pytest.mark.parametrize(
    ("values", "terms", "wanted"),
    [
        (LARGE, {"only_clear": True}, True),
        ([value - 0.0001 for value in SMALL[::-1]], {"only_clear": True}, False),
        (LARGE, {"only": OnlyRuns.WORSE}, False),
        (LARGE, {"only": OnlyRuns.BETTER, "only_clear": True}, True),
    ],
)
def test_seeds_are_told_of_as_the_watch_asks(values, terms, wanted):
    assert is_wanted(*PAST, *seeds("mlp-64", values, MINUTE), seeds=5, **terms) is wanted


def test_that_seeds_cannot_be_counted_is_raised_to_be_asked_again():
    class Slow(FakeRuns):
        def part(self, *_args, **_more):
            raise TrackingUnavailable("MLflow is away.")

    runs = [*PAST, *seeds("mlp-64", LARGE, MINUTE)]
    ids = [runs[-1].run_id]
    with pytest.raises(TrackingUnavailable):
        heard(watch=FIVE, source=Slow(runs), ids=ids)
    assert not isinstance(heard(source=Slow(runs), ids=ids), Unwanted)  # of a single run only the noise is missing


def test_runs_that_are_only_counted_get_no_place_in_a_burst():
    subscription = Subscription("w", "T", "C1", FIVE, NOW_MS - 100 * HOUR)
    runs = [*PAST, *seeds("mlp-64", LARGE, MINUTE)]
    found = group_runs([subscription], runs, (), now=NOW_MS)
    assert [(each.kind, len(each.run_ids)) for each in found] == [(MessageKind.RUN, 1)] * 10
