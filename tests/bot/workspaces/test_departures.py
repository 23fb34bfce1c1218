"""What is left of a workspace that took the app out: nothing, after thirty days; the same in both databases."""

from datetime import UTC, datetime, timedelta

import pytest
from slack_sdk.oauth.installation_store import Installation
from sqlalchemy import insert, select

from bot.store.database import installations, message_runs, metadata
from bot.store.installations import StoredInstallations, TokenCipher, new_key
from bot.store.watches import StoredWatches
from bot.workspaces.install import Departure, Departures
from tests.databases import KINDS, both
from tests.postgres import postgres_server

__all__ = ["both", "postgres_server"]

OF_NO_WORKSPACE = {
    "claims",  # keys of deliveries, for a day
    "cursors",
    "ends",  # runs of MLflow, whoever is told of them
    "inbox",  # what is answered within half an hour
    "oauth_states",
    "processes",
}


class Clock:
    def __init__(self):
        self.at = datetime(2026, 11, 29, 12, tzinfo=UTC)

    def __call__(self):
        return self.at


class Place:
    def __init__(self, engine):
        self.engine, self.clock = engine, Clock()
        self.kept = StoredInstallations(engine, TokenCipher([new_key()]), self.clock)
        self.departures = Departures(engine, self.kept, StoredWatches(engine), self.clock, lambda: None)

    def install(self, team, **more):
        made = {
            "team_id": team, "team_name": team, "bot_token": f"xoxb-{team}", "bot_id": "B1", "bot_user_id": "U1",
            "user_id": "U2", "installed_at": self.clock.at.timestamp(),
        }  # fmt: skip
        self.kept.save(Installation(**made | more))

    def fill(self, team):
        """A row for the workspace in every table."""
        with self.engine.begin() as connection:
            for table in metadata.sorted_tables:
                if table.name not in OF_NO_WORKSPACE and table is not installations:
                    connection.execute(insert(table).values(**row(table, team)))

    def tables(self, team):
        """The names of the tables that hold something of the workspace."""
        with self.engine.connect() as connection:
            return {
                table.name
                for table in metadata.sorted_tables
                if table.name not in OF_NO_WORKSPACE
                and any(team in str(each) for each in connection.execute(select(table)).all())
            }


def row(table, team):
    """Values of every kind, the workspace's id in each text."""
    values = {}
    for column in table.columns:
        kind = column.type.python_type
        if column.primary_key and kind is int:
            continue
        values[column.key] = team if kind is str else kind(0)
    lists = {name: f'["{team}"]' for name in ("past", "watch_ids", "experiment_ids") if name in values}
    return values | lists | ({"place": f"{team}:C1"} if table.name == "turns" else {})


@pytest.fixture(params=KINDS)
def place(request, both):
    return Place(both(request.param))


def test_everything_of_a_workspace_is_erased_after_thirty_days_and_nothing_of_another(place):
    for team in ("T0LEAVING", "T0STAYING"):
        place.install(team)
        place.fill(team)
    everywhere = place.tables("T0STAYING")
    assert {"watches", "messages", "defaults", "turns", message_runs.name, "installations"} <= everywhere
    assert place.tables("T0LEAVING") == everywhere
    place.departures.leave(Departure(("T0LEAVING",), 0))
    place.clock.at += timedelta(days=29)
    assert place.departures.erase_old() == []
    assert place.tables("T0LEAVING") == everywhere
    place.clock.at += timedelta(days=2)
    assert set(place.departures.erase_old()) == {"T0LEAVING"}
    assert place.tables("T0LEAVING") == set()
    assert place.tables("T0STAYING") == everywhere
    assert place.departures.erase_old() == []


def test_what_was_installed_again_in_time_is_not_erased(place):
    place.install("T0LEAVING")
    place.fill("T0LEAVING")
    place.departures.leave(Departure(("T0LEAVING",), 0))
    place.clock.at += timedelta(days=29)
    place.install("T0LEAVING")
    place.clock.at += timedelta(days=29)
    assert place.departures.erase_old() == []
    assert "watches" in place.tables("T0LEAVING")


def test_with_an_organisation_all_its_workspaces_are_erased_but_those_that_installed_it_for_themselves(place):
    place.install(None, enterprise_id="E1", enterprise_name="E1", is_enterprise_install=True)
    for team in ("T0LEAVING", "T0STAYING"):
        place.kept.note_team(team, "E1")
    place.install("T0STAYING", enterprise_id="E1")
    place.departures.leave(Departure(("E1",), 0))
    place.clock.at += timedelta(days=31)
    assert sorted(place.departures.erase_old()) == ["E1", "T0LEAVING"]
    assert place.kept.bot_of("T0STAYING").bot_token == "xoxb-T0STAYING"
    assert place.kept.bot_of("T0LEAVING") is None


def test_a_database_of_one_workspace_is_never_erased(place):
    place.fill("T0LEAVING")  # it was never installed by OAuth
    place.clock.at += timedelta(days=400)
    assert place.departures.erase_old() == []
    assert "watches" in place.tables("T0LEAVING")
