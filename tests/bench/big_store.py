"""A store as large as a busy team's: made through MLflow's own schema, filled row by row with SQL.

    python -m tests.bench.big_store FOLDER [--runs 100000] [--experiments 50]

Logging 100,000 runs through the API would take hours; MLflow makes the tables, this fills them in a minute.
The values are drawn from a fixed seed: accuracies crowd towards their best, as real ones do.
"""

import argparse
import random
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

METRICS = (
    "accuracy",
    "precision",
    "recall",
    "f1_score",
    "train_loss",
    "val_loss",
    "val_accuracy",
    "auc",
    "latency_ms",
    "epoch",
)
USERS = ("ada", "grace", "alan", "edsger", "barbara")
DAY = 86_400_000  # ms


def make(folder: Path, *, runs: int = 100_000, experiments: int = 50, now: int | None = None) -> str:
    """Make the store (once) and return its URI; `now` in ms is when its newest run ended."""
    path = folder / f"big-{runs}-{experiments}.db"
    uri = f"sqlite:///{path}"
    if path.exists():
        return uri
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.unlink(missing_ok=True)
    _make_tables(f"sqlite:///{unfinished}", experiments)
    now = now or int(time.time() * 1000)
    with sqlite3.connect(unfinished) as db:
        db.execute("PRAGMA synchronous = OFF")
        for table, rows in _rows(runs, experiments, now):
            marks = ",".join("?" * len(rows[0]))
            db.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)  # noqa: S608 -- our own table names
    db.close()
    unfinished.rename(path)
    return uri


def _make_tables(uri: str, experiments: int) -> None:
    import mlflow

    client = mlflow.MlflowClient(uri)
    for number in range(1, experiments + 1):
        client.create_experiment(f"team-{number:02d}", artifact_location="file:///nowhere")


def _rows(runs: int, experiments: int, now: int) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """Rows for MLflow's tables, in chunks of 2,000 runs."""
    dice = random.Random(20261123)  # noqa: S311 -- the same store every time
    for first in range(0, runs, 2_000):
        chunk: dict[str, list[tuple[object, ...]]] = {
            "runs": [],
            "metrics": [],
            "latest_metrics": [],
            "params": [],
            "tags": [],
        }
        for number in range(first, min(first + 2_000, runs)):
            _add_run(chunk, dice, number, 1 + number % experiments, now - (runs - number) * 60_000)
        yield from chunk.items()


def _add_run(
    chunk: dict[str, list[tuple[object, ...]]], dice: random.Random, number: int, experiment: int, ended: int
) -> None:
    run_id = f"{dice.getrandbits(128):032x}"
    name = f"run-{number}" if number % 20 else "nightly"
    user = USERS[number % len(USERS)]
    status = "FAILED" if number % 50 == 49 else "FINISHED"
    started = ended - dice.randrange(60_000, 3_600_000)
    chunk["runs"].append(
        (
            *(run_id, name, "UNKNOWN", "", "", user, status, started, ended, "", "active"),
            *(f"file:///nowhere/{run_id}/artifacts", experiment, None),
        )
    )
    quality = 1 - dice.expovariate(12) if dice.random() < 0.98 else dice.random()
    quality = min(max(quality, 0.0), 0.9999)
    for key in METRICS:
        value = {"latency_ms": 5 + dice.expovariate(0.05), "epoch": 10.0}.get(key)
        if value is None:
            value = 1 - quality + dice.random() * 0.02 if "loss" in key else quality - dice.random() * 0.02
        row = (key, value, ended - 1_000)
        chunk["metrics"].append((*row, run_id, 10, 0))
        chunk["latest_metrics"].append((*row, 10, 0, run_id))
    for key, value in (("lr", dice.choice(("0.1", "0.01", "0.001"))), ("depth", str(dice.randrange(2, 12)))):
        chunk["params"].append((key, value, run_id))
    for key, value in (("mlflow.runName", name), ("mlflow.user", user), ("mlflow.source.name", "train.py")):
        chunk["tags"].append((key, value, run_id))


def main() -> None:
    words = argparse.ArgumentParser(description="Make a large MLflow store (SQLite).")
    words.add_argument("folder", type=Path)
    words.add_argument("--runs", type=int, default=100_000)
    words.add_argument("--experiments", type=int, default=50)
    given = words.parse_args()
    print(make(given.folder, runs=given.runs, experiments=given.experiments))


if __name__ == "__main__":
    main()
