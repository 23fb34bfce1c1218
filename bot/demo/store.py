"""The demo's runs: which there are, and the folder with a SQLite store where they live, trained once."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

# What the demo trains, by name: plain values that are there at once, without what trains them.


DATA_VERSION = "3"  # raise it when what is trained changes: stores of another version are trained anew
IRIS = "iris"
DIGITS = "digits"
SEARCH = "digits-search"
SWEEP = "mlp-search"  # the parent of the trials
NOISY, UNSTABLE = "mlp-noisy-labels", "mlp-unstable"  # one overfits, one diverges
TRIALS = 30
FIRST = "Logistic Regression - Run 1"
SECOND = "Logistic Regression - Run 2"
PEOPLE = ("maya", "jonas")  # whose runs they are: of the first and second of two, of the narrow and wide networks
SEEDS = (1, 2, 3, 4, 5)
EPOCHS = 30


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A run that ended: the `done`th of `total`, and what it reached in a few words."""

    experiment: str
    run: str
    result: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Network:
    """A configuration of the network on digits; its fields are logged as parameters."""

    hidden_units: int
    learning_rate: float
    solver: str = "adam"
    batch_size: int = 64
    activation: str = "relu"


@dataclass(frozen=True, slots=True)
class TrainingJob:
    """A network to train, and how it differs from the plain case."""

    name: str
    network: Network
    seed: int
    share: float = 1.0  # of the training data
    validate: bool = True
    note: str = ""

    @property
    def user(self) -> str:
        return PEOPLE[self.network.hidden_units > NARROW.hidden_units]


NARROW = Network(hidden_units=32, learning_rate=0.001)
WIDE = Network(hidden_units=64, learning_rate=0.003)
JOBS = (
    *(TrainingJob(f"mlp-32-seed-{seed}", NARROW, seed) for seed in SEEDS),
    *(TrainingJob(f"mlp-64-seed-{seed}", WIDE, seed) for seed in SEEDS),
    TrainingJob(
        "mlp-64-half-data", WIDE, seed=1, share=0.5, validate=False, note="Half of the data, nothing held out."
    ),
    TrainingJob("mlp-64-hot", Network(64, 20.0, solver="sgd"), seed=1, note="A learning rate that cannot work."),
)
TOTAL = 2 + len(JOBS) + TRIALS + 2


# Where the demo's runs live: one folder with a SQLite store, trained once, and anew when what is trained changed.


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
