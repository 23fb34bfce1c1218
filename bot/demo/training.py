"""What the demo trains: two experiments of small real models, logged as a person would log them.

Every number that ends up in MLflow comes out of the training: seeds are fixed, values are not.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from time import time_ns
from typing import Any

import mlflow
import numpy as np
from mlflow.entities import Metric
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, precision_recall_fscore_support
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from bot.demo.jobs import (
    DIGITS,
    EPOCHS,
    FIRST,
    IRIS,
    JOBS,
    PEOPLE,
    SECOND,
    TOTAL,
    TrainedModel,
    TrainingJob,
)

HOPELESS = 100.0  # a network that guesses among ten digits has a loss of 2.3

Progress = Callable[["TrainedModel"], None]


class Diverged(ArithmeticError):  # noqa: N818 -- named for what happened
    """The loss grew past all hope; the run ends as FAILED."""


@dataclass(frozen=True, slots=True)
class Split:
    """Features and labels to learn from, and those held out."""

    train_x: Any
    held_out_x: Any
    train_y: Any
    held_out_y: Any


def train(tracking_uri: str, artifacts: str, progress: Progress) -> None:
    """Train and log everything into an empty store; `artifacts` is the URI of its artifact root."""
    mlflow.set_tracking_uri(tracking_uri)
    done = 0
    try:
        for experiment, runs, tags in ((IRIS, _iris, {}), (DIGITS, _digits, {"mlcompare.metric": "val_accuracy"})):
            experiment_id = mlflow.create_experiment(experiment, f"{artifacts}/{experiment}", tags)
            for name, result in runs(experiment_id):
                done += 1
                progress(TrainedModel(experiment, name, result, done, TOTAL))
    finally:
        mlflow.set_tracking_uri(None)


def _iris(experiment_id: str) -> Iterator[tuple[str, str]]:
    features, labels = load_iris(return_X_y=True)
    split = Split(*train_test_split(features, labels, test_size=0.5, random_state=0, stratify=labels))
    for user, name, strength in zip(PEOPLE, (FIRST, SECOND), (1.0, 0.5), strict=True):
        with mlflow.start_run(experiment_id=experiment_id, run_name=name, tags={"mlflow.user": user}):
            parameters = {"C": strength, "solver": "lbfgs", "max_iter": 1000}
            mlflow.log_params({**parameters, "test_size": 0.5, "random_state": 0})
            mlflow.set_tags({"model": "logistic regression", "stage": "demo"})
            _log_data("iris", "training", split.train_x, split.train_y)
            _log_data("iris", "test", split.held_out_x, split.held_out_y)
            model = LogisticRegression(**parameters).fit(split.train_x, split.train_y)
            scores = _scores(split.held_out_y, model.predict(split.held_out_x))
            mlflow.log_metrics(scores)
        yield name, f"accuracy {scores['accuracy']:.4f}"


def _scores(truth: Any, predicted: Any) -> dict[str, float]:
    precision, recall, f1, _ = precision_recall_fscore_support(truth, predicted, average="macro")
    accuracy = accuracy_score(truth, predicted)
    return {
        "accuracy": float(accuracy),
        "precision": float(precision),
        "recall": float(recall),
        "f1_score": float(f1),
    }


def _digits(experiment_id: str) -> Iterator[tuple[str, str]]:
    features, labels = load_digits(return_X_y=True)
    split = Split(*train_test_split(features / 16, labels, test_size=0.3, random_state=42, stratify=labels))
    for job in JOBS:
        result = "failed: the loss grew past all hope"
        about = {
            "experiment_id": experiment_id,
            "run_name": job.name,
            "description": job.note or None,
            "tags": {"mlflow.user": job.user},
        }
        with suppress(Diverged), mlflow.start_run(**about):
            result = _train_network(job, split)
        yield job.name, result


def _train_network(job: TrainingJob, split: Split) -> str:
    """Train one network in the active run; what it reached, in words."""
    share = int(len(split.train_y) * job.share)
    features, labels = split.train_x[:share], split.train_y[:share]
    mlflow.log_params({**asdict(job.network), "epochs": EPOCHS, "seed": job.seed})
    mlflow.set_tags({"model": "mlp", "configuration": job.name.rsplit("-seed-", 1)[0], "stage": "demo"})
    _log_data("digits", "training", features, labels)
    if job.validate:
        _log_data("digits", "validation", split.held_out_x, split.held_out_y)
    with _epochs() as log:
        for step, model in enumerate(_fits(job, features, labels)):
            last = {"train_loss": float(model.loss_)}
            if job.validate:
                guess = model.predict_proba(split.held_out_x)
                last["val_loss"] = float(log_loss(split.held_out_y, guess))
                last["val_accuracy"] = float(accuracy_score(split.held_out_y, guess.argmax(axis=1)))
            log(step, last)
            if not last["train_loss"] < HOPELESS:
                raise Diverged(last["train_loss"])
        log(EPOCHS - 1, {"n_weights": float(sum(layer.size for layer in (*model.coefs_, *model.intercepts_)))})
    name, value = list(last.items())[-1]
    return f"{name} {value:.4f}"


def _fits(job: TrainingJob, features: Any, labels: Any) -> Iterator[MLPClassifier]:
    """The model after each epoch, one and the same object."""
    model = MLPClassifier(
        hidden_layer_sizes=(job.network.hidden_units,),
        learning_rate_init=job.network.learning_rate,
        solver=job.network.solver,
        batch_size=job.network.batch_size,
        activation=job.network.activation,
        random_state=job.seed,
    )
    for _ in range(EPOCHS):
        with np.errstate(all="ignore"):  # one run overflows on purpose
            yield model.partial_fit(features, labels, classes=np.arange(10))


@contextmanager
def _epochs() -> Iterator[Callable[[int, dict[str, float]], None]]:
    """Collect the metrics of each epoch; written in one batch, whatever ends the run: thirty times quicker."""
    metrics: list[Metric] = []

    def log(step: int, values: dict[str, float]) -> None:
        now = time_ns() // 1_000_000
        metrics.extend(Metric(name, value, now, step) for name, value in values.items())

    try:
        yield log
    finally:
        run = mlflow.active_run()
        mlflow.MlflowClient().log_batch(run.info.run_id, metrics=metrics)


def _log_data(name: str, context: str, features: Any, labels: Any) -> None:
    mlflow.log_input(mlflow.data.from_numpy(features, targets=labels, name=name), context=context)


# What the demo trains, by name: plain values that are there at once, without what trains them.
