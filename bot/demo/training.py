"""What the demo trains: three experiments of small real models, logged as a person would log them.

Every number that ends up in MLflow comes out of the training: seeds are fixed, values are not.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from time import time_ns
from typing import Any

import mlflow
import numpy as np
from mlflow.entities import Metric, Param
from sklearn.datasets import load_digits, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, log_loss, precision_recall_fscore_support
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

from bot.demo.store import (
    DIGITS,
    EPOCHS,
    FIRST,
    IRIS,
    JOBS,
    NOISY,
    PEOPLE,
    SEARCH,
    SECOND,
    SWEEP,
    TOTAL,
    TRIALS,
    UNSTABLE,
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
        accuracy, loss = {"mlcompare.metric": "val_accuracy"}, {"mlcompare.metric": "val_loss"}
        # The search comes first: what people try ends last.
        for experiment, runs, tags in ((SEARCH, _search, loss), (IRIS, _iris, {}), (DIGITS, _digits, accuracy)):
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


def _search(experiment_id: str) -> Iterator[tuple[str, str]]:
    """A random search of small networks, and two curves to look at: one overfits, one diverges."""
    features, labels = load_digits(return_X_y=True)
    split = Split(*train_test_split(features / 16, labels, test_size=0.3, random_state=42, stratify=labels))
    client, rng = mlflow.MlflowClient(), np.random.default_rng(11)
    tags = {"model": "mlp", "stage": "demo", "mlflow.user": PEOPLE[0]}
    parent = client.create_run(experiment_id, run_name=SWEEP, tags=tags).info.run_id
    for number in range(TRIALS):
        network = MLPClassifier(
            (int(rng.choice([8, 16, 32, 64])),),
            learning_rate_init=float(10 ** rng.uniform(-4, -1)),
            batch_size=int(rng.choice([32, 64, 128])),
            activation=str(rng.choice(["relu", "tanh"])),
            random_state=number,
        )
        name = f"trial-{number:02d}"
        losses = [(train, held_out) for train, held_out in _epoch_losses(network, split, 500, epochs=4)]
        _log_curve(client, experiment_id, name, network, losses, {**tags, "mlflow.parentRunId": parent})
        yield name, f"val_loss {losses[-1][1]:.4f}"
    client.set_terminated(parent)
    noisy = split.train_y[:150].copy()
    wrong = rng.random(len(noisy)) < 0.3
    noisy[wrong] = rng.integers(0, 10, int(wrong.sum()))
    network = MLPClassifier((64,), learning_rate_init=0.01, batch_size=32, alpha=0, random_state=1)
    losses = list(_epoch_losses(network, split, 150, epochs=40, labels=noisy))
    _log_curve(client, experiment_id, NOISY, network, losses, tags)
    yield NOISY, f"val_loss {losses[-1][1]:.4f}"
    network = MLPClassifier((32,), solver="sgd", learning_rate_init=0.02, batch_size=64, random_state=1)
    losses = list(_epoch_losses(network, split, 500, epochs=30, growth=1.35))
    _log_curve(client, experiment_id, UNSTABLE, network, losses, tags)
    yield UNSTABLE, f"val_loss {losses[-1][1]:.4f}"


def _epoch_losses(  # noqa: PLR0913 -- all but three by name
    model: MLPClassifier, split: Split, size: int, *, epochs: int, labels: Any = None, growth: float = 1.0
) -> Iterator[tuple[float, float]]:
    """The loss on `size` training examples and on held-out data after each epoch.

    The learning rate grows by `growth` an epoch. A model that overflows has no loss any more: NaN from there on.
    """
    truth = split.train_y[:size] if labels is None else labels
    for _ in range(epochs):
        with np.errstate(all="ignore"):
            try:
                model.partial_fit(split.train_x[:size], truth, classes=np.arange(10))
                guess = model.predict_proba(split.held_out_x)
                yield float(model.loss_), float(log_loss(split.held_out_y, guess))
            except ValueError:  # weights are no numbers any more
                yield float("nan"), float("nan")
        model.learning_rate_init *= growth
        if growth != 1.0:
            model._optimizer.learning_rate = model.learning_rate_init  # noqa: SLF001 -- partial_fit has no schedule


def _log_curve(  # noqa: PLR0913, PLR0917 -- a run, as it is logged
    client: Any,
    experiment_id: str,
    name: str,
    model: MLPClassifier,
    losses: list[tuple[float, float]],
    tags: dict[str, str],
) -> None:
    """One run with its parameters and a loss for each epoch, in three requests."""
    run = client.create_run(experiment_id, run_name=name, tags=tags).info.run_id
    now = time_ns() // 1_000_000
    metrics = [
        Metric(key, value, now, step)
        for step, pair in enumerate(losses)
        for key, value in zip(("train_loss", "val_loss"), pair, strict=True)
    ]
    shown = {
        "hidden_units": model.hidden_layer_sizes[0],
        "learning_rate": model.learning_rate_init,
        "batch_size": model.batch_size,
        "activation": model.activation,
        "seed": model.random_state,
    }
    params = [Param(key, str(value)) for key, value in shown.items()]
    client.log_batch(run, metrics=metrics, params=params)
    client.set_terminated(run)


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
