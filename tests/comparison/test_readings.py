"""One metric that was logged for several datasets, in stores that keep the dataset and in those that do not."""

import logging
import time

import pytest
from mlflow import MlflowClient
from mlflow.entities import LoggedModelOutput

from bot.commands.compare import gate
from comparison.compare import ask
from comparison.errors import RequestError
from comparison.judgement.result import CaveatCode, Outcome, VerdictKind
from comparison.language.parser import parse
from comparison.reports.comparison import comparison_report
from comparison.runs import Dataset, Experiment, Goal, Metric, Run
from comparison.tracking.mlflow import MlflowSource
from tests.comparison.builders import warning
from tests.fakes.runs import FakeRuns
from tests.logged import log_run, new_experiment
from tests.mlflow_store import new_store

TRAIN, VALID = ("train", "4b8fa1ac"), ("valid", "af37a0ca")
CANNOT_TELL = 4


def evaluate(client, experiment, name, values, *, for_a_model=False, step=0, key="accuracy", more=()):
    """A run that measured a metric on datasets in this order."""
    run_id = log_run(
        client,
        experiment,
        name,
        {"loss": 0.5, "fit_time": 3.0},
        datasets=[(*dataset, "") for dataset, _value in values] or [(*TRAIN, ""), (*VALID, "")],
        status="RUNNING",
    )
    model_id = None
    if for_a_model:
        model_id = client.create_logged_model(experiment, name="m").model_id
        client.log_outputs(run_id, [LoggedModelOutput(model_id, step)])
    at = int(time.time() * 1000)
    for number, ((dataset, digest), value) in enumerate([*values, *more]):
        client.log_metric(
            run_id, key, value, at + number, step, model_id=model_id, dataset_name=dataset, dataset_digest=digest
        )
    client.set_terminated(run_id)
    return run_id


@pytest.fixture(scope="module", params=["database", "files", "server"])
def store(request, tmp_path_factory):
    """A source and its client; databases keep the dataset of a value with the model only."""
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    folder = tmp_path_factory.mktemp("evaluations")
    if request.param == "server":
        uri = request.getfixturevalue("mlflow_server").url
    else:
        uri = new_store(folder) if request.param == "database" else (folder / "runs").as_uri()
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
        yield MlflowSource(uri, timeout=60), MlflowClient(uri), request.param == "files"


def pair(client, one, other, **facts):
    experiment = new_experiment(client)
    return [evaluate(client, experiment, name, values, **facts) for name, values in (("one", one), ("other", other))]


def values(comparison):
    return {
        each.name: (each.changes[0].baseline.value, each.changes[0].candidate.value, each.changes[0].outcome.value)
        for each in comparison.metrics
        if each.logged_as == "accuracy"
    }


SAME_IN_ANOTHER_ORDER = [(TRAIN, 0.99), (VALID, 0.8)], [(VALID, 0.8), (TRAIN, 0.99)]


def test_equal_runs_that_were_measured_in_another_order_are_the_same(store):
    source, client, _ = store
    one, other = pair(client, *SAME_IN_ANOTHER_ORDER, for_a_model=True)
    comparison = ask(parse(f"{one} vs {other}"), source)
    assert values(comparison) == {"accuracy · train": (0.99, 0.99, "same"), "accuracy · valid": (0.8, 0.8, "same")}
    assert comparison.verdicts[0].text == "No difference on 4 metrics"
    assert gate(comparison) == (0, "")


def test_where_it_is_not_told_which_value_is_of_which_dataset_nothing_is_judged(store):
    source, client, keeps_datasets = store
    one, other = pair(client, *SAME_IN_ANOTHER_ORDER)
    comparison = ask(parse(f"{one} vs {other} by accuracy"), source)
    if keeps_datasets:
        assert values(comparison) == {"accuracy · valid": (0.8, 0.8, "same"), "accuracy · train": (0.99, 0.99, "same")}
        return
    assert values(comparison) == {"accuracy": (0.8, 0.99, "unclear")}
    assert comparison.verdicts[0].standing is VerdictKind.UNKNOWN
    assert gate(comparison) == (CANNOT_TELL, "cannot tell: accuracy")
    assert "which value is of which" in warning(comparison, CaveatCode.DATASETS_UNCLEAR)
    assert gate(ask(parse(f"{one} vs {other}"), source)) == (CANNOT_TELL, "cannot tell: accuracy")


def test_the_metric_that_decides_is_judged_on_what_was_held_out(store):
    source, client, _ = store
    one, other = pair(client, [(TRAIN, 0.8), (VALID, 0.7)], [(TRAIN, 0.99), (VALID, 0.6)], for_a_model=True)
    comparison = ask(parse(f"{one} vs {other} by accuracy"), source)
    assert [each.name for each in comparison.metrics[:2]] == ["accuracy · valid", "accuracy · train"]
    assert [each.name for each in comparison.metrics if each.primary] == ["accuracy · valid"]
    assert (
        comparison.verdicts[0].text
        == "other is worse: accuracy · valid 0.7 → 0.6 (-14 %); 1 more metric better, 2 the same"
    )
    named = ask(parse(f'{one} vs {other} by "accuracy · train"'), source)
    assert named.verdicts[0].standing is VerdictKind.BETTER


def test_datasets_whose_names_tell_nothing_all_decide(store):
    source, client, _ = store
    north, south = ("north.csv", "a1"), ("south.csv", "b2")
    one, other = pair(client, [(north, 0.8), (south, 0.7)], [(south, 0.6), (north, 0.9)], for_a_model=True)
    comparison = ask(parse(f"{one} vs {other} by accuracy"), source)
    assert (
        comparison.verdicts[0].text
        == "Mixed: other is better in accuracy on 1 of 2 datasets, worse on 1; 2 more metrics the same"
    )
    assert gate(comparison) == (1, "accuracy · south.csv got worse (0.7 → 0.6)")


def test_datasets_of_one_name_are_told_apart_by_their_digests(store):
    source, client, _ = store
    first, second = ("dataset", "a1"), ("dataset", "b2")
    one, other = pair(client, [(first, 0.8), (second, 0.7)], [(second, 0.7), (first, 0.9)], for_a_model=True)
    comparison = ask(parse(f"{one} vs {other}"), source)
    assert values(comparison) == {
        "accuracy · dataset (a1)": (0.8, 0.9, "better"),
        "accuracy · dataset (b2)": (0.7, 0.7, "same"),
    }


def test_a_run_that_was_measured_on_one_of_them_is_compared_on_that_one(store):
    source, client, _ = store
    one, other = pair(client, [(TRAIN, 0.9), (VALID, 0.8)], [(VALID, 0.85)], for_a_model=True)
    comparison = ask(parse(f"{one} vs {other}"), source)
    assert values(comparison) == {
        "accuracy · valid": (0.8, 0.85, "better"),
        "accuracy · train": (0.9, None, "only in baseline"),
    }


def test_the_best_value_is_that_of_each_dataset(store):
    source, client, _ = store
    later = [(TRAIN, 0.95), (VALID, 0.7)]
    one, other = pair(client, [(TRAIN, 0.9), (VALID, 0.8)], [(TRAIN, 0.9), (VALID, 0.75)], for_a_model=True, more=later)
    comparison = ask(parse(f"{one} vs {other} best"), source)
    assert values(comparison) == {"accuracy · valid": (0.8, 0.75, "worse"), "accuracy · train": (0.95, 0.95, "same")}


def test_a_metric_logged_once_by_a_run_with_several_datasets_is_judged(store):
    source, client, _ = store
    one, other = pair(client, [(TRAIN, 0.9)], [(TRAIN, 0.95)])
    assert values(ask(parse(f"{one} vs {other}"), source)) == {"accuracy": (0.9, 0.95, "better")}
    ids = pair(client, [], [], more=[(VALID, 0.9)])
    assert values(ask(parse(" vs ".join(ids)), source)) == {"accuracy": (0.9, 0.9, "same")}


# Without a store

IRIS = Experiment("1", "iris", {"accuracy": Goal.HIGHER})
BOTH = (Dataset(*TRAIN), Dataset(*VALID))


def run(name, points, datasets=BOTH, models=()):
    last = max(points, key=lambda each: (each.step, each.logged_at))
    made = Run(
        name.ljust(32, "0"), name, IRIS, started_at=1, metrics={"accuracy": last}, datasets=datasets, models=models
    )
    return made, {(made.run_id, "accuracy"): points}


def source_of(*made, **facts):
    return FakeRuns(
        [each for each, _ in made], histories={key: past for _, known in made for key, past in known.items()}, **facts
    )


def test_mlflow_is_asked_for_no_history_of_runs_with_fewer_than_two_datasets():
    points = [Metric(0.9, 0, 1), Metric(0.8, 0, 2)]
    source = source_of(run("a1", points, BOTH[:1]), run("b1", points, ()))
    comparison = ask(parse("a1 vs b1"), source)
    assert {"history", "evaluations"}.isdisjoint(source.asked)
    assert comparison.metrics[0].changes[0].outcome is Outcome.SAME


def test_steps_are_no_datasets():
    steps = [Metric(0.1 * step, step, step) for step in range(1, 9)]
    source = source_of(run("a1", steps), run("b1", steps))
    assert ask(parse("a1 vs b1"), source).metrics[0].changes[0].outcome is Outcome.SAME


def test_a_long_history_is_read_no_further_than_it_takes_to_see_that_steps_repeat():
    twice = [Metric(0.5, step, 2 * step + place) for step in range(1_000) for place in (0, 1)]
    once = [Metric(0.5, step, step) for step in range(2_000)]
    source = source_of(run("a1", twice), run("b1", once))
    assert ask(parse("a1 vs b1"), source).metrics[0].changes[0].outcome is Outcome.UNCLEAR
    source = source_of(run("a1", once), run("b1", once))
    assert ask(parse("a1 vs b1"), source).metrics[0].changes[0].outcome is Outcome.SAME


def test_of_very_many_metrics_those_that_tell_how_good_a_run_is_are_looked_into_first():
    names = [f"loss_{number}" for number in range(90)]
    runs = [
        Run(name.ljust(32, "0"), name, IRIS, started_at=1, metrics={each: Metric(1.0) for each in names}, datasets=BOTH)
        for name in ("a1", "b1")
    ]
    source = FakeRuns(runs)
    ask(parse("a1 vs b1"), source)
    assert source.asked.count("samples_of") == 40


def test_metrics_that_were_logged_once_take_one_question_each_and_no_more():
    names = ("accuracy", "f1", "auc")
    runs = [
        Run(
            name.ljust(32, "0"), name, IRIS, metrics={each: Metric(0.9) for each in names}, datasets=BOTH, models=("m",)
        )
        for name in ("a1", "b1")
    ]
    source = FakeRuns(runs)
    ask(parse("a1 vs b1"), source)
    assert source.asked.count("samples_of") == len(names)
    assert {"history", "evaluations"}.isdisjoint(source.asked)


def test_a_metric_that_names_its_part_of_the_data_is_of_no_other():
    one_of_each = (Dataset("digits", "d1", "training"), Dataset("digits", "d2", "test"))
    metrics = {"train_loss": Metric(0.1), "val_loss": Metric(0.2), "valAccuracy": Metric(0.9)}
    two_held_out = (*one_of_each, Dataset("hard", "d3", "validation"))
    for datasets, questions in ((one_of_each, 0), (two_held_out, 2)):
        runs = [Run(name.ljust(32, "0"), name, IRIS, metrics=metrics, datasets=datasets) for name in ("a1", "b1")]
        source = FakeRuns(runs)
        ask(parse("a1 vs b1"), source)
        assert source.asked.count("samples_of") == questions


def test_a_dataset_that_is_not_there_is_refused_with_those_that_are():
    told = [Metric(0.9, 0, 1, dataset="train", digest="d1"), Metric(0.8, 0, 2, dataset="valid", digest="d2")]
    source = source_of(run("a1", told), run("b1", told))
    with pytest.raises(RequestError, match="logged a metric called accuracy · test"):
        ask(parse('a1 vs b1 by "accuracy · test"'), source)


def test_the_report_tells_that_it_cannot_tell():
    points = [Metric(0.9, 0, 1), Metric(0.8, 0, 2)]
    report = comparison_report(ask(parse("a1 vs b1 by accuracy"), source_of(run("a1", points), run("b1", points))))
    assert report.headline == "❔ Cannot tell: accuracy was logged for several datasets"
    assert [cell.text for cell in report.table.rows[0]] == ["accuracy", "cannot tell", "0.8", "0.8"]
