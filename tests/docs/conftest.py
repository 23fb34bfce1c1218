import logging
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory):
    """A folder in which `make demo` was run: the store is where the documents say."""
    from bot.demo.store import prepare
    from bot.demo.training import train

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    folder = tmp_path_factory.mktemp("checkout")
    prepare(folder / ".mlcompare" / "demo", "test", lambda uri, artifacts: train(uri, artifacts, [].append))
    return folder


@pytest.fixture
def in_demo_folder(demo_folder, monkeypatch):
    import mlflow

    monkeypatch.chdir(demo_folder)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", "")  # what an example sets is taken back
    yield Path(demo_folder)
    mlflow.set_tracking_uri(None)
