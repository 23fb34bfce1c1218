"""The database: one file that needs nothing installed, or PostgreSQL; the same statements and tables for both."""

import os
import sqlite3
import ssl
import stat
import time
from contextlib import suppress
from errno import ENOSPC
from functools import cache
from pathlib import Path
from shutil import disk_usage
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Engine,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    create_engine,
    delete,
    event,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, make_url

from bot.settings import postgres_parameters

ROOM = 16_000_000  # bytes; with less the journal cannot be written into the database
PROBE = "probe"
CONNECT_SECONDS = 3  # a database that does not answer in this time counts as down
STATEMENT_SECONDS = 3.0  # for one statement; libpq would wait for a frozen server for ever
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
        return prompt_connection().connect(*arguments, **named)

    return engine


@cache
def prompt_connection() -> Any:
    """The class of connections to PostgreSQL on which a server that stopped answering counts as gone.

    Made when it is first wanted: a file needs no driver.
    """
    from psycopg import Connection, OperationalError
    from psycopg.abc import RV, PQGen
    from psycopg.pq import TransactionStatus

    class PromptConnection(Connection[Any]):
        """Raises OperationalError and is closed when a statement is not answered in time."""

        def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = STATEMENT_SECONDS) -> RV:
            try:
                return super().wait(gen, interval=interval, timeout=timeout)
            except OperationalError as error:
                if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                    raise  # the server's own answer
                self.close()
                raise OperationalError(f"the server did not answer within {STATEMENT_SECONDS:g} s") from error

    return PromptConnection


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


def is_file(address: str) -> bool:
    return make_url(address).get_backend_name() == "sqlite"


def beside(address: str, ending: str) -> Path:
    """The file next to our SQLite file: `mlcompare.db` has `mlcompare-engine.db`."""
    database = Path(make_url(address).database or "mlcompare.db").absolute()
    return database.with_name(f"{database.stem}-{ending}")


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


# The tables, as the migrations make them.


metadata = MetaData()

claims = Table(
    "claims",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("claimed_at", BigInteger, nullable=False, index=True),
)

capabilities = Table(
    "capabilities",
    metadata,
    Column("team", String(64), primary_key=True),
    Column("rung", Integer, nullable=False),
    Column("until", BigInteger, nullable=False),
)


def _posted_table(name: str, *content: Column[Any]) -> Table:
    """A table of what was posted and can be talked about: by whom, where and when, and what was in it."""
    return Table(
        name,
        metadata,
        Column("id", String(255), primary_key=True),
        Column("workspace", String(64), nullable=False),
        Column("channel", String(64), nullable=False),
        Column("thread", String(64), nullable=False),
        Column("message_ts", String(64), nullable=False),
        Column("asked_by", String(64), nullable=False),
        Column("at", BigInteger, nullable=False, index=True),
        *content,
        Index(f"ix_{name}_thread", "channel", "thread"),
        Index(f"ix_{name}_message", "channel", "message_ts"),
        Index(f"ix_{name}_asked_by", "workspace", "asked_by", "at"),
    )


comparisons = _posted_table("comparisons", Column("told", Text, nullable=False))  # JSON: runs and options
answers = _posted_table(
    "answers",  # lists, standups and single runs
    Column("line", Text, nullable=False),  # what to type to ask the same
    Column("shown", Text, nullable=False),  # JSON: runs and experiments, in their order
)

defaults = Table(
    "defaults",
    metadata,
    Column("workspace", String(64), primary_key=True),
    Column("channel", String(64), primary_key=True),
    Column("what", String(16), primary_key=True),
    Column("metric", String(255), primary_key=True),  # of a goal, else ""
    Column("value", Text, nullable=False),  # "": it was taken back
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Index("ix_defaults_changed_by", "workspace", "changed_by", "changed_at"),
)

default_changes = Table(
    "default_changes",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("workspace", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("what", String(16), nullable=False),
    Column("metric", String(255), nullable=False),  # of a goal, else ""
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("before", Text, nullable=False),  # "": it was not set
    Column("after", Text, nullable=False),  # "": it was taken back
    Index("ix_default_changes_channel", "workspace", "channel", "id"),
)

inbox = Table(
    "inbox",
    metadata,
    Column("key", String(255), primary_key=True),
    Column("owner", String(255), nullable=False, index=True),  # the process that answers
    Column("asked_at", BigInteger, nullable=False, index=True),
    Column("said", Text, nullable=False),  # JSON
    Column("stage", String(16), nullable=False),
    Column("told_at", BigInteger, nullable=False),  # 0: telling has not begun
    Column("working_ts", String(64), nullable=False),
    Column("times", Integer, nullable=False),  # how often it was left by a process that ended
)

processes = Table(
    "processes",
    metadata,
    Column("id", String(255), primary_key=True),
    Column("beat_at", BigInteger, nullable=False),
)

watches = Table(
    "watches",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("workspace", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("words", Text, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("is_digest", Boolean, nullable=False),
    Column("past", Text, nullable=False),  # JSON: ids of runs
    Column("is_primed", Boolean, nullable=False),
    Column("paused_at", BigInteger, nullable=False),  # 0: it is not
    Column("paused_by", String(64), nullable=False),
    Column("paused_why", Text, nullable=False),
    Column("experiment_id", String(255), nullable=False),  # "": a pattern, or not known
    Column("gone_at", BigInteger, nullable=False),  # 0: it is there
    Column("meaning", Text, nullable=False, server_default=""),  # JSON of comparison/watch.py; "": the words
    Index("ix_watches_channel", "workspace", "channel"),
    Index("ix_watches_created_by", "workspace", "created_by", "created_at"),
)

watch_changes = Table(
    "watch_changes",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("watch_id", String(64), nullable=False),
    Column("workspace", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("changed_by", String(64), nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("what", String(16), nullable=False),
    Column("before", Text, nullable=False),
    Column("after", Text, nullable=False),
    Index("ix_watch_changes_channel", "workspace", "channel", "id"),
)

# From here on times are milliseconds, 0 stands for never.

cursors = Table(
    "cursors",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("version", BigInteger, nullable=False),
)

turns = Table(
    "turns",
    metadata,
    Column("place", String(255), primary_key=True),
    Column("free_at", BigInteger, nullable=False),
)

ends = Table(
    "ends",
    metadata,
    Column("run_id", String(255), primary_key=True),
    Column("status", String(64), nullable=False),
    Column("ended_at", BigInteger, nullable=False),
    Column("look", String(255), key="fingerprint", nullable=False),
    Column("seen_at", BigInteger, nullable=False, index=True),
)

IS_DUE = text("told < revision AND state IN ('waiting', 'posted')")  # as it stands: SQLite compares it word by word

messages = Table(
    "messages",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("key", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("workspace", String(64), nullable=False),
    Column("channel", String(64), nullable=False),
    Column("watch_ids", Text, nullable=False),  # JSON
    Column("experiment_ids", Text, nullable=False),  # JSON
    Column("about", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("told", Integer, key="posted_revision", nullable=False),
    Column("created_at", BigInteger, nullable=False, index=True),
    Column("not_before", BigInteger, nullable=False),
    Column("joined_at", BigInteger, nullable=False),
    Column("is_final", Boolean, nullable=False),
    Column("begun_at", BigInteger, nullable=False),
    Column("unconfirmed", Integer, nullable=False),
    Column("posted_at", BigInteger, nullable=False, index=True),
    Column("ts", String(64), nullable=False),
    Column("drawn", String(255), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("problem", Text, nullable=False),
    Index("ix_messages_due", "workspace", "channel", "created_at", postgresql_where=IS_DUE, sqlite_where=IS_DUE),
    Index("ix_messages_joined", "is_final", "kind", "joined_at"),
)

message_runs = Table(
    "message_runs",
    metadata,
    Column("message_id", String(64), primary_key=True),
    Column("run_id", String(255), primary_key=True, index=True),
    Column("revision", Integer, nullable=False),  # the message's, with which the run joined
    Column("place", Integer, nullable=False),  # among those that joined with it
)

# Workspaces that installed the app by themselves (OAuth). Times are seconds again, 0 stands for never.

installations = Table(
    "installations",
    metadata,
    Column("id", String(64), primary_key=True),  # of the workspace; of the organisation where it is installed in all
    Column("enterprise_id", String(64), nullable=False, index=True),  # "": of no organisation
    Column("is_enterprise", Boolean, nullable=False),  # installed in all workspaces of the organisation
    Column("app_id", String(64), nullable=False),
    Column("name", Text, nullable=False),
    Column("bot_id", String(64), nullable=False),
    Column("bot_user_id", String(64), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("sealed", Text, nullable=False),  # the tokens, encrypted; "": they are gone
    Column("expires_at", BigInteger, nullable=False),  # of the token; 0: it does not expire
    Column("installed_by", String(64), nullable=False),
    Column("installed_at", BigInteger, nullable=False),
    Column("removed_at", BigInteger, nullable=False, index=True),  # 0: it is installed
)

organisation_teams = Table(
    "organisation_teams",  # workspaces heard from, of organisations that installed the app in all of theirs
    metadata,
    Column("team_id", String(64), primary_key=True),
    Column("enterprise_id", String(64), nullable=False, index=True),
    Column("removed_at", BigInteger, nullable=False),  # 0: the app may be used there
)

oauth_states = Table(
    "oauth_states",
    metadata,
    Column("digest", String(64), primary_key=True),  # SHA-256: what the table holds lets nobody install
    Column("expires_at", BigInteger, nullable=False, index=True),
)
