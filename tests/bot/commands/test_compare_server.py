"""`mlcompare` on an MLflow server, as a process that has imported nothing before."""

import os
import subprocess
import sys

import pytest
from click.testing import CliRunner
from mlflow import MlflowClient

from bot.cli import main
from tests.logged import log_run, new_experiment

HEAVY = ("numpy", "pandas", "pyarrow", "scipy")
PROGRAM = "import sys; from bot.commands.compare import open_run_source; open_run_source(sys.argv[1], '')"


@pytest.fixture(scope="module")
def server(mlflow_server):
    client = MlflowClient(mlflow_server.url)
    experiment = new_experiment(client, "terminal")
    for name, first in (("old", 0.80), ("new", 0.90)):
        for seed in range(3):
            metrics = {"accuracy": first + seed / 100, "loss": 1 - first - seed / 100}
            log_run(client, experiment, f"{name}-seed-{seed}", metrics, params={"lr": 0.1, "seed": seed})
    return mlflow_server.url


def fresh(*words):
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "COLUMNS": "100"}
    return subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=120, check=False, env=environment
    )


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "old-seed-1", "new-seed-1", "--format", "markdown"),
        ("compare", "old-seed-* vs new-seed-*", "--format", "csv"),
        ("top", "5", "by", "accuracy", "in", "terminal"),
        ("curves", "old-seed-1", "new-seed-1"),
    ],
)
def test_the_answer_is_the_same_as_where_all_of_mlflow_is_imported(server, words):
    told = fresh("-m", "bot", *words, "--tracking-uri", server)
    assert told.returncode == 0, told.stderr
    assert told.stdout == CliRunner(env={"COLUMNS": "100"}).invoke(main, [*words, "--tracking-uri", server]).stdout


def test_a_server_is_asked_without_what_only_a_store_or_a_frame_takes(server):
    told = fresh("-c", f"{PROGRAM}; print([name for name in {HEAVY} if name in sys.modules])", server)
    assert told.stdout.strip() == "[]", told.stderr


def test_what_was_not_needed_can_be_imported_afterwards(server):
    told = fresh("-c", f"{PROGRAM}; import scipy.stats, pandas; print(pandas.DataFrame({{'x': [1]}}).x.sum())", server)
    assert told.stdout.strip() == "1", told.stderr
