"""The demo as a person starts it first, in an empty folder: trained once for all tests of all workers, and watched."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from bot.demo.store import DemoStore

FOREIGN = {"MLFLOW_RUN_ID": "0" * 32, "MLFLOW_EXPERIMENT_NAME": "mine"}  # settings of somebody who trains, too
PATIENCE = 390  # seconds
# `mlcompare demo --once`, and whom it called until its training was complete, which a file says.
WATCHED = """
import json, os, sys
from pathlib import Path
calls, trained = [], []
CALLS = ("socket.connect", "socket.getaddrinfo")
def hook(event, args):
    if trained:
        return
    if event in CALLS:
        calls.append([event, repr(args[1:])])
    elif event == "open" and str(args[0]).endswith("trained.json") and "w" in (args[1] or ""):
        trained.append(True)
        settings = sorted(name for name in os.environ if name.startswith("MLFLOW_") and name not in isolated)
        Path(sys.argv[1]).write_text(json.dumps({"calls": calls, "settings": settings}))
from bot.demo.command import isolate_environment
isolated = dict(os.environ)
isolate_environment(isolated)
sys.addaudithook(hook)
from bot.cli import main
main(["demo", "--once"], prog_name="mlcompare")
"""


@dataclass(frozen=True)
class TrainedDemo:
    """`folder` is where the demo was run; `calls`, whom the training called; `settings`, what it left behind."""

    folder: Path
    exit_code: int
    out: str
    err: str
    calls: list[list[str]]
    settings: list[str]

    @property
    def store(self) -> DemoStore:
        return DemoStore(self.folder / ".mlcompare" / "demo")


@pytest.fixture(scope="session")
def trained_demo(tmp_path_factory: pytest.TempPathFactory) -> TrainedDemo:
    """Read it only, or a copy."""
    base = tmp_path_factory.getbasetemp()
    place = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    folder, report, seen = place / "demo", place / "demo.json", place / "demo-training.json"
    with FileLock(place / "demo.lock"):
        if not report.exists():
            folder.mkdir()
            done = subprocess.run(
                [sys.executable, "-c", WATCHED, str(seen)],
                check=False,
                cwd=folder,
                env={**os.environ, **FOREIGN},
                capture_output=True,
                encoding="utf-8",
                timeout=PATIENCE,
            )
            assert seen.exists(), done.stdout + done.stderr
            ended = {"exit_code": done.returncode, "out": done.stdout, "err": done.stderr}
            report.write_text(json.dumps({**ended, **json.loads(seen.read_text())}))
        read = json.loads(report.read_text())
    return TrainedDemo(folder, **read)
