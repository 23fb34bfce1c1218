"""(j) Curves of long runs and sweeps of many trials on a real server, against the bare requests they need."""

import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psutil
import requests
from mlflow import MlflowClient
from mlflow.entities import Metric, Param

from comparison.formats.png import draw_png
from comparison.language.parser import parse
from comparison.queries.curves import ask_curves
from comparison.queries.sweeps import ask_sweep
from comparison.reports.curves import curves_report
from comparison.reports.sweeps import sweep_report
from comparison.tracking.mlflow import MlflowSource
from handlers.slack.render import draw
from tests.logged import log_run, new_experiment
from tests.mlflow_server import running_mlflow

INTO_METRICS = "INSERT INTO metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES ('loss', ?, ?, ?, 0, ?)"
ROUNDS = 3
Figure = tuple[str, str, str]


def measure_trends() -> Iterator[Figure]:
    """What is measured, the figure and its goal."""
    with tempfile.TemporaryDirectory() as folder, running_mlflow(Path(folder)) as server:
        client = MlflowClient(server.url)
        home = new_experiment(client)
        long = [_curve(client, server.folder / "mlflow.db", home, f"long-{n}", 10_000) for n in range(2)]
        short = [_curve(client, server.folder / "mlflow.db", home, f"short-{n}", 1_000) for n in range(5)]
        yield from _curves(server.url, long, "2 curves of 10,000 points", "goal < 1.2 s")
        yield from _curves(server.url, short, "5 curves of 1,000 points", "")
        for count, goal in ((200, "goal < 1.5 s, 3 requests at most"), (2_000, "")):
            yield from _sweep(client, server.url, count, goal)
        memory = psutil.Process().memory_info().rss / 1e6
        yield "    resident memory of the bench, after all of it", f"{memory:.0f} MB", ""


def _curve(client: MlflowClient, store: Path, home: str, name: str, points: int) -> str:
    run = log_run(client, home, name, {"loss": 1.0})
    dice, now = random.Random(name), int(time.time() * 1000)  # noqa: S311 -- the same curves every time
    rows = ((1 / (1 + step / 500) + dice.gauss(0, 0.01), now + step, step, run) for step in range(1, points))
    with closing(sqlite3.connect(store)) as database, database:
        database.executemany(INTO_METRICS, rows)
    return run


def _curves(url: str, ids: list[str], what: str, goal: str) -> Iterator[Figure]:
    request = parse(f"curves {' vs '.join(ids)} by loss")

    def ours() -> None:
        draw(curves_report(ask_curves(request, MlflowSource(url, timeout=30.0), now=datetime.now(UTC))))

    def bare() -> None:
        session = requests.Session()
        for run in ids:
            session.get(f"{url}/api/2.0/mlflow/runs/get", params={"run_id": run}, timeout=30)
        bulk = {"run_ids": ids, "metric_key": "loss", "max_results": 2_500}
        session.get(f"{url}/api/2.0/mlflow/metrics/get-history-bulk-interval", params=bulk, timeout=30).json()
        if "10,000" in what:
            for run in ids:
                paged = {"run_id": run, "metric_key": "loss", "max_results": 25_000}
                session.get(f"{url}/api/2.0/mlflow/metrics/get-history", params=paged, timeout=30).json()

    took, plain = _median(ours), _median(bare)
    yield f"(j) {what}, asked and drawn", f"{took * 1e3:.0f} ms", goal
    yield "    the bare requests", f"{plain * 1e3:.0f} ms", f"ratio {took / plain:.2f}"
    report = curves_report(ask_curves(request, MlflowSource(url, timeout=30.0), now=datetime.now(UTC)))
    began = time.perf_counter()
    picture = draw_png(report.charts[0])
    yield "    as a picture", f"{(time.perf_counter() - began) * 1e3:.0f} ms, {len(picture) / 1e3:.0f} kB", ""


def _sweep(client: MlflowClient, url: str, count: int, goal: str) -> Iterator[Figure]:
    dice = random.Random(count)  # noqa: S311 -- the same trials every time
    home = new_experiment(client)
    parent = client.create_run(home, run_name="search").info.run_id
    for _ in range(count):
        values = {f"p{each}": dice.random() for each in range(10)}
        run = client.create_run(home, tags={"mlflow.parentRunId": parent}).info.run_id
        score = values["p0"] + 0.3 * values["p1"] + dice.gauss(0, 0.1)
        params = [Param(name, str(value)) for name, value in values.items()]
        client.log_batch(run, metrics=[Metric("accuracy", score, 1, 0)], params=params)
        client.set_terminated(run)
    client.set_terminated(parent)
    request = parse(f"sweep {parent}")

    def ours() -> None:
        draw(sweep_report(ask_sweep(request, MlflowSource(url, timeout=60.0), now=datetime.now(UTC))))

    ours()  # scikit-learn is loaded once
    yield f"(j) a sweep of {count:,} trials, 10 parameters", f"{_median(ours) * 1e3:.0f} ms", goal


def _median(do: Callable[[], None]) -> float:
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        do()
        taken.append(time.perf_counter() - began)
    return sorted(taken)[ROUNDS // 2]
