"""Empty MLflow databases, copied from one: making the tables takes MLflow more than a second each time."""

import shutil
from contextlib import closing
from functools import cache
from importlib.metadata import version
from pathlib import Path
from sqlite3 import connect

from filelock import FileLock

CACHE = Path(__file__).parents[1] / ".pytest_cache"


def new_store(folder: Path, name: str = "mlflow.db") -> str:
    """The address of a new and empty store in this folder, as MLflow itself would make it there."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_empty_store(), folder / name)
    return f"sqlite:///{folder / name}"


@cache
def _empty_store() -> Path:
    """The file to copy: made once for all workers, and kept for the next tests with this MLflow."""
    CACHE.mkdir(exist_ok=True)
    kept = CACHE / f"mlflow-{version('mlflow')}.db"
    with FileLock(f"{kept}.lock"):
        if not kept.exists():
            from mlflow import MlflowClient

            made = kept.with_suffix(".new")
            made.unlink(missing_ok=True)
            MlflowClient(f"sqlite:///{made}").search_experiments()
            with closing(connect(made)) as database:
                database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            made.rename(kept)
    return kept
