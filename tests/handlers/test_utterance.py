"""Who is listened to, and that nobody else is answered."""

import pytest

from bot.playground.slack import EXPERIMENTS, MAYA
from handlers.conversation import BOTS_AN_HOUR
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
        (delivery,) = slack.sender.event(event_of(**event))
        assert delivery.was_taken
        assert bot.transcript() == ""


def test_a_mention_is_answered_in_a_thread_under_it(slack, runs):
    with Workshop(slack, runs) as bot:
        slack.mention("old vs new")
        bot.finish()
    (answer,) = slack.messages()
    (asked,) = [message for message in slack.workspace.everything() if message.user == MAYA]
    assert answer.thread_ts == asked.ts


def mention(text="old vs new", **event):
    told = {
        "type": "app_mention",
        "channel": EXPERIMENTS,
        "user": MAYA,
        "text": f"<@U0MLCOMPARE> {text}",
        "ts": "1795435200.0001",
    }
    return event_of(**{key: value for key, value in (told | event).items() if value})


def hear(slack, *events):
    """Each as an event of its own."""
    for number, event in enumerate(events):
        slack.sender.event(event | {"event_id": f"Ev{number}", "api_app_id": "A0MLCOMPARE"})


EDITED = {"user": MAYA, "ts": "1795435260.0000"}


def test_an_edit_that_leaves_the_text_as_it_was_is_not_answered_again(slack, runs):
    with Workshop(slack, runs) as bot:
        hear(
            slack,
            mention(),
            mention(edited=EDITED),
            mention(attachments=[{"title": "unfolded"}]),
            mention(" old  vs new"),
        )
        bot.finish()
    assert len(slack.messages()) == 1


def test_an_edit_with_another_text_is_answered_anew_in_the_same_thread(slack, runs):
    with Workshop(slack, runs) as bot:
        hear(slack, mention("old vs nwe"), mention(edited=EDITED))
        bot.finish()
    assert [message.thread_ts for message in slack.messages()] == ["1795435200.0001"]
    assert len(slack.ephemerals) == 1


def test_an_edit_of_a_message_of_yesterday_is_not_answered(slack, runs):
    with Workshop(slack, runs) as bot:
        hear(slack, mention(edited=EDITED | {"ts": "1795521660.0000"}))
        bot.finish()
    assert slack.messages() == []


WORKFLOW = {"user": "", "bot_id": "B0WORKFLOW", "app_id": "A0WORKFLOW", "subtype": "bot_message", "username": "Standup"}


@pytest.mark.parametrize("who", [WORKFLOW, {"user": "U0BOT", "bot_id": "B0OTHER", "app_id": "A0OTHER"}])
def test_a_workflow_or_another_app_is_answered_in_a_thread_where_the_settings_say_so(slack, runs, who):
    with Workshop(slack, runs, answers_bots=True) as bot:
        hear(slack, mention(**who))
        told = bot.transcript()
    assert [message.thread_ts for message in slack.messages()] == ["1795435200.0001"]
    assert "better" in told
    assert "Asked by" not in told
    assert "U0BOT" not in told


def test_they_are_not_answered_where_the_settings_say_nothing(slack, runs):
    with Workshop(slack, runs) as bot:
        hear(slack, mention(**WORKFLOW))
        bot.finish()
    assert slack.messages() == []


@pytest.mark.parametrize(
    "event",
    [{"app_id": "A0MLCOMPARE"}, {"bot_id": "B0MLCOMPARE"}, {"thread_ts": "1795435100.0"}, {"edited": EDITED}],
    ids=["by the app itself", "by the bot itself", "in a thread", "by an edit"],
)
def test_what_could_go_on_for_ever_between_bots_is_not_answered(slack, runs, event):
    with Workshop(slack, runs, answers_bots=True) as bot:
        hear(slack, mention(**WORKFLOW | event))
        bot.finish()
    assert slack.messages() == []


def test_of_one_bot_so_many_mentions_an_hour_are_answered_in_a_channel_and_people_all(slack, runs):
    with Workshop(slack, runs, answers_bots=True) as bot:
        hear(
            slack,
            *(mention(f"old vs new by m{number}", **WORKFLOW, ts=f"17954352{number:02d}.1") for number in range(15)),
        )
        hear(slack, *(mention(ts=f"17954352{number:02d}.2") for number in range(15)))
        bot.finish()
    assert len(slack.messages()) == BOTS_AN_HOUR + 15


@pytest.mark.parametrize("words", ["pin old", "set metric loss", "watch iris", "unwatch all", "digest daily 9:00 UTC"])
def test_a_bot_changes_nothing_and_is_told_so_in_the_thread(slack, runs, words):
    with Workshop(slack, runs, answers_bots=True) as bot:
        hear(slack, mention(words, **WORKFLOW))
        bot.finish()
    (answer,) = slack.messages()
    assert answer.text.startswith("Only people change what a channel agreed on and what it watches.")
    assert bot.services.watches.every() == []


def test_what_a_bot_asks_that_is_no_question_is_told_in_the_thread(slack, runs):
    with Workshop(slack, runs, answers_bots=True) as bot:
        hear(slack, mention("old vs nobody", **WORKFLOW))
        bot.finish()
    (answer,) = slack.messages()
    assert "nobody" in answer.text
    assert slack.ephemerals == []


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
        assert slack.press(message, "follow:more", value="open").was_taken
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
        assert slack.sender.interaction(payload).was_taken
