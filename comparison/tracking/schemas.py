"""Whether MLflow opens a database without changing it: it upgrades an older one by itself, and there is no way back."""

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_SQLITE = "sqlite"
_WAITS = 5.0  # seconds, for another program that writes
_OURS = frozenset({"experiments", "runs"})  # tables that every MLflow store has


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database holds: its tables, and the revisions that it says it is at."""

    tables: frozenset[str]
    revisions: tuple[str, ...]


def sqlite_path(uri: str) -> str:
    """The file that an SQLite address names; "" for another address, or a database in memory."""
    scheme, _, rest = uri.partition("://")
    if scheme.partition("+")[0] != _SQLITE or not rest.startswith("/"):
        return ""
    path = rest[1:].partition("?")[0].removeprefix("file:")
    return "" if path == ":memory:" else path


def read(path: str) -> Schema | None:
    """The schema of an SQLite file, which is only read; None where there is no file. Raises what SQLite raises."""
    if not Path(path).exists():
        return None
    with _opened(path) as database:
        tables = frozenset(name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'"))
        rows = database.execute("SELECT version_num FROM alembic_version") if "alembic_version" in tables else ()
        return Schema(tables, tuple(revision for (revision,) in rows))


def trouble(schema: Schema | None, head: str, known: Collection[str], version: str, name: str) -> tuple[str, str]:
    """Why MLflow `version` must not open a database with this schema, and what to do; "" twice where it may.

    `head` is its own revision, `known` are all that it can upgrade from; `name` is how the database is called.
    """
    if schema is None or not schema.tables - {"alembic_version"} or schema.revisions == (head,):
        return "", ""
    if not schema.tables >= _OURS:
        return "keeps its runs in a database that is no MLflow store", "Set MLFLOW_TRACKING_URI to the one that is."
    if schema.revisions and not set(schema.revisions) <= set(known):
        return (
            f"keeps its runs in a database of a newer MLflow than the one beside the bot, {version}",
            "Install the same MLflow beside the bot.",
        )
    return (
        f"keeps its runs in a database of an older MLflow than the one beside the bot, {version}",
        f"The bot does not change it. Back it up, then run `mlflow db upgrade {name}`.",
    )


@contextmanager
def _opened(path: str) -> Iterator[sqlite3.Connection]:
    address = f"file:{quote(str(Path(path).absolute()))}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_WAITS)) as database:
        yield database
