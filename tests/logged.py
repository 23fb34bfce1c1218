"""Runs logged into a real store, as training code logs them."""

import time
from collections.abc import Mapping, Sequence
from uuid import uuid4

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param


def new_experiment(client: MlflowClient, name: str = "", **tags: str) -> str:
    """The id of a new experiment; a name of its own where none is given."""
    return client.create_experiment(name or f"experiment-{uuid4().hex[:8]}", tags=tags)


def log_run(
    client: MlflowClient,
    experiment_id: str,
    name: str,
    metrics: Mapping[str, float | Sequence[float]] | None = None,
    *,
    params: Mapping[str, object] | None = None,
    tags: Mapping[str, str] | None = None,
    datasets: Sequence[tuple[str, str, str]] = (),
    status: str = "FINISHED",
    started: int | None = None,
) -> str:
    """The id of a run with these metrics (a sequence is logged step by step); datasets are name, digest, context."""
    now = int(time.time() * 1000)
    run_id = client.create_run(
        experiment_id, start_time=started or now, run_name=name, tags=dict(tags or {})
    ).info.run_id
    points = [
        Metric(key, value, now + step, step)
        for key, logged in (metrics or {}).items()
        for step, value in enumerate(logged if isinstance(logged, Sequence) else [logged])
    ]
    for first in range(0, len(points), 1_000):
        client.log_batch(run_id, metrics=points[first : first + 1_000])
    pairs = [Param(key, str(value)) for key, value in (params or {}).items()]
    for first in range(0, len(pairs), 100):
        client.log_batch(run_id, params=pairs[first : first + 100])
    if datasets:
        client.log_inputs(
            run_id,
            [
                DatasetInput(
                    Dataset(data_name, digest, "local", "{}"),
                    [InputTag("mlflow.data.context", context)] if context else [],
                )
                for data_name, digest, context in datasets
            ],
        )
    if status != "RUNNING":
        client.set_terminated(run_id, status)
    return run_id
