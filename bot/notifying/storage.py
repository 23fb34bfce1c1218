"""Where the durable engine keeps its work: in our PostgreSQL database, or in a file beside ours."""

import ssl
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url

from bot.state.database import keep_private

CONNECT_SECONDS = 3  # a database that does not answer in this time counts as down
_APPLICATION = "mlcompare"
# A server that is gone without a word is noticed within 25 s.
_KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
_FROZEN_MS = 60_000  # a transaction left open this long by a process that froze is ended by the server
_BUSY_MS = 30_000


def is_file(address: str) -> bool:
    return make_url(address).get_backend_name() == "sqlite"


def beside(address: str, ending: str) -> Path:
    """The file next to our SQLite file: `mlcompare.db` has `mlcompare-engine.db`."""
    database = Path(make_url(address).database or "mlcompare.db").absolute()
    return database.with_name(f"{database.stem}-{ending}")


def libpq(address: str) -> dict[str, Any]:
    """Our PostgreSQL address as what psycopg.connect takes."""
    url = make_url(address)
    options = {name: text for name, text in url.query.items() if isinstance(text, str)}
    given = {"host": url.host, "port": url.port, "user": url.username, "password": url.password, "dbname": url.database}
    if socket := options.pop("unix_sock", ""):
        folder, _, port = socket.rpartition("/.s.PGSQL.")
        given |= {"host": folder, "port": port}
    given |= options
    if str(given.get("sslmode", "")).startswith("verify-") and not given.get("sslrootcert"):
        given["sslrootcert"] = ssl.get_default_verify_paths().cafile or "system"  # libpq itself looks in ~ only
    given.setdefault("application_name", _APPLICATION)
    kept = {name: each for name, each in given.items() if each not in {None, ""}}
    return {**kept, "connect_timeout": CONNECT_SECONDS, **_KEEPALIVE}


def open_storage(address: str, connections: int) -> Engine:
    """An engine for the queue's tables; connects when first used."""
    return _file(address) if is_file(address) else _server(address, connections)


def _server(address: str, connections: int) -> Engine:
    engine = create_engine(
        "postgresql+psycopg://",  # without the address: no message can hold the password
        connect_args=libpq(address),
        pool_size=connections,
        max_overflow=0,
        pool_timeout=10,
        pool_recycle=1800,
        hide_parameters=True,
    )

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
