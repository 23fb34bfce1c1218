"""Runs that are meant together, and who and where they are looked for: reference → found."""

from datetime import UTC, datetime

import pytest

from comparison.channel_defaults import ChannelDefaults
from comparison.compare import ask
from comparison.errors import FilterRefused, NotUnderstood, RequestError, RunNotFound
from comparison.judgement.result import GoalSource
from comparison.request import Compare
from comparison.resolve.groups import MOST_TOGETHER
from comparison.resolve.runs import find_runs
from comparison.run_reference import (
    AllRuns,
    Among,
    BestOf,
    Exclusion,
    Group,
    Latest,
    Leading,
    Named,
    Pinned,
    Registered,
    SweepRuns,
    TopRuns,
    Unfinished,
)
from comparison.runs import Experiment, Goal, Metric, Run, Status
from tests.fakes.runs import FakeRuns

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday
HOUR = 3_600_000
NOON = int(NOW.timestamp() * 1000)
FRAUD, CHURN = Experiment("1", "fraud"), Experiment("2", "churn")


def run(start, name, ago, experiment=FRAUD, *, user="maya", status=Status.FINISHED, tags=None, parent="", **metrics):
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
        tags=tags or {},
    )


STORE = FakeRuns(
    [
        run("a1", "mlp-32-seed1", 60, auc=0.80, cost=9.0, tags={"size": "32"}),
        run("a2", "mlp-32-seed2", 50, auc=0.82, cost=8.0, tags={"size": "32"}),
        run("a3", "mlp-64-seed1", 40, user="jonas", auc=0.90, cost=7.0, tags={"size": "64", "group": "wide"}),
        run("a4", "mlp-64-seed2", 30, user="jonas", auc=0.92, cost=6.0, tags={"size": "64", "group": "wide"}),
        run("a5", "mlp-64-seed3", 20, user="jonas", status=Status.FAILED, auc=0.10, cost=5.0, tags={"size": "64"}),
        run("a6", "mlp-320", 14, user="maya lee", auc=0.70, cost=4.0),
        run("a7", "slow", 3, status=Status.RUNNING, auc=0.50),
        run("c1", "tree", 2, CHURN, auc=0.99),
        run("c2", "bush", 26, CHURN, user="jonas", auc=0.60),
        run("d1", "grid", 80, CHURN),
        run("d2", "trial 1", 79, CHURN, parent="d1", auc=0.1),
        run("d3", "trial 2", 78, CHURN, parent="d1", auc=0.2),
    ]
)


def found(*references, experiment="", excluded=(), store=STORE, text="", **defaults):
    return find_runs(
        references,
        store,
        experiment=experiment,
        excluded=excluded,
        text=text,
        defaults=ChannelDefaults(**defaults),
        now=NOW,
    )


def names(*references, **options):
    return [" + ".join(each.name for each in side.runs) for side in found(*references, **options)]


ALL = ["slow", "mlp-320", "mlp-64-seed3", "mlp-64-seed2", "mlp-64-seed1", "mlp-32-seed2", "mlp-32-seed1"]


@pytest.mark.parametrize(
    ("among", "meant"),
    [
        (Among(), ALL),
        (Among(user="Maya"), ["slow", "mlp-32-seed2", "mlp-32-seed1"]),  # called exactly so; not maya lee
        (Among(user="lee"), ["mlp-320"]),  # the only one whose name holds it
        (Among(status="failed"), ["mlp-64-seed3"]),
        (Among(status="running"), ["slow"]),
        (Among(status="finished", user="jonas"), ["mlp-64-seed2", "mlp-64-seed1"]),
        (Among(since="yesterday"), ["slow", "mlp-320", "mlp-64-seed3", "mlp-64-seed2"]),
        (Among(since="yesterday", until="yesterday"), ["mlp-320", "mlp-64-seed3", "mlp-64-seed2"]),  # to its end
        (Among(until="sunday"), ALL[1:]),
        (Among(until="before sunday"), ALL[4:]),  # exact
        (Among(where="tags.size = '32'"), ["mlp-32-seed2", "mlp-32-seed1"]),
        (Among(where="metrics.auc > 0.85", since="36h"), ["mlp-64-seed2"]),
        (Among(count=2), ["slow", "mlp-320"]),
        (Among(excluded=(Exclusion("run", "slow"), Exclusion("run", "a6" + "0" * 6))), ALL[2:]),
        (Among(excluded=(Exclusion("run", "mlp-64-*"),)), ["slow", "mlp-320", "mlp-32-seed2", "mlp-32-seed1"]),
        (Among(excluded=(Exclusion("user", "jonas"),)), ["slow", "mlp-320", "mlp-32-seed2", "mlp-32-seed1"]),
        (Among(excluded=(Exclusion("status", "failed"), Exclusion("status", "running"))), [ALL[1], *ALL[3:]]),
        (Among(excluded=(Exclusion("filter", "tags.size = '64'"),)), [*ALL[:2], *ALL[5:]]),
    ],
)
def test_all_runs_are_those_that_fit_all_that_is_said(among, meant):
    assert names(AllRuns(among), experiment="fraud") == meant


def test_an_experiment_is_left_out_of_all():
    among = Among(excluded=(Exclusion("experiment", "fraud"),))
    assert names(AllRuns(among)) == ["tree", "bush", "trial 2", "trial 1", "grid"]


def test_all_runs_are_looked_for_where_the_other_run_is_and_it_is_no_second_time_among_them():
    assert names(Named("tree"), AllRuns()) == ["tree", "bush", "trial 2", "trial 1", "grid"]


def test_more_runs_than_a_table_holds_are_cut_and_it_is_said():
    many = FakeRuns([run(f"{number:02}", f"run-{number}", 100 - number, auc=0.5) for number in range(30)])
    sides = found(AllRuns(), experiment="fraud", store=many)
    assert len(sides) == MOST_TOGETHER
    assert sides[0].runs[0].name == "run-29"
    assert sides[0].notes == (f"of all runs in fraud, the newest {MOST_TOGETHER} of more",)


def test_what_was_meant_together_is_said_on_each_side():
    (side, *_rest) = found(AllRuns(Among(user="jonas", since="yesterday")), experiment="fraud")
    assert side.notes == ("of all runs in fraud by jonas since yesterday, 2 in all",)


@pytest.mark.parametrize("among", [Among(), Among(user="maya", since="3 days", where="metrics.auc > 0.1")])
def test_few_questions_are_asked_however_many_runs_fit(among):
    many = FakeRuns([run(f"{number:03}", f"run-{number}", number % 50, auc=0.5) for number in range(300)])
    found(AllRuns(among), experiment="fraud", store=many)
    assert len(many.asked) <= 8


@pytest.mark.parametrize(
    ("reference", "excluded", "meant"),
    [
        (TopRuns(2, "auc"), (), ["mlp-64-seed2", "mlp-64-seed1"]),
        (TopRuns(2, "auc", among=Among(user="maya")), (), ["mlp-32-seed2", "mlp-32-seed1"]),
        (TopRuns(9, "cost", among=Among(status="failed")), (), ["mlp-64-seed3"]),
        (TopRuns(2, "cost", among=Among(excluded=(Exclusion("status", "failed"),))), (), ["mlp-320", "mlp-64-seed2"]),
        (TopRuns(2, "auc", among=Among(since="sunday")), (), ["mlp-64-seed2", "mlp-320"]),
        (TopRuns(1, "auc", among=Among(excluded=(Exclusion("filter", "tags.size = '64'"),))), (), ["mlp-32-seed2"]),
        (TopRuns(2, "auc"), (Named("mlp-64-seed2"),), ["mlp-64-seed1", "mlp-32-seed2"]),
        (AllRuns(Among(user="jonas")), (Named("mlp-64-seed2"),), ["mlp-64-seed3", "mlp-64-seed1"]),
        (Leading("auc"), (Named("mlp-64-seed2"),), ["mlp-64-seed1"]),
        (Leading("auc", user="maya"), (), ["mlp-32-seed2"]),
        (Latest(), (Named("mlp-320"),), ["mlp-64-seed3"]),
        (Latest(user="jonas"), (Named("mlp-64-seed3"),), ["mlp-64-seed2"]),
    ],
)
def test_runs_are_chosen_among_those_that_are_meant(reference, excluded, meant):
    assert names(reference, excluded=excluded, experiment="fraud") == meant


def test_a_run_is_left_out_of_a_sweep():
    assert names(SweepRuns(Named("grid")), excluded=[Named("trial 1")]) == ["trial 2"]


def test_each_of_two_sides_is_of_its_own_experiment_and_its_own_person():
    assert names(Latest(experiment="fraud"), Latest(experiment="churn")) == ["mlp-320", "tree"]
    assert names(Latest(user="jonas"), Latest(user="maya")) == ["mlp-64-seed3", "tree"]
    assert names(Leading("auc", experiment="fraud"), Leading("auc", experiment="churn")) == ["mlp-64-seed2", "tree"]


def test_the_best_without_a_metric_is_by_the_primary_one_and_says_so():
    (side,) = found(Leading(), experiment="fraud")
    assert side.runs[0].name == "mlp-64-seed2"
    assert side.notes == ("best auc in fraud", "judged by auc, as most runs logged it")


def test_a_channels_metric_that_no_run_logged_there_gives_way_and_the_answer_says_so():
    (side,) = found(Leading(), experiment="fraud", metric="bleu")
    assert side.runs[0].name == "mlp-64-seed2"
    assert side.notes == ("best auc in fraud", "judged by auc: no run here logged bleu")
    (side,) = found(BestOf(Group(pattern="mlp-32-*")), experiment="fraud", metric="bleu")
    assert side.notes == ("best auc of 2 runs: mlp-32-*",)


@pytest.mark.parametrize(
    ("group", "label", "meant"),
    [
        (Group(pattern="MLP-32-*"), "MLP-32-*", "mlp-32-seed2 + mlp-32-seed1"),
        (Group(pattern="mlp-??-seed1"), "mlp-??-seed1", "mlp-64-seed1 + mlp-32-seed1"),
        (Group(where="tags.size = '32'"), "tags.size = '32'", "mlp-32-seed2 + mlp-32-seed1"),
        (Group(name="mlp-32"), "mlp-32", "mlp-32-seed2 + mlp-32-seed1"),  # not mlp-320
        (Group(name="mlp-64"), "mlp-64", "mlp-64-seed2 + mlp-64-seed1"),  # without the one that failed
        (Group(name="wide"), "wide", "mlp-64-seed2 + mlp-64-seed1"),  # by the tag group
        (Group(pattern="tree"), "tree", "tree"),
    ],
)
def test_a_group_is_one_side_of_several_runs(group, label, meant):
    (side,) = found(group)
    assert (side.label, " + ".join(each.name for each in side.runs)) == (label, meant)


def test_a_group_says_how_many_runs_its_mean_is_of_and_who_is_not_in_it():
    (side,) = found(Group(name="mlp-64"))
    assert side.notes == ("mean of 2 runs: mlp-64-seed2, mlp-64-seed1",)
    assert [(each.run.name, each.why) for each in side.left_out] == [("mlp-64-seed3", "failed")]


def test_groups_are_compared_by_their_means():
    request = Compare((Group(name="mlp-32"), Group(pattern="mlp-64-*")), metrics=("auc",))
    first = ask(request, STORE, now=NOW).metrics[0]
    assert (first.name, first.changes[0].baseline.value) == ("auc", pytest.approx(0.81))
    assert first.changes[0].candidate.value == pytest.approx(0.91)
    assert first.changes[0].candidate.asked_of == 2


def test_a_run_beside_its_group_is_not_compared_with_itself():
    first, second = found(Named("mlp-32-seed1"), Group(pattern="mlp-32-*"))
    assert [each.name for each in second.runs] == ["mlp-32-seed2"]
    assert "without mlp-32-seed1, a side of its own" in second.notes
    assert first.runs[0].name == "mlp-32-seed1"


@pytest.mark.parametrize(
    ("references", "excluded", "error", "problem", "near"),
    [
        ([Group(pattern="mlp-*"), Group(name="mlp-32")], (), RequestError, "are in both mlp-* and mlp-32", ()),
        ([Group(pattern="cnn-*")], (), RunNotFound, "No run in fraud fits cnn-*.", ()),
        ([Group(name="mlp-3")], (), RunNotFound, "No run in fraud fits mlp-3.", None),
        ([Group(where="nonsense")], (), FilterRefused, "", ()),
        ([AllRuns(Among(user="zoe"))], (), RunNotFound, "No run here is by zoe.", None),
        ([AllRuns(Among(user="ma"))], (), RunNotFound, "Several users are called like ma.", ("maya", "maya lee")),
        ([AllRuns(Among(since="someday"))], (), NotUnderstood, "I do not know when", ()),
        ([AllRuns(Among(since="today", until="yesterday"))], (), RequestError, "is no time at all", ()),
        (
            [AllRuns(Among(status="failed", user="maya"))],
            (),
            RunNotFound,
            "There are no runs in fraud by maya that",
            (),
        ),
        ([AllRuns()], [Named("mlp-64-seed9")], RunNotFound, "There is no run called mlp-64-seed9 among these", None),
        ([AllRuns(Among(excluded=(Exclusion("experiment", "fraud"),)))], (), RequestError, "no experiment is left", ()),
        ([TopRuns(2, "auc", among=Among(where="no filter"))], (), FilterRefused, "", ()),
        ([Latest(experiment="nowhere")], (), RequestError, "There is no experiment called nowhere.", None),
    ],
)
def test_what_cannot_be_found_together_says_why(references, excluded, error, problem, near):
    with pytest.raises(error) as caught:
        found(*references, experiment="fraud", excluded=excluded)
    assert problem in caught.value.problem
    assert near is None or caught.value.near == near


# What a comparison is asked to leave out


def compared(**fields):
    result = ask(Compare((Named("mlp-32-seed1"), Named("mlp-64-seed1")), **fields), STORE, now=NOW)
    return [each.name for each in result.metrics], result


def test_only_the_named_metrics_are_compared_and_judged():
    rows, result = compared(metrics=("COST",), only_metrics=True)
    assert rows == ["cost"]
    assert result.verdicts[0].better + result.verdicts[0].worse + result.verdicts[0].same <= 1


def test_metrics_are_left_out():
    assert compared(without_metrics=("Cost",))[0] == ["auc"]


def test_a_goal_of_the_request_holds_for_the_metrics_it_names():
    _rows, result = compared(metrics=("auc",), goal="lower")
    assert (result.metrics[0].goal, result.metrics[0].goal_source) == (Goal.LOWER, GoalSource.REQUEST)
    assert result.verdicts[0].worse >= 1


def test_the_best_is_by_the_goal_of_the_request():
    request = Compare((Leading("cost"), Named("mlp-320")), "fraud", metrics=("cost",), goal="higher")
    assert ask(request, STORE, now=NOW).baseline.runs[0].name == "mlp-32-seed1"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"goal": "lower"}, "Of which metric is lower better?"),
        ({"metrics": ("auc",), "without_metrics": ("auc",)}, "auc is named and left out."),
        ({"without_metrics": ("auc", "cost")}, "These runs logged no other metric than those that are left out."),
        ({"without_metrics": ("acu",)}, "None of these runs logged a metric called acu."),
        ({"metrics": ("acu",), "only_metrics": True}, "None of these runs logged a metric called acu."),
    ],
)
def test_what_cannot_be_left_out_says_why(fields, problem):
    with pytest.raises(RequestError) as caught:
        compared(**fields)
    assert caught.value.problem == problem


def test_runs_are_left_out_of_a_comparison_of_several():
    request = Compare((AllRuns(Among(user="jonas")),), "fraud", excluded=(Named("mlp-64-seed2"),))
    assert [side.label for side in ask(request, STORE, now=NOW).sides] == ["mlp-64-seed3", "mlp-64-seed1"]


def test_one_run_that_is_left_of_several_is_named_and_shown_instead():
    with pytest.raises(RequestError) as caught:
        ask(Compare((AllRuns(Among(status="failed")),), "fraud"), STORE, now=NOW)
    assert caught.value.problem == "Only one run is left of those that are meant: mlp-64-seed3."
    assert caught.value.example == "show a5000000"


# Runs that are called as words of ours


NAMED_SO = FakeRuns(
    [
        run("e1", "baseline", 9, auc=0.5),
        run("e2", "production", 8, auc=0.6),
        run("e3", "latest", 7, auc=0.7),
        run("e4", "other", 6, auc=0.8),
    ]
)


@pytest.mark.parametrize(
    ("reference", "text", "note"),
    [
        (Named("baseline"), "baseline vs other", "the run called baseline; @baseline means the pinned one"),
        (Named("latest"), "latest vs other", "the run called latest; @latest means the last to end"),
        (Pinned(), "baseline vs other", "the run called baseline; @baseline means the pinned one"),
        (
            Registered(alias="production"),
            "production vs other",
            "the run called production; @production means the model version with this alias",
        ),
    ],
)
def test_a_run_that_is_called_as_a_word_of_ours_is_meant_and_that_is_said(reference, text, note):
    side, _other = found(reference, Named("other"), store=NAMED_SO, text=text)
    assert (side.runs[0].name, side.notes) == (text.partition(" ")[0], (note,))


@pytest.mark.parametrize("reference", [Pinned(), Registered(alias="baseline"), Unfinished()])
def test_a_sign_never_means_a_run_that_is_called_so(reference):
    with pytest.raises(RunNotFound):
        found(reference, Named("other"), store=NAMED_SO, text="@baseline vs other")


def test_what_is_pinned_is_the_baseline_where_no_name_was_recognised():
    side, _other = found(
        Pinned(), Named("latest"), store=NAMED_SO, text="baseline vs latest", pinned="e4".ljust(32, "0")
    )
    assert (side.runs[0].name, side.notes) == ("other", ("the pinned baseline",))
