"""The bot's database, opened from outside the bot."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

from bot.settings import database_address
from bot.store.database import open_database
from bot.store.migrate import upgrade


@contextmanager
def opened(address: str) -> Iterator[Engine]:
    """Brought up to date; the address as a setting has it."""
    engine = open_database(database_address(address))
    try:
        upgrade(engine)
        yield engine
    finally:
        engine.dispose()
