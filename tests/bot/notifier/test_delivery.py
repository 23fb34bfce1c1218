"""A message comes into its channel once, whatever goes wrong on its way, and always tells why it waits."""

import logging
from itertools import pairwise

import pytest

from bot.notifier.delivery import marked
from bot.notifier.outages import MAX_FAILURES
from bot.notifier.outbox import MessageState, id_of
from bot.playground.context import LEAST_SCOPES
from bot.playground.slack import EXPERIMENTS, MAYA, STANDUP
from bot.playground.workspace import TEAM
from comparison.compare import compare
from comparison.errors import TrackingUnavailable
from comparison.notifications.message import MessageKind, Unwanted
from handlers.conversation import parse_in_thread
from handlers.slack.blocks import Reply
from handlers.utterance import Utterance
from handlers.watch.notification import PostedNotification
from tests.bot.notifier.stage import HISTORY, NOON, Clock, Stage, clear, ended, slack_at
from tests.handlers.workshop import UI

HOUR = 3600  # seconds
RUN_A = f"{'A':0<32}"


@pytest.fixture(scope="module")
def slack():
    with slack_at(Clock()) as stand_in:
        yield stand_in


@pytest.fixture
def stage(slack):
    clear(slack)
    clock = slack.workspace.clock.__self__
    clock.wait(HOUR)
    stage = Stage(slack=slack, clock=clock)
    stage.watch()
    return stage


def close_history(stage):
    stage.slack.reinstall(scopes=LEAST_SCOPES)


def test_a_message_is_posted_once_however_often_it_is_worked_on(stage):
    a = stage.announce()
    assert [stage.deliver(a) for _ in range(3)] == [None, None, None]
    assert stage.posted() == ["A ended"]
    row = stage.message(a)
    assert (row.state, row.posted_revision, row.problem) == (MessageState.POSTED, 1, "")


def test_its_metadata_tells_which_message_it_is_and_of_which_runs(stage):
    a = stage.announce()
    stage.work(a)
    (posted,) = stage.slack.messages()
    assert posted.metadata["event_payload"] == {"runs": [RUN_A], "delivery": a, "stage": "done"}


def test_metadata_that_slack_would_refuse_for_its_size_keeps_the_id():
    reply = Reply("many", metadata={"event_payload": {"runs": ["x" * 32] * 500}})
    assert marked(reply, "a").metadata["event_payload"] == {"delivery": "a", "stage": "done"}


def test_later_news_edit_it(stage):
    a = stage.announce()
    stage.work(a)
    stage.said[RUN_A] = "A ended, and is version 3 of fraud"
    stage.change()
    stage.work(a)
    assert stage.posted() == ["A ended, and is version 3 of fraud"]
    assert stage.message(a).posted_revision == 2


def test_what_would_be_drawn_the_same_is_not_sent_again(stage):
    a = stage.announce()
    stage.work(a)
    stage.change()
    stage.work(a)
    assert stage.slack.count("chat.update") == 0
    assert stage.message(a).posted_revision == 2


def test_what_nobody_wants_is_dropped_with_why(stage):
    a = stage.announce()
    stage.said[RUN_A] = Unwanted("No watch wants to hear of it.")
    assert stage.work(a) == []
    assert (stage.message(a).state, stage.message(a).problem) == (MessageState.DROPPED, "No watch wants to hear of it.")
    assert stage.posted() == []


def test_what_stands_stays_when_nobody_wants_it_any_more(stage):
    a = stage.announce()
    stage.work(a)
    stage.said[RUN_A] = Unwanted("No watch wants to hear of it.")
    stage.change()
    stage.work(a)
    assert (stage.posted(), stage.message(a).state) == (["A ended"], MessageState.POSTED)


def against(stage, baseline):
    compared = compare(ended(baseline, stage.clock.ms()), ended("A", stage.clock.ms()))
    return PostedNotification(lambda _rung: Reply(f"A against {baseline}"), "A ended", comparison=compared)


def asked_in_thread(stage):
    said = Utterance("why?", MAYA, TEAM, EXPERIMENTS, "", thread_ts=stage.slack.messages()[0].ts)
    return [each.text[0] for each in parse_in_thread(said, stage.services, stage.deliverer.outlet).runs]


def test_its_thread_goes_on_about_what_stands_there_where_history_may_not_be_read(stage):
    close_history(stage)
    a = stage.announce()
    stage.said[RUN_A] = against(stage, "B")
    stage.work(a)
    assert asked_in_thread(stage) == ["B", "A"]
    stage.said[RUN_A] = against(stage, "C")
    stage.change()
    stage.work(a)
    assert asked_in_thread(stage) == ["C", "A"]


def test_while_mlflow_is_away_it_waits_longer_and_longer_and_says_so(stage):
    a = stage.announce()
    stage.said[RUN_A] = [TrackingUnavailable("MLflow could not be reached.")] * 6 + ["A ended"]
    assert stage.deliver(a) == 5
    assert stage.message(a).problem == "MLflow could not be reached."
    assert stage.work(a) == [10, 20, 40, 60, 60]
    assert stage.posted() == ["A ended"]


def test_a_fault_of_ours_is_logged_and_after_three_tries_the_run_is_told_of_plainly(stage, caplog):
    stage.runs.runs.append(ended("A", stage.clock.ms()))
    a = stage.announce()
    stage.said[RUN_A] = ZeroDivisionError("oh")
    assert len(stage.work(a)) == 2
    assert stage.posted() == [f"<{UI}/#/experiments/1/runs/{RUN_A}|A> ended: FINISHED"]
    assert caplog.text.count("could not be composed") == 3
    assert "incident 4711" in caplog.text


def test_a_fault_while_it_is_drawn_or_sent_loses_no_message(stage):
    a = stage.announce()

    def draw(_rung):
        raise KeyError("oh")

    stage.runs.runs.append(ended("A", stage.clock.ms()))
    stage.said[RUN_A] = PostedNotification(draw, "A ended")
    stage.work(a)
    assert "ended: FINISHED" in stage.posted()[0]


def test_a_post_whose_answer_is_lost_is_found_and_not_made_again(stage):
    stage.slack.faults.lose_answer(method="chat.postMessage")
    a = stage.announce()
    assert stage.deliver(a) is not None
    assert "did not confirm" in stage.message(a).problem
    stage.clock.wait(3)
    stage.work(a)
    assert stage.posted() == ["A ended"]
    assert stage.message(a).state is MessageState.POSTED


def test_a_post_that_never_came_through_is_made_again_once_it_was_looked_for(stage):
    stage.slack.faults.hang_up(2, method="chat.postMessage")
    a = stage.announce()
    stage.work(a)
    assert stage.posted() == ["A ended"]
    assert stage.slack.count("conversations.history") == 2


def test_a_process_that_was_killed_after_it_posted_has_its_message_found_by_the_next(stage):
    a = stage.announce()
    stage.outbox.begin(a, stage.clock.ms())
    reply = marked(Reply("A ended"), a)
    stage.deliverer.outlet.post(EXPERIMENTS, reply)
    waits = stage.work(a)
    assert stage.posted() == ["A ended"]
    assert sum(waits) >= 3, "what was begun a moment ago may still be on its way"
    assert stage.slack.count("chat.postMessage") == 1


def test_a_process_that_was_killed_before_it_posted_leaves_the_message_to_the_next(stage):
    a = stage.announce()
    stage.outbox.begin(a, stage.clock.ms())
    stage.work(a)
    assert stage.posted() == ["A ended"]


def test_news_that_came_while_a_post_was_in_doubt_edit_what_is_found(stage):
    stage.slack.faults.lose_answer(method="chat.postMessage")
    a = stage.announce()
    stage.deliver(a)
    stage.said[RUN_A] = "A ended, better"
    stage.change()
    stage.clock.wait(3)
    stage.work(a)
    assert stage.posted() == ["A ended, better"]


def test_where_history_is_closed_a_lost_answer_makes_one_repeat_at_most(stage):
    close_history(stage)
    stage.slack.faults.lose_answer(method="chat.postMessage")
    a = stage.announce()
    stage.work(a)
    assert stage.posted() == ["A ended", "A ended"]
    assert stage.message(a).state is MessageState.POSTED


def test_where_history_is_closed_what_a_killed_process_had_posted_stands_twice_at_most_and_once_in_direct_messages(
    stage,
):
    close_history(stage)
    for channel, copies in ((EXPERIMENTS, 2), ("D0MAYA", 1)):
        stage.watch(channel=channel)
        a = stage.announce("A", channel=channel)
        stage.outbox.begin(a, stage.clock.ms())
        stage.deliverer.outlet.post(channel, marked(Reply("A ended"), a))
        stage.work(a)
        assert len(stage.slack.messages(channel)) == copies
        assert stage.message(a).state is MessageState.POSTED


def test_where_history_is_closed_and_slack_confirms_nothing_it_is_given_up(stage):
    close_history(stage)
    stage.slack.faults.lose_answer(None, method="chat.postMessage")
    a = stage.announce()
    stage.work(a)
    assert len(stage.posted()) == 2
    row = stage.message(a)
    assert row.state is MessageState.FAILED
    assert row.problem.startswith("Not confirmed")


def test_where_history_is_closed_mlflow_being_away_between_is_no_second_repeat(stage):
    close_history(stage)
    stage.slack.faults.lose_answer(method="chat.postMessage")
    a = stage.announce()
    stage.deliver(a)
    stage.said[RUN_A] = [TrackingUnavailable("away")] * 4 + ["A ended"]
    stage.work(a)
    assert (len(stage.posted()), stage.message(a).state) == (2, MessageState.POSTED)


@pytest.mark.parametrize("seconds", [1, 40, 3600])
def test_slack_is_waited_for_as_long_as_it_says(stage, seconds):
    stage.slack.faults.rate_limit(retry_after=seconds, method="chat.postMessage")
    a = stage.announce()
    assert stage.deliver(a) == seconds
    assert f"wait for {seconds} s" in stage.message(a).problem
    stage.clock.wait(seconds)
    stage.work(a)
    assert stage.posted() == ["A ended"]


def test_with_slack_out_of_reach_it_waits_longer_and_longer_and_then_asks_whether_it_is_there(stage):
    a = stage.announce()
    stage.deliverer = stage.deliverer_on("http://127.0.0.1:9/")
    waits = []
    for _ in range(9):
        waits.append(stage.deliver(a))
        stage.clock.wait(waits[-1])
    assert waits == [1, pytest.approx(0.1), 2, 4, 8, 16, *3 * [pytest.approx(10.1)]]  # 0.1: its channel's turn
    assert "cannot be reached" in stage.message(a).problem


def test_messages_leave_for_a_channel_a_second_apart_whatever_finding_out_takes_and_whoever_sends_them(stage):
    announce = stage.taking([4.0, 0.0, 0.5, 0.0, 2.0, 0.0])
    deliverers = [stage.deliverer_on(stage.slack.api_url, announce) for _ in range(2)]
    for number, name in enumerate("ABCDEF"):
        stage.deliverer = deliverers[number % 2]
        stage.work(stage.announce(name))
    left = [call.at for call in stage.slack.calls if call.method == "chat.postMessage"]
    assert len(left) == 6
    assert all(1 <= later - earlier < 4 for earlier, later in pairwise(left))


def test_when_slack_limits_a_channel_nothing_else_is_sent_there_before_its_time_is_over(stage):
    first, second, other = stage.announce("A"), stage.announce("B"), stage.announce("C", channel=STANDUP)
    stage.slack.faults.rate_limit(retry_after=20, method="chat.postMessage")
    assert stage.deliver(first) == 20
    assert stage.deliver(second) == 20
    assert stage.deliver(other) is None
    assert stage.slack.count("chat.postMessage") == 2
    stage.clock.wait(20)
    stage.work(second)
    stage.work(first)
    assert stage.posted(EXPERIMENTS) == ["B ended", "A ended"]


def test_what_only_a_quiet_watch_wants_waits_until_its_quiet_is_over_whatever_the_others_are(stage):
    stage.clock.at = NOON.timestamp() + 30 * 24 * HOUR
    stage.watch("iris quiet 11:00-13:00 UTC")
    stage.watch("iris only new best")
    wanted = {"w2": PostedNotification(lambda _rung: Reply("A ended"), "A ended")}

    def announce(message, _services):
        found = [wanted[each] for each in message.watch_ids if each in wanted]
        return found[0] if found else Unwanted("No watch wants it")

    stage.deliverer = stage.deliverer_on(stage.slack.api_url, announce)
    a, b = stage.announce("A", watch_ids=("w2", "w3")), stage.announce("B", watch_ids=("w3",))
    assert stage.deliver(a) == pytest.approx(HOUR, abs=5)
    assert stage.message(a).problem.startswith("Only a watch that is quiet wants it, until 2026-12-23 13:00 UTC")
    assert stage.deliver(b) is None
    assert stage.message(b).state is MessageState.DROPPED
    stage.clock.wait(HOUR)
    stage.work(a)
    assert stage.posted() == ["A ended"]
    wanted["w3"] = wanted["w2"]
    stage.clock.wait(23 * HOUR)
    c = stage.announce("C", watch_ids=("w2", "w3"))
    assert stage.deliver(c) is None


def test_slack_failing_for_minutes_neither_loses_nor_doubles_anything(stage):
    stage.slack.faults.fail(12)
    a = stage.announce()
    stage.work(a)
    assert stage.posted() == ["A ended"]


@pytest.mark.parametrize("scopes", [HISTORY, LEAST_SCOPES], ids=["may read history", "may not"])
def test_while_slack_does_not_answer_few_posts_are_tried_and_the_rest_waits_for_an_answer(stage, scopes, caplog):
    stage.slack.reinstall(scopes=scopes)
    waiting = [stage.announce(name) for name in "ABCDEFGHIJKL"]
    stage.slack.faults.fail(None)
    for _ in range(40):
        for message_id in waiting:
            stage.deliver(message_id)
        stage.clock.wait(10)
    assert 0 < stage.slack.count("chat.postMessage") <= MAX_FAILURES
    assert stage.circuit.problem == "Slack does not answer (HTTP 503)"
    stage.slack.faults.clear()
    stage.clock.wait(60)
    stage.work_on_all()
    stage.clock.wait(60)
    stage.work_on_all()
    assert len(stage.posted()) == len(set(stage.posted())) == 12
    assert stage.circuit.problem == ""
    assert caplog.text.count("everything is held") == 1


def test_when_slack_takes_no_edits_for_a_while_no_other_edit_is_tried_or_composed(stage):
    first, second = stage.announce("A"), stage.announce("B")
    stage.work(first)
    stage.work(second)
    for name in "AB":
        stage.said[f"{name:0<32}"] = f"{name} has later news"
        stage.change(name)
    stage.slack.faults.rate_limit(retry_after=20, method="chat.update")
    assert stage.deliver(first) == 20
    assert stage.deliver(second) >= 20
    assert stage.slack.count("chat.update") == 1
    stage.clock.wait(30)
    stage.work_on_all()
    assert stage.posted() == ["A has later news", "B has later news"]


def test_an_edit_that_is_not_confirmed_is_made_again(stage):
    a = stage.announce()
    stage.work(a)
    stage.slack.faults.lose_answer(2, method="chat.update")
    stage.said[RUN_A] = "other"
    stage.change()
    stage.work(a)
    assert stage.posted() == ["other"]


def test_a_message_that_a_person_deleted_is_not_posted_again(stage):
    a = stage.announce()
    stage.work(a)
    (posted,) = stage.slack.messages()
    stage.slack.workspace.edit(posted, deleted=True)
    stage.said[RUN_A] = "other"
    stage.change()
    stage.work(a)
    stage.change()
    stage.work(a)
    assert stage.posted() == []
    assert stage.slack.count("chat.update") == 1
    assert stage.message(a).is_final


def test_refused_blocks_are_drawn_simpler(stage):
    def draw(rung):
        kind = "divider" if rung == 0 else "section"
        block = {"type": kind} if kind == "divider" else {"type": kind, "text": {"type": "mrkdwn", "text": "A"}}
        return Reply("A ended", (block,))

    stage.said[RUN_A] = PostedNotification(draw, "A ended")
    stage.slack.faults.refuse_blocks("divider")
    a = stage.announce()
    stage.work(a)
    assert [message.blocks[0]["type"] for message in stage.slack.messages()] == ["section"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("is_archived", "The channel is archived"),
        ("not_in_channel", "I am not in the channel any more"),
        ("channel_not_found", "The channel is gone"),
        ("restricted_action", "Posting there is restricted"),
    ],
)
def test_a_channel_that_takes_nothing_has_its_watches_paused_and_their_owners_told_once(stage, error, said):
    stage.watch("fraud")
    stage.watch("weekdays 9:30", is_digest=True, by="U0JONAS")
    stage.slack.faults.answer_error(error, 2, method="chat.postMessage")
    first, second = stage.announce("A"), stage.announce("B", watch_ids=("w2",))
    stage.work(first)
    stage.work(second)
    stage.work_on_all()
    assert all(each.is_paused and each.paused_why for each in stage.watches.every())
    assert stage.message(first).state is MessageState.FAILED
    told = [(message.channel, message.text) for message in stage.slack.messages()]
    assert len(told) == 2
    maya = stage.slack.workspace.direct(MAYA).id
    words = dict(told)[maya]
    assert words.startswith(f"I paused what I posted in <#{EXPERIMENTS}>: watch iris, watch fraud. {said}")
    assert "press Resume in `/mlcompare watches`" in words
    assert "digest weekdays 9:30" in dict(told)[stage.slack.workspace.direct("U0JONAS").id]


def test_a_notice_that_cannot_be_said_pauses_nothing(stage):
    stage.slack.faults.answer_error("is_archived", None, method="chat.postMessage")
    stage.work(stage.announce("A"))
    stage.work_on_all()
    assert {each.state for each in stage.outbox.listed()} == {MessageState.FAILED}
    assert stage.slack.count("chat.postMessage") == 2


def test_a_revoked_token_holds_everything_is_said_once_and_pauses_nothing(stage, caplog):
    stage.slack.faults.answer_error("token_revoked", 3)
    ids = [stage.announce("A"), stage.announce("B", channel=STANDUP), stage.announce("C")]
    with caplog.at_level(logging.WARNING):
        for _ in range(12):
            waits = [stage.deliver(each) for each in ids]
            stage.clock.wait(min(wait for wait in waits if wait) if any(waits) else 0)
        for each in ids:
            stage.work(each)
    assert sorted(stage.posted()) == ["A ended", "B ended", "C ended"]
    assert [record.levelname for record in caplog.records if "everything is held" in record.message] == ["ERROR"]
    assert "Slack takes what is said again" in caplog.text
    assert not any(each.is_paused for each in stage.watches.every())


def test_what_is_held_says_why(stage):
    stage.slack.faults.answer_error("account_inactive", None)
    first, second = stage.announce("A"), stage.announce("B", channel=STANDUP)
    stage.deliver(first)
    stage.deliver(second)
    assert "account is not active" in stage.message(first).problem
    assert "account is not active" in stage.message(second).problem
    assert "account is not active" in stage.circuit.problem
    assert stage.slack.count("chat.postMessage") == 1


def test_a_message_that_slack_refuses_for_itself_is_given_up_with_its_reason(stage):
    stage.slack.faults.answer_error("msg_too_long", None, method="chat.postMessage")
    a = stage.announce()
    stage.work(a)
    assert (stage.message(a).state, stage.message(a).problem) == (
        MessageState.FAILED,
        "Slack refused it (msg_too_long)",
    )


def test_slack_failing_with_its_own_error_for_ever_does_not_hold_up_the_channel_for_ever(stage):
    stage.slack.faults.answer_error("internal_error", None, method="chat.postMessage")
    a = stage.announce()
    stage.work(a, most=200)
    assert stage.message(a).state is MessageState.FAILED


def test_what_failed_is_delivered_when_somebody_asks_for_it_again(stage):
    stage.slack.faults.answer_error("msg_too_long", 1, method="chat.postMessage")
    a = stage.announce()
    stage.work(a)
    assert stage.outbox.retry() == 1
    stage.work(a)
    assert stage.posted() == ["A ended"]


def test_a_new_best_that_an_edit_brings_is_said_aloud_where_a_watch_asks_for_it(stage):
    stage.watches.edit("w1", "iris broadcast new best", by=MAYA, at=1)
    stage.subscriptions.watches()
    a = stage.announce()
    stage.work(a)
    stage.said[RUN_A] = PostedNotification(lambda _rung: Reply("A is a new best"), "", new_best=RUN_A)
    stage.change()
    stage.work(a)
    best = stage.message(id_of(f"best:{TEAM}:{EXPERIMENTS}:{RUN_A}"))
    assert (best.kind, best.run_ids, best.watch_ids) == (MessageKind.BEST, (RUN_A,), ("w1",))
    assert stage.woken == 1


def test_a_new_best_that_its_own_message_told_at_once_is_not_said_aloud_by_an_edit(stage):
    stage.watches.edit("w1", "iris broadcast new best", by=MAYA, at=1)
    stage.subscriptions.watches()
    a = stage.announce()
    stage.said[RUN_A] = PostedNotification(lambda _rung: Reply("A is a new best"), "", new_best=RUN_A)
    stage.work(a)
    stage.said[RUN_A] = PostedNotification(lambda _rung: Reply("A is a new best, and has a tag"), "", new_best=RUN_A)
    stage.change()
    stage.work(a)
    assert stage.message(id_of(f"best:{TEAM}:{EXPERIMENTS}:{RUN_A}")).state is MessageState.DROPPED
    assert stage.woken == 0


def test_a_new_best_is_not_said_aloud_where_nobody_asks_for_it(stage):
    stage.subscriptions.watches()
    a = stage.announce()
    stage.work(a)
    stage.said[RUN_A] = PostedNotification(lambda _rung: Reply("A is a new best"), "", new_best=RUN_A)
    stage.change()
    stage.work(a)
    assert len(stage.outbox.listed()) == 1


def test_what_is_held_back_for_quiet_hours_is_not_said_before(stage):
    a = stage.announce(not_before=stage.clock.ms() + 90_000)
    assert stage.work(a) == [90]
    assert stage.posted() == ["A ended"]


def test_a_database_that_is_away_is_waited_for(stage, caplog):
    a = stage.announce()
    whole = stage.outbox.get

    class Away(type(stage.outbox)):
        def get(self, _message_id):
            raise OSError("the database is gone")

    stage.outbox.__class__ = Away
    waits = [stage.deliverer.deliver(a, 1) for _ in range(3)]
    stage.outbox.__class__ = Away.__mro__[1]
    assert waits == [5, 10, 20]
    assert caplog.text.count("the database cannot be asked") == 1
    assert whole(a).state is MessageState.WAITING
    stage.work(a)
    assert stage.posted() == ["A ended"]
