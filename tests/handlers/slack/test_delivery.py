"""What Slack does to an answer on its way, and that it arrives all the same: once."""

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.playground.slack import EXPERIMENTS, GENERAL, MAYA
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD
from tests.handlers.workshop import Broken, FullPool, Gate, Workshop

HEADLINE = "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"


def told(transcript):
    return [part.splitlines()[:2] for part in transcript.split("\n\n")] if transcript else []


IN_CHANNEL = [["#ml-experiments:", HEADLINE]]


def test_a_quick_answer_is_one_message(slack, runs):
    with Workshop(slack, runs) as bot:
        assert told(bot.ask("old vs new")) == IN_CHANNEL
        assert [call.method for call in slack.calls] == ["chat.postMessage"]


def test_a_slow_answer_takes_the_place_of_what_is_shown_meanwhile(slack, runs):
    gate = Gate(runs)
    with Workshop(slack, gate, working_after=0.01) as bot:
        slack.command("/mlcompare", "old vs new")
        assert slack.wait_for_message().text == "Comparing old with new …"
        gate.open()
        assert told(bot.transcript()) == IN_CHANNEL
        assert [call.method for call in slack.calls] == ["chat.postMessage", "chat.update"]


def test_an_error_after_that_takes_it_away_and_is_told_to_the_asker(slack, runs):
    gate = Gate(runs)
    with Workshop(slack, gate, working_after=0.01) as bot:
        slack.command("/mlcompare", "old vs nwe")
        slack.wait_for_message("Comparing")
        gate.open()
        [[where, _problem]] = told(bot.transcript())
        assert where == f"#ml-experiments, only to {MAYA}:"


def test_help_does_not_wait_for_names(slack, runs):
    gate = Gate(runs)
    with Workshop(slack, gate, working_after=0.01) as bot:
        slack.command("/mlcompare", "help")
        slack.wait_for_ephemeral("run-a vs run-b")
        gate.open()
        assert len(told(bot.transcript())) == 1


def test_where_the_bot_is_not_it_answers_by_response_url(slack, runs):
    with Workshop(slack, runs) as bot:
        assert told(bot.ask("old vs new", channel=GENERAL)) == [["#general:", HEADLINE]]


def test_where_the_bot_is_not_working_is_shown_to_the_asker(slack, runs):
    gate = Gate(runs)
    with Workshop(slack, gate, working_after=0.01) as bot:
        slack.command("/mlcompare", "old vs new", channel=GENERAL)
        slack.wait_for_ephemeral("Comparing old with new")
        gate.open()
        assert told(bot.transcript())[1:] == [["#general:", HEADLINE]]


def test_the_same_mention_delivered_three_times_is_answered_once(slack, runs):
    with Workshop(slack, runs) as bot:
        assert all(delivery.was_taken for delivery in slack.mention("old vs new", deliveries=3))
        assert told(bot.transcript()) == [["#ml-experiments, in thread:", HEADLINE]]


def test_an_answer_is_given_also_when_claims_and_capabilities_cannot_be_asked(slack, runs):
    with Workshop(slack, runs) as bot:
        bot.ledger.is_broken = True
        assert told(bot.ask("old vs new")) == IN_CHANNEL


def test_it_waits_as_long_as_slack_says(slack, runs):
    slack.faults.rate_limit(2, retry_after=7, method="chat.postMessage")
    with Workshop(slack, runs) as bot:
        assert told(bot.ask("old vs new")) == IN_CHANNEL
        assert bot.waits == [7, 7]


def test_told_to_wait_too_long_it_answers_by_response_url(slack, runs):
    slack.faults.rate_limit(None, retry_after=600, method="chat.postMessage")
    with Workshop(slack, runs) as bot:
        assert told(bot.ask("old vs new")) == IN_CHANNEL
        assert slack.count("response_url") == 1


def test_a_post_whose_answer_was_lost_is_found_and_not_repeated(slack, runs):
    slack.reinstall(scopes=slack.installation.scopes | {"channels:history"})
    slack.faults.lose_answer(1, method="chat.postMessage")
    with Workshop(slack, runs) as bot:
        assert told(bot.ask("old vs new")) == IN_CHANNEL
        assert slack.count("chat.postMessage") == 1


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_post_that_failed_is_repeated_when_history_does_not_hold_it(slack, runs, status):
    slack.reinstall(scopes=slack.installation.scopes | {"channels:history"})
    slack.faults.fail(2, status=status, method="chat.postMessage")
    with Workshop(slack, runs) as bot:
        assert told(bot.ask("old vs new")) == IN_CHANNEL
        assert slack.count("chat.postMessage") == 3


def test_a_reply_in_a_thread_whose_answer_was_lost_is_found_there(slack, runs):
    slack.reinstall(scopes=slack.installation.scopes | {"channels:history"})
    slack.faults.lose_answer(1, method="chat.postMessage")
    with Workshop(slack, runs) as bot:
        slack.mention("old vs new")
        assert told(bot.transcript()) == [["#ml-experiments, in thread:", HEADLINE]]


def test_a_direct_message_that_failed_is_repeated(slack, runs):
    slack.faults.fail(1, method="chat.postMessage")
    with Workshop(slack, runs) as bot:
        slack.direct_message("old vs new")
        assert told(bot.transcript()) == [["direct:", HEADLINE]]


@pytest.mark.parametrize("is_done", [True, False])
def test_where_history_is_closed_the_asker_gets_the_answer_alone_and_the_channel_never_twice(slack, runs, is_done):
    fail = slack.faults.lose_answer if is_done else slack.faults.hang_up
    fail(1, method="chat.postMessage")
    with Workshop(slack, runs) as bot:
        transcript = told(bot.ask("old vs new"))
    note = "(Slack did not confirm that this was posted, so here it is for you alone.)"
    assert transcript == [*(IN_CHANNEL if is_done else []), [f"#ml-experiments, only to {MAYA}:", note]]


def test_an_update_whose_answer_was_lost_is_simply_repeated(slack, runs):
    gate = Gate(runs)
    slack.faults.lose_answer(1, method="chat.update")
    slack.faults.fail(1, method="chat.update")
    with Workshop(slack, gate, working_after=0.01) as bot:
        slack.command("/mlcompare", "old vs new")
        slack.wait_for_message("Comparing")
        gate.open()
        assert told(bot.transcript()) == IN_CHANNEL


@pytest.mark.parametrize("error", ["message_not_found", "edit_window_closed", "cant_update_message"])
def test_what_cannot_be_changed_any_more_is_posted_anew(slack, runs, error):
    gate = Gate(runs)
    slack.faults.answer_error(error, method="chat.update")
    with Workshop(slack, gate, working_after=0.01) as bot:
        slack.command("/mlcompare", "old vs new")
        slack.wait_for_message("Comparing")
        gate.open()
        assert told(bot.transcript()) == IN_CHANNEL


def test_working_whose_answer_was_lost_is_found_and_replaced(slack, runs):
    slack.reinstall(scopes=slack.installation.scopes | {"channels:history"})
    gate = Gate(runs)
    slack.faults.lose_answer(1, method="chat.postMessage")
    with Workshop(slack, gate, working_after=0.01) as bot:
        slack.command("/mlcompare", "old vs new")
        slack.wait_until(lambda: slack.count("conversations.history"))
        gate.open()
        assert told(bot.transcript()) == IN_CHANNEL


def test_a_refused_block_is_drawn_otherwise_and_remembered(slack, runs, caplog):
    slack.faults.refuse_blocks("container")
    with Workshop(slack, runs) as bot:
        slack.command("/mlcompare", "old vs new")
        slack.wait_for_message("new is better")
        slack.wait_until(lambda: bot.ledger.rungs)  # it is remembered after the message stands
        slack.command("/mlcompare", "new vs old")
        bot.finish()
        kinds = [
            [block["type"] for block in message.blocks if "table" in block["type"]] for message in slack.messages()
        ]
        assert kinds == [["table"], ["table"]]
        assert slack.count("chat.postMessage") == 3
        assert bot.ledger.rungs == {"T0PLAYGROUND": 2}
    assert "unsupported type: container" in caplog.text


@pytest.mark.parametrize("kinds", [("container",), ("data_table", "table"), ("data_table", "table", "rich_text")])
def test_whatever_is_refused_something_is_taken(slack, runs, kinds):
    slack.faults.refuse_blocks(*kinds)
    with Workshop(slack, runs) as bot:
        assert told(bot.ask("old vs new")) == IN_CHANNEL
        assert not {block["type"] for block in slack.messages()[0].blocks} & set(kinds)


def test_where_every_block_is_refused_text_is_taken_and_the_workspace_is_not_blamed(slack, runs):
    slack.faults.refuse_blocks("header")
    with Workshop(slack, runs) as bot:
        assert "new is better on 2 of 2 metrics" in bot.ask("old vs new")
        assert bot.ledger.rungs == {}


def test_a_message_that_was_too_long_says_nothing_of_the_workspace(slack, runs):
    slack.faults.answer_error("msg_blocks_too_long", method="chat.postMessage")
    with Workshop(slack, runs) as bot:
        assert told(bot.ask("old vs new")) == IN_CHANNEL
        assert bot.ledger.rungs == {}


def test_a_ladder_goes_down_by_response_url_too(slack, runs):
    slack.faults.refuse_blocks("data_table")
    with Workshop(slack, runs) as bot:
        assert told(bot.ask("old vs new", channel=GENERAL)) == [["#general:", HEADLINE]]


@pytest.mark.parametrize("error", ["invalid_auth", "token_revoked", "account_inactive", "missing_scope"])
def test_a_bad_token_is_logged_with_an_incident_and_the_asker_still_gets_the_answer(slack, runs, error, caplog):
    slack.faults.answer_error(error, None, method="chat.postMessage")
    with Workshop(slack, runs) as bot:
        assert told(bot.ask("old vs new")) == IN_CHANNEL
    assert f"incident 4711: an answer could not be posted ({error}" in caplog.text


def test_where_posting_is_restricted_only_the_asker_is_answered(slack, runs):
    slack.faults.answer_error("restricted_action", method="chat.postMessage")
    with Workshop(slack, runs) as bot:
        said = told(bot.ask("old vs new"))
    assert said == [
        [f"#ml-experiments, only to {MAYA}:", "(Posting there is restricted, so here it is for you alone.)"]
    ]


def test_a_full_pool_tells_who_commands(slack, runs):
    with Workshop(slack, runs, pool=FullPool()) as bot:
        assert "I am busy" in bot.ask("old vs new")
        assert slack.calls == []


def test_a_full_pool_tells_who_mentions_once(slack, runs):
    with Workshop(slack, runs, pool=FullPool()) as bot:
        slack.mention("old vs new", deliveries=3)
        slack.wait_for_ephemeral("I am busy")
        [[where, busy]] = told(bot.transcript())
        assert (where, busy[:11]) == (f"#ml-experiments, only to {MAYA}:", "# I am busy")


@pytest.mark.parametrize("ask", ["command", "mention"])
def test_who_has_too_many_requests_waiting_is_told_so_alone(slack, runs, ask):
    with Workshop(slack, runs, pool=FullPool(), is_crowded=True) as bot:
        if ask == "command":
            assert slack.command("/mlcompare", "old vs new").was_taken
        else:
            slack.mention("old vs new")
        slack.wait_for_ephemeral("many requests of yours")
        [[where, crowded]] = told(bot.transcript())
        assert where == f"#ml-experiments, only to {MAYA}:"
        assert "Please ask again when some of them are answered." in crowded


def test_mlflow_down_is_told_to_the_asker(slack):
    with Workshop(slack, FakeRuns([OLD, NEW], down="MLflow did not answer.")) as bot:
        assert bot.ask("old vs new").startswith(f"#ml-experiments, only to {MAYA}:\n# MLflow did not answer.")


def test_anything_unforeseen_is_an_apology_with_a_number_that_is_in_the_log(slack, caplog):
    with Workshop(slack, Broken(ZeroDivisionError("secret"))) as bot:
        transcript = bot.ask("old vs new")
    assert transcript == (
        f"#ml-experiments, only to {MAYA}:\n# Sorry, something went wrong on my side.\n"
        "(Please ask again; if it happens again, tell whoever runs me the incident number 4711.)"
    )
    assert "incident 4711" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_an_error_in_a_thread_is_told_there_to_the_asker(slack, runs):
    with Workshop(slack, runs) as bot:
        first = slack.say("let us see")
        slack.mention("old vs nwe", thread_ts=first.ts)
        [[where, _]] = told(bot.transcript())
        assert where == f"#ml-experiments, in thread, only to {MAYA}:"


def test_who_cannot_be_told_there_is_told_directly(slack, runs):
    slack.faults.answer_error("user_not_in_channel", method="chat.postEphemeral")
    with Workshop(slack, runs) as bot:
        slack.mention("old vs nwe")
        assert [where for where, _ in told(bot.transcript())] == ["direct:"]


def test_an_error_in_a_direct_message_is_a_plain_message(slack, runs):
    with Workshop(slack, runs) as bot:
        slack.direct_message("old vs nwe")
        assert [where for where, _ in told(bot.transcript())] == ["direct:"]


def test_an_answer_that_reaches_nobody_is_in_the_log(slack, runs, caplog):
    slack.faults.answer_error("invalid_auth", None)
    with Workshop(slack, runs) as bot:
        slack.mention("old vs new")
        assert bot.transcript() == ""
    assert [record.levelno for record in caplog.records if "reached nobody" in record.message] == [logging.ERROR]


def test_messages_carry_ids_only_and_unfurl_nothing(slack, runs):
    with Workshop(slack, runs) as bot:
        bot.ask("old vs new")
    (call,) = slack.calls
    payload = call.arguments["metadata"]["event_payload"]
    assert payload["runs"] == [f"{1:032x}", f"{2:032x}"]
    assert payload["delivery"].startswith("command:")
    assert call.arguments["unfurl_links"] is False
    assert call.arguments["channel"] == EXPERIMENTS


def test_many_commands_at_once_are_all_acknowledged_while_mlflow_takes_its_time_and_all_answered_once(slack, runs):
    gate = Gate(runs)
    with Workshop(slack, gate) as bot, ThreadPoolExecutor(20) as people:
        taken = list(people.map(lambda _: slack.command("/mlcompare", "old vs new"), range(60)))
        gate.open()
        assert all(delivery.was_taken for delivery in taken)
        assert told(bot.transcript()) == IN_CHANNEL * 60


def test_while_slack_takes_no_posts_working_is_shown_to_the_asker(slack, runs):
    slack.faults.rate_limit(1, retry_after=1, method="chat.postMessage")
    gate = Gate(runs)
    with Workshop(slack, gate, working_after=0.01) as bot:
        slack.command("/mlcompare", "old vs new")
        slack.wait_for_ephemeral("Comparing old with new")
        gate.open()
        assert told(bot.transcript())[1:] == IN_CHANNEL


def test_what_cannot_be_taken_away_says_that_nothing_came_of_it(slack, runs):
    slack.faults.answer_error("cant_delete_message", method="chat.delete")
    gate = Gate(runs)
    with Workshop(slack, gate, working_after=0.01) as bot:
        slack.command("/mlcompare", "old vs nwe")
        slack.wait_for_message("Comparing")
        gate.open()
        first, second = told(bot.transcript())
    assert first == ["#ml-experiments:", "This comparison could not be made; who asked was told why."]
    assert second[0] == f"#ml-experiments, only to {MAYA}:"


def test_in_a_direct_message_an_error_takes_the_place_of_what_was_shown(slack, runs):
    gate = Gate(runs)
    with Workshop(slack, gate, working_after=0.01) as bot:
        slack.direct_message("old vs nwe")
        slack.wait_for_message("Comparing")
        gate.open()
        assert [where for where, _ in told(bot.transcript())] == ["direct:"]


def test_what_is_said_while_working_names_runs_and_nobody(slack, runs):
    gate = Gate(runs)
    with Workshop(slack, gate, working_after=0.01) as bot:
        slack.command("/mlcompare", '"*old* a & b <!channel>" vs new')
        assert slack.wait_for_message("Comparing").text == "Comparing ∗old∗ a &amp; b &lt;!channel&gt; with new …"
        gate.open()
        bot.finish()
