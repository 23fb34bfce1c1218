"""A real `mlflow server` on a store of its own, for tests and the bench. Tests fork it, which spares its imports."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tests.bot.forked import ForkedProcess
from tests.bot.process import FORKS, zygote
from tests.mlflow_store import new_store

STARTS_WITHIN = 90.0  # seconds; a cold machine imports for long
GRACE = 10.0
QUIET = {
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "PYTHONWARNINGS": "ignore",
}


@dataclass
class MlflowServer:
    """`start` waits until it answers; `kill` is as abrupt as it sounds; the port stays the same over a restart."""

    folder: Path
    store_uri: str = ""
    port: int = 0
    more: tuple[str, ...] = ()  # options of `mlflow server`
    process: subprocess.Popen[bytes] | ForkedProcess | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.store_uri = self.store_uri or f"sqlite:///{self.folder / 'mlflow.db'}"
        self.port = self.port or free_port()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "MlflowServer":
        self.folder.mkdir(parents=True, exist_ok=True)
        words = ["--backend-store-uri", self.store_uri, "--default-artifact-root", (self.folder / "art").as_uri()]
        words += ["--host", "127.0.0.1", "--port", str(self.port), "--workers", "1", *self.more]
        environment = {**os.environ, **QUIET}
        with (self.folder / "server.log").open("ab") as log, Path(os.devnull).open("rb") as none:
            if FORKS:
                streams = [each.fileno() for each in (none, log, log)]
                self.process = ForkedProcess(
                    zygote(), "mlflow", ["server", *words], cwd=self.folder, env=environment, streams=streams
                )
            else:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", "mlflow", "server", *words],
                    cwd=self.folder,
                    env=environment,
                    stdin=none,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
        until = time.monotonic() + STARTS_WITHIN
        while time.monotonic() < until and self.process.poll() is None:
            if self._answers():
                return self
            time.sleep(0.05)
        log_text = (self.folder / "server.log").read_text(errors="replace")[-3_000:]
        self.stop()
        raise RuntimeError(f"mlflow server did not start:\n{log_text}")

    def stop(self) -> None:
        self._end(15)

    def kill(self) -> None:
        self._end(9)

    def _end(self, number: int) -> None:
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)  # its workers are children of the process started here
            self.process.wait(GRACE)
        except ProcessLookupError:
            pass
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()
        self.process = None
        until = time.monotonic() + GRACE
        while self._listens() and time.monotonic() < until:
            time.sleep(0.01)

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def _answers(self) -> bool:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_mlflow(folder: Path, store_uri: str = "") -> Iterator[MlflowServer]:
    server = MlflowServer(folder, store_uri).start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowServer]:
    """One server for all tests of a worker: make experiments of your own in it."""
    folder = tmp_path_factory.mktemp("mlflow")
    with running_mlflow(folder, new_store(folder)) as server:
        yield server
