"""The version of the database: brought up to date by `mlcompare migrate` and `serve`, looked at by other commands."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

import bot.store.migrations
from bot.settings import survey
from bot.store.database import open_database

if TYPE_CHECKING:
    from alembic.config import Config

_VERSION = re.compile(r"v(\d{4})_")
LOCK = 7_214_050_331  # PostgreSQL's advisory lock that migrations hold, so that replicas may start together


def _config() -> "Config":
    from alembic.config import Config  # takes half a second, as all of Alembic

    config = Config()
    config.set_main_option("script_location", "bot.store:migrations")
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    """The version that the newest migration makes, by its file: importing what runs them takes half a second."""
    folders = [Path(each) / "versions" for each in bot.store.migrations.__path__]
    names = (_VERSION.match(file.name) for folder in folders for file in folder.glob("v*.py"))
    return max(found[1] for found in names if found)


def current(connection: Connection) -> str:
    """The revision the database is at; "" for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


def upgrade(engine: Engine, revision: str = "head") -> tuple[str, str]:
    """Brings the database to a revision in one transaction, under a lock; the revisions before and after.

    A database that is ahead of this code (a newer release runs beside this one) is left as it is.
    """
    from alembic import command
    from alembic.script import ScriptDirectory

    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        before = current(connection)
        config = _config()
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        if before and before not in known:
            return before, before
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        return before, current(connection)


@click.command()
def migrate() -> None:
    """Bring the database up to date; safe to run again, and from several places at once."""
    engine = _open()
    try:
        before, after = upgrade(engine)
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error)
        raise click.ClickException(f"The database cannot be brought up to date: {reason}") from error
    finally:
        engine.dispose()
    click.echo(f"The database is up to date ({after})." if before == after else f"Brought the database to {after}.")


# The database that a command reads from: there, answering and up to date, or an error that says what to do.


@contextmanager
def open_state() -> Iterator[Engine]:
    """What the database raises inside becomes a sentence; so does one that is not there or is of another version."""
    engine = _open()
    try:
        _check(engine)
        yield engine
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error)
        raise click.ClickException(f"The database cannot be read: {reason}") from error
    finally:
        engine.dispose()


def _check(engine: Engine) -> None:
    file = engine.url.database or ""
    if engine.dialect.name == "sqlite" and not Path(file).exists():
        raise click.ClickException(f"No bot has run here yet ({file}). Set DATABASE_URL, or start `mlcompare serve`.")
    with engine.connect() as connection:
        at, wanted = current(connection), newest()
    if at < wanted:  # one of a newer release is read as far as it can be
        is_at = f"is at version {at}" if at else "is empty"
        raise click.ClickException(f"The database {is_at}, this mlcompare needs {wanted}: run `mlcompare migrate`.")


def _open() -> Engine:
    settings, problems = survey()
    wrong = [problem for problem in problems if problem.name == "DATABASE_URL"]
    if wrong:
        raise click.ClickException(str(wrong[0]))
    return open_database(settings.database_url.get_secret_value())
