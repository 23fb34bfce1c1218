"""Where the durable engine keeps its work: in our PostgreSQL database, or in a file beside ours."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url

from bot.state.database import keep_private, server_engine

_FROZEN_MS = 60_000  # a transaction left open this long by a process that froze is ended by the server
_BUSY_MS = 30_000


def is_file(address: str) -> bool:
    return make_url(address).get_backend_name() == "sqlite"


def beside(address: str, ending: str) -> Path:
    """The file next to our SQLite file: `mlcompare.db` has `mlcompare-engine.db`."""
    database = Path(make_url(address).database or "mlcompare.db").absolute()
    return database.with_name(f"{database.stem}-{ending}")


def open_storage(address: str, connections: int) -> Engine:
    """An engine for the queue's tables; connects when first used."""
    return _file(address) if is_file(address) else _server(address, connections)


def _server(address: str, connections: int) -> Engine:
    engine = server_engine(address, connections=connections, patience=10)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.execute(f"SET idle_in_transaction_session_timeout = {_FROZEN_MS}")
        connection.commit()

    return engine


def _file(address: str) -> Engine:
    path = beside(address, "engine.db")
    path.parent.mkdir(parents=True, exist_ok=True)
    keep_private(path)
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, pool_size=5, max_overflow=0, hide_parameters=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"  # wait for the writer now, never fail half-way
        for pragma in (f"busy_timeout = {_BUSY_MS}", "foreign_keys = ON", "journal_mode = WAL", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine
