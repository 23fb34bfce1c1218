"""`access`: rules that admins make, whom Slack and the settings call an admin, and what is then for admins only."""

import time

import pytest
from slack_sdk import WebClient

from bot.playground.slack import EXPERIMENTS, MAYA, STANDUP
from comparison.channel_defaults import ACCESS, CHANGES, ChannelSetting
from comparison.request import DIRECT, ELSEWHERE
from handlers.access.people import Admission, Directory, Policy
from handlers.access.rules import (
    ADMINS,
    AccessRule,
    AccessRules,
    InMemoryAccess,
    RuleBook,
    book_of,
    read_patterns,
    write_patterns,
)
from handlers.slack.client import SlackClient, SlackError, SlackErrorKind
from tests.handlers.access.test_senders import CHANGES as SETTINGS
from tests.handlers.access.test_senders import WATCHES, a_comparison, shown, state
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.test_channel_settings import set_to
from tests.handlers.watched import FRAUD, JONAS, PRIYA, TEAM, bot, changes_in, have, heard, open_shop, town, words_in

__all__ = ["bot", "open_shop", "town"]

OWN = frozenset({TEAM})
_ONLY = "Only admins change who may see and change what."
_FOR_ADMINS = "Only admins change what is set and watched here."


@pytest.fixture
def ruled(town, bot):
    """The bot with rules of its own, which asks the stand-in who is an admin: Maya is one."""
    client = WebClient(token=town.installation.bot_token, base_url=town.api_url, timeout=2)
    directory = Directory(SlackClient.of(client, lambda _: None, 0.0).person, time.monotonic)
    before = bot.services.access
    rules = AccessRules(InMemoryAccess(), directory=directory, own=lambda: OWN, admins=frozenset({PRIYA}))
    object.__setattr__(bot.services, "access", rules)
    object.__setattr__(bot.services, "admission", Admission(Policy.ALLOW))
    bot.runs.runs = [OLD, NEW, a_run("fraud-1", 10, experiment=FRAUD)]
    yield bot
    object.__setattr__(bot.services, "access", before)
    object.__setattr__(bot.services, "admission", Admission())


def rules_of(bot):
    return {
        (each.channel, each.setting.what): each.setting.value
        if each.setting.what == CHANGES
        else read_patterns(each.setting.value)
        for each in bot.services.access.store.every()
    }


# Who makes rules


@pytest.mark.parametrize("user", [MAYA, PRIYA])
def test_admins_of_slack_and_those_named_in_the_settings_make_rules(town, ruled, user):
    said = heard(town, "access iris, team/f*", user=user)
    assert "This channel may see iris and team/f*" in said
    assert "only to" not in said
    assert rules_of(ruled) == {(EXPERIMENTS, ACCESS): ("iris", "team/f*")}
    (rule,) = ruled.services.access.store.every()
    assert (rule.workspace, rule.setting.by) == (TEAM, user)


@pytest.mark.parametrize(
    "words", ["access all", "access everywhere none", "access direct iris", "access changes admins"]
)
def test_nobody_else_does_and_they_are_told_alone_whom_to_ask(town, ruled, words):
    said = heard(town, words, user=JONAS)
    assert said.startswith(f"only to {JONAS}: ")
    assert _ONLY in said
    assert "MLCOMPARE_ADMINS" in said
    assert rules_of(ruled) == {}


def test_where_slack_may_not_be_asked_only_those_named_in_the_settings_are_admins(town, ruled):
    town.reinstall(scopes=town.installation.scopes - {"users:read"})
    assert _ONLY in heard(town, "access none", user=MAYA)
    assert _ONLY not in heard(town, "access none", user=PRIYA)


def test_an_admin_of_another_company_is_none_here():
    def ask(user):
        if user == "U0AWAY":
            raise SlackError(SlackErrorKind.UNCONFIRMED, "HTTP 503")
        return {"id": user, "team_id": TEAM if user == "U0OURS" else "T0OTHER", "is_admin": True, "is_owner": True}

    directory = Directory(ask, lambda: 0.0)
    assert directory.is_admin("U0OURS", OWN)
    assert not directory.is_admin("U0THEIRS", OWN)
    assert not directory.is_admin("U0OURS", frozenset())  # before Slack has told which workspace the bot is of
    assert not directory.is_admin("U0AWAY", OWN)


def test_somebody_who_is_no_admin_any_more_makes_no_rules_ten_minutes_later():
    now, person = [0.0], {"id": "U1", "team_id": TEAM, "is_admin": True}
    directory = Directory(lambda _: person, lambda: now[0])
    assert directory.is_admin("U1", OWN)
    person["is_admin"] = False
    now[0] = 601.0
    assert not directory.is_admin("U1", OWN)


# What a rule says


def test_what_a_channel_may_see_is_shown_with_how_to_change_it_for_admins_only(town, ruled):
    heard(town, "access iris")
    for_admin, for_others = heard(town, "access"), heard(town, "access", user=JONAS)
    assert for_admin.startswith(f"only to {MAYA}: ")
    for said in (for_admin, for_others):
        assert "This channel may see iris" in said
        assert "It has a rule of its own." in said
        assert "All its members change what is set and watched." in said
    assert "/mlcompare access everywhere none" in for_admin
    assert "/mlcompare access" not in for_others
    assert "Admins of this Slack workspace can change it." in for_others
    assert "iris" in heard(town, "settings", user=JONAS)


def test_rules_of_other_places_are_for_admins_to_see(town, ruled):
    heard(town, "access everywhere team/fraud")
    assert "Only admins see the rules of other places." in heard(town, "access everywhere", user=JONAS)
    assert "Every channel without a rule of its own may see team/fraud" in heard(town, "access everywhere")


def test_a_rule_holds_at_once_and_its_channel_reads_how_many_experiments_fit(town, ruled):
    assert "fraud-1" in heard(town, "show fraud-1")
    said = heard(town, "access ir*")
    assert "1 experiment fits that now." in said
    assert "There is no run called fraud-1" in heard(town, "show fraud-1")
    assert "fraud-1" in heard(town, "show fraud-1", channel=STANDUP)
    heard(town, "access default")
    assert rules_of(ruled) == {}
    assert "There is no run" not in heard(town, "show fraud-1")


def test_what_a_channel_might_see_before_is_said_to_the_admin_alone_and_not_where_all_read(town, ruled):
    heard(town, "access team/fraud")
    assert "fraud" not in heard(town, "access iris")
    heard(town, "access direct team/fraud")
    said = heard(town, "access direct iris")
    assert "Before: may see team/fraud." in said
    assert "/mlcompare access direct team/fraud" in said


def a_book(**rules):
    """Rules for what may be seen, by channel."""
    return book_of(
        (AccessRule(TEAM, channel, ChannelSetting(ACCESS, write_patterns(value))) for channel, value in rules.items()),
        is_strict=False,
    )


BOOK = a_book(**{EXPERIMENTS: ("iris",), DIRECT: (), ELSEWHERE: ("team/*",)})


@pytest.mark.parametrize(
    ("channel", "patterns"),
    [
        (EXPERIMENTS, ("iris",)),
        (STANDUP, ("team/*",)),
        ("D0MAYA", ()),
        ("", ()),
        (MAYA, ()),
        ("G0PRIVATE", ("team/*",)),
    ],
)
def test_the_rule_of_a_channel_comes_before_that_for_all_others(channel, patterns):
    assert BOOK.visible(TEAM, channel).patterns == patterns


def test_without_a_rule_everything_may_be_seen_and_nothing_where_the_settings_are_strict():
    assert RuleBook().visible(TEAM, EXPERIMENTS) is None
    assert RuleBook(is_strict=True).visible(TEAM, EXPERIMENTS).patterns == ()


# Where changes are for admins


@pytest.mark.parametrize("words", [*SETTINGS, *WATCHES])
@pytest.mark.parametrize("place", [EXPERIMENTS, ELSEWHERE])
def test_only_admins_pin_set_goals_and_watch_where_an_admin_said_so(town, ruled, words, place):
    ruled.services.defaults.change(TEAM, EXPERIMENTS, [ChannelSetting("metric", "loss", by=MAYA, at=1)])
    ruled.services.access.store.change(TEAM, place, ChannelSetting(CHANGES, ADMINS))
    before = state(town, ruled)
    said = heard(town, words, user=JONAS)
    assert _FOR_ADMINS in said
    assert "Ask an admin of this Slack workspace to change it." in said
    assert state(town, ruled) == before
    assert _FOR_ADMINS not in heard(town, words, user=MAYA)
    assert state(town, ruled) != before


def test_not_even_who_set_a_watch_up_changes_or_removes_it_there(town, ruled):
    have(ruled, "iris", by=JONAS)
    heard(town, "watches", user=JONAS)
    listed = town.ephemerals[-1]
    heard(town, "access changes admins")
    for action in ("watch:pause:0", "watch:remove:0", "watch:edit:0"):
        said = len(town.ephemerals)
        town.press(listed, action, user=JONAS)
        town.wait_until(lambda said=said: len(town.ephemerals) > said)
        assert _FOR_ADMINS in town.ephemerals[-1].text
    assert town.modal is None
    assert _FOR_ADMINS in heard(town, "unwatch iris", user=JONAS)
    assert (words_in(ruled), changes_in(ruled)) == (["iris"], [])
    heard(town, "unwatch iris", user=MAYA)
    assert words_in(ruled) == []


def test_goals_and_pins_that_are_pressed_are_for_admins_too(town, ruled):
    message = a_comparison(town, ruled)
    heard(town, "watch iris")
    news = town.messages()[-1]
    ruled.services.access.store.change(TEAM, EXPERIMENTS, ChannelSetting(CHANGES, ADMINS))
    town.press(message, "goals:set", user=JONAS)
    view = shown(town)
    town.submit(view, set_to(view, quux="lower"), user=JONAS)
    town.press(news, "news:pin", user=JONAS)
    town.wait_until(lambda: sum(_FOR_ADMINS in each.text for each in town.workspace.everything()) == 2)
    assert ruled.services.defaults.settings(TEAM, EXPERIMENTS) == []


def test_members_change_things_again_once_an_admin_gave_it_back(town, ruled):
    heard(town, "access changes admins")
    assert "by admins only" in heard(town, "settings", user=JONAS)
    assert "All members of a channel change what is set and watched here" in heard(town, "access changes members")
    heard(town, "set metric accuracy", user=JONAS)
    assert ruled.services.defaults.of(TEAM, EXPERIMENTS).metric == "accuracy"


# People from outside, where they are answered


@pytest.mark.parametrize("words", [*SETTINGS, *WATCHES])
@pytest.mark.parametrize("about", [{"is_guest": True}, {"team": "T0ELSEWHERE"}], ids=["guest", "of another company"])
def test_guests_and_people_of_other_companies_change_nothing_in_a_channel(town, ruled, words, about):
    town.workspace.add_user("olga", "Olga", "U0OLGA", **about)
    town.join(EXPERIMENTS, "U0OLGA")
    ruled.services.defaults.change(TEAM, EXPERIMENTS, [ChannelSetting("metric", "loss", by=MAYA, at=1)])
    before = state(town, ruled)
    said = heard(town, words, user="U0OLGA")
    assert "Guests and people of other companies change nothing" in said
    assert state(town, ruled) == before
    assert "new" in heard(town, "show new", user="U0OLGA")  # they may ask


def test_a_guest_sets_what_they_like_in_direct_messages_and_changes_no_watch_from_there(town, ruled):
    town.workspace.add_user("olga", "Olga", "U0OLGA", is_guest=True)
    direct = town.workspace.direct("U0OLGA").id
    assert "Guests" not in heard(town, "set metric accuracy", user="U0OLGA", channel=direct)
    assert ruled.services.defaults.of(TEAM, direct).metric == "accuracy"
