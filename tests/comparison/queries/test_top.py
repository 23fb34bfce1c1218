import pytest

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import FilterRefused, RunNotFound, TrackingUnavailable
from comparison.judgement.primary_metric import MetricSource
from comparison.past_repeats import RepeatsCache
from comparison.queries.run_lists import top_runs
from comparison.reports.run_lists import top_report
from comparison.request import Top
from comparison.runs import Experiment, Goal
from tests.comparison.queries.team import DAY, HOUR, IRIS, NOW, a_run
from tests.fakes.runs import FakeRuns

RUNS = [
    a_run(f"run-{number}", ended=number * HOUR, metrics={"auc": number / 10, "loss": 1 - number / 10}, parameters=given)
    for number, given in enumerate(({"lr": "0.1"}, {"lr": "0.2", "seed": "1"}, {"lr": "0.2"}, {"lr": "0.3"}), 1)
]
FLOWER = a_run("flower", ended=DAY, experiment=IRIS, metrics={"auc": 0.99})


def ask(*runs, defaults=None, past=None, **asked):
    source = runs[0] if runs and isinstance(runs[0], FakeRuns) else FakeRuns(list(runs))
    asked.setdefault("text", " ".join(map(str, asked.values())))
    return top_runs(Top(**asked), source, now=NOW, defaults=defaults, past=past)


def names(ranked):
    return [run.name for run in ranked.runs]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"count": 2, "metric": "auc"}, ["run-4", "run-3"]),
        ({"count": 2, "metric": "AUC"}, ["run-4", "run-3"]),
        ({"count": 2, "metric": "loss"}, ["run-4", "run-3"]),
        ({"count": 2, "metric": "auc", "worst": True}, ["run-1", "run-2"]),
        ({"count": 2, "metric": "loss", "worst": True}, ["run-1", "run-2"]),
        ({"count": 9, "metric": "auc", "where": "params.lr = '0.2'"}, ["run-3", "run-2"]),
        ({"count": 1}, ["run-4"]),
        ({"count": 1, "experiment": "FRAUD"}, ["run-4"]),
    ],
)
def test_the_best_come_first_however_it_is_asked(asked, expected):
    assert names(ask(*RUNS, **asked)) == expected


def test_all_experiments_count_unless_one_is_named():
    assert names(ask(*RUNS, FLOWER, count=1, metric="auc")) == ["flower"]
    assert names(ask(*RUNS, FLOWER, count=1, metric="auc", experiment="fraud")) == ["run-4"]
    assert names(ask(*RUNS, FLOWER, count=1, metric="auc", defaults=ChannelDefaults(experiment="fraud"))) == ["run-4"]


def test_the_channels_metric_is_used_where_none_is_named():
    ranked = ask(*RUNS, count=1, defaults=ChannelDefaults(metric="loss"))
    assert (ranked.by.metric, ranked.by.chosen) == ("loss", MetricSource.CHANNEL)
    assert "Judged by loss, the channel's metric." in top_report(ranked).footnotes[0]


def test_the_channels_metric_gives_way_where_no_run_logged_it_and_not_where_it_is_asked_for():
    ranked = ask(*RUNS, count=1, defaults=ChannelDefaults(metric="bleu"))
    assert (names(ranked), ranked.by.metric, ranked.by.chosen) == (["run-4"], "auc", MetricSource.RUNS)
    with pytest.raises(RunNotFound, match="called bleu"):
        ask(*RUNS, count=1, metric="bleu", defaults=ChannelDefaults(metric="bleu"))


def test_the_experiments_metric_is_used_where_none_is_named():
    tagged = Experiment("7", "tagged", primary_metric="cost")
    runs = [
        a_run(name, ended=HOUR, experiment=tagged, metrics={"cost": value, "auc": 0.5})
        for name, value in (("a", 2), ("b", 1))
    ]
    ranked = ask(*runs, count=1, experiment="tagged")
    assert (names(ranked), ranked.by.chosen) == (["b"], MetricSource.EXPERIMENT)


def test_a_top_takes_at_most_four_questions():
    source = FakeRuns(RUNS)
    ask(source, count=3, metric="auc", experiment="fraud")
    assert len(source.asked) <= 4


def test_a_table_says_how_far_behind_and_what_differs():
    table = top_report(ask(*RUNS, count=3, metric="auc")).table
    assert [column.title for column in table.columns] == ["Run", "auc", "Behind #1", "lr", "seed", "By"]
    assert [[cell.text for cell in row[:5]] for row in table.rows] == [
        ["1. run-4", "0.4", "–", "0.3", "–"],
        ["2. run-3", "0.3", "-0.1", "0.2", "–"],
        ["3. run-2", "0.2", "-0.2", "0.2", "1"],
    ]


def test_fewer_than_asked_for_is_said():
    assert (
        "Only 2 runs that fit have a finite auc."
        in top_report(ask(*RUNS, count=5, metric="auc", where="params.lr = '0.2'")).warnings
    )


def test_runs_of_one_name_are_told_apart_by_their_ids():
    twins = [a_run("twin", run_id=sign * 32, ended=HOUR, metrics={"auc": 0.5}) for sign in "ab"]
    rows = top_report(ask(*twins, count=2, metric="auc")).table.rows
    assert {row[0].text for row in rows} == {"1. twin (aaaaaaaa)", "2. twin (bbbbbbbb)"}


def test_a_metric_nobody_logged_is_answered_with_near_ones():
    with pytest.raises(RunNotFound) as error:
        ask(*RUNS, metric="acu", text="top 5 by acu")
    assert error.value.near[0] == "auc"
    assert error.value.text[error.value.at :] == "acu"


def test_a_goal_nobody_knows_is_asked_for():
    with pytest.raises(RunNotFound, match="No goal is known for magic") as error:
        ask(a_run("odd", ended=HOUR, metrics={"magic": 1}), metric="magic")
    assert error.value.remedy == "Set it once for the channel: set goal magic higher|lower."
    assert error.value.example == ""


def test_a_goal_the_channel_set_is_enough():
    runs = [a_run(str(value), ended=HOUR, metrics={"magic": value}) for value in (1, 2)]
    assert names(ask(*runs, metric="magic", count=1, defaults=ChannelDefaults(goals={"magic": Goal.LOWER}))) == ["1"]


def test_no_metric_that_can_be_judged_by_is_said():
    with pytest.raises(RunNotFound, match="By which metric"):
        ask(a_run("odd", ended=HOUR, metrics={"magic": 1}))
    with pytest.raises(RunNotFound, match="There are no runs yet"):
        ask()


def test_a_filter_that_is_none_is_refused_with_its_spot():
    with pytest.raises(FilterRefused) as error:
        ask(*RUNS, metric="auc", where="params.lr = 0.1", text="top 5 by auc where params.lr = 0.1")
    assert error.value.text[error.value.at :] == "params.lr = 0.1"


def test_a_filter_that_nothing_fits_is_said():
    with pytest.raises(RunNotFound, match=r"No run where params\.lr = '9' logged a finite auc"):
        ask(*RUNS, metric="auc", where="params.lr = '9'")


def test_mlflow_being_down_is_said():
    with pytest.raises(TrackingUnavailable):
        ask(FakeRuns(RUNS, down="MLflow did not answer."), metric="auc")


def seeds(width, values):
    """Repeats of one configuration that ended a while ago."""
    return [
        a_run(
            f"mlp-{width}-seed-{seed}",
            ended=DAY,
            metrics={"auc": value},
            parameters={"width": str(width), "seed": str(seed)},
        )
        for seed, value in enumerate(values)
    ]


def test_the_first_runs_that_chance_may_have_put_so_are_within_noise_of_each_other():
    runs = [*seeds(32, [0.912, 0.908, 0.915, 0.910, 0.905]), *seeds(64, [0.921, 0.925, 0.918, 0.923, 0.919])]
    report = top_report(ask(*runs, count=5, metric="auc", past=RepeatsCache()))
    assert report.headline == "Best auc: 0.925, mlp-64-seed-1 in fraud; the first 5 are within noise of each other"
    assert report.footnotes[-1].startswith("Runs here must differ by 0.0152 to tell: by earlier repeats with 4 degrees")
    ahead = a_run("ahead", ended=HOUR, metrics={"auc": 0.945}, parameters={"width": "128"})
    assert "noise" not in top_report(ask(*runs, ahead, count=5, metric="auc", past=RepeatsCache())).headline


def test_runs_of_several_experiments_and_too_few_repeats_tell_no_noise():
    assert ask(*RUNS, FLOWER, count=2, metric="auc", past=RepeatsCache()).noise is None
    assert ask(*RUNS, count=2, metric="auc", past=RepeatsCache()).noise is None
