"""The database that a command reads from: there, answering and up to date, or an error that says what to do."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

import bot.store.migrations
from bot.settings import survey
from bot.store.database import open_database

_VERSION = re.compile(r"v(\d{4})_")


@contextmanager
def open_state() -> Iterator[Engine]:
    """What the database raises inside becomes a sentence; so does one that is not there or is of another version."""
    settings, problems = survey()
    wrong = [problem for problem in problems if problem.name == "DATABASE_URL"]
    if wrong:
        raise click.ClickException(str(wrong[0]))
    engine = open_database(settings.database_url.get_secret_value())
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
    at, wanted = _version_of(engine), newest_revision()
    if at < wanted:  # one of a newer release is read as far as it can be
        is_at = f"is at version {at}" if at else "is empty"
        raise click.ClickException(f"The database {is_at}, this mlcompare needs {wanted}: run `mlcompare migrate`.")


def _version_of(engine: Engine) -> str:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return ""
        return str(connection.scalar(text("SELECT version_num FROM alembic_version")) or "")


def newest_revision() -> str:
    """The version that the newest migration makes, by its file: importing what runs them takes half a second."""
    folders = [Path(each) / "versions" for each in bot.store.migrations.__path__]
    names = (_VERSION.match(file.name) for folder in folders for file in folder.glob("v*.py"))
    return max(found[1] for found in names if found)


def as_iso(seconds: float) -> str | None:
    """A moment for programs: `2026-11-23T09:30:00Z`; None for never, which is 0."""
    return (
        datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if seconds else None
    )


def as_minute(seconds: float) -> str:
    """A moment for people: `2026-11-23 09:30`; a dash for never."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}" if seconds else "–"
