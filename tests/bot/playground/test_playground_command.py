import re
import signal
import subprocess
import sys
from pathlib import Path

from bot.playground.command import reach_directly

ROOT = Path(__file__).parents[3]


def start(folder, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "playground", "--port", "0"],
        cwd=folder,
        env={"PATH": "", "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "HOME": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_without_an_mlflow_it_says_what_to_set(tmp_path):
    with start(tmp_path) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "MLFLOW_TRACKING_URI is not set" in said


def test_it_shows_its_address_and_ends_with_ctrl_c(tmp_path):
    settings = {"MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/mlflow.db", "SLACK_APP_TOKEN": "xapp-of-a-real-app"}
    with start(tmp_path, **settings) as process:
        line = process.stdout.readline()
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=60)
    assert re.search(r"Open http://127\.0\.0\.1:\d+/", line), line + said
    assert "Stopped." in said
    assert process.returncode == 0


def test_loopback_is_never_asked_for_at_a_proxy():
    environment = {"NO_PROXY": "internal.example.com"}
    reach_directly(environment)
    assert environment["NO_PROXY"] == "internal.example.com,127.0.0.1,localhost"
