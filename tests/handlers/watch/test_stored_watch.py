"""Who is in a channel and whose an address is, as far as the app may know."""

import pytest
from slack_sdk import WebClient

from bot.playground.faults import FaultKind
from bot.playground.slack import EXPERIMENTS, MAYA
from handlers.slack.client import SlackClient
from handlers.stores import StoredWatch
from handlers.utterance import Utterance
from handlers.watch.stored_watch import is_in, may_change
from tests.handlers.watched import JONAS, PRIYA, TEAM


@pytest.fixture
def outlet(town):
    return SlackClient.of(
        WebClient(token=town.installation.bot_token, base_url=town.api_url), lambda _seconds: None, 5.0
    )


def test_who_is_in_a_channel_is_found_however_many_are(town, outlet):
    town.reinstall(scopes=town.installation.scopes | {"channels:read"})
    room = town.workspace.channel(EXPERIMENTS)
    many = frozenset(f"U{number:04}" for number in range(2_500))
    town.workspace.change_channel(room, members=many | {MAYA})
    assert [is_in(EXPERIMENTS, user, outlet) for user in (MAYA, JONAS, "U2499")] == [True, False, True]
    assert town.count("conversations.members") == 2 + 3 + 3


@pytest.mark.parametrize("error", ["missing_scope", "channel_not_found", "internal_error"])
def test_that_it_cannot_be_known_is_not_that_nobody_is(town, outlet, error):
    town.faults.add(FaultKind.SLACK_ERROR, method="conversations.members", error=error, left=None)
    assert is_in(EXPERIMENTS, MAYA, outlet) is None


@pytest.mark.parametrize(
    ("user", "channel", "team", "may"),
    [
        (MAYA, "C0ELSEWHERE", TEAM, True),  # who set it up
        (JONAS, EXPERIMENTS, TEAM, True),
        (JONAS, "C0ELSEWHERE", TEAM, False),
        (JONAS, JONAS, TEAM, False),  # on the Home tab
        (MAYA, EXPERIMENTS, "T0OTHER", False),
    ],
)
def test_without_the_scope_whoever_acts_in_the_channel_may(outlet, user, channel, team, may):
    kept = StoredWatch("w", TEAM, EXPERIMENTS, "iris", MAYA, 1)
    assert may_change(kept, Utterance("", user, team, channel, ""), outlet) is may


def test_with_the_scope_who_is_in_the_channel_may_from_anywhere(town, outlet):
    town.reinstall(scopes=town.installation.scopes | {"channels:read"})
    town.leave(EXPERIMENTS, PRIYA)
    kept = StoredWatch("w", TEAM, EXPERIMENTS, "iris", MAYA, 1)
    assert may_change(kept, Utterance("", JONAS, TEAM, JONAS, ""), outlet)
    assert not may_change(kept, Utterance("", PRIYA, TEAM, EXPERIMENTS, ""), outlet)


def test_an_id_is_somebodys_where_slack_knows_it_and_the_app_may_read_it(town, outlet):
    town.reinstall(scopes=town.installation.scopes - {"users:read"})
    assert outlet.find_person(MAYA) == ""
    town.reinstall(scopes=town.installation.scopes | {"users:read"})
    assert outlet.find_person(MAYA) == MAYA
    assert outlet.find_person("UNKNOWN") == ""


def test_a_person_is_found_by_address_where_the_app_may_read_it(town, outlet):
    assert outlet.find_person("jonas@playground.example") == ""
    town.reinstall(scopes=town.installation.scopes | {"users:read.email"})
    assert outlet.find_person("jonas@playground.example") == JONAS
    assert outlet.find_person("nobody@playground.example") == ""
