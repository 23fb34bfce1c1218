import logging
from importlib.metadata import version

import pytest


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory):
    """A folder in which `make demo` was run: the store is where the documents say."""
    from bot.demo.store import prepare
    from bot.demo.jobs import DATA_VERSION
    from bot.demo.training import train

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    folder = tmp_path_factory.mktemp("checkout")
    trained = f"{DATA_VERSION}, mlflow {version('mlflow')}"  # as the demo says, which then trains nothing
    prepare(folder / ".mlcompare" / "demo", trained, lambda uri, artifacts: train(uri, artifacts, [].append))
    return folder
