"""The demo as a person starts it: a process of its own, from an empty folder. Most are forked, without their imports."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from bot.demo.store import MLFLOW_PORT
from tests.bot.process import FORKED, mlcompare, zygote

MLCOMPARE = Path(sys.executable).with_name("mlcompare")
LATIN = {**os.environ, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "latin-1"}


@pytest.fixture(scope="module")
def folder(trained_demo, tmp_path_factory):
    """Where a first demo was run."""
    return shutil.copytree(trained_demo.folder, tmp_path_factory.mktemp("checkout") / "here")


def run(folder, *options, environment):
    """The program itself: Python reads some of these settings as it starts."""
    return subprocess.run(
        [MLCOMPARE, "demo", *options],
        check=False,
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=150,
    )


class Staying:
    """A demo that stays up, and what it has said so far."""

    def __init__(self, folder, *options):
        self.said = ""
        self._process = subprocess.Popen(
            [sys.executable, "-SE", FORKED, zygote(), "bot", "demo", *options],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._killer = threading.Timer(150, self._process.kill)
        self._killer.start()

    def read_until(self, words):
        for line in self._process.stdout:
            self.said += line
            if words in line:
                return
        raise AssertionError(f"It ended before it said {words!r}:\n{self.said}")

    def address(self, of):
        return next(line.split()[-1] for line in self.said.splitlines() if line.strip().startswith(of))

    def end(self, number):
        self._process.send_signal(number)
        self.said += self._process.stdout.read()
        return self._process.wait(60)

    def close(self):
        self._killer.cancel()
        if self._process.poll() is None:
            self._process.terminate()
            self._process.wait(60)
        self._process.stdout.close()


@pytest.fixture
def stay():
    started = []

    def start(folder, *options):
        started.append(Staying(folder, *options))
        return started[-1]

    yield start
    for each in started:
        each.close()


def get(address):
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname, parts.port, timeout=20)
    connection.request("GET", parts.path or "/")
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def listens(address):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", urlsplit(address).port)) == 0


@contextlib.contextmanager
def usual_port_of_mlflow_taken():
    """Its own demo takes another then, which no other test takes when it has ended."""
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # somebody has it already
            held.enter_context(socket.create_server(("127.0.0.1", MLFLOW_PORT)))
        yield


def runs_at(process, port):
    try:
        return process.status() != psutil.STATUS_ZOMBIE and f"--port\0{port}\0" in "\0".join([*process.cmdline(), ""])
    except psutil.Error:
        return False


def test_it_trains_posts_the_comparison_and_exits_with_0(trained_demo):
    assert trained_demo.exit_code == 0, trained_demo.out + trained_demo.err
    assert "46/46" in trained_demo.out
    assert "Logistic Regression - Run 2 is better on 4 of 4 metrics" in trained_demo.out
    assert "C 1.0 → 0.5" in trained_demo.out
    assert "Posted in #ml-experiments" in trained_demo.out


def test_it_says_nothing_but_its_own_words(trained_demo):
    assert trained_demo.err == ""
    assert not {"INFO", "WARNING", "Warning"} & set(trained_demo.out.split())


def test_a_second_demo_does_not_train_again_whatever_is_set_and_whatever_the_terminal_can_write(folder):
    real = {
        "SLACK_APP_TOKEN": "xapp-real",
        "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    again = run(folder, "--once", environment={**LATIN, **real})
    assert again.returncode == 0, again.stdout + again.stderr
    assert "Training" not in again.stdout
    assert "better on 4 of 4 metrics" in again.stdout
    assert "C 1.0 ? 0.5" in again.stdout


def test_it_stays_with_a_page_and_the_pages_of_mlflow_until_ctrl_c(folder, stay):
    with socket.create_server(("127.0.0.1", 0)) as other, usual_port_of_mlflow_taken():
        taken = other.getsockname()[1]
        demo = stay(folder, "--port", str(taken))
        demo.read_until("Ctrl-C stops it")
    page, mlflow = demo.address("Slack page"), demo.address("MLflow")
    assert urlsplit(page).port != taken
    assert urlsplit(mlflow).port != MLFLOW_PORT
    assert get(page)[0] == 200
    assert get(mlflow)[0] == 200
    assert "<title>MLflow</title>" in get(mlflow)[1]
    assert f"Compare in MLflow: {mlflow}/#/compare-runs" in demo.said
    assert demo.end(signal.SIGINT) == 0
    assert demo.said.endswith("Stopped.\n")
    assert not listens(page)
    assert not listens(mlflow)
    assert not [each for each in psutil.process_iter() if runs_at(each, urlsplit(mlflow).port)]


def test_a_training_that_is_interrupted_leaves_nothing_that_counts(tmp_path, stay):
    demo = stay(tmp_path)
    demo.read_until("1/46")
    assert demo.end(signal.SIGTERM) == 130
    assert "Traceback" not in demo.said
    assert not (tmp_path / ".mlcompare/demo/trained.json").exists()


def test_once_fails_when_the_comparison_could_not_be_posted(folder):
    database = folder / ".mlcompare/demo/mlflow.db"
    kept = database.read_bytes()
    database.write_bytes(b"")
    try:
        done = mlcompare("demo", "--once", cwd=folder)
    finally:
        database.write_bytes(kept)
    assert done.returncode == 1
    assert "The comparison was not posted" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
