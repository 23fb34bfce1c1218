from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import ExperimentNotFound, NotUnderstood, TrackingUnavailable
from comparison.queries.standup import MAX_FINISHED, standup
from comparison.reports.standup import standup_report
from comparison.request import Standup
from comparison.runs import Experiment, Metric, Status
from comparison.tracking.visibility import VisibleRuns
from tests.comparison.queries.team import DAY, HOUR, IRIS, MINUTE, NOW, NOW_MS, a_run, silent
from tests.fakes.runs import FakeRuns, RememberingRuns

OLD_BEST = a_run("old-best", ended=9 * DAY, metrics={"auc": 0.90})
FRESH = a_run("fresh", ended=4 * HOUR, metrics={"auc": 0.93}, user="jonas")
POOR = a_run("poor", ended=5 * HOUR, metrics={"auc": 0.80})
BROKE = a_run("broke", ended=5 * HOUR, status=Status.FAILED, metrics={"auc": (0.5, 12)}, user="ada")
ALIVE = a_run("alive", ran=2 * HOUR, metrics={"auc": (0.7, 30)})
GONE = silent("gone", heard=40 * HOUR)
FLOWER = a_run("flower", ended=HOUR, experiment=IRIS, metrics={"accuracy": 0.9})


def hold(*runs, since="", experiment="", now=NOW, **more):
    source = runs[0] if isinstance(runs[0], FakeRuns) else FakeRuns(list(runs))
    said = f"standup {since} in {experiment}"
    return standup(Standup(since, experiment, said), source, now=now, **more)


def group(digest, name="fraud"):
    return next(each for each in digest.groups if each.experiment.name == name)


def names(runs):
    return [run.name for run in runs]


def test_what_finished_failed_runs_and_seems_dead_is_told_apart():
    digest = hold(OLD_BEST, FRESH, POOR, BROKE, ALIVE, GONE)
    assert names(digest.finished) == ["fresh", "poor"]
    assert names(digest.failed) == ["broke"]
    assert sorted(names(digest.running)) == ["alive", "gone"]
    assert list(digest.silences) == [GONE.run_id]


def test_without_words_it_begins_at_this_hour_of_the_last_working_day():
    assert hold(FRESH).since == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def test_words_for_the_beginning_are_read_in_the_time_zone_of_the_clock():
    vienna = timezone(timedelta(hours=1), "CET")
    digest = hold(FRESH, since="since 9am", now=NOW.astimezone(vienna))
    assert digest.since == datetime(2026, 11, 23, 9, 0, tzinfo=vienna)
    assert "Mon 23 Nov, 09:00 CET" in standup_report(digest).headline


def test_a_best_that_changed_comes_with_the_one_before():
    best = group(hold(OLD_BEST, FRESH, POOR)).best
    assert (best.run.name, best.is_new, best.before.name) == ("fresh", True, "old-best")


def test_a_best_that_is_older_did_not_change():
    best = group(hold(OLD_BEST, POOR)).best
    assert (best.run.name, best.is_new, best.before) == ("old-best", False, None)


def test_a_best_that_only_equals_an_older_one_is_not_new():
    again = a_run("again", ended=HOUR, metrics={"auc": 0.90})
    best = group(hold(OLD_BEST, again)).best
    assert (best.run.name, best.is_new) == ("old-best", False)


def test_the_first_best_of_an_experiment_is_said_to_be_the_first():
    assert group(hold(FRESH)).best.is_first


def test_a_running_run_may_be_the_best_so_far():
    racing = a_run("racing", ran=HOUR, metrics={"auc": 0.99})
    best = group(hold(OLD_BEST, FRESH, racing)).best
    assert (best.run.name, best.is_new) == ("racing", True)


def test_lower_is_better_where_the_experiment_says_so():
    cheap, dear = (a_run(name, ended=HOUR, metrics={"cost": value}) for name, value in (("cheap", 1.0), ("dear", 2.0)))
    assert names(group(hold(dear, cheap)).finished) == ["cheap", "dear"]


def test_a_named_experiment_narrows():
    assert [each.experiment.name for each in hold(FRESH, FLOWER, experiment="fraud").groups] == ["fraud"]


def test_the_channels_experiment_narrows_and_everywhere_widens():
    agreed = ChannelDefaults(experiment="iris")
    assert [each.experiment.name for each in hold(FRESH, FLOWER, defaults=agreed).groups] == ["iris"]
    wide = hold(FRESH, FLOWER, since="24h everywhere", defaults=agreed)
    assert {each.experiment.name for each in wide.groups} == {"fraud", "iris"}


def test_a_quiet_standup_takes_three_questions():
    source = FakeRuns([OLD_BEST])
    hold(source)
    assert sorted(source.asked) == ["search"] * 2 + ["undated"]


def test_a_standup_without_a_new_best_takes_four_questions():
    source = FakeRuns([OLD_BEST, POOR, BROKE, ALIVE])
    assert not group(hold(source)).best.is_new
    assert sorted(source.asked) == ["search"] * 3 + ["undated"]


def test_a_new_best_of_a_small_experiment_takes_one_question_more():
    source = FakeRuns([OLD_BEST, FRESH, POOR])
    assert group(hold(source)).best.before.name == "old-best"
    assert sorted(source.asked) == ["search"] * 4 + ["undated"]


@pytest.mark.parametrize("pruned", [10, 400])
def test_among_many_trials_that_were_given_up_those_that_finished_and_failed_are_told(pruned):
    trials = [a_run(f"trial-{number}", ended=number * 1_000, status=Status.PRUNED) for number in range(pruned)]
    digest = hold(FRESH, POOR, BROKE, *trials)
    assert (names(digest.finished), names(digest.failed)) == (["fresh", "poor"], ["broke"])


def test_where_more_finished_than_is_told_an_older_failure_is_told_all_the_same():
    many = [a_run(f"run-{number}", ended=number * 1_000, metrics={"auc": 0.5}) for number in range(MAX_FINISHED + 5)]
    digest = hold(*many, BROKE)
    assert (len(digest.finished), names(digest.failed), digest.cut) == (MAX_FINISHED, ["broke"], {"finished"})


def test_a_busy_standup_of_fifty_experiments_takes_at_most_a_handful_more():
    places = [Experiment(str(number), f"team-{number}") for number in range(50)]
    runs = [
        a_run(f"{place.name}-{number}", ended=number * HOUR + MINUTE, experiment=place, metrics={"auc": number / 100})
        for place in places
        for number in range(20)
    ]
    source = FakeRuns(runs)
    digest = hold(source)
    assert len(digest.finished) == MAX_FINISHED
    assert digest.cut == {"finished"}
    assert len(source.asked) <= 10


def test_runs_that_have_been_silent_for_weeks_are_only_counted():
    ancient = silent("ancient", heard=20 * DAY, ran=21 * DAY)
    digest = hold(FRESH, ancient)
    assert (digest.stale, digest.running) == (1, [])


def test_it_is_told_where_the_best_cannot_be_had():
    class Stumbling(FakeRuns):
        def search(self, where, **more):
            if "metrics." in where:
                raise TrackingUnavailable("MLflow takes too long.")
            return super().search(where, **more)

    digest = hold(Stumbling([OLD_BEST, FRESH]))
    assert digest.unanswered == ("fraud",)
    assert "MLflow did not tell the best of fraud in time." in standup_report(digest).warnings


def test_metrics_whose_goal_nobody_knows_have_no_best():
    digest = hold(a_run("odd", ended=HOUR, metrics={"magic": 3.0}))
    assert group(digest).best is None
    assert ": 1 finished" in standup_report(digest).headline


def test_an_experiment_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(ExperimentNotFound) as error:
        hold(FRESH, experiment="frdau")
    assert error.value.near == ("fraud",)


def test_a_channels_experiment_that_is_gone_is_said_to_be():
    with pytest.raises(ExperimentNotFound, match="channel's experiment churn is not there any more"):
        hold(FRESH, defaults=ChannelDefaults(experiment="churn"))


@pytest.mark.parametrize("words", ["since smarch", "since 25:99", "tomorrow"])
def test_a_time_that_is_none_is_marked(words):
    with pytest.raises(NotUnderstood) as error:
        hold(FRESH, since=words)
    assert error.value.text[error.value.at :].startswith(words.removeprefix("since "))


def test_mlflow_being_down_is_said():
    with pytest.raises(TrackingUnavailable):
        hold(FakeRuns([FRESH], down="MLflow did not answer."))


def test_a_deleted_run_is_no_news():
    assert hold(replace(FRESH, deleted=True), POOR).finished == [POOR]


def test_users_nobody_knows_are_counted_as_unknown():
    report = standup_report(hold(replace(FRESH, user="unknown"), POOR))
    who = next(part for part in report.sections if part.title == "Who ran what")
    assert [(line.label, line.text) for line in who.lines] == [("maya", "1 run"), ("unknown", "1 run")]


def test_counts_that_were_cut_are_said_to_be_at_least_so_many():
    many = [a_run(f"run {number}", ended=number * MINUTE, metrics={"auc": 0.5}) for number in range(1, 400)]
    report = standup_report(hold(*many))
    assert f": {MAX_FINISHED} or more finished" in report.headline
    assert report.warnings[0].startswith("There may be more finished runs")


def test_names_of_theirs_stay_on_their_line():
    report = standup_report(hold(a_run("two\nlines", ended=HOUR, status=Status.FAILED, user="a\u202eb")))
    assert "two⏎lines" in report.summary
    assert "\u202e" not in report.summary


# Asked again


AGAIN = ["deleted", "search", "search", "these"]  # what changed, and those that lead as they are now


@pytest.fixture
def remembered():
    older = a_run("older", ended=3 * DAY, metrics={"auc": 0.85})
    early = a_run("early", ended=20 * HOUR, metrics={"auc": 0.88})
    bloom = a_run("bloom", ended=5 * DAY, experiment=IRIS, metrics={"accuracy": 0.95})
    source = RememberingRuns([OLD_BEST, older, early, POOR, BROKE, ALIVE, FLOWER, bloom], start=NOW_MS)
    hold(source)
    source.asked.clear()
    return source


def test_a_second_standup_takes_four_questions(remembered):
    assert group(hold(remembered)).best.run.name == "old-best"
    assert sorted(remembered.asked) == AGAIN


def test_a_second_standup_says_the_same(remembered):
    assert standup_report(hold(remembered)) == standup_report(hold(FakeRuns(remembered.runs)))


def test_a_run_that_ended_meanwhile_leads(remembered):
    remembered.runs.append(a_run("meanwhile", ended=MINUTE, metrics={"auc": 0.95}))
    best = group(hold(remembered)).best
    assert (best.run.name, best.is_new, best.before.name) == ("meanwhile", True, "old-best")


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"deleted": True}, {"poor"}),
        ({"status": Status.RUNNING, "ended_at": None}, {"poor"}),
        ({"metrics": {"auc": Metric(0.1)}}, {"poor", "early"}),
        ({"metrics": {}}, {"poor", "early"}),
        ({"name": "renamed"}, {"poor", "renamed"}),
    ],
)
def test_what_became_of_the_best_since_the_last_standup_is_told(remembered, change, left):
    early = next(run for run in remembered.runs if run.name == "early")
    remembered.change(early.run_id, **change)
    digest = hold(remembered)
    assert {run.name for run in group(digest).finished} == left
    assert standup_report(digest) == standup_report(hold(FakeRuns(remembered.runs)))


def test_the_best_of_all_time_that_was_deleted_or_corrected_leads_no_longer(remembered):
    remembered.change(OLD_BEST.run_id, metrics={"auc": Metric(0.2)})
    assert group(hold(remembered)).best.run.name == "early"
    early = next(run for run in remembered.runs if run.name == "early")
    remembered.change(early.run_id, deleted=True)
    assert group(hold(remembered)).best.run.name == "older"


def test_a_value_that_is_no_number_is_no_reason_to_ask_for_all_again(remembered):
    odd = a_run("odd", ended=20 * HOUR, experiment=Experiment("3", "odd"), metrics={"loss": float("nan")})
    remembered.runs.append(odd)
    hold(remembered)
    remembered.change(odd.run_id, metrics={"loss": Metric(float("nan"))})
    remembered.asked.clear()
    hold(remembered)
    assert sorted(remembered.asked) == AGAIN


def test_a_second_standup_shows_a_person_no_more_than_the_first(remembered):
    seen = VisibleRuns(remembered, lambda experiment: experiment.name == "iris")
    for _ in range(2):
        assert [each.experiment.name for each in hold(remembered).groups] == ["fraud", "iris"]
        assert [each.experiment.name for each in standup(Standup(), seen, now=NOW).groups] == ["iris"]
