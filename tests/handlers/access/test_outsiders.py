"""People of other companies and guests: not answered at any door, told why, and nothing that they press does anything."""

import json
import time

import pytest
from slack_sdk import WebClient

from bot.playground.faults import FaultKind
from bot.playground.slack import EXPERIMENTS, MAYA, SlackStandIn
from bot.playground.user_actions import find_action
from handlers.access.people import (
    FOREIGN,
    GUEST,
    PAUSE,
    STALE,
    UNSURE,
    Admission,
    Directory,
    Membership,
    Policy,
    Sender,
    sender,
)
from handlers.slack.client import SlackClient, SlackError, SlackErrorKind
from tests.endings import running
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.workshop import Workshop

TEAM, OTHER = "T0PLAYGROUND", "T0ELSEWHERE"
ELSA, GUS = "U0ELSA", "U0GUS"  # of another company; a guest
WHY = {ELSA: FOREIGN, GUS: GUEST}


@pytest.fixture
def slack():
    """A channel shared with another company, with one of its people and a guest in it."""
    with running(SlackStandIn()) as town:
        town.workspace.add_user("elsa", "Elsa", ELSA, team=OTHER)
        town.workspace.add_user("gus", "Gus", GUS, is_guest=True)
        room = town.workspace.channel(EXPERIMENTS)
        town.workspace.change_channel(room, members=room.members | {ELSA, GUS}, is_shared=True)
        yield town


def door(slack, policy=Policy.REFUSE):
    client = WebClient(token=slack.installation.bot_token, base_url=slack.api_url, timeout=2)
    return Admission(policy, Directory(SlackClient.of(client, lambda _: None, 0.0).person, time.monotonic))


@pytest.fixture
def runs():
    return FakeRuns([OLD, NEW, a_run("train", 10), a_run("train", 11)])


@pytest.fixture
def bot(slack, runs):
    with Workshop(slack, runs, more={"admission": door(slack)}) as at_work:
        yield at_work


def content(slack):
    return [(m.ts, m.text, m.blocks, m.deleted) for m in slack.workspace.everything() if not m.is_ephemeral]


def told(slack, user):
    """What the bot told somebody: to them alone in the channel, or in the conversation with them."""
    own = slack.workspace.direct(user).id
    everything = slack.workspace.everything()
    return [m.text for m in everything if m.user == "U0MLCOMPARE" and (m.only_to == user or m.channel == own)]


def helped(slack):
    return {m.only_to for m in slack.ephemerals if m.text not in {FOREIGN, GUEST, UNSURE}}


@pytest.mark.parametrize("user", [ELSA, GUS])
def test_whatever_they_type_they_are_told_why_and_mlflow_is_not_asked(slack, bot, runs, user):
    thread = slack.say("look at this").ts
    before = content(slack)
    assert slack.command("/mlcompare", "old vs new", user=user).was_taken
    assert slack.ephemerals[-1].text == WHY[user]
    slack.command("/mlcompare", "help", user=user)
    assert [message.text for message in slack.ephemerals] == [WHY[user]] * 2
    slack.mention("old vs new", user=user)
    slack.mention("watch *", user=user, thread_ts=thread)
    slack.direct_message("old vs new", user=user)
    bot.finish()
    assert WHY[user] in told(slack, user)
    assert runs.asked == []
    said = [m for m in slack.workspace.everything() if m.user == "U0MLCOMPARE" and m.channel != f"D{user}"]
    assert {m.text for m in said} == {WHY[user]}
    assert [each for each in content(slack) if each[0] in {ts for ts, *_ in before}] == before
    assert bot.services.watches.every() == []


@pytest.mark.parametrize("user", [ELSA, GUS])
def test_whatever_they_press_nothing_changes(slack, bot, runs, user):
    slack.command("/mlcompare", "old vs new")
    message = slack.wait_for_message("Swap")
    slack.command("/mlcompare", "watch iris")
    slack.wait_for_message("Watching iris")
    slack.command("/mlcompare", "watches")
    listed = slack.wait_for_ephemeral("watch:remove:0")
    slack.command("/mlcompare", "old vs train")
    picker = slack.wait_for_ephemeral("Select")
    slack.wait_until(lambda: len(bot.services.watches.every()) == 1)
    before, asked = content(slack), len(runs.asked)
    pressable = (
        (message, "follow:swap", None),
        (message, "follow:why", None),
        (message, "follow:more", "parameters"),
        (message, "goals:set", None),
        (listed, "watch:pause:0", None),
        (listed, "watch:remove:0", None),
        (listed, "watch:edit:0", None),
        (picker, "pick:0", None),
    )
    for where, action, value in pressable:
        assert slack.press(where, action, value=value, user=user).was_taken
    slack.people.shortcut("compare_runs", user)
    slack.people.shortcut("compare_message", user, message)
    bot.finish()
    assert (content(slack)[: len(before)], len(runs.asked)) == (before, asked)
    assert slack.modal is None
    assert set(told(slack, user)) == {WHY[user]}
    assert [(each.what, each.by) for each in bot.services.watches.changes(TEAM, EXPERIMENTS)] == [("added", MAYA)]


@pytest.mark.parametrize("user", [ELSA, GUS])
def test_lists_dialogs_and_the_home_tab_tell_them_why_and_nothing_of_runs(slack, bot, user):
    slack.people.shortcut("compare_runs", MAYA)
    view = slack.wait_until(lambda: slack.modal)
    for action in ("dialog:runs", "dialog:experiment", "dialog:metrics"):
        (option,) = slack.suggest(view, action, user=user).answer["options"]
        assert (option["value"], option["text"]["text"]) == ("-", "I only answer full members of this workspace")
    slack.press_in_view(view, "dialog:experiment", value="1", user=user)
    answer = slack.submit(view, {}, user=user).answer
    assert answer["response_action"] == "update"
    assert WHY[user] in json.dumps(answer["view"])
    slack.people.open_home(user)
    home = slack.wait_until(lambda: slack.home(user))
    bot.finish()
    assert [block["text"]["text"] for block in home.content["blocks"]] == [WHY[user]]
    assert {message.text for message in slack.messages()} == {WHY[user]}


def test_people_of_the_workspace_are_answered_beside_them(slack, bot):
    slack.command("/mlcompare", "old vs new")
    message = slack.wait_for_message("Swap")
    slack.mention("old vs new", user="U0JONAS")
    slack.press(message, "follow:swap", user="U0JONAS")
    slack.wait_until(lambda: len(slack.messages()) == 2)
    bot.finish()
    assert slack.ephemerals == []


def test_somebody_who_goes_on_asking_in_a_channel_is_told_once_a_minute(slack, bot):
    for _ in range(5):
        slack.mention("old vs new", user=GUS)
    bot.finish()
    assert told(slack, GUS) == [GUEST]
    assert slack.count("users.info") == 1


@pytest.mark.parametrize(("policy", "answered"), [(Policy.ALLOW, {ELSA, GUS}), (Policy.GUESTS, {GUS})])
def test_whoever_runs_the_bot_can_let_them_in(slack, runs, policy, answered):
    with Workshop(slack, runs, more={"admission": door(slack, policy)}) as bot:
        for user in (ELSA, GUS):
            slack.command("/mlcompare", "help", user=user)
        bot.finish()
    assert helped(slack) == answered


def test_without_the_permission_to_ask_who_is_of_another_company_is_still_known(slack, runs):
    slack.reinstall(scopes=slack.installation.scopes - {"users:read"})
    with Workshop(slack, runs, more={"admission": door(slack)}) as bot:
        for user in (ELSA, GUS, MAYA):
            slack.command("/mlcompare", "help", user=user)
        slack.mention("old vs new", user=ELSA)
        bot.finish()
    assert told(slack, ELSA) == [FOREIGN, FOREIGN]
    assert helped(slack) == {GUS, MAYA}
    assert slack.count("users.info") == 1  # that it may not be asked is remembered


def test_while_slack_does_not_say_who_somebody_is_they_are_asked_to_come_back(slack, runs):
    with Workshop(slack, runs, more={"admission": door(slack)}) as bot:
        slack.command("/mlcompare", "help", user=MAYA)
        slack.faults.add(FaultKind.SERVER_ERROR, method="users.info", left=None)
        for user in (GUS, MAYA):
            slack.command("/mlcompare", "help", user=user)
        bot.finish()
    assert told(slack, GUS) == [UNSURE]
    assert UNSURE not in told(slack, MAYA)


# What payloads tell


SHARED = {"type": "event_callback", "team_id": OTHER, "is_ext_shared_channel": True}
GRANTED = [{"team_id": TEAM, "enterprise_id": None}]
MENTION = {"type": "app_mention", "user": "U1", "channel": "C1", "text": "<@B> help", "ts": "1.2"}


def refused(body, own=frozenset({TEAM}), directory=None, policy=Policy.REFUSE):
    found = sender(body)
    return Admission(policy, directory).refusal(found, own) if found else None


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({"user_team": OTHER, "team": TEAM}, FOREIGN),
        ({"source_team": OTHER}, FOREIGN),
        ({"team": OTHER}, FOREIGN),
        ({"user_profile": {"team": OTHER}}, FOREIGN),
        ({"user_team": "E0COMPANY"}, FOREIGN),
        ({}, FOREIGN),  # a shared channel, and nothing is said of who it is
        ({"user_team": TEAM}, ""),
        ({"user_team": TEAM, "user_profile": {"is_restricted": True}}, GUEST),
        ({"user_team": TEAM, "user_profile": {"is_ultra_restricted": True}}, GUEST),
        ({"user_team": TEAM, "user_profile": {"is_restricted": "yes"}}, ""),
    ],
)
def test_of_a_mention_in_a_shared_channel_the_payload_tells_who_is_not_from_here(event, said):
    for own in (frozenset({TEAM}), frozenset()):  # also before Slack has told which workspace the bot is of
        assert refused({**SHARED, "authorizations": GRANTED, "event": {**MENTION, **event}}, own) == said


def test_another_app_is_judged_by_its_workspace_and_nobody_is_asked_for_it_or_told():
    book = Book()
    directory = Directory(book, lambda: 0.0)
    event = {**MENTION, "bot_id": "B9", "user": "U9"}
    assert (
        refused({**SHARED, "authorizations": GRANTED, "event": {**event, "team": OTHER}}, directory=directory)
        == FOREIGN
    )
    assert refused({"type": "event_callback", "event": {**event, "team": TEAM}}, directory=directory) == ""
    assert book.asked == []
    assert sender({"type": "event_callback", "event": event}).user == ""


@pytest.mark.parametrize("kind", ["block_actions", "block_suggestion", "view_submission", "shortcut", "message_action"])
def test_of_an_interaction_the_person_counts_and_not_where_it_was_sent(kind):
    body = {"type": kind, "team": {"id": TEAM}, "user": {"id": "U1", "team_id": OTHER}}
    assert refused(body) == FOREIGN
    assert refused({**body, "user": {"id": "U1", "team_id": TEAM}}) == ""
    opened = {**body, "team": {"id": OTHER}, "user": {"id": "U1"}, "view": {"app_installed_team_id": TEAM}}
    assert refused(opened) == FOREIGN


def test_a_company_with_several_workspaces_is_one():
    own = frozenset({TEAM, "E0COMPANY"})
    command = {"command": "/mlcompare", "user_id": "U1", "team_id": "T0SECOND", "enterprise_id": "E0COMPANY"}
    assert refused(command, own) == ""
    assert refused({**command, "enterprise_id": "E0OTHER"}, own) == FOREIGN
    person = {"id": "U1", "team_id": "T0SECOND", "enterprise_user": {"enterprise_id": "E0COMPANY", "teams": [TEAM]}}
    mention = {**SHARED, "authorizations": GRANTED, "event": {**MENTION, "user_team": "T0SECOND"}}
    assert refused(mention, own, Directory(lambda _: person, lambda: 0.0)) == ""


@pytest.mark.parametrize("user", [{}, {"id": 5}, "U1", None, []])
def test_an_odd_payload_raises_nothing(user):
    for kind in ("block_actions", "view_submission"):
        assert refused({"type": kind, "user": user, "view": 3, "team": "T"}) in ("", FOREIGN)
    assert sender({"type": "event_callback", "event": {"type": "message", "user": "U1"}}) is None
    assert sender({"type": "event_callback", "event": None}) is None


# What Slack is asked


class Book:
    """users.info, with everybody in it; `failure` is what it fails with."""

    def __init__(self, **people):
        self.people, self.asked, self.failure = people, [], None

    def __call__(self, user):
        self.asked.append(user)
        if self.failure:
            raise self.failure
        return {"id": user, "team_id": TEAM, **self.people.get(user, {})}


OWN = frozenset({TEAM})


@pytest.mark.parametrize(
    ("person", "membership"),
    [
        ({}, Membership.MEMBER),
        ({"is_restricted": True}, Membership.GUEST),
        ({"is_ultra_restricted": True}, Membership.GUEST),
        ({"team_id": OTHER}, Membership.FOREIGN),
        ({"is_stranger": True}, Membership.FOREIGN),
        ({"team_id": OTHER, "is_restricted": True}, Membership.FOREIGN),
        ({"id": ""}, Membership.UNSURE),
    ],
)
def test_a_person_is_what_slack_says(person, membership):
    assert Directory(Book(U1=person), lambda: 0.0).membership("U1", OWN) is membership


def test_what_slack_said_holds_for_ten_minutes_and_a_day_while_it_says_nothing_else():
    now, book = [0.0], Book(U1={"is_restricted": True})
    directory = Directory(book, lambda: now[0])
    assert [directory.membership("U1", OWN) for _ in range(3)] == [Membership.GUEST] * 3
    assert book.asked == ["U1"]
    now[0], book.people = 601.0, {}
    assert directory.membership("U1", OWN) is Membership.MEMBER
    now[0], book.failure = 1_300.0, SlackError(SlackErrorKind.UNCONFIRMED, "HTTP 503")
    assert (directory.membership("U1", OWN), directory.membership("U2", OWN)) == (Membership.MEMBER, Membership.UNSURE)
    now[0] = 601.0 + STALE + 1
    assert directory.membership("U1", OWN) is Membership.UNSURE


def test_slack_is_left_alone_for_a_moment_after_it_did_not_answer():
    now, book = [0.0], Book()
    book.failure = SlackError(SlackErrorKind.UNCONFIRMED, "timeout")
    directory = Directory(book, lambda: now[0])
    assert {directory.membership(f"U{number}", OWN) for number in range(50)} == {Membership.UNSURE}
    assert len(book.asked) == 1
    now[0], book.failure = PAUSE + 1, None
    assert directory.membership("U7", OWN) is Membership.MEMBER


@pytest.mark.parametrize("code", ["user_not_found", "user_not_visible"])
def test_whom_slack_does_not_know_is_not_from_here(code):
    book = Book()
    book.failure = SlackError(SlackErrorKind.DENIED, code)
    assert Directory(book, lambda: 0.0).membership("U1", OWN) is Membership.FOREIGN


def test_a_link_button_needs_no_word(slack, bot):
    slack.command("/mlcompare", "old vs new")
    message = slack.wait_for_message("Swap")
    action = {**find_action(list(message.blocks), "follow:swap"), "action_id": "open:compare"}
    assert slack.people.press(message, action, GUS).was_taken
    bot.finish()
    assert told(slack, GUS) == []
    assert isinstance(sender({"command": "/x", "user_id": "U1", "team_id": "T1"}), Sender)
