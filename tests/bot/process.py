"""The real bot as a process of its own, and an MLflow that is as slow as a test wants."""

import atexit
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

from tests import shared
from tests.bot.forked import ForkedProcess

ROOT = Path(__file__).parents[2]
NOTHING = Path(os.devnull)
FORKED = Path(__file__).with_name("forked.py")  # a program, too
FORKS = hasattr(os, "fork") and "PYTEST_VERSION" in os.environ  # the bench does not: it measures
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT", "COVERAGE_PROCESS_START")


def forking_python():
    """A Python that forks what the zygote knows: bot, MLflow and the workers of these tests."""
    return Path(zygote()).with_name("python")


@cache
def zygote():
    """Where the zygote of all workers listens (`tests/bot/zygote.py`). It ends with the last of them."""
    path = shared.folder() / "zygote"
    with shared.lock("zygote"):
        keeping = _kept(path)
        if keeping is None:
            path.unlink(missing_ok=True)
            _start_zygote(path)
            keeping = _kept(path)
    assert keeping, "the zygote is gone"
    atexit.register(keeping.close)
    return str(path)


def _kept(path):
    """A connection that keeps the zygote there; None when there is none."""
    keeping = socket.socket(socket.AF_UNIX)
    with suppress(OSError):
        keeping.connect(str(path))
        keeping.sendall(b"stays\n")
        if keeping.recv(32):
            return keeping
    keeping.close()
    return None


def _start_zygote(path):
    python = path.with_name("python")
    known = " | ".join(f'"-m {module}"' for module in ("bot", "mlflow", "uvicorn"))
    a_worker = '"-u -c"'  # as execnet starts it
    by_fork = shlex.join([sys.executable, "-SE", str(FORKED), str(path)])
    python.write_text(
        f'#!/bin/sh\ncase "$1 $2" in {known} | {a_worker}) shift; exec {by_fork} "$@";; esac\n'
        f'exec {shlex.quote(sys.executable)} "$@"\n'
    )
    python.chmod(0o755)
    environment = {name: os.environ[name] for name in KEPT if name in os.environ}
    reading, ready = os.pipe()
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.bot.zygote", str(path), str(python), str(ready)],
            cwd=ROOT,
            env={**environment, "MLFLOW_DISABLE_TELEMETRY": "true"},
            stdin=subprocess.DEVNULL,
            pass_fds=[ready],
        )
    finally:
        os.close(ready)
    with os.fdopen(reading, "rb") as said:
        assert said.read() == b"ready\n"
    atexit.register(process.poll)  # which may go on for other workers


def mlcompare(*words, cwd=None, env=None):
    """`mlcompare` with these words, as a process of its own: its exit code, and what it wrote."""
    settings = {"PYTHONPATH": str(ROOT), **(os.environ if env is None else env)}
    with NOTHING.open("rb") as none, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        streams = [each.fileno() for each in (none, out, err)]
        process = ForkedProcess(zygote(), "bot", words, cwd=cwd or Path.cwd(), env=settings, streams=streams)
        try:
            code = process.wait(120)
        finally:
            process.kill()
        for each in (out, err):
            each.seek(0)
        return subprocess.CompletedProcess(words, code, out.read().decode(), err.read().decode())


class BotProcess:
    """`python -m bot serve`, with the settings given and no others.

    Tests fork it, which spares the seconds of its imports; what limits its descriptors or measures it starts anew.
    """

    def __init__(self, folder, settings, command="serve", descriptors=None):
        """`descriptors`: how many files and connections the system lets it have open."""
        self._log = folder / "bot.log"
        self.port = ""
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        own = {"PORT": "0", "MLCOMPARE_HOST": "127.0.0.1", "PYTHONPATH": str(ROOT), "MLFLOW_DISABLE_TELEMETRY": "true"}
        environment = {**environment, **own, **settings}
        with self._log.open("wb") as log:
            if FORKS and not descriptors:
                with NOTHING.open("rb") as none:
                    streams = [each.fileno() for each in (none, log, log)]
                    self.process = ForkedProcess(
                        zygote(), "bot", [command], cwd=folder, env=environment, streams=streams
                    )
                return
            limited = ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh"] if descriptors else []
            self.process = subprocess.Popen(
                [*limited, sys.executable, "-m", "bot", command],
                cwd=folder,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    @property
    def log(self):
        return self._log.read_text(encoding="utf-8")

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def wait_for_log(self, words, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for line in self.log.splitlines():
                if words in line:
                    return line
            assert self.process.poll() is None or words in self.log, f"It ended without {words!r}:\n{self.log}"
            time.sleep(0.05)
        raise AssertionError(f"Not within {seconds} s: {words!r}\n{self.log}")

    def wait_until_it_serves(self):
        line = self.wait_for_log(" serving ")
        self.port = line.partition("address=")[2].split()[0].rpartition(":")[2]
        return self

    def ready(self):
        """What /readyz answers: whether, and each check."""
        answer = httpx.get(f"{self.url}/readyz", trust_env=False, timeout=10)
        said = answer.json()
        assert said["ready"] == (answer.status_code == 200)
        return said["ready"], said["checks"]

    def wait_until_ready(self, seconds=60):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.ready()[0]:
                return self
            time.sleep(0.1)
        raise AssertionError(f"Not ready within {seconds} s: {self.ready()[1]}\n{self.log}")

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds=60):
        """The exit code."""
        return self.process.wait(seconds)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


class SlowMlflow:
    """Answers every question with "there is no such thing", once it is let go on. Knows how many are waiting."""

    def __init__(self):
        self.go_on = threading.Event()
        self.go_on.set()
        self.waiting = 0
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self):
                length = int(self.headers.get("content-length") or 0)
                self.rfile.read(length)
                stand_in.waiting += 1
                stand_in.go_on.wait(30)
                stand_in.waiting -= 1
                status, said = stand_in.reply(self.path)
                body = json.dumps(said).encode()
                self.send_response(status)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = answer  # noqa: N815 -- the standard library's names

            def log_message(self, *_words):
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @staticmethod
    def reply(path):
        if "runs/get" in path:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "no such run"}
        return 200, {"experiments": [{"experiment_id": "1", "name": "iris", "lifecycle_stage": "active"}]} if (
            "experiments" in path
        ) else {}

    def wait_until_asked(self, seconds=60):
        until = time.monotonic() + seconds
        while not self.waiting:
            assert time.monotonic() < until, "MLflow was not asked"
            time.sleep(0.02)

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
