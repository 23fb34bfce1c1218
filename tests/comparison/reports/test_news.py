from dataclasses import replace

import pytest

from comparison.channel_defaults import ChannelDefaults
from comparison.notifications.message import ManyNews, MessageKind, NewsGroup
from comparison.notifications.news import due_digest
from comparison.past_repeats import RepeatsCache
from comparison.reports.news import best_report, digest_report, news_report
from comparison.runs import Dataset, Experiment, Goal, Metric, Status
from comparison.tracking.source import ModelVersion
from comparison.watch import Digest, OnlyRuns, Watch, WeeklySchedule, day_before
from tests.comparison.notifications.newsroom import BEST, BROKE, PAST, POOR, forest, news
from tests.comparison.queries.team import DAY, FRAUD, HOUR, IRIS, MINUTE, NOW, NOW_MS, a_run, cells, silent
from tests.fakes.runs import FakeRuns

UI = "http://mlflow.example"
PARENT = a_run("lr-search", ended=None, ran=5 * HOUR)
TRIALS = [
    forest(number, number * MINUTE, metrics={"val_loss": number / 100}, parent_id=PARENT.run_id)
    for number in range(21, 58)
]
GOING = [a_run(f"trial-{number}", ran=HOUR, parent_id=PARENT.run_id) for number in range(23)]


def report(*runs, **more):
    return news_report(news(*runs, **more), now=NOW, ui_url=UI)


def of_sweep(*runs, parent=PARENT, **more):
    ids = [run.run_id for run in runs if run.ended_at]
    source = FakeRuns([parent, *runs])
    return report(kind=MessageKind.SWEEP, ids=ids, parent_id=parent.run_id, source=source, **more)


def of_burst(*runs, source=None, **more):
    return report(
        kind=MessageKind.BURST, ids=[run.run_id for run in runs], source=source or FakeRuns([*PAST, *runs]), **more
    )


def section(found, title):
    return [
        f"{line.label}: {line.text}" if line.label else line.text
        for part in found.sections
        if part.title == title
        for line in part.lines
    ]


def headline(*runs, **more):
    return report(*runs, **more).headline


# One run


def test_the_headline_says_verdict_and_baseline():
    assert (
        headline(*PAST, POOR)
        == "❌ rf-13 in fraud is worse than rf-8 on 1 of 2 metrics: val_auc 0.908 → 0.850 (-6.4 %)"
    )


def test_a_named_metric_leads_the_headline():
    watch = Watch("fraud", metrics=("val_auc",))
    assert headline(*PAST, POOR, watch=watch) == (
        "❌ rf-13 in fraud is worse than rf-8: val_auc 0.908 → 0.850 (-6.4 %) · 1 more metric the same"
    )


def test_a_new_best_is_in_the_headline_with_what_it_gained():
    found = report(*PAST, BEST)
    assert found.headline == "🏆 New best in fraud: rf-12, val_auc 0.934 (+0.026 over rf-8)"
    verdict = "✅ rf-12 in fraud is better than rf-8 on 1 of 2 metrics: val_auc 0.908 → 0.934 (+2.9 %)"
    assert section(found, "Verdict") == [verdict]


def test_a_new_best_within_noise_of_the_record_says_so():
    repeats = [
        forest(20 + seed, 20 * HOUR, 0.89 + (seed % 3) / 30, parameters={"depth": "4", "seed": str(seed)})
        for seed in range(6)
    ]
    best = forest(12, MINUTE, 0.97)
    found = headline(*repeats, *PAST[-2:], best, past=RepeatsCache())
    assert found.startswith("🏆 New best in fraud: rf-12, val_auc 0.970")
    assert ", but within noise of the record: runs here must differ by 0.142 to tell" in found
    far = headline(*repeats, *PAST[-2:], forest(12, MINUTE, 1.5), past=RepeatsCache())
    assert "noise" not in far


def test_a_best_that_is_the_first_says_so():
    assert headline(BEST) == "🏆 First val_auc in fraud: rf-12, 0.934"


def test_a_failure_says_after_how_long_and_what_it_logged_last():
    found = report(*PAST, BROKE)
    assert found.headline == "💥 rf-14 in fraud failed at step 34 of 100 (val_loss 0.7; ran 12 min, usual 1 h)"
    assert found.table is None


def test_a_failure_is_not_told_what_its_baseline_lacks_a_number_for():
    odd = [replace(each, metrics={**each.metrics, "grad": Metric(float("nan"))}) for each in PAST]
    assert report(*odd, BROKE).warnings == ()
    broke = replace(BROKE, metrics={**BROKE.metrics, "grad": Metric(float("inf"))})
    assert report(*odd, broke).warnings == ("Not finite in rf-14: grad (inf).",)


def test_a_long_name_is_short_in_what_to_be_careful_about():
    poor = replace(POOR, name="n" * 240, metrics={**POOR.metrics, "val_loss": Metric(float("nan"))})
    (told,) = [each for each in report(*PAST, poor).warnings if "Not finite" in each]
    assert told == f"Not finite in {'n' * 18}…{'n' * 11}: val_loss (NaN)."


def test_a_killed_run_that_logged_nothing_says_so():
    killed = replace(BROKE, status=Status.KILLED, metrics={})
    assert headline(*PAST, killed) == "💥 rf-14 in fraud was killed before it logged a metric (ran 12 min, usual 1 h)"


def test_a_run_without_the_metric_it_should_have_is_flagged_with_the_reason():
    found = report(*PAST, forest(9, MINUTE, metrics={"val_loss": 0.5}))
    assert found.headline == "🏆 New best in fraud: rf-9, val_loss 0.5 (-0.5 over rf-8)"
    assert found.warnings == ("Did not log val_auc. The 8 runs before it did: the script may have crashed early.",)


def test_a_run_that_runs_again_says_so():
    assert headline(*PAST, replace(POOR, status=Status.RUNNING)) == "rf-13 in fraud is running again"


def test_without_a_baseline_the_run_says_its_own_values_and_why():
    found = report(a_run("odd", ended=HOUR, metrics={"magic": 3.0}))
    assert found.headline == "odd in fraud finished, magic 3"
    assert section(found, "Nothing to compare with") == ["No run of fraud ended before."]
    assert section(found, "Metrics") == ["magic: 3"]


def test_only_the_few_metrics_that_matter_are_shown_and_the_rest_is_counted():
    many = {f"metric_{number}_loss": 1.0 + number for number in range(40)}
    old = forest(1, HOUR, metrics=many | {"same": 1.0})
    new = forest(2, MINUTE, metrics={name: value * 1.1 for name, value in many.items()} | {"same": 1.0})
    found = report(old, new)
    assert len(section(found, "Metrics")) == 6
    assert next(part.note for part in found.sections if part.title == "Metrics") == "35 more metrics"


def test_the_metrics_that_a_watch_names_are_the_ones_shown():
    found = report(*PAST, POOR, watch=Watch("fraud", metrics=("val_loss",)))
    assert section(found, "Metrics") == ["val_loss: 1 → 1 (same)"]


def test_what_changed_in_the_parameters_is_told_and_the_rest_counted():
    found = report(*PAST, POOR)
    assert section(found, "Parameters") == ["depth: 8 → 13"]
    assert next(part.note for part in found.sections if part.title == "Parameters") == "1 other unchanged"


def test_one_doubt_is_told_and_the_others_stand_with_the_details():
    doubtful = replace(
        POOR,
        metrics=dict(POOR.metrics) | {"nan": Metric(float("nan")), "val_auc": Metric(0.85, 3)},
        datasets=(Dataset("b", "2"),),
    )
    old = [replace(run, datasets=(Dataset("a", "1"),)) for run in PAST]
    found = report(*old, doubtful)
    assert len(found.warnings) == 1
    assert len(section(found, "Also be careful")) == 3


def test_registered_versions_stand_with_the_run():
    source = FakeRuns([*PAST, POOR], models=[(ModelVersion("fraud", "7", POOR.run_id), [])])
    assert "registered as fraud version 7" in report(POOR, source=source).sides[1].facts


def test_a_metric_without_a_goal_comes_with_what_to_type():
    odd = [forest(n, n * HOUR, metrics={"magic": float(n)}) for n in (1, 2)]
    (step,) = report(odd[1], odd[0]).steps
    assert step.command == "/mlcompare set goal magic higher|lower"


def test_the_summary_is_a_complete_short_answer():
    assert report(*PAST, BEST).summary.splitlines()[:3] == [
        "🏆 New best in fraud: rf-12, val_auc 0.934 (+0.026 over rf-8).",
        "depth 8 → 12 · 1 other unchanged",
        "by maya · took 1 h · against rf-8 (previous run)",
    ]


def test_news_says_the_same_whenever_it_is_read():
    assert "ago" not in str(report(*PAST, BEST))


def test_a_new_best_said_by_itself_is_a_line_and_a_link():
    found = best_report(news(*PAST, BEST), ui_url=UI)
    assert (found.table, found.summary.splitlines()[0]) == (None, f"{found.headline}.")


# Many runs


def test_a_sweep_counts_what_ended_and_names_the_best():
    assert of_sweep(*TRIALS, *GOING).headline == "Sweep lr-search: 37 of 60 ended, best val_loss 0.21 (rf-21)"


def test_a_sweep_that_beats_all_before_it_says_new_best():
    old = forest(1, DAY, metrics={"val_loss": 0.3})
    source = FakeRuns([old, PARENT, *TRIALS])
    found = report(kind=MessageKind.SWEEP, ids=[TRIALS[0].run_id], parent_id=PARENT.run_id, source=source)
    assert found.headline == "Sweep lr-search: 37 of 37 ended, new best val_loss 0.21 (rf-21)"
    assert section(found, "What is known")[0] == (
        "Best: 0.21 (-0.09), the record before: 0.30, rf-1; the best of 37 runs against a single run: were all equal, "
        "it would still be ahead by about 2.1 standard deviations"
    )


def test_a_sweep_that_beats_as_many_runs_as_it_has_trials_is_not_called_lucky():
    before = [forest(number, DAY, metrics={"val_loss": 0.3}) for number in range(25)]
    source = FakeRuns([*before, PARENT, *TRIALS])
    found = report(kind=MessageKind.SWEEP, ids=[TRIALS[0].run_id], parent_id=PARENT.run_id, source=source)
    assert section(found, "What is known")[0].startswith("Best: 0.21 (-0.09), the record before: 0.30")
    assert "standard deviations" not in section(found, "What is known")[0]


@pytest.mark.parametrize(
    ("status", "words"),
    [(Status.FINISHED, "finished"), (Status.KILLED, "was killed"), (Status.FAILED, "failed")],
)
def test_a_sweep_that_is_over_says_how(status, words):
    found = of_sweep(*TRIALS, parent=replace(PARENT, status=status))
    assert found.headline == f"Sweep lr-search {words}: 37 trials, best val_loss 0.21 (rf-21)"


def test_a_sweep_shows_its_best_trials_what_was_varied_and_the_spread():
    found = of_sweep(*TRIALS, *GOING)
    assert [column.title for column in found.table.columns] == ["Trial", "val_loss", "depth", "Took"]
    assert cells(found)[0] == ["rf-21", "0.21", "21", "1 h"]
    assert found.table.note == "32 more finished"
    assert section(found, "What is known") == [
        "37 finished: val_loss 0.21–0.57, median 0.39",
        "Still running: 23",
    ]


def test_a_sweep_without_a_goal_says_so_and_shows_no_best():
    odd = [replace(run, metrics={"magic": Metric(float(n))}) for n, run in enumerate(TRIALS)]
    found = of_sweep(*odd)
    assert found.headline == "Sweep lr-search: 37 of 37 ended"
    assert "No goal is known for magic, so no best is shown." in found.summary
    assert found.steps[0].command == "/mlcompare set goal magic higher|lower"


def test_a_sweep_that_is_too_long_says_what_was_counted():
    group = NewsGroup(FRAUD, {"FINISHED": 990, "RUNNING": 10})
    found = news_report(ManyNews((group,), PARENT, is_sweep=True, is_cut=True), now=NOW)
    assert found.headline == "Sweep lr-search: 990 of 1,000 or more ended"
    assert "Only the 1,000 newest trials are counted." in found.footnotes[0]


def test_a_burst_counts_what_ended_and_what_failed():
    assert of_burst(BEST, POOR, BROKE).headline == "3 runs ended in fraud, 1 failed, new best val_auc 0.934 (rf-12)"


def test_a_burst_of_several_experiments_has_a_row_for_each():
    flower = a_run("flower", ended=MINUTE, experiment=IRIS, metrics={"acc": 0.9})
    found = of_burst(BEST, POOR, flower, watch=Watch("*"))
    assert found.headline == "3 runs ended in 2 experiments, new best in fraud"
    assert cells(found) == [["fraud", "2", "0", "new val_auc 0.934 (rf-12)"], ["iris", "1", "0", "acc 0.9 (flower)"]]


def test_what_ended_in_quiet_hours_says_so():
    assert of_burst(BEST, POOR, was_quiet=True).headline.startswith("After quiet hours: 2 runs ended in fraud")


def test_runs_that_nobody_asked_for_are_counted():
    found = of_burst(BEST, POOR, watch=Watch("fraud", only=OnlyRuns.BETTER))
    assert "1 more run ended that does not fit what is watched." in found.footnotes[0]


# Silence


def test_a_run_that_seems_dead_says_for_how_long_and_what_it_logged():
    gone = silent("gone", heard=3 * HOUR, step=100)
    found = report(gone, kind=MessageKind.DEAD, silent_since=NOW_MS - 3 * HOUR)
    assert found.headline == "gone in fraud seems dead: RUNNING, but silent for 3 h"
    assert section(found, "What is known")[0] == "Last logged: auc 0.5 at step 100; it logged every 27 min before"


def test_a_run_that_is_back_says_how_it_goes_on():
    again = silent("gone", heard=MINUTE, step=101)
    since = {"kind": MessageKind.BACK, "silent_since": NOW_MS - 3 * HOUR}
    assert headline(again, **since) == "gone in fraud is back after 2 h 59 min of silence: it logs again"
    ended = replace(again, status=Status.FINISHED, ended_at=NOW_MS)
    assert headline(ended, **since) == "gone in fraud is back after 2 h 59 min of silence: finished"


# Names


@pytest.mark.parametrize("name", ["two\nlines", "a\u202eb", "x" * 300, "", "שלום"])
def test_names_of_theirs_stay_on_their_line(name):
    named = [replace(run, name=name, experiment=Experiment("2", name or "e", {"cost": Goal.LOWER})) for run in PAST]
    odd = replace(BEST, name=name, experiment=named[0].experiment)
    found = report(*named, odd, watch=Watch("*"))
    for text in (found.headline, *section(found, "Parameters"), *found.warnings):
        assert "\n" not in text
        assert "\u202e" not in text
        assert len(text) < 500


# Digests


def digest(*experiments, day="2026-11-23", runs=(*PAST, BEST), zone="Europe/Berlin"):
    hours = WeeklySchedule((0, 1, 2, 3, 4), NOW.time().replace(hour=9, minute=30), zone)
    source = FakeRuns(list(runs))
    return digest_report(due_digest(Digest(hours, experiments), day, source, now=NOW, defaults=ChannelDefaults()))


def test_a_digest_begins_where_the_one_before_was_due():
    assert digest().headline.startswith("Since Fri 20 Nov, 09:30 CET: ")
    assert digest(day="2026-11-24").headline.startswith("Since Mon 23 Nov, 09:30 CET: ")
    hours = WeeklySchedule((0,), NOW.time())
    assert day_before(hours, NOW.date()).isoformat() == "2026-11-16"


def test_a_digest_tells_of_the_experiments_it_names_and_says_which_are_gone():
    flower = a_run("flower", ended=MINUTE, experiment=IRIS, metrics={"acc": 0.9})
    other = a_run("other", ended=MINUTE, experiment=Experiment("9", "churn"), metrics={"acc": 0.9})
    found = digest("fra*", "iris", "gone", runs=(BEST, flower, other))
    assert " in fraud and iris: " in found.headline or " in iris and fraud: " in found.headline
    assert found.warnings[0] == "No experiment is called gone any more."
    assert "churn" not in str(found)


def test_a_digest_of_which_all_experiments_are_gone_says_so():
    assert digest("gone").headline == "No digest: no experiment is called gone any more"


def test_a_digest_that_is_told_late_is_told():
    assert "finished" in digest(day="2025-01-01").headline
