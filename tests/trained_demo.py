"""The store that the demo trains, trained once for all tests of all workers, by a process that is watched meanwhile."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from bot.demo.jobs import TrainedModel
from bot.demo.store import DemoStore

FOREIGN = {"MLFLOW_RUN_ID": "0" * 32, "MLFLOW_EXPERIMENT_NAME": "mine"}  # settings of somebody who trains, too
WATCHED = """
import json, os, sys
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from bot.demo.command import isolate_environment
isolate_environment(os.environ)
before, called, progress = dict(os.environ), [], []
CALLS = ("socket.connect", "socket.getaddrinfo")
sys.addaudithook(lambda event, args: called.append([event, repr(args[1:])]) if event in CALLS else None)
from bot.demo.jobs import DATA_VERSION
from bot.demo.store import prepare
from bot.demo.training import train
prepare(
    Path(sys.argv[1]),
    f"{DATA_VERSION}, mlflow {version('mlflow')}",
    lambda uri, artifacts: train(uri, artifacts, lambda trained: progress.append(asdict(trained))),
)
settings = {name for name in os.environ if name.startswith("MLFLOW_") and name not in before}
print(json.dumps({"called": called, "progress": progress, "settings": sorted(settings)}))
"""


@dataclass(frozen=True)
class TrainedDemo:
    """`folder` is one in which `make demo` was run; `called`, whom the training called; `noise`, what it said."""

    folder: Path
    progress: tuple[TrainedModel, ...]
    called: tuple[list[str], ...]
    settings: tuple[str, ...]
    noise: str

    @property
    def store(self) -> DemoStore:
        return DemoStore(self.folder / ".mlcompare" / "demo")


@pytest.fixture(scope="session")
def trained_demo(tmp_path_factory: pytest.TempPathFactory) -> TrainedDemo:
    """Read it only, or a copy."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "demo"
    folder.mkdir(exist_ok=True)
    report = folder / "report.json"
    with FileLock(folder / "report.lock"):
        if not report.exists():
            done = subprocess.run(
                [sys.executable, "-c", WATCHED, str(folder / ".mlcompare" / "demo")],
                check=False,
                env={**os.environ, **FOREIGN},
                capture_output=True,
                text=True,
                timeout=390,
            )
            assert done.returncode == 0, done.stderr
            line, *noise = reversed(done.stdout.splitlines())
            report.write_text(json.dumps({**json.loads(line), "noise": "\n".join([*noise, done.stderr])}))
        told = json.loads(report.read_text())
    models = tuple(TrainedModel(**each) for each in told["progress"])
    return TrainedDemo(folder, models, tuple(told["called"]), tuple(told["settings"]), told["noise"].strip())
