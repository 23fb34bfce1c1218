"""The real bot as a process of its own, and an MLflow that is as slow as a test wants."""

import atexit
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV", "SYSTEMROOT", "COVERAGE_PROCESS_START")


class Zygote:
    """Starts `python -m bot` by forking a process that has imported it (`tests/bot/zygote.py`), one for all tests."""

    def __init__(self):
        ours, theirs = socket.socketpair()
        with theirs:
            environment = {name: os.environ[name] for name in KEPT if name in os.environ}
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.bot.zygote", str(theirs.fileno())],
                cwd=ROOT,
                env={**environment, "MLFLOW_DISABLE_TELEMETRY": "true"},
                pass_fds=[theirs.fileno()],
            )
        self._control = ours
        self._lines = ours.makefile("r", encoding="utf-8")
        assert json.loads(self._lines.readline()) == {"ready": True}
        self._asking = threading.Lock()
        self._changed = threading.Condition()
        self._started = []
        self._codes = {}
        threading.Thread(target=self._listen, name="zygote", daemon=True).start()
        atexit.register(self._end)

    def start(self, **wanted):
        with self._asking:
            self._control.sendall(json.dumps(wanted).encode() + b"\n")
            with self._changed:
                assert self._changed.wait_for(lambda: self._started, 60), "The zygote does not answer"
                return ForkedProcess(self._started.pop(), self)

    def code(self, pid, seconds=0.0):
        """How a process ended, waiting so long for it; None while it goes on."""
        with self._changed:
            self._changed.wait_for(lambda: pid in self._codes, seconds)
            return self._codes.get(pid)

    def _listen(self):
        for line in self._lines:
            told = json.loads(line)
            with self._changed:
                if "started" in told:
                    self._codes.pop(told["started"], None)
                    self._started.append(told["started"])
                else:
                    self._codes[told["ended"]] = told["code"]
                self._changed.notify_all()

    def _end(self):
        self._control.shutdown(socket.SHUT_RDWR)
        self._process.wait(10)


class ForkedProcess:
    """What subprocess.Popen offers, of a process that the zygote started."""

    def __init__(self, pid, zygote):
        self.pid = pid
        self._zygote = zygote

    def poll(self):
        return self._zygote.code(self.pid)

    def wait(self, timeout=600.0):
        code = self._zygote.code(self.pid, timeout)
        if code is None:
            raise subprocess.TimeoutExpired("python -m bot", timeout)
        return code

    def send_signal(self, number):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


@cache
def zygote():
    return Zygote()


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
            if hasattr(os, "fork") and "PYTEST_VERSION" in os.environ and not descriptors:
                wanted = {"cwd": str(folder), "env": environment, "log": str(self._log), "arguments": [command]}
                self.process = zygote().start(**wanted)
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
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

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
