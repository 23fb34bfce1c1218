"""MLflow's own web page over the demo's store, so that links in messages open something."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from time import monotonic, sleep

USUAL_PORT = 5000
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
