from dataclasses import replace

import pytest

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import FilterRefused, TrackingUnavailable
from comparison.notifications.message import MessageKind, Unwanted
from comparison.notifications.news import MOST, example_news
from comparison.run_reference import Latest, Leading, Named, Registered
from comparison.runs import Goal, Metric, Status
from comparison.tracking.source import ModelVersion
from comparison.watch import MetricRule, OnlyRuns, Watch
from tests.comparison.notifications.newsroom import BEST, BROKE, PAST, POOR, baseline, forest, news, told
from tests.comparison.queries.team import DAY, FRAUD, HOUR, IRIS, MINUTE, NOW, NOW_MS, a_run, silent
from tests.fakes.runs import FakeRuns

PARENT = a_run("lr-search", ended=None, ran=5 * HOUR)
TRIALS = [
    forest(number, number * MINUTE, round(0.80 + number / 1000, 3), parent_id=PARENT.run_id) for number in range(20, 57)
]
GOING = [a_run(f"trial-{number}", ran=HOUR, parent_id=PARENT.run_id) for number in range(23)]
LOST = [forest(number, number * MINUTE, status=Status.FAILED, parent_id=PARENT.run_id) for number in range(90, 93)]


def ids(runs):
    return [run.run_id for run in runs]


def sweep(*runs, parent=PARENT, **more):
    over = [run for run in runs if run.status not in (Status.RUNNING, Status.SCHEDULED)]
    source = more.pop("source", None) or FakeRuns([*PAST, parent, *runs])
    return told(kind=MessageKind.SWEEP, ids=ids(over), parent_id=PARENT.run_id, source=source, **more)


def burst(*runs, **more):
    return told(kind=MessageKind.BURST, ids=ids(runs), source=FakeRuns([*PAST, *runs]), **more)


# The baseline


def test_a_run_is_held_against_the_last_to_finish_before_it():
    failed = forest(9, 2 * HOUR, status=Status.FAILED)
    later = forest(15, 0, 0.99)
    assert baseline(*PAST, failed, later, POOR) == ("rf-8", "previous run")


def test_what_finished_after_a_run_is_not_before_it_however_late_it_is_told():
    assert baseline(*PAST, BEST, PAST[4]) == ("rf-4", "previous run")


def test_where_none_finished_a_run_is_held_against_the_last_to_end():
    failed = forest(9, 2 * HOUR, 0.5, status=Status.FAILED)
    assert baseline(failed, POOR) == ("rf-9", "previous run to end; none finished")


def test_the_first_run_of_an_experiment_stands_alone_and_it_is_said_why():
    alone = news(BEST)
    assert (alone.comparison, alone.why_alone) == (None, "No run of fraud ended before.")


def test_a_run_before_that_shares_no_metric_gives_way_to_one_that_does():
    other = forest(9, HOUR, metrics={"rows": 5.0})
    assert baseline(*PAST, other, POOR) == ("rf-8", "previous run like this one")


def test_a_trial_of_a_sweep_gives_way_to_a_run_that_stands_for_itself():
    assert baseline(*PAST, forest(9, HOUR, 0.5, parent_id="f" * 32), POOR)[0] == "rf-8"


def test_the_channels_pinned_baseline_goes_before_the_experiments():
    tagged = [replace(run, experiment=replace(FRAUD, baseline=PAST[1].run_id)) for run in [*PAST, POOR]]
    assert baseline(*tagged) == ("rf-2", "the pinned baseline")
    assert baseline(*tagged, defaults=ChannelDefaults(pinned=PAST[3].run_id)) == ("rf-4", "the pinned baseline")


def test_a_pinned_baseline_of_another_experiment_counts_only_where_the_watch_asks_for_it():
    flower = a_run("flower", ended=HOUR, experiment=IRIS, metrics={"val_auc": 0.5})
    pinned = ChannelDefaults(pinned=flower.run_id)
    assert baseline(flower, *PAST, POOR, defaults=pinned)[0] == "rf-8"
    assert baseline(flower, *PAST, POOR, defaults=pinned, watch=Watch("fraud", against="baseline"))[0] == "flower"


@pytest.mark.parametrize("against", ["", "baseline"])
def test_a_pinned_baseline_that_is_gone_is_said_and_the_run_before_stands_in(against):
    told_ = news(*PAST, POOR, defaults=ChannelDefaults(pinned="f" * 32), watch=Watch("fraud", against=against))
    assert told_.comparison.baseline.label == "rf-8"
    assert told_.doubts == ("The pinned baseline ffffffff… is gone from MLflow. The run before stands in.",)


def test_no_run_is_held_against_itself():
    pinned = ChannelDefaults(pinned=POOR.run_id)
    assert baseline(*PAST, POOR, defaults=pinned)[0] == "rf-8"
    assert baseline(*PAST, BEST, watch=Watch("fraud", against="best"))[0] == "rf-8"
    assert baseline(*PAST, POOR, watch=Watch("fraud", against="run", baseline=Named("rf-13")))[0] == "rf-8"


def test_the_best_is_the_best_before_the_run():
    first = [forest(7, 9 * HOUR, 0.95), *PAST[4:]]
    assert baseline(*first, POOR, watch=Watch("fraud", against="best")) == ("rf-7", "best val_auc before")


def test_the_best_is_by_the_watchs_metric_and_the_channels_goal():
    costs = [forest(n, n * HOUR, metrics={"cost": float(n), "auc": 0.5}) for n in range(1, 4)]
    run = forest(9, MINUTE, metrics={"cost": 9.0, "auc": 0.5})
    watch = Watch("fraud", against="best", metrics=("cost",))
    assert baseline(*costs, run, watch=watch)[0] == "rf-1"
    assert baseline(*costs, run, watch=watch, defaults=ChannelDefaults(goals={"cost": Goal.HIGHER}))[0] == "rf-3"


def test_without_a_goal_there_is_no_best_and_it_is_said():
    odd = [forest(n, n * HOUR, metrics={"magic": float(n)}) for n in range(1, 4)]
    told_ = news(*odd, forest(9, MINUTE, metrics={"magic": 9.0}), watch=Watch("fraud", against="best"))
    assert told_.comparison.baseline.label == "rf-1"
    assert told_.doubts[0].startswith("No best by a metric with a known goal is known in fraud")


@pytest.mark.parametrize(
    ("reference", "label"),
    [
        (Named("rf-3"), "rf-3"),
        (Named(PAST[1].run_id), "rf-2"),
        (Registered(alias="champion"), "rf-5"),
        (Latest(), "rf-8"),
        (Leading("val_auc"), "rf-8"),
    ],
)
def test_a_named_run_is_found_as_elsewhere(reference, label):
    source = FakeRuns([*PAST, POOR], models=[(ModelVersion("fraud", "1", PAST[4].run_id), ["champion"])])
    watch = Watch("fraud", against="run", baseline=reference)
    assert baseline(*PAST, POOR, source=source, watch=watch)[0] == label


def test_a_named_run_that_is_gone_is_said_and_the_run_before_stands_in():
    told_ = news(*PAST, POOR, watch=Watch("fraud", against="run", baseline=Named("nobody")))
    assert told_.doubts == ("There is no run called nobody. The run before stands in.",)


# What is wanted


def test_the_first_watch_that_wants_it_says_how_it_is_told():
    watches = [("one", Watch("fraud", only=OnlyRuns.BETTER)), ("two", Watch("fraud", against="best"))]
    assert told(*PAST, POOR, watch=watches).watch_id == "two"
    assert told(*PAST, BEST, watch=watches).watch_id == "one"


@pytest.mark.parametrize(
    ("watch", "run", "is_wanted"),
    [
        (Watch("fraud", only=OnlyRuns.BETTER), BEST, True),
        (Watch("fraud", only=OnlyRuns.BETTER), POOR, False),
        (Watch("fraud", only=OnlyRuns.WORSE), POOR, True),
        (Watch("fraud", only=OnlyRuns.NEW_BEST), BEST, True),
        (Watch("fraud", only=OnlyRuns.NEW_BEST), POOR, False),
        (Watch("fraud", only=OnlyRuns.FAILURES), BROKE, True),
        (Watch("fraud", only=OnlyRuns.FAILURES), POOR, False),
        (Watch("fraud", rules=(MetricRule("val_auc", "<", 0.9),)), POOR, True),
        (Watch("fraud", rules=(MetricRule("val_auc", "<", 0.9),)), BEST, False),
        (Watch("fraud", rules=(MetricRule("val_auc", "drops", 2, is_percent=True),)), POOR, True),
        (Watch("fraud", where="params.depth = '13'"), POOR, True),
        (Watch("fraud", where="params.depth = '14'"), POOR, False),
        (Watch("iris"), POOR, False),
        (Watch("fraud", user="ada"), POOR, False),
    ],
)
def test_a_watch_hears_only_of_what_it_asks_for(watch, run, is_wanted):
    assert isinstance(told(*PAST, run, watch=watch), Unwanted) is not is_wanted


def test_a_filter_that_mlflow_takes_no_more_hides_no_run():
    class Stricter(FakeRuns):
        def fitting(self, *_asked):
            raise FilterRefused("MLflow does not take this filter.")

    told_ = news(*PAST, POOR, source=Stricter([*PAST, POOR]), watch=Watch("fraud", where="tags.`a`='b'"))
    assert told_.doubts[0].endswith("so that it fits every run. MLflow does not take this filter.")


def test_a_run_that_fits_a_filter_is_rather_held_against_one_that_does():
    mine = [replace(run, tags={"kind": "big"} if run.name in ("rf-3", "rf-13") else {}) for run in [*PAST, POOR]]
    watch = Watch("fraud", where="tags.kind = 'big'")
    assert baseline(*mine, watch=watch) == ("rf-3", "previous run like this one")


def test_runs_that_are_gone_and_watches_that_are_gone_are_no_news():
    assert told(*PAST, ids=["f" * 32]) == Unwanted("The run is gone from MLflow.")
    assert told(*PAST, replace(POOR, deleted=True)) == Unwanted("The run was deleted in MLflow.")
    assert isinstance(told(*PAST, POOR, watch=[]), Unwanted)
    assert isinstance(told(kind=MessageKind.BURST, ids=["f" * 32], source=FakeRuns(PAST)), Unwanted)
    assert isinstance(told(kind=MessageKind.SWEEP, ids=["f" * 32], parent_id="e" * 32, source=FakeRuns(PAST)), Unwanted)


@pytest.mark.parametrize("parent", ["it's", "both ' \"", "' OR tags.x = '", "ends\\"])
def test_a_sweep_is_told_whatever_its_parent_is_called(parent):
    trials = [forest(number, number * MINUTE, 0.8, parent_id=parent) for number in (20, 21)]
    others = [forest(22, MINUTE, 0.9, parent_id="another")]
    found = told(kind=MessageKind.SWEEP, ids=ids(trials), parent_id=parent, source=FakeRuns([*trials, *others])).news
    assert dict(found.groups[0].counts) == {"FINISHED": 2}


@pytest.mark.parametrize("kind", [MessageKind.RUN, MessageKind.SWEEP, MessageKind.BURST, MessageKind.DEAD])
def test_that_mlflow_does_not_answer_is_raised_to_be_asked_again(kind):
    with pytest.raises(TrackingUnavailable):
        told(POOR, kind=kind, parent_id=PARENT.run_id, source=FakeRuns([POOR], down="MLflow did not answer."))


def test_a_message_takes_a_handful_of_questions():
    source = FakeRuns([*PAST, POOR])
    told(POOR, source=source)
    assert source.asked == ["get", "versions_of", "search"] or sorted(source.asked) == ["get", "search", "versions_of"]


def test_many_watches_that_ask_the_same_ask_it_once():
    source = FakeRuns([*PAST, POOR])
    watches = [(str(n), Watch("fraud", only=OnlyRuns.BETTER, where="params.depth = '13'")) for n in range(20)]
    told(POOR, watch=watches, source=source)
    assert source.asked.count("fitting") == 1
    assert len(source.asked) <= 5


# What is known of it


def test_a_new_best_comes_with_the_one_before():
    found = news(*PAST, BEST)
    assert (found.is_best, found.best_by.metric, found.best_before.name) == (True, "val_auc", "rf-8")


def test_a_run_that_only_equals_the_best_is_no_new_best():
    assert not news(*PAST, forest(9, MINUTE, 0.908)).is_best


def test_a_best_stays_one_when_a_better_run_ended_after_it():
    assert news(*PAST, forest(20, 0, 0.99), BEST).is_best


def test_the_best_before_is_exact_among_more_runs_than_are_looked_at():
    old = forest(99, 9 * DAY, 0.99)
    many = [forest(n, n * MINUTE, 0.9) for n in range(2, 60)]
    assert not news(old, *many, BEST).is_best
    assert news(old, *many, BEST).best_before == old


def test_a_run_that_did_not_finish_is_no_best():
    assert not news(*PAST, replace(BEST, status=Status.FAILED)).is_best


def test_a_failure_comes_with_how_far_it_and_its_siblings_came():
    found = news(*PAST, BROKE).failure
    assert (found.ran, found.last_metric, found.last_value, found.last_step) == (12 * MINUTE, "val_loss", 0.7, 34)
    assert (found.usual, found.siblings, found.usual_step) == (HOUR, 8, 100)


def test_a_failure_without_anything_to_go_by_says_so():
    bare = replace(BROKE, metrics={}, ended_at=None)
    found = news(bare).failure
    assert (found.ran, found.last_metric, found.usual, found.siblings) == (None, "", None, 0)


def test_a_run_that_says_it_finished_without_what_all_before_it_logged_is_flagged():
    assert news(*PAST, forest(9, MINUTE, metrics={"val_loss": 0.5})).lacking == ("val_auc",)
    assert news(*PAST, forest(9, MINUTE, metrics={})).lacking == ("val_auc", "val_loss")
    assert news(*PAST, BEST).lacking == ()
    assert news(*PAST, BROKE).lacking == ()


def test_two_runs_before_are_too_few_to_say_what_a_run_should_log():
    assert news(*PAST[:2], forest(9, MINUTE, metrics={})).lacking == ()


def test_registered_versions_are_told_and_a_server_without_a_registry_is_no_problem():
    class Bare(FakeRuns):
        def versions_of(self, *_asked):
            raise TrackingUnavailable("There is no registry.")

    version = ModelVersion("fraud", "7", POOR.run_id)
    assert news(POOR, source=FakeRuns([*PAST, POOR], models=[(version, [])])).versions == (version,)
    assert news(POOR, source=Bare([*PAST, POOR])).versions == ()


def test_the_owner_is_named_where_any_watch_that_wants_it_asks_for_that():
    asking = ("two", Watch("fraud", mentions_owner=True))
    assert news(*PAST, POOR, watch=[("one", Watch("fraud")), asking]).owner == "maya"
    assert news(*PAST, POOR).owner == ""
    assert news(*PAST, replace(POOR, tags={"slack_user": "U0MAYA"}), watch=[asking]).owner == "U0MAYA"


def test_metrics_that_a_watch_names_are_found_whatever_their_case():
    assert news(*PAST, POOR, watch=Watch("fraud", metrics=("VAL AUC", "nothing"))).metrics == ("val_auc",)


def test_an_example_is_told_also_of_a_run_that_is_not_wanted():
    source = FakeRuns([*PAST, POOR])
    watch = Watch("fraud", only=OnlyRuns.NEW_BEST, mentions_owner=True)
    found = example_news(POOR, watch, source, now=NOW, defaults=ChannelDefaults())
    assert (found.run, found.comparison.baseline.label, found.owner) == (POOR, "rf-8", "")


# Sweeps and bursts


def test_a_sweep_is_counted_with_the_trials_that_still_run():
    found = sweep(*TRIALS, *GOING, *LOST).news
    (group,) = found.groups
    assert dict(group.counts) == {"FINISHED": 37, "RUNNING": 23, "FAILED": 3}
    assert (group.best.name, group.is_new_best, group.best_before.name) == ("rf-56", False, "rf-6")
    assert (group.low, group.high, group.valued, found.is_over) == (0.82, 0.856, 37, False)


@pytest.mark.parametrize(
    ("parent", "running", "is_final", "is_over"),
    [
        (PARENT, (), False, False),
        (replace(PARENT, status=Status.FINISHED), (), False, True),
        (replace(PARENT, status=Status.FINISHED), GOING, False, False),
        (PARENT, GOING, True, True),
    ],
)
def test_a_sweep_is_over_when_its_parent_ended_and_no_trial_runs_or_when_it_is_told_so(
    parent, running, is_final, is_over
):
    assert sweep(*TRIALS, *running, parent=parent, is_final=is_final).news.is_over is is_over


def test_a_sweep_without_its_parent_is_told_all_the_same():
    source = FakeRuns([*PAST, *TRIALS])
    found = sweep(*TRIALS, source=source).news
    assert (found.parent, found.groups[0].best.name, found.is_over) == (None, "rf-56", True)


def test_a_sweep_is_held_against_what_ended_before_it_began():
    better = forest(70, 4 * HOUR, 0.99)
    assert not sweep(*TRIALS, source=FakeRuns([*PAST, PARENT, *TRIALS, better])).news.groups[0].is_new_best


def test_without_a_goal_a_sweep_has_no_best():
    odd = [replace(run, metrics={"magic": Metric(float(n))}) for n, run in enumerate(TRIALS)]
    (group,) = sweep(*odd, source=FakeRuns([PARENT, *odd])).news.groups
    assert (group.best, group.by.metric, group.high) == (None, "magic", 36.0)


def test_thousands_of_trials_take_a_bounded_number_of_questions_and_the_best_is_exact():
    many = [replace(TRIALS[0], run_id=f"{n:032x}", name=f"t{n}", ended_at=NOW_MS - n) for n in range(MOST + 500)]
    many[0] = replace(many[0], started_at=1, metrics={"val_auc": Metric(0.999)})  # the oldest: it is cut off
    source = FakeRuns([PARENT, *many])
    found = told(kind=MessageKind.SWEEP, ids=ids(many), parent_id=PARENT.run_id, source=source).news
    assert (found.is_cut, found.groups[0].best.name) == (True, "t0")
    assert len(source.asked) <= 6


def test_a_sweep_is_no_news_where_no_trial_is_wanted():
    assert isinstance(sweep(*TRIALS, watch=Watch("fraud", only=OnlyRuns.FAILURES)), Unwanted)
    found = sweep(*TRIALS, *LOST, watch=Watch("fraud", only=OnlyRuns.FAILURES)).news
    assert (found.groups[0].counts["FINISHED"], found.unwanted) == (37, 37)


def test_a_burst_is_told_by_experiment_and_only_what_is_wanted_counts():
    flowers = [a_run(f"flower-{n}", ended=n * MINUTE, experiment=IRIS, metrics={"acc": n / 10}) for n in range(1, 4)]
    found = burst(BEST, POOR, BROKE, *flowers, watch=Watch("*")).news
    assert [(group.experiment.name, sum(group.counts.values())) for group in found.groups] == [
        ("fraud", 3),
        ("iris", 3),
    ]
    better = burst(BEST, POOR, *flowers, watch=Watch("fraud", only=OnlyRuns.BETTER)).news
    assert ([run.name for run in better.groups[0].runs], better.unwanted) == (["rf-12"], 4)


def test_a_burst_of_which_nothing_is_wanted_is_no_news():
    assert isinstance(burst(POOR, BROKE, watch=Watch("fraud", only=OnlyRuns.NEW_BEST)), Unwanted)


def test_of_a_burst_only_those_are_new_bests_that_were_when_they_ended():
    first, second, third = (forest(30 + n, (9 - n) * MINUTE, auc) for n, auc in enumerate((0.95, 0.94, 0.96)))
    found = burst(first, second, third, watch=Watch("fraud", only=OnlyRuns.NEW_BEST))
    assert sorted(found.run_ids) == sorted([first.run_id, third.run_id])


@pytest.mark.parametrize("against", ["", "previous", "best"])
def test_of_a_burst_each_run_is_judged_against_what_ended_before_it_in_the_burst_too(against):
    first, second, third = (forest(30 + n, (9 - n) * MINUTE, auc) for n, auc in enumerate((0.97, 0.95, 0.98)))
    found = burst(first, second, third, watch=Watch("fraud", against=against, only=OnlyRuns.BETTER))
    assert sorted(found.run_ids) == sorted([first.run_id, third.run_id])


def test_a_burst_of_a_quiet_night_says_so():
    assert burst(BEST, POOR, was_quiet=True).news.was_quiet


# Silence


def test_a_run_seems_dead_as_long_as_it_says_nothing():
    gone = silent("gone", heard=3 * HOUR, step=100)
    found = told(gone, kind=MessageKind.DEAD, silent_since=NOW_MS - 3 * HOUR)
    assert (found.news.silent, found.news.usual) == (3 * HOUR, (2 * DAY - 3 * HOUR) // 100)
    again = silent("gone", heard=MINUTE, step=101)
    assert told(again, kind=MessageKind.DEAD, silent_since=NOW_MS - 3 * HOUR) == Unwanted("It logs again.")
    assert isinstance(told(POOR, kind=MessageKind.DEAD, silent_since=NOW_MS - 3 * HOUR), Unwanted)


def test_a_run_that_is_back_is_told_with_how_long_it_was_silent():
    again = silent("gone", heard=MINUTE, step=101)
    assert told(again, kind=MessageKind.BACK, silent_since=NOW_MS - 3 * HOUR).news.silent == 3 * HOUR - MINUTE


def test_a_new_best_that_is_none_any_more_is_not_said_aloud():
    assert told(*PAST, BEST, kind=MessageKind.BEST).news.is_best
    assert isinstance(told(*PAST, POOR, kind=MessageKind.BEST), Unwanted)
