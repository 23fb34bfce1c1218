"""What a watch names is looked up before it is kept; what would never be seen is refused with what to type."""

import html
from datetime import UTC, datetime

import pytest

from comparison.channel_defaults import ChannelDefaults
from comparison.errors import Ambiguous, ExperimentNotFound, FilterRefused, NotUnderstood, RunNotFound
from comparison.language.names import Names
from comparison.language.parser import parse, watching_of
from comparison.notifications.validation import LOOKED, validate
from comparison.request import WatchRequest
from comparison.run_reference import Latest, Leading, Named, Pinned
from comparison.runs import Experiment, Metric, Run, Status
from comparison.watch import MetricRule, OnlyRuns, Watch
from tests.fakes.runs import FakeRuns

MINUTE = 60_000
NOW = 1_795_435_200_000
IRIS, FRAUD, CHURN = Experiment("1", "iris"), Experiment("2", "team/fraud"), Experiment("3", "team/churn")


def a_run(name, number=1, *, over=120, **changes):
    """A run of iris that ended so many minutes ago."""
    run = {
        "run_id": f"{number:032x}",
        "name": name,
        "experiment": IRIS,
        "started_at": NOW - (over + 5) * MINUTE,
        "ended_at": NOW - over * MINUTE,
        "user": "maya",
        "metrics": {"accuracy": Metric(0.9), "val_loss": Metric(0.2)},
    }
    return Run(**(run | changes))


OLD, NEW = a_run("old", 1, over=300), a_run("new", 2, over=200)


def store(*more, **changes):
    return FakeRuns([OLD, NEW, *more], more_experiments=[FRAUD, CHURN], **changes)


def vetted(watching, source=None, *, text="", at=0, defaults=None, certain=()):
    now = datetime.fromtimestamp(NOW / 1000, UTC)
    return validate(WatchRequest(watching, text, at), source or store(), now=now, defaults=defaults, certain=certain)


def refused(watching, source=None, **more):
    found = vetted(watching, source, **more)
    ((part, error),) = found.refused
    return part, error


@pytest.mark.parametrize(
    ("said", "name"), [("iris", "iris"), ("IRIS", "iris"), ("1", "iris"), ("Team/Fraud", "team/fraud")]
)
def test_the_place_is_the_experiments_own_name(said, name):
    found = vetted(Watch(said))
    assert (found.watching.place, found.covered, found.refused) == (name, (name,), ())


def test_no_place_is_the_channels_experiment():
    assert vetted(Watch(""), defaults=ChannelDefaults(experiment="iris")).watching.place == "iris"


def test_no_place_at_all_is_asked_for_with_names_that_are_there():
    part, error = refused(Watch(""))
    assert (part, error.problem) == ("place", "Which experiment shall I watch?")
    assert "iris" in error.near


def test_an_unknown_place_is_refused_with_the_spot_where_it_was_named():
    text = "watch team/fruad where tags.x = 'team/fruad'"
    part, error = refused(Watch("team/fruad", where="tags.x = 'team/fruad'"), text=text, at=6)
    assert (part, type(error)) == ("place", ExperimentNotFound)
    assert error.near[0] == "team/fraud"
    assert text[error.at : error.end] == "team/fruad"
    assert error.at == 6
    assert error.example == "watch team/fraud where tags.x = 'team/fruad'"


def test_a_pattern_covers_what_is_there_and_nothing_is_no_fault():
    assert set(vetted(Watch("team/*")).covered) == {"team/fraud", "team/churn"}
    assert vetted(Watch("team/*", excepted=("team/churn",))).covered == ("team/fraud",)
    nothing = vetted(Watch("nlp/*"))
    assert (nothing.covered, nothing.past, nothing.refused) == ((), (), ())


def test_an_experiment_whose_name_looks_like_a_pattern_is_watched():
    odd = a_run("odd", 9, experiment=Experiment("9", "sweep[3]"))
    assert vetted(Watch("sweep[3]"), store(odd)).covered == ("sweep[3]",)


def test_what_ended_within_the_quarter_hour_that_clocks_may_be_off_is_past():
    just, ahead = a_run("just", 5, over=15), a_run("ahead", 6, over=-4)
    elsewhere = a_run("elsewhere", 7, over=1, experiment=FRAUD)
    running = a_run("running", 8, status=Status.RUNNING, ended_at=None)
    found = vetted(Watch("iris"), store(just, ahead, elsewhere, running))
    assert set(found.past) == {just.run_id, ahead.run_id}
    assert found.last == ahead


def test_of_a_busy_store_all_that_is_over_is_asked_for_once_more():
    many = [a_run(f"r{number}", number + 10, over=5) for number in range(LOOKED + 20)]
    runs = store(*many)
    found = vetted(Watch("iris"), runs)
    assert len(found.past) == LOOKED + 20
    assert runs.asked.count("ended_after") == 1


def test_the_last_run_is_one_that_the_watch_announces():
    failed = a_run("failed", 5, over=400, status=Status.FAILED)
    assert vetted(Watch("iris", only=OnlyRuns.FAILURES), store(failed)).last == failed
    assert vetted(Watch("iris")).last == NEW
    assert vetted(Watch("team/fraud")).last is None


def test_a_filter_that_mlflow_refuses_is_told_with_its_spot():
    text = "watch iris where params.lr = 0.1"
    part, error = refused(Watch("iris", where="params.lr = 0.1"), text=text, at=6)
    assert (part, type(error)) == ("where", FilterRefused)
    assert text[error.at : error.end] == "params.lr = 0.1"


def test_what_is_over_counts_whether_it_fits_the_filter_or_not():
    just = a_run("just", 5, over=1, parameters={"C": "1"})
    assert vetted(Watch("iris", where="params.C = '2'"), store(just)).past == (just.run_id,)


def test_metrics_are_as_they_were_logged():
    watching = Watch("iris", metrics=("Val-Loss",), rules=(MetricRule("ACCURACY", "<", 1),))
    found = vetted(watching).watching
    assert (found.metrics, found.rules) == (("val_loss",), (MetricRule("accuracy", "<", 1),))


def test_a_metric_that_only_a_running_or_an_older_run_logged_is_known():
    running = a_run("running", 5, status=Status.RUNNING, ended_at=None, metrics={"bleu": Metric(3.0)})
    assert vetted(Watch("iris", metrics=("bleu",)), store(running)).warnings == ()


@pytest.mark.parametrize(
    ("watching", "text", "part"),
    [
        (Watch("iris", rules=(MetricRule("acuracy", "<", 1),)), "watch iris when acuracy < 1", "rules"),
        (Watch("iris", metrics=("acuracy",)), "watch iris metrics acuracy", "metrics"),
    ],
)
def test_a_metric_nobody_logs_is_refused_where_another_is_called_alike(watching, text, part):
    found, error = refused(watching, text=text, at=6)
    assert (found, type(error)) == (part, NotUnderstood)
    assert error.near[0] == "accuracy"
    assert error.example == text.replace("acuracy", "accuracy")


def test_a_metric_like_no_other_is_taken_with_a_warning():
    found = vetted(Watch("iris", metrics=("bleu",)))
    assert found.refused == ()
    assert found.warnings == ("No run there has logged bleu yet. They log accuracy, val_loss.",)


@pytest.mark.parametrize("text", ['watch iris when "acuracy" < 1', "watch iris when “acuracy” &lt; 1"])
def test_a_metric_that_is_said_in_quotes_is_meant_though_another_is_called_alike(text):
    found = vetted(watching_of(text.removeprefix("watch ")), text=text, at=6)
    assert (found.refused, found.watching.rules) == ((), (MetricRule("acuracy", "<", 1),))
    assert found.warnings == ("No run there has logged acuracy yet. They log accuracy, val_loss.",)


def test_how_to_insist_on_a_new_metric_is_said_where_it_is_refused():
    _part, error = refused(Watch("iris", metrics=("acuracy",)), text="watch iris metrics acuracy", at=6)
    assert error.remedy.startswith("Not logged yet? Put the name in quotes.")


def test_a_metric_that_was_insisted_on_is_taken_when_the_watch_is_edited():
    found = vetted(Watch("iris", rules=(MetricRule("acuracy", "<", 1),)), certain=("acuracy",))
    assert found.refused == ()


def test_metrics_without_commas_between_them_are_told_apart():
    text = "watch iris metrics accuracy val_loss only better"
    _part, error = refused(Watch("iris", metrics=("accuracy val_loss",)), text=text, at=6)
    assert error.problem.endswith("There are accuracy and val_loss.")
    assert error.example == "watch iris metrics accuracy, val_loss only better"


@pytest.mark.parametrize(
    ("text", "spot", "line"),
    [
        ("watch iris with loss &lt; 1", "with loss < 1", "watch iris when loss < 1"),
        ("please watch IRIS showing acc by maya", "showing acc", "please watch IRIS by maya"),
        ("watch iris and team/fraud", "and team/fraud", "watch iris"),
    ],
)
def test_words_behind_an_experiment_that_say_nothing_are_told_apart_from_its_name(text, spot, line):
    request = parse(text)
    part, error = refused(request.watching, text=text, at=request.at)
    assert (part, html.unescape(text[error.at : error.end]), html.unescape(error.example)) == ("place", spot, line)
    assert error.remedy


@pytest.mark.parametrize(
    ("text", "spot", "line"),
    [
        ("watch iris so long as it is good", "long", "watch iris"),
        ("watch iris with gusto", "gusto", "watch iris"),
        ("watch iris loudly by maya", "loudly", "watch iris by maya"),
        ("watch iris for a week", "a week", "watch iris"),
        ("watch iri* so long as it is good", "long", "watch iri*"),
        ("watch iris and team/fraud", "iris and team/fraud", "watch iris"),
    ],
)
def test_where_the_names_are_known_words_that_say_nothing_are_refused_as_they_are_read(text, spot, line):
    with pytest.raises(NotUnderstood) as caught:
        parse(text, Names.of(experiments=["iris", "team/fraud"], users=["maya"]))
    assert (text[caught.value.at : caught.value.end], caught.value.example) == (spot, line)


def test_a_name_misspelt_that_begins_like_another_is_still_a_name():
    near = Experiment("7", "iris-flowers")
    _part, error = refused(Watch("iris flowers"), FakeRuns([OLD], more_experiments=[near]), text="watch iris flowers")
    assert error.near[0] == "iris-flowers"


def test_a_user_whom_nobody_knows_is_doubted():
    assert vetted(Watch("iris", user="MAYA")).warnings == ()
    (told,) = vetted(Watch("iris", user="mya")).warnings
    assert told == "None of the last runs to end there is by mya. MLflow knows maya."


def test_a_baseline_is_looked_for_in_the_experiment_then_anywhere():
    gold = a_run("gold", 9, experiment=FRAUD)
    found = vetted(Watch("iris", "run", Named("gold")), store(gold))
    assert (found.refused, found.warnings) == ((), ())
    other_old = a_run("old", 8, experiment=FRAUD)
    assert vetted(Watch("iris", "run", Named("old")), store(other_old)).refused == ()


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ((), RunNotFound),
        ((a_run("nowhere", 8), a_run("nowhere", 9)), Ambiguous),
        ((a_run("nowhere", 8, deleted=True),), RunNotFound),
    ],
)
def test_a_baseline_that_is_not_the_one_run_is_refused(more, kind):
    part, error = refused(
        Watch("iris", "run", Named("nowhere", at=19)), store(*more), text="watch iris against nowhere"
    )
    assert (part, type(error)) == ("against", kind)


@pytest.mark.parametrize(
    ("watching", "told"),
    [
        (Watch("iris", "run", Pinned()), "No baseline is pinned yet."),
        (Watch("team/fraud", "run", Latest()), "Until there is one, runs are held against the one before."),
        (Watch("team/fraud", "run", Leading("auc")), "Until there is one, runs are held against the one before."),
    ],
)
def test_a_baseline_that_is_still_to_come_is_only_said(watching, told):
    found = vetted(watching)
    assert found.refused == ()
    assert told in found.warnings[0]


def test_a_pinned_baseline_is_no_doubt():
    assert vetted(Watch("iris", "run", Pinned()), defaults=ChannelDefaults(pinned=OLD.run_id)).warnings == ()


@pytest.mark.parametrize("watching", [Watch("irsi", "run", Named("odl"), where="x"), Watch("*", metrics=("m",))])
def test_while_mlflow_is_down_nothing_is_refused_and_nothing_known(watching):
    found = vetted(watching, FakeRuns(down="MLflow did not answer."))
    assert (found.watching, found.refused, found.past) == (watching, (), None)
    assert found.problem == "MLflow did not answer."


def test_two_requests_beside_the_experiments_are_enough_for_a_plain_watch():
    runs = store()
    vetted(Watch("iris", only=OnlyRuns.FAILURES), runs)
    assert sorted(each for each in runs.asked if each != "experiments") == ["search", "undated"]
