"""The short form of `make chaos`: the bot is killed while runs end and Slack fails, and nothing is lost or doubled."""

import pytest

from bot.playground.context import Installation
from bot.playground.slack import SlackStandIn
from tests.chaos.databases import POSTGRESQL, SQLITE, Postgres, new_database
from tests.chaos.incidents import DATABASE
from tests.chaos.trial import HISTORY, Plan, Scene, put_to_trial
from tests.chaos.watchers import many_watchers
from tests.postgres import postgres_server

__all__ = ["postgres_server"]


@pytest.fixture
def scene(request, tmp_path, mlflow_server):
    """`scene(database)`: a Slack of its own, an empty database, and experiments that nobody else has."""
    slack = SlackStandIn(Installation(scopes=HISTORY, keeps_pace=True))

    def made(database):
        server = Postgres(request.getfixturevalue("postgres_server")) if database == POSTGRESQL else None
        return Scene(
            tmp_path, new_database(server, tmp_path), mlflow_server, slack, many_watchers(12, database), server
        )

    with slack:
        yield made


@pytest.mark.parametrize(
    ("database", "kills", "incidents"), [(SQLITE, 2, ()), (POSTGRESQL, 2, (DATABASE,))], ids=[SQLITE, POSTGRESQL]
)
def test_whatever_is_killed_and_lost_every_ended_run_is_told_in_every_channel_that_watches_and_none_twice(
    scene, database, kills, incidents
):
    plan = Plan(
        database,
        kills,
        seed=4,
        a_second=6,
        between=0.3,
        posts_between=4,
        processes=2,
        incidents=incidents,
        lasting=0.2,
        apart=4,
        drains_within=60,
        settles=1,
    )
    outcome = put_to_trial(plan, scene(database))
    found = outcome.count
    assert outcome.kills.total() == kills
    assert outcome.incidents == list(incidents)
    assert len(found.wanted) > len(outcome.ended) > 10
    assert (found.lost, found.doubled, found.unasked) == (set(), {}, set())
    assert (found.wrong, outcome.problems) == ([], [])
