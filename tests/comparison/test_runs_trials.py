"""Which trials their search gave up: by what Optuna writes into MLflow, and what people write themselves."""

import pytest

from comparison.runs import Status, is_pruned

STORAGE = {"param_directions": "{}", "numbers": "3", "param_internal_val_lr": "0.1"}
CALLBACK = {"number": "3", "datetime_start": "2026-11-20 10:00:00", "direction": "MINIMIZE"}
STUDY = {"optuna.study_direction": "MINIMIZE"}


@pytest.mark.parametrize(
    ("status", "tags"),
    [
        (Status.KILLED, STORAGE),
        (Status.FINISHED, CALLBACK | {"state": "PRUNED"}),
        (Status.FAILED, CALLBACK | {"state": "TrialState.PRUNED"}),
        (Status.KILLED, {"optuna_trial": "7"}),
        (Status.FAILED, {"pruned": "true"}),
        (Status.FAILED, {"pruned": "12"}),
        (Status.KILLED, {"is_pruned": "True"}),
        (Status.FAILED, {"optuna.pruned": "yes"}),
        (Status.FINISHED, {"status": "pruned"}),
        (Status.FINISHED, {"trial_status": "pruned at epoch 3"}),
        (Status.FINISHED, {"optuna_trial": "7", "pruned": "true"}),
    ],
)
def test_a_trial_that_was_given_up_is_pruned_however_it_is_told(status, tags):
    assert is_pruned(status, tags)


@pytest.mark.parametrize(
    ("status", "tags"),
    [
        (Status.KILLED, {}),
        (Status.FAILED, STORAGE),
        (Status.FINISHED, STORAGE),
        (Status.RUNNING, CALLBACK | {"state": "PRUNED"}),
        (Status.KILLED, STUDY),
        (Status.KILLED, CALLBACK | {"state": "FAIL"}),
        (Status.FAILED, {"pruned": "false"}),
        (Status.FINISHED, {"pruned": "true", "sparsity": "0.9"}),
        (Status.FINISHED, {"model_type": "pruned"}),
        (Status.FAILED, {"status": "failed"}),
        (Status.FAILED, {"estate": "pruned"}),
    ],
)
def test_what_failed_was_stopped_by_somebody_or_is_a_pruned_network_is_no_pruned_trial(status, tags):
    assert not is_pruned(status, tags)
