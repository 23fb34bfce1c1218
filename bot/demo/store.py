"""Where the demo's runs live: one folder with a SQLite store, trained once, and anew when what is trained changed."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

DATABASE = "mlflow.db"
ARTIFACTS = "artifacts"
MARKER = "trained.json"
LOCK = "lock"

Train = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class DemoStore:
    """An MLflow store in a folder; nothing is installed or served for it."""

    folder: Path

    @property
    def tracking_uri(self) -> str:
        return f"sqlite:///{self.folder / DATABASE}"

    @property
    def artifacts(self) -> str:
        return (self.folder / ARTIFACTS).as_uri()

    def is_trained(self, version: str) -> bool:
        """Whether training of this version was completed here."""
        try:
            marker = json.loads((self.folder / MARKER).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        return marker == {"version": version} and (self.folder / DATABASE).exists()


def prepare(folder: Path, version: str, train: Train) -> DemoStore:
    """The store in this folder, trained: as it stands when complete, else emptied first and trained from the start.

    The marker is written last, so an interrupted training leaves none. Two at once: the second waits for the first.
    """
    store = DemoStore(folder.resolve())
    store.folder.mkdir(parents=True, exist_ok=True)
    with FileLock(store.folder / LOCK):
        if not store.is_trained(version):
            _empty(store.folder)
            (store.folder / ARTIFACTS).mkdir()
            train(store.tracking_uri, store.artifacts)
            (store.folder / MARKER).write_text(json.dumps({"version": version}), encoding="utf-8")
    return store


def _empty(folder: Path) -> None:
    (folder / MARKER).unlink(missing_ok=True)
    for part in folder.glob(f"{DATABASE}*"):
        part.unlink()
    shutil.rmtree(folder / ARTIFACTS, ignore_errors=True)
