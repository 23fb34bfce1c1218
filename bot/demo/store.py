"""The demo's MLflow: the runs that it holds, the folder with a SQLite store where they live, and its own web page."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic, sleep

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


# MLflow's own web page over the demo's store, so that links in messages open something.


MLFLOW_PORT = 5000
LOOPBACK = "127.0.0.1"
GRACE = 5.0  # seconds to shut down before it is killed


@dataclass(frozen=True, slots=True)
class MlflowUi:
    """A starting or running `mlflow server` on loopback; its words go to `log`."""

    port: int
    log: Path
    process: subprocess.Popen[bytes]

    def is_up(self, *, within: float) -> bool:
        """Whether it answers, or does so within this many seconds; False at once when its process ended."""
        deadline = monotonic() + within
        while self.process.poll() is None:
            if _answers(self.port):
                return True
            if monotonic() >= deadline:
                return False
            sleep(0.1)
        return False


def ui_url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


@contextmanager
def mlflow_ui(tracking_uri: str, port: int, log: Path) -> Iterator[MlflowUi]:
    """Start the server in the background, without waiting for it; stop it at the end."""
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", tracking_uri]
    command += ["--host", LOOPBACK, "--port", str(port), "--workers", "1"]
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "PYTHONWARNINGS": "ignore"}
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 -- our own interpreter, our own arguments
            command,
            cwd=log.parent,
            env={**os.environ, **quiet},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
    try:
        yield MlflowUi(port, log, process)
    finally:
        _stop(process)


def free_port(wanted: int) -> int:
    """The wanted port of the loopback interface when it can be had, else one that the system chooses."""
    for port in (wanted, 0):
        with suppress(OSError), socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((LOOPBACK, port))
            chosen: int = probe.getsockname()[1]
            return chosen
    raise OSError("no port of the loopback interface is free")


def _answers(port: int) -> bool:
    connection = HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the server and what it started: it may have been told so before it minds its own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):  # the whole group is gone already
            os.killpg(process.pid, number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(GRACE)
