"""Both databases as they are after `mlcompare migrate`, made once a module and empty for each test that opens them."""

import uuid

import pytest

from bot.settings import database_address
from bot.store.database import metadata, open_database
from bot.store.migrate import upgrade
from tests.postgres import postgres_server

__all__ = ["both", "postgres_server"]

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="module")
def both(tmp_path_factory, request):
    """An engine by the kind of its database, which holds nothing."""
    made = {}

    def emptied(kind):
        if kind not in made:
            made[kind] = open_database(address_of(kind))
            upgrade(made[kind])
        with made[kind].begin() as connection:
            for table in metadata.sorted_tables:
                connection.execute(table.delete())
        return made[kind]

    def address_of(kind):
        if kind == "sqlite":
            return f"sqlite:///{tmp_path_factory.mktemp('state')}/state.db"
        server, name = request.getfixturevalue("postgres_server"), f"test_{uuid.uuid4().hex[:12]}"
        server.psql(f"CREATE DATABASE {name}")
        server.psql(f"ALTER DATABASE {name} SET synchronous_commit = off")  # no test pulls the plug
        return database_address(server.get_uri(database=name))

    yield emptied
    for engine in made.values():
        engine.dispose()
