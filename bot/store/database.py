"""The database: one file that needs nothing installed, or PostgreSQL; the same statements for both."""

import os
import sqlite3
import ssl
import stat
import time
from contextlib import suppress
from errno import ENOSPC
from pathlib import Path
from shutil import disk_usage
from typing import Any

from sqlalchemy import Engine, Table, create_engine, delete, event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url

from bot.settings import postgres_parameters
from bot.store.tables import claims

ROOM = 16_000_000  # bytes; with less the journal cannot be written into the database
PROBE = "probe"
CONNECT_SECONDS = 3  # a database that does not answer in this time counts as down
_COUNTED = {"preserve_rowcount": True}  # an INSERT tells its rows: on a conflict none
_APPLICATION = "mlcompare"
# A server that is gone without a word is noticed within 25 s.
_KEEPALIVE = {
    "keepalives": 1,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}


def open_database(address: str | URL) -> Engine:
    """An engine; connects when first used. A file and its folder are made then, the file for its owner alone."""
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        return _file(url)
    return _server(address if isinstance(address, str) else url.render_as_string(hide_password=False))


def _file(url: URL) -> Engine:
    # One connection: threads then queue in turn, where SQLite would have them sleep and try again.
    lone = {"pool_size": 1, "max_overflow": 0, "pool_timeout": CONNECT_SECONDS}
    engine = create_engine(url, connect_args={"timeout": CONNECT_SECONDS}, execution_options=_COUNTED, **lone)

    @event.listens_for(engine, "do_connect")
    def make_file(_dialect: Any, _record: Any, _arguments: Any, _named: Any) -> None:
        path = Path(url.database or ".").absolute()
        path.parent.mkdir(parents=True, exist_ok=True)
        if not str(url.database).startswith("file:"):
            keep_private(path)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # transactions begin where `begin` below says
        _keep_journal(connection)
        for pragma in ("synchronous = NORMAL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # wait for the writer now, never fail half-way

    return engine


def keep_private(path: Path) -> None:
    """Made now, for its owner alone, where there is none; what everybody may read is closed to all others.

    SQLite gives the files it makes beside it (`-wal`, `-shm`) the same mode. What may not be changed stays as it is.
    """
    with suppress(OSError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, stat.S_IRUSR | stat.S_IWUSR))
    for each in (path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm"))):
        with suppress(OSError):
            mode = stat.S_IMODE(each.stat().st_mode)
            if mode & stat.S_IRWXO:
                each.chmod(mode & stat.S_IRWXU)


def _keep_journal(connection: sqlite3.Connection) -> None:
    """Readers do not wait for the writer. SQLite refuses at once, whatever its timeout, while others begin with it."""
    until = time.monotonic() + CONNECT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _server(address: str) -> Engine:
    # No statement is prepared: behind a pooler the next one may run in another session.
    engine = server_engine(address, connections=8, patience=CONNECT_SECONDS, prepare_threshold=None)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: Any, named: Any) -> Any:
        from bot.store.connection import PromptConnection  # a file needs no driver

        return PromptConnection.connect(*arguments, **named)

    return engine


def server_engine(address: str, *, connections: int, patience: float, **more: Any) -> Engine:
    """An engine on PostgreSQL. A connection that the server hung up on is replaced before it is used."""
    return create_engine(
        address,
        connect_args={**libpq(address), **more},
        pool_size=connections,
        max_overflow=0,
        pool_timeout=patience,
        pool_recycle=1800,
        pool_pre_ping=True,
        hide_parameters=True,
        use_native_hstore=False,
        execution_options=_COUNTED,
    )


def single_statements(engine: Engine) -> Engine:
    """The same connections, for what is one statement: it begins and ends its own transaction.

    On PostgreSQL that is one question instead of three. A file has one writer at a time, and begins as always.
    """
    return engine if engine.dialect.name == "sqlite" else engine.execution_options(isolation_level="AUTOCOMMIT")


def libpq(address: str) -> dict[str, Any]:
    """Our PostgreSQL address as what psycopg.connect takes."""
    given = {"application_name": _APPLICATION, **postgres_parameters(address)}
    if given.get("sslmode", "").startswith("verify-") and not given.get("sslrootcert"):
        given["sslrootcert"] = ssl.get_default_verify_paths().cafile or "system"  # libpq itself looks in ~ only
    return {**given, "connect_timeout": CONNECT_SECONDS, **_KEEPALIVE}


def upsert(engine: Engine, table: Table) -> Any:
    """An INSERT that can say what to do on a conflict, in the engine's dialect."""
    return sqlite.insert(table) if engine.dialect.name == "sqlite" else postgresql.insert(table)


def check_writable(engine: Engine) -> None:
    """Writes to the disk and takes it back; raises what the database raises when it cannot, OSError for a full disk.

    What is rolled back never reaches the disk, and a small write finds room in a journal that is there already.
    """
    probe = upsert(engine, claims).values(key=PROBE, claimed_at=0)  # others may try at the same moment
    with engine.begin() as connection:
        connection.execute(probe.on_conflict_do_update(index_elements=["key"], set_={"claimed_at": 0}))
    with engine.begin() as connection:
        connection.execute(delete(claims).where(claims.c.key == PROBE))
    path = engine.url.database if engine.dialect.name == "sqlite" else None
    if path and (free := disk_usage(Path(path).absolute().parent).free) < ROOM:
        raise OSError(ENOSPC, f"the disk of the database has only {free // 1_000:,} kB left")
