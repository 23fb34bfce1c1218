"""The person gate: somebody sees what their channel may and they themselves may read in MLflow."""

import pytest
from slack_sdk import WebClient

from bot.playground.faults import FaultKind
from bot.playground.slack import EXPERIMENTS, MAYA
from comparison.channel_defaults import ACCESS, ChannelSetting
from comparison.errors import RequestError, TrackingUnavailable
from comparison.tracking.visibility import Grant, Permissions
from handlers.access.people import PERMISSIONS_FRESH, Directory, People
from handlers.access.rules import AccessRules, write_patterns
from handlers.slack.client import SlackClient
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.watched import FRAUD, JONAS, PRIYA, TEAM, bot, have, heard, open_shop, town

__all__ = ["bot", "open_shop", "town"]

OF_IRIS = Permissions((Grant("experiment", "1", "READ"),))
OF_ALL = Permissions(reads_others=True)
USERS = {"maya@corp": OF_ALL, "jonas@corp": OF_IRIS}
EMAILS = {MAYA: "maya@corp", JONAS: "jonas@corp", PRIYA: "priya@corp"}


def people(asked=None, clock=lambda: 0.0, **more):
    def ask(user):
        if asked is not None:
            asked.append(user)
        return USERS.get(user)

    return People(ask, lambda user: EMAILS.get(user, ""), clock, **{"by_email": True, **more})


@pytest.fixture
def gated(town, bot):
    """fraud-1 is of an experiment that Jonas may not read; Priya is no user of MLflow."""
    bot.runs.runs = [OLD, NEW, a_run("fraud-1", 10, experiment=FRAUD, user="mallory")]
    put(bot, people=people(), access=AccessRules())
    yield bot
    put(bot, people=None, access=AccessRules())


def put(bot, **services):
    for name, value in services.items():
        object.__setattr__(bot.services, name, value)


WORDS = [
    "show fraud-1",
    "fraud-1 vs new",
    "top",
    "list experiments",
    "standup in team/fraud",
    "list runs",
    "watch team/fraud",
]


@pytest.mark.parametrize("words", WORDS)
def test_what_somebody_may_not_read_is_as_what_is_not_there(town, gated, words):
    with_it = heard(town, words, user=JONAS)
    gated.runs.runs, gated.runs.more_experiments = [OLD, NEW], []
    put(gated, people=people())
    assert heard(town, words, user=JONAS) == with_it
    assert "mallory" not in with_it


def test_others_in_the_same_channel_see_it(town, gated):
    assert "There is no run called fraud-1" in heard(town, "show fraud-1", user=JONAS)
    assert "There is no run called fraud-1" not in heard(town, "show fraud-1", user=MAYA)


def test_the_rule_of_the_channel_holds_beside_it(town, gated):
    gated.services.access.store.change(TEAM, EXPERIMENTS, ChannelSetting(ACCESS, write_patterns(["iris"])))
    assert "There is no run called fraud-1" in heard(town, "show fraud-1", user=MAYA)
    assert "There is no run called fraud-1" not in heard(town, "show fraud-1", user=MAYA, channel="C0STANDUP")


def test_somebody_who_is_none_in_mlflow_sees_what_the_channel_may_and_in_strict_mode_nothing(town, gated):
    assert "There is no run called fraud-1" not in heard(town, "show fraud-1", user=PRIYA)
    put(gated, people=people(is_strict=True))
    assert "There is no run called fraud-1" in heard(town, "show fraud-1", user=PRIYA)
    assert "There is no run called new" in heard(town, "show new", user=PRIYA)


def test_what_is_posted_for_all_is_pressed_by_each_with_their_own_rights(town, gated):
    heard(town, "fraud-1 vs new", user=MAYA)
    message = next(each for each in town.messages() if each.blocks)
    said = len(town.ephemerals)
    town.press(message, "follow:swap", user=JONAS)
    town.wait_until(lambda: len(town.ephemerals) > said)
    assert town.ephemerals[-1].only_to == JONAS


def test_a_list_and_the_home_tab_are_of_what_the_person_may_read(town, gated):
    for user, is_there in ((JONAS, False), (MAYA, True)):
        town.people.shortcut("compare_runs", user)
        view = town.wait_until(lambda: town.modal)
        offered = str(town.suggest(view, "dialog:runs", "fraud", user=user).answer)
        assert ("fraud-1" in offered) is is_there
        town.workspace.open_views.clear()


def test_a_watch_that_stands_is_for_the_channel_and_not_for_a_person(town, gated):
    have(gated, "team/fraud", by=JONAS)
    seen = gated.services.for_channel(TEAM, EXPERIMENTS)
    assert seen.runs is gated.services.runs


# Who is whom


def test_a_table_comes_before_the_address_and_nothing_is_guessed():
    asked = []
    gate = people(asked, table={MAYA: "jonas@corp"})
    assert gate.view(MAYA).permissions == OF_IRIS
    assert people(asked, by_email=False).view(JONAS) is None
    assert asked == ["jonas@corp"]
    assert gate.view("") is None  # another app


def test_where_slack_does_not_tell_the_address_nothing_is_shown():
    with pytest.raises(RequestError, match="Slack does not tell me your e-mail address"):
        people().view("U0UNKNOWN")
    assert people(table={"U0UNKNOWN": "maya@corp"}).view("U0UNKNOWN").permissions == OF_ALL


def test_mlflow_is_asked_once_in_five_minutes():
    asked, now = [], [0.0]
    gate = people(asked, clock=lambda: now[0])
    for _ in range(3):
        gate.view(MAYA)
        gate.view(PRIYA)
    assert asked == ["maya@corp", "priya@corp"]
    now[0] = PERMISSIONS_FRESH + 1
    gate.view(MAYA)
    assert len(asked) == 3


def test_while_mlflow_does_not_tell_nothing_is_shown_and_help_is_given(town, gated):
    def fail(_user):
        raise TrackingUnavailable("MLflow denies access.")

    put(gated, people=People(fail, EMAILS.get, lambda: 0.0, by_email=True))
    said = heard(town, "show new", user=MAYA)
    assert "I cannot tell what you may see in MLflow. MLflow denies access." in said
    assert "an admin's there" in said
    assert "/mlcompare" in heard(town, "help", user=MAYA)


def test_an_address_is_as_slack_tells_it_and_held_while_it_tells_nothing(town):
    now = [0.0]
    client = WebClient(token=town.installation.bot_token, base_url=town.api_url, timeout=2)
    directory = Directory(SlackClient.of(client, lambda _: None, 0.0).person, lambda: now[0])
    assert directory.email(JONAS) == ""  # the app may not know
    now[0] = 1_000.0
    town.reinstall(scopes=town.installation.scopes | {"users:read.email"})
    assert directory.email(JONAS) == "jonas@playground.example"
    now[0] = 2_000.0
    town.faults.add(FaultKind.SERVER_ERROR, method="users.info", left=None)
    assert directory.email(JONAS) == "jonas@playground.example"
    assert directory.email(PRIYA) == ""
