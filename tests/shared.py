"""What all workers of these tests share: a folder, whose name they inherit from the process that started them."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from filelock import FileLock

NAME = "SHARED_BY_TESTS"


def open_folder(config: pytest.Config) -> None:
    """Makes the folder, in the process that starts the workers, and removes it when they are done."""
    if hasattr(config, "workerinput"):
        return
    os.environ[NAME] = tempfile.mkdtemp(prefix="tests-")
    config.add_cleanup(lambda: shutil.rmtree(os.environ.pop(NAME), ignore_errors=True))


def folder() -> Path:
    return Path(os.environ[NAME])


def lock(name: str) -> FileLock:
    """A lock that one worker holds at a time."""
    return FileLock(folder() / f"{name}.lock")
