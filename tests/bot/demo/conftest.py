import logging

import pytest

from bot.demo.store import prepare
from bot.demo.training import train


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A store trained as the demo trains it, with what was reported on the way."""
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    progress = []
    store = prepare(
        tmp_path_factory.mktemp("demo") / "store", "test", lambda uri, artifacts: train(uri, artifacts, progress.append)
    )
    return store, progress
