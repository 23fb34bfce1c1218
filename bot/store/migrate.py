"""Bringing the database up to date: `mlcompare migrate`, and `serve` at its start."""

import click
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError

LOCK = 7_214_050_331  # PostgreSQL's advisory lock that migrations hold, so that replicas may start together


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "bot.store:migrations")
    config.set_main_option("path_separator", "os")
    return config


def newest() -> str:
    """The revision this code wants."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def current(connection: Connection) -> str:
    """The revision the database is at; "" for an empty one."""
    return MigrationContext.configure(connection).get_current_revision() or ""


def upgrade(engine: Engine, revision: str = "head") -> tuple[str, str]:
    """Brings the database to a revision in one transaction, under a lock; the revisions before and after.

    A database that is ahead of this code (a newer release runs beside this one) is left as it is.
    """
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
    from bot.settings import survey
    from bot.store.database import open_database

    settings, problems = survey()
    wrong = [problem for problem in problems if problem.name == "DATABASE_URL"]
    if wrong:
        raise click.ClickException(str(wrong[0]))
    engine = open_database(settings.database_url.get_secret_value())
    try:
        before, after = upgrade(engine)
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error)
        raise click.ClickException(f"The database cannot be brought up to date: {reason}") from error
    finally:
        engine.dispose()
    click.echo(f"The database is up to date ({after})." if before == after else f"Brought the database to {after}.")
