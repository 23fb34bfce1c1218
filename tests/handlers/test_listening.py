"""Who is listened to, and that nobody else is answered."""

import pytest

from bot.playground.slack import EXPERIMENTS, MAYA
from tests.handlers.workshop import Workshop


def event_of(**event):
    return {"type": "event_callback", "team_id": "T0PLAYGROUND", "event_id": "Ev1", "event": event}


OF_NO_CONCERN = [
    {"type": "app_home_opened", "user": MAYA, "tab": "home", "channel": "D0MAYA"},
    {"type": "message", "channel_type": "im", "channel": "D0MAYA", "subtype": "message_changed", "hidden": True},
    {"type": "message", "channel_type": "im", "channel": "D0MAYA", "subtype": "channel_join", "user": MAYA},
    {"type": "message", "channel_type": "im", "channel": "D0MAYA", "bot_id": "B1", "user": "U9", "text": "old vs new"},
    {"type": "message", "channel_type": "channel", "channel": EXPERIMENTS, "user": MAYA, "text": "old vs new"},
    {"type": "app_mention", "channel": EXPERIMENTS, "bot_id": "B1", "user": "U9", "text": "<@U0MLCOMPARE> old vs new"},
    {"type": "something_new"},
]


@pytest.mark.parametrize("event", OF_NO_CONCERN)
def test_what_nobody_said_to_the_bot_is_acknowledged_and_not_answered(slack, runs, event):
    with Workshop(slack, runs) as bot:
        (delivery,) = slack.courier.event(event_of(**event))
        assert delivery.was_taken
        assert bot.transcript() == ""


def test_a_mention_is_answered_in_a_thread_under_it(slack, runs):
    with Workshop(slack, runs) as bot:
        slack.mention("old vs new")
        bot.finish()
    (answer,) = slack.messages()
    (asked,) = [message for message in slack.workspace.everything() if message.user == MAYA]
    assert answer.thread_ts == asked.ts


def test_a_mention_in_a_thread_is_answered_there(slack, runs):
    with Workshop(slack, runs) as bot:
        first = slack.say("let us see")
        slack.mention("old vs new", thread_ts=first.ts)
        bot.finish()
    assert [message.thread_ts for message in slack.messages()] == [first.ts]


def test_a_direct_message_is_answered_in_the_conversation_and_in_a_thread_in_the_thread(slack, runs):
    with Workshop(slack, runs) as bot:
        slack.direct_message("old vs new")
        first = slack.wait_for_message()
        slack.direct_message("new vs old", thread_ts=first.ts)
        bot.finish()
    assert [message.thread_ts for message in slack.messages()] == ["", first.ts]


def test_another_command_of_the_app_is_told_which_one_there_is(slack, runs):
    slack.reinstall(commands=frozenset({"/mlcompare", "/compare"}))
    with Workshop(slack, runs) as bot:
        assert slack.command("/compare", "old vs new").was_taken
        assert "I do not know /compare. Try /mlcompare help." in bot.transcript()


def test_a_button_that_opens_an_address_is_acknowledged(slack, runs):
    with Workshop(slack, runs) as bot:
        slack.command("/mlcompare", "old vs new")
        message = slack.wait_for_message("better")
        assert slack.press(message, "open:compare").was_taken
        bot.finish()
    assert [call.method for call in slack.calls] == ["chat.postMessage"]


def test_a_button_of_an_older_version_says_so_to_who_pressed_it(slack, runs):
    blocks = (
        {
            "type": "actions",
            "block_id": "b",
            "elements": [
                {"type": "button", "action_id": "swap", "text": {"type": "plain_text", "text": "Swap"}, "value": "1"}
            ],
        },
    )
    with Workshop(slack, runs) as bot:
        message = slack.workspace.edit(slack.say("an old message"), user="U0MLCOMPARE", blocks=blocks)
        assert slack.press(message, "swap").was_taken
        bot.finish()
    assert [(m.only_to, m.text) for m in slack.ephemerals] == [
        (MAYA, "That button no longer does anything. It may be from an older version of me.")
    ]


@pytest.mark.parametrize("kind", ["block_suggestion", "shortcut", "view_submission", "view_closed"])
def test_any_other_interaction_is_acknowledged(slack, runs, kind):
    payload = {
        "type": kind,
        "user": {"id": MAYA},
        "team": {"id": "T0PLAYGROUND"},
        "callback_id": "unknown",
        "action_id": "unknown",
        "block_id": "b",
        "value": "",
        "view": {"type": "modal", "callback_id": "unknown"},
    }
    with Workshop(slack, runs):
        assert slack.courier.interaction(payload).was_taken
