import math
from collections import Counter

import pytest

from bot.demo.store import DIGITS, EPOCHS, FIRST, IRIS, NOISY, SECOND, SEEDS, SWEEP, TOTAL, TRIALS, UNSTABLE
from bot.demo.training import HOPELESS


@pytest.fixture(scope="module")
def runs(trained_demo):
    from mlflow import MlflowClient

    client = MlflowClient(trained_demo.store.tracking_uri)
    ids = [experiment.experiment_id for experiment in client.search_experiments()]
    return {run.info.run_name: run for run in client.search_runs(ids)}


@pytest.fixture(scope="module")
def history(trained_demo, runs):
    from mlflow import MlflowClient

    client = MlflowClient(trained_demo.store.tracking_uri)
    return lambda run, metric: client.get_metric_history(runs[run].info.run_id, metric)


def test_two_logistic_regressions_on_iris_differ_in_one_parameter(runs):
    first, second = runs[FIRST].data.params, runs[SECOND].data.params
    assert {name for name in first | second if first.get(name) != second.get(name)} == {"C"}
    assert second["C"] == "0.5"


def test_the_regressions_log_four_scores_that_are_scores(runs):
    for name in (FIRST, SECOND):
        scores = runs[name].data.metrics
        assert set(scores) == {"accuracy", "precision", "recall", "f1_score"}
        assert all(0.8 < score <= 1 for score in scores.values())


def test_the_regressions_really_differ(runs):
    assert runs[FIRST].data.metrics != runs[SECOND].data.metrics


def test_the_network_has_two_configurations_of_five_seeds(runs):
    seeds = Counter(run.data.tags["configuration"] for name, run in runs.items() if "-seed-" in name)
    assert seeds == {"mlp-32": 5, "mlp-64": 5}
    assert {runs[f"mlp-64-seed-{seed}"].data.params["seed"] for seed in SEEDS} == {"1", "2", "3", "4", "5"}


@pytest.mark.parametrize("metric", ["train_loss", "val_loss", "val_accuracy"])
def test_the_network_logs_each_epoch(history, metric):
    steps = [point.step for point in history("mlp-64-seed-1", metric)]
    assert steps == list(range(EPOCHS))


def test_the_network_learns(history):
    loss = [point.value for point in history("mlp-64-seed-1", "val_loss")]
    assert loss[-1] < loss[0] / 4


def test_seeds_make_a_difference_and_configurations_a_larger_one(runs):
    narrow, wide = (
        [runs[f"mlp-{units}-seed-{seed}"].data.metrics["val_accuracy"] for seed in SEEDS] for units in (32, 64)
    )
    assert len(set(narrow)) > 1
    assert max(narrow) < min(wide)


def test_one_run_fails_and_keeps_what_it_had_logged(runs):
    failed = [name for name, run in runs.items() if run.info.status == "FAILED"]
    assert failed == ["mlp-64-hot"]
    assert runs["mlp-64-hot"].data.metrics["train_loss"] > HOPELESS
    assert all(math.isfinite(value) for value in runs["mlp-64-hot"].data.metrics.values())


def test_one_run_logs_fewer_metrics_and_saw_less_data(runs):
    half, whole = runs["mlp-64-half-data"], runs["mlp-64-seed-1"]
    assert set(half.data.metrics) < set(whole.data.metrics)
    assert digests(half)["training"] != digests(whole)["training"]


def test_runs_say_what_they_learnt_from_and_what_they_were_tested_on(runs):
    assert set(digests(runs["mlp-32-seed-1"])) == {"training", "validation"}
    assert set(digests(runs[FIRST])) == {"training", "test"}
    assert digests(runs[FIRST]) == digests(runs[SECOND])


def test_runs_carry_tags_of_their_users(runs):
    assert all({"model", "stage"} <= run.data.tags.keys() for run in runs.values())


def test_the_experiment_on_digits_names_its_primary_metric(trained_demo):
    from mlflow import MlflowClient

    experiment = MlflowClient(trained_demo.store.tracking_uri).get_experiment_by_name(DIGITS)
    assert experiment.tags["mlcompare.metric"] == "val_accuracy"


def test_progress_is_shown_for_each_run_in_order(trained_demo):
    progress = [line.split() for line in trained_demo.out.splitlines() if f"/{TOTAL}  " in line]
    assert [done for done, *_rest in progress] == [f"{number}/{TOTAL}" for number in range(1, TOTAL + 1)]
    assert " ".join(progress[TRIALS + 2]).startswith(f"{TRIALS + 3}/{TOTAL} {IRIS}: {FIRST}, ")


def test_training_leaves_no_setting_behind(trained_demo):
    assert not {"MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID"} & set(trained_demo.settings)


def digests(run):
    return {
        tag.value: given.dataset.digest
        for given in run.inputs.dataset_inputs
        for tag in given.tags
        if tag.key == "mlflow.data.context"
    }


def test_a_search_of_thirty_trials_hangs_from_one_parent(runs):
    parent = runs[SWEEP].info.run_id
    assert sum(run.data.tags.get("mlflow.parentRunId") == parent for run in runs.values()) == TRIALS


def test_one_curve_overfits_and_one_diverges(trained_demo):
    from datetime import UTC, datetime

    from comparison.language.parser import parse
    from comparison.queries.curves import ask_curves
    from comparison.tracking.mlflow import MlflowSource

    source = MlflowSource(trained_demo.store.tracking_uri)
    answer = ask_curves(parse(f"curves {NOISY} vs {UNSTABLE} by val_loss"), source, now=datetime.now(UTC))
    noisy, unstable = answer.metrics[0].curves
    assert noisy.overfit is not None
    assert unstable.divergence is not None
