"""What the notifier keeps: the same promises in memory, in an SQLite file and in PostgreSQL."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from bot.notifier.outbox import Cursor, MessageState, PostedState, QueuedMessage, RunEnd, id_of
from bot.store.database import open_database
from bot.store.outbox import StoredOutbox
from comparison.notifications.message import MessageKind, WantedMessage
from tests.databases import KINDS, both
from tests.fakes.outbox import FakeOutbox
from tests.postgres import postgres_server

__all__ = ["both", "postgres_server"]

DAY = 24 * 3_600_000
NOW = 1_000 * DAY
OVER = RunEnd("FINISHED", NOW - 5_000, "a fingerprint")


@pytest.fixture(params=KINDS)
def engine(request, both):
    return both(request.param)


@pytest.fixture(params=["in memory", *KINDS])
def outbox(request, both):
    return FakeOutbox() if request.param == "in memory" else StoredOutbox(both(request.param))


def of_run(run="r1", channel="C1", **changes):
    told = {"run_ids": (run,), "watch_ids": ("w1",), "experiment_ids": ("e1",)} | changes
    return WantedMessage(f"run:T1:{channel}:{run}", MessageKind.RUN, "T1", channel, **told)


def a_sweep(*runs, **changes):
    told = {"run_ids": runs, "watch_ids": ("w1",), "experiment_ids": ("e1",)} | changes
    return WantedMessage("sweep:T1:C1:parent", MessageKind.SWEEP, "T1", "C1", **told)


SWEEP, RUN = id_of("sweep:T1:C1:parent"), id_of("run:T1:C1:r1")


def record(outbox, *announcements, ends=None, at=NOW):
    assert outbox.record(outbox.cursor(at), at, ends or {}, announcements, at)


def post(outbox, message_id, ts="1.1", at=NOW, **changes):
    outbox.begin(message_id, at)
    outbox.record_posted(message_id, PostedState(outbox.get(message_id).revision, ts, "drawn", **changes), at)


def due(outbox, at=NOW):
    return [each.id for each in outbox.due(at)]


# Looking


def test_of_all_who_would_look_one_does_in_an_interval(outbox):
    looks = [NOW, NOW + 1, NOW + 13_499, NOW + 13_500, NOW + 14_000, NOW + 28_000]
    assert [outbox.claim_poll(at, 15_000) for at in looks] == [True, False, False, True, False, True]


def test_a_clock_that_was_far_ahead_holds_up_no_look(outbox):
    assert outbox.claim_poll(NOW + DAY, 15_000)
    assert outbox.claim_poll(NOW, 15_000)
    assert not outbox.claim_poll(NOW + 1, 15_000)


def test_looking_begins_now_and_goes_on_where_it_was(outbox):
    first = outbox.cursor(NOW)
    assert first.at == NOW
    assert outbox.cursor(NOW + 99) == first
    assert outbox.record(first, NOW + 50, {}, [], NOW + 51)
    assert outbox.cursor(NOW + 99).at == NOW + 50


def test_of_two_that_looked_at_once_one_is_recorded_and_the_other_changes_nothing(outbox):
    before = outbox.cursor(NOW)
    assert outbox.record(before, NOW + 1, {"r1": OVER}, [of_run()], NOW)
    assert not outbox.record(before, NOW + 9, {"r2": OVER}, [of_run("r2"), a_sweep("r1")], NOW)
    assert outbox.cursor(NOW).at == NOW + 1
    assert outbox.ends() == {"r1": OVER}
    assert due(outbox) == [RUN]


def test_nothing_is_recorded_before_a_look_began(outbox):
    assert not outbox.record(Cursor(NOW, 1), NOW, {"r1": OVER}, [of_run()], NOW)
    assert outbox.due(NOW) == []


def test_what_was_seen_is_known_however_many_are_asked_for(outbox):
    many = {f"r{number}": replace(OVER, ended_at=number) for number in range(3_100)}
    record(outbox, ends=many)
    assert outbox.ends([*many, "unknown"]) == many
    assert outbox.ends(["r7", "r7", "unknown"]) == {"r7": many["r7"]}
    assert outbox.ends() == many


# Messages


def test_a_message_holds_what_was_announced_and_waits(outbox):
    record(outbox, replace(of_run(watch_ids=("w2", "w1")), about="größer\0 \ud800"))
    found = outbox.get(RUN)
    assert (found.key, found.kind, found.workspace, found.channel) == ("run:T1:C1:r1", MessageKind.RUN, "T1", "C1")
    assert (found.run_ids, found.watch_ids, found.experiment_ids) == (("r1",), ("w2", "w1"), ("e1",))
    assert found.about.startswith("größer")
    assert (found.state, found.revision, found.posted_revision, found.tries) == (MessageState.WAITING, 1, 0, 0)
    assert (found.created_at, found.joined_at, found.begun_at, found.posted_at) == (NOW, NOW, 0, 0)
    assert (found.is_final, found.unconfirmed, found.ts, found.drawn, found.problem) == (False, 0, "", "", "")
    assert outbox.due(NOW) == [QueuedMessage(RUN, 1, "T1", "C1")]


def test_there_is_no_message_with_an_id_that_was_never_given(outbox):
    assert outbox.get("x") is None
    assert not outbox.begin("x", NOW)
    assert outbox.unconfirm("x", "lost") == 0
    outbox.record_posted("x", PostedState(1, "1.1"), NOW)
    outbox.put_off("x", "later")
    outbox.drop("x", 1, "unwanted")
    outbox.fail("x", 1, "never")
    outbox.finish(["x"])
    assert (outbox.retry(["x"]), outbox.listed()) == (0, [])


def test_an_announcement_with_a_known_key_joins_the_message(outbox):
    record(outbox, a_sweep("b", "a"))
    post(outbox, SWEEP, is_final=True)
    record(outbox, a_sweep("c", "a", "0", watch_ids=("w0", "w1"), experiment_ids=("e0",)), at=NOW + 5)
    found = outbox.get(SWEEP)
    assert (found.run_ids, found.watch_ids) == (("b", "a", "c", "0"), ("w1", "w0"))
    assert found.experiment_ids == ("e1", "e0")
    assert (found.revision, found.posted_revision, found.joined_at, found.created_at) == (2, 1, NOW + 5, NOW)
    assert (found.state, found.is_final, found.ts) == (MessageState.POSTED, False, "1.1")
    assert due(outbox) == [SWEEP]


def test_what_a_message_holds_already_changes_nothing(outbox):
    record(outbox, a_sweep("a", "b"))
    post(outbox, SWEEP, is_final=True)
    before = outbox.get(SWEEP)
    record(outbox, a_sweep("b"), at=NOW + 5)
    assert outbox.get(SWEEP) == before
    assert due(outbox) == []


def test_two_announcements_of_one_key_are_one_message(outbox):
    record(outbox, a_sweep("a", not_before=9), a_sweep("b", watch_ids=("w2",), not_before=3), of_run())
    found = outbox.get(SWEEP)
    assert (found.run_ids, found.watch_ids, found.revision, found.not_before) == (("a", "b"), ("w1", "w2"), 1, 3)
    assert len(outbox.due(NOW)) == 2


def test_a_watch_that_joins_makes_a_message_due_without_a_run_having_joined(outbox):
    record(outbox, a_sweep("a"))
    post(outbox, SWEEP, is_final=True)
    record(outbox, a_sweep("a", watch_ids=("w2",)), at=NOW + 5)
    found = outbox.get(SWEEP)
    assert (found.revision, found.joined_at, found.is_final) == (2, NOW, True)


@pytest.mark.parametrize("ends_with", ["drop", "fail"])
def test_a_message_that_was_given_up_waits_again_when_a_run_joins_it(outbox, ends_with):
    record(outbox, a_sweep("a", not_before=NOW - 9))
    outbox.begin(SWEEP, NOW)
    getattr(outbox, ends_with)(SWEEP, 1, "no one wanted it")
    assert due(outbox) == []
    record(outbox, a_sweep("b", not_before=NOW + 5), at=NOW + 1)
    found = outbox.get(SWEEP)
    assert (found.state, found.revision, found.posted_revision, found.tries, found.problem) == (
        MessageState.WAITING,
        2,
        0,
        0,
        "",
    )
    assert found.not_before == NOW + 5


def test_a_message_whose_edit_failed_is_edited_again_when_a_run_joins_it(outbox):
    record(outbox, a_sweep("a"))
    post(outbox, SWEEP)
    record(outbox, a_sweep("b"))
    outbox.fail(SWEEP, 2, "the message was deleted")
    record(outbox, a_sweep("c"))
    found = outbox.get(SWEEP)
    assert (found.state, found.revision, found.posted_revision, found.ts) == (MessageState.POSTED, 3, 1, "1.1")


def test_what_waits_for_the_morning_comes_as_soon_as_somebody_wants_it_now(outbox):
    record(outbox, a_sweep("a", not_before=NOW + 500))
    assert due(outbox) == []
    record(outbox, a_sweep("b", not_before=NOW + 900))
    assert due(outbox, NOW + 500) == [SWEEP]
    record(outbox, a_sweep("c"))
    assert due(outbox) == [SWEEP]


def test_announcing_makes_what_is_new_and_leaves_what_is_known(outbox):
    assert outbox.announce([of_run(), of_run("r2"), of_run("r2")], NOW) == 2
    assert outbox.announce([of_run(run_ids=("r1", "r9"), not_before=9), of_run("r3")], NOW + 1) == 1
    assert outbox.announce([], NOW) == 0
    assert (outbox.get(RUN).run_ids, outbox.get(RUN).revision) == (("r1",), 1)


def test_a_notice_without_runs_is_a_message_too(outbox):
    notice = WantedMessage(
        "notice:w1:5", MessageKind.NOTICE, "T1", "U1", watch_ids=("w1",), about="Your watch is paused."
    )
    assert outbox.announce([notice], NOW) == 1
    found = outbox.get(id_of(notice.key))
    assert (found.run_ids, found.about) == ((), "Your watch is paused.")
    assert outbox.standing(0) == []


# News of what was said


def test_a_known_run_that_ended_otherwise_makes_its_messages_due_anew(outbox):
    record(outbox, of_run(), of_run(channel="C2"), of_run("r2"), ends={"r1": OVER, "r2": OVER})
    ids = [RUN, id_of("run:T1:C2:r1")]
    for each in (*ids, id_of("run:T1:C1:r2")):
        post(outbox, each)
    record(outbox, ends={"r1": OVER, "r2": OVER})
    assert due(outbox) == []
    record(outbox, ends={"r1": replace(OVER, status="FAILED"), "r2": OVER})
    assert sorted(due(outbox)) == sorted(ids)
    assert outbox.get(RUN).revision == 2


def test_a_run_nobody_wanted_to_hear_of_is_asked_about_again_when_it_ends_otherwise(outbox):
    record(outbox, of_run(), ends={"r1": OVER})
    outbox.drop(RUN, 1, "it did not fail")
    record(outbox, ends={"r1": replace(OVER, status="FAILED")})
    assert (due(outbox), outbox.get(RUN).state) == ([RUN], MessageState.WAITING)


def test_later_news_of_a_run_make_what_was_said_of_it_due_anew(outbox):
    best = WantedMessage("best:T1:C1:r1", MessageKind.BEST, "T1", "C1", ("r1",))
    record(outbox, of_run(), a_sweep("r1", "r2"), best, of_run("r3"), ends={"r1": OVER})
    for each in (RUN, SWEEP, id_of(best.key), id_of("run:T1:C1:r3")):
        post(outbox, each, is_final=True)
    news = replace(OVER, fingerprint="another")
    assert outbox.touch({"r1": news, "r2": OVER}, NOW + 1) == 2
    assert sorted(due(outbox)) == sorted([RUN, SWEEP])
    assert outbox.get(RUN).is_final
    assert outbox.ends(["r1", "r2"]) == {"r1": news, "r2": OVER}
    assert outbox.touch({}, NOW) == 0


def test_a_message_that_is_finished_is_due_a_last_time(outbox):
    record(outbox, a_sweep("a"), of_run())
    post(outbox, SWEEP)
    outbox.finish([SWEEP])
    outbox.finish([SWEEP])
    outbox.finish([])
    found = outbox.get(SWEEP)
    assert (found.is_final, found.revision, found.posted_revision, found.joined_at) == (True, 2, 1, NOW)
    post(outbox, SWEEP)
    assert (outbox.get(SWEEP).is_final, due(outbox)) == (True, [RUN])


# What is due


def test_the_oldest_is_due_first_and_nothing_before_its_time(outbox):
    for place, run in enumerate(("r3", "r1", "r2")):
        record(outbox, of_run(run, not_before=NOW + 100 if run == "r1" else 0), at=NOW + place)
    names = {id_of(of_run(run).key): run for run in ("r1", "r2", "r3")}
    assert [names[each] for each in due(outbox, NOW + 99)] == ["r3", "r2"]
    assert [names[each] for each in due(outbox, NOW + 100)] == ["r3", "r1", "r2"]


def test_the_backlog_of_one_channel_holds_up_no_other(outbox):
    record(outbox, *(of_run(f"r{number:02}") for number in range(30)))
    record(outbox, of_run("late", "C2"), at=NOW + 1)
    found = outbox.due(NOW + 9, limit=10)
    assert len(found) == 10
    assert found[-1].channel == "C2"


def test_what_stands_as_it_should_is_not_due(outbox):
    record(outbox, of_run())
    post(outbox, RUN)
    assert due(outbox) == []


# Posting


def test_a_post_that_was_begun_is_known_to_have_been_and_nobody_else_begins_it(outbox):
    record(outbox, of_run())
    assert outbox.begin(RUN, NOW + 5)
    assert not outbox.begin(RUN, NOW + 9)
    found = outbox.get(RUN)
    assert (found.begun_at, found.tries, found.state) == (NOW + 5, 1, MessageState.WAITING)


def test_a_post_that_failed_is_begun_anew_and_one_that_stands_is_not(outbox):
    record(outbox, of_run())
    outbox.begin(RUN, NOW)
    outbox.put_off(RUN, "Slack says to wait")
    assert outbox.begin(RUN, NOW + 9)
    assert outbox.get(RUN).tries == 2
    outbox.record_posted(RUN, PostedState(1, "1.1"), NOW + 10)
    assert not outbox.begin(RUN, NOW + 20)


def test_what_stands_in_a_channel_is_known(outbox):
    record(outbox, of_run())
    outbox.begin(RUN, NOW)
    outbox.record_posted(RUN, PostedState(1, "1.1", "drawn", is_final=True), NOW + 7)
    found = outbox.get(RUN)
    assert (found.state, found.posted_revision, found.ts, found.drawn) == (MessageState.POSTED, 1, "1.1", "drawn")
    assert (found.posted_at, found.begun_at, found.is_final, found.tries) == (NOW + 7, 0, True, 1)
    outbox.touch({"r1": OVER}, NOW + 8)
    outbox.record_posted(RUN, PostedState(2, "1.1", "otherwise"), NOW + 9)
    found = outbox.get(RUN)
    assert (found.posted_revision, found.drawn, found.posted_at, found.is_final) == (2, "otherwise", NOW + 7, True)


def test_what_joined_while_it_was_posted_is_still_due(outbox):
    record(outbox, a_sweep("a"))
    outbox.begin(SWEEP, NOW)
    record(outbox, a_sweep("b"), at=NOW + 1)
    outbox.record_posted(SWEEP, PostedState(1, "1.1", "of a", is_final=True), NOW + 2)
    found = outbox.get(SWEEP)
    assert (found.state, found.posted_revision, found.revision, found.is_final) == (MessageState.POSTED, 1, 2, False)
    assert outbox.due(NOW) == [QueuedMessage(SWEEP, 2, "T1", "C1")]


def test_who_was_slow_to_tell_takes_nothing_back(outbox):
    record(outbox, a_sweep("a"))
    record(outbox, a_sweep("b"))
    outbox.record_posted(SWEEP, PostedState(2, "2.2", "of a and b", is_final=True), NOW)
    outbox.record_posted(SWEEP, PostedState(1, "1.1", "of a"), NOW + 9)
    found = outbox.get(SWEEP)
    assert (found.posted_revision, found.ts, found.drawn, found.is_final) == (2, "2.2", "of a and b", True)


def test_lost_answers_are_counted_and_the_post_stays_begun(outbox):
    record(outbox, of_run())
    outbox.begin(RUN, NOW)
    assert [outbox.unconfirm(RUN, "Slack hung up"), outbox.unconfirm(RUN, "Slack hung up\0")] == [1, 2]
    found = outbox.get(RUN)
    assert (found.begun_at, found.unconfirmed, found.state) == (NOW, 2, MessageState.WAITING)
    assert found.problem.startswith("Slack hung up")
    outbox.record_posted(RUN, PostedState(1, "1.1"), NOW)
    assert (outbox.get(RUN).unconfirmed, outbox.get(RUN).problem) == (0, "")


def test_what_is_put_off_was_not_begun_and_says_why_it_waits(outbox):
    record(outbox, of_run())
    outbox.begin(RUN, NOW)
    outbox.put_off(RUN, "Slack asks to wait")
    found = outbox.get(RUN)
    assert (found.begun_at, found.problem, found.tries, found.state) == (
        0,
        "Slack asks to wait",
        1,
        MessageState.WAITING,
    )
    outbox.put_off(RUN, "MLflow does not answer")
    assert outbox.get(RUN).tries == 2
    assert due(outbox) == [RUN]


def test_tries_are_counted_anew_for_what_is_to_be_said_next(outbox):
    record(outbox, a_sweep("a"))
    outbox.put_off(SWEEP, "MLflow does not answer")
    post(outbox, SWEEP)
    assert outbox.get(SWEEP).tries == 2
    record(outbox, a_sweep("b"))
    assert outbox.get(SWEEP).tries == 0
    outbox.put_off(SWEEP, "MLflow does not answer")
    record(outbox, a_sweep("c"))
    assert outbox.get(SWEEP).tries == 1


def test_what_nobody_wants_is_dropped_unless_more_has_joined_since(outbox):
    record(outbox, a_sweep("a"))
    record(outbox, a_sweep("b"))
    outbox.drop(SWEEP, 1, "not better")
    assert due(outbox) == [SWEEP]
    outbox.drop(SWEEP, 2, "not better")
    found = outbox.get(SWEEP)
    assert (found.state, found.problem, found.posted_revision) == (MessageState.DROPPED, "not better", 0)
    assert due(outbox) == []


def test_what_stands_in_a_channel_is_never_dropped(outbox):
    record(outbox, of_run())
    post(outbox, RUN)
    outbox.touch({"r1": OVER}, NOW)
    outbox.drop(RUN, 2, "not better any more")
    found = outbox.get(RUN)
    assert (found.state, found.posted_revision, found.problem) == (MessageState.POSTED, 2, "")
    assert due(outbox) == []


def test_what_failed_is_tried_anew_when_it_is_asked_for(outbox):
    record(outbox, *(of_run(run) for run in ("r1", "r2", "r3")))
    ids = [id_of(of_run(run).key) for run in ("r1", "r2", "r3")]
    outbox.begin(RUN, NOW)
    outbox.unconfirm(RUN, "Slack hung up")
    for each in ids[:2]:
        outbox.fail(each, 9, "not this one")
        outbox.fail(each, 1, "the channel is archived")
    assert due(outbox) == ids[2:]
    failed = outbox.get(RUN)
    assert (failed.state, failed.problem, failed.begun_at) == (MessageState.FAILED, "the channel is archived", NOW)
    assert outbox.retry([RUN, ids[2]]) == 1
    found = outbox.get(RUN)
    assert (found.state, found.revision, found.posted_revision, found.begun_at) == (MessageState.WAITING, 2, 0, NOW)
    assert (found.problem, found.tries, found.unconfirmed) == ("", 0, 0)
    assert [outbox.retry(), outbox.retry()] == [1, 0]
    assert sorted(due(outbox)) == sorted(ids)


def test_a_failed_edit_that_is_tried_anew_is_an_edit(outbox):
    record(outbox, of_run())
    post(outbox, RUN)
    outbox.touch({"r1": OVER}, NOW)
    outbox.fail(RUN, 2, "refused")
    outbox.retry()
    assert (outbox.get(RUN).state, outbox.get(RUN).posted_revision, due(outbox)) == (MessageState.POSTED, 1, [RUN])


# Lists


def test_what_can_be_added_to_is_what_waits_or_was_lately_joined_and_is_not_final(outbox):
    record(outbox, of_run("old"), of_run("final"), at=NOW - 100)
    post(outbox, id_of(of_run("old").key))
    post(outbox, id_of(of_run("final").key), is_final=True)
    record(outbox, of_run("waits", not_before=NOW + 9), at=NOW - 90)
    record(outbox, a_sweep("a"), WantedMessage("dead:T1:C1:d:5", MessageKind.DEAD, "T1", "C1", ("d",)), at=NOW)
    post(outbox, SWEEP)
    found = outbox.standing(NOW - 50)
    assert [each.key.split(":")[-1] for each in found] == ["waits", "parent"]
    waits, sweep = found
    assert (waits.is_waiting, waits.not_before, waits.last, waits.experiment_ids) == (True, NOW + 9, NOW - 90, ("e1",))
    assert (sweep.is_waiting, sweep.kind, sweep.workspace, sweep.channel) == (False, MessageKind.SWEEP, "T1", "C1")
    assert len(outbox.standing(NOW - 200)) == 3


def test_a_run_that_no_watch_wanted_counts_for_no_burst_and_a_sweep_may_still_be_wanted(outbox):
    record(outbox, of_run(), a_sweep("a"))
    outbox.drop(RUN, 1, "no watch wants it")
    outbox.drop(SWEEP, 1, "no watch wants it")
    assert [each.kind for each in outbox.standing(NOW - 50)] == [MessageKind.SWEEP]


def test_messages_that_no_run_joined_for_long_can_be_finished(outbox):
    record(outbox, a_sweep("a"), of_run(), WantedMessage("burst:1", MessageKind.BURST, "T1", "C1", ("b",)))
    for each in (SWEEP, RUN):
        post(outbox, each)
    both_kinds = [MessageKind.SWEEP, MessageKind.BURST]
    assert [each.id for each in outbox.unfinished(both_kinds, NOW + 1)] == [SWEEP]
    assert outbox.unfinished(both_kinds, NOW) == []
    outbox.finish([SWEEP])
    assert outbox.unfinished(both_kinds, NOW + 1) == []


def test_what_later_news_edit_is_what_was_posted_of_runs_the_last_first(outbox):
    digest = WantedMessage("digest:w1:2026-11-23", MessageKind.DIGEST, "T1", "C1", about="2026-11-23")
    record(outbox, of_run(), a_sweep("b", "a"), of_run("r3"), of_run("r4"), digest)
    for place, each in enumerate((RUN, SWEEP, id_of(digest.key), id_of(of_run("r3").key))):
        post(outbox, each, at=NOW + place)
    outbox.touch({"r3": OVER}, NOW)
    outbox.fail(id_of(of_run("r3").key), 2, "deleted")
    assert [each.run_ids for each in outbox.posted(NOW - 1)] == [("b", "a"), ("r1",)]
    assert [each.id for each in outbox.posted(NOW)] == [SWEEP]


def test_messages_are_listed_the_last_first(outbox):
    for place, run in enumerate(("r1", "r2", "r3")):
        record(outbox, of_run(run), at=NOW + place)
    outbox.fail(RUN, 1, "archived")
    assert [each.run_ids for each in outbox.listed()] == [("r3",), ("r2",), ("r1",)]
    assert [each.run_ids for each in outbox.listed(limit=1)] == [("r3",)]
    assert [each.id for each in outbox.listed(state=MessageState.FAILED)] == [RUN]


# Forgetting


def test_ends_are_forgotten_when_no_look_finds_them_and_no_message_needs_them(outbox):
    names = ("old", "posted", "waits", "unseen")
    old = {name: RunEnd("FINISHED", NOW - 31 * DAY) for name in names}
    old["ahead"] = RunEnd("FINISHED", NOW + 999 * DAY)
    record(outbox, *(of_run(name) for name in names if name != "unseen"), ends=old, at=NOW - 31 * DAY)
    post(outbox, id_of(of_run("old").key), at=NOW - 2 * DAY)
    post(outbox, id_of(of_run("posted").key), at=NOW - DAY + 5)
    record(outbox, ends={"late": RunEnd("FINISHED", NOW - 40 * DAY)}, at=NOW)
    assert outbox.prune(NOW) == 2 + 3  # ends, and messages of a month ago
    assert set(outbox.ends()) == {"posted", "waits", "ahead", "late"}


def test_an_end_is_remembered_as_long_as_its_message_since_the_run_may_be_resumed(outbox):
    record(outbox, of_run(), ends={"r1": RunEnd("FAILED", NOW - 29 * DAY)}, at=NOW - 29 * DAY)
    post(outbox, RUN, at=NOW - 29 * DAY)
    outbox.prune(NOW)
    assert outbox.ends()["r1"].status == "FAILED"


def test_runs_that_go_on_are_told_apart_until_they_are_lost_from_sight(outbox):
    ends = {
        "new": RunEnd("RUNNING", 0),
        "resumed": RunEnd("FAILED>RUNNING", 5),
        "over": OVER,
        "waits": RunEnd("SCHEDULED", 0),
    }
    record(outbox, ends=ends)
    assert set(outbox.going_on()) == {"new", "resumed", "waits"}
    outbox.lose_sight(["new", "resumed", "over", "unknown"])
    assert set(outbox.going_on()) == {"waits"}
    assert outbox.ends() == {"resumed": RunEnd("FAILED", 5), "over": OVER, "waits": ends["waits"]}


def test_a_message_of_more_than_a_day_ago_is_not_made_due_by_another_end_of_its_run(outbox):
    record(outbox, of_run(), ends={"r1": RunEnd("FAILED", NOW - 2 * DAY)}, at=NOW - 2 * DAY)
    post(outbox, RUN, at=NOW - 2 * DAY)
    record(outbox, ends={"r1": OVER})
    assert outbox.due(NOW) == []


def test_a_message_that_holds_a_run_already_is_due_anew_when_that_run_ends_again(outbox):
    record(outbox, of_run(), ends={"r1": RunEnd("FAILED", NOW - 2 * DAY)}, at=NOW - 9)
    record(outbox, of_run(), ends={"r1": OVER})
    assert [each.revision for each in outbox.due(NOW)] == [2]


def test_all_messages_on_a_run_are_found_the_last_first(outbox):
    record(outbox, of_run(), at=NOW - 9)
    record(outbox, replace(of_run(), key="run:T1:C1:r1:5"), of_run("r2"))
    assert [each.key for each in outbox.on_run("r1")] == ["run:T1:C1:r1:5", of_run().key]


def test_messages_are_forgotten_a_month_after_a_run_joined_them_last(outbox):
    record(outbox, of_run(), of_run("r2"), a_sweep("a"), at=NOW - 31 * DAY)
    record(outbox, a_sweep("b"), at=NOW - 2 * DAY)
    assert outbox.prune(NOW) == 2
    assert [each.id for each in outbox.listed()] == [SWEEP]
    assert outbox.get(SWEEP).run_ids == ("a", "b")
    assert outbox.announce([of_run(run_ids=("r1", "r5"))], NOW) == 1
    assert outbox.get(RUN).run_ids == ("r1", "r5")


# The fake and the databases


moves = st.one_of(
    st.tuples(st.just("record"), st.sets(st.sampled_from("abcd"), min_size=1), st.booleans()),
    st.tuples(st.just("announce"), st.sets(st.sampled_from("abcd"), min_size=1), st.booleans()),
    st.tuples(st.sampled_from(["touch", "begin", "told", "stale", "put_off", "unconfirm"]), st.just(()), st.booleans()),
    st.tuples(st.sampled_from(["drop", "fail", "retry", "finish", "prune"]), st.just(()), st.booleans()),
)


def play(outbox, script):
    """The rows as they are after each move."""
    seen = []
    for place, (move, runs, is_sweep) in enumerate(script):
        at, message_id = NOW + place * DAY // 3, SWEEP if is_sweep else RUN
        make(outbox, move, sorted(runs), message_id, at)
        seen.append((outbox.listed(), outbox.due(at), outbox.standing(NOW), outbox.ends(), outbox.posted(NOW)))
    return seen


def make(outbox, move, runs, message_id, at):
    known = outbox.get(message_id)
    revision = known.revision if known else 1
    announcement = a_sweep(*runs) if message_id == SWEEP else replace(of_run(), watch_ids=tuple(runs))
    ends = {run: RunEnd("FINISHED", at, f"{message_id}{len(runs)}") for run in (*runs, "r1")}
    moves = {
        "record": lambda: record(outbox, announcement, ends=ends, at=at),
        "announce": lambda: outbox.announce([announcement], at),
        "touch": lambda: outbox.touch(ends, at),
        "begin": lambda: outbox.begin(message_id, at),
        "told": lambda: outbox.record_posted(
            message_id, PostedState(revision, "1.1", move, is_final=revision % 2 == 0), at
        ),
        "stale": lambda: outbox.record_posted(message_id, PostedState(revision - 1, "9.9", move, is_final=True), at),
        "put_off": lambda: outbox.put_off(message_id, move),
        "unconfirm": lambda: outbox.unconfirm(message_id, move),
        "drop": lambda: outbox.drop(message_id, revision, move),
        "fail": lambda: outbox.fail(message_id, revision, move),
        "retry": outbox.retry,
        "finish": lambda: outbox.finish([message_id]),
        "prune": lambda: outbox.prune(at),
    }
    moves[move]()


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(script=st.lists(moves, min_size=3, max_size=12))
def test_whatever_happens_is_the_same_in_memory_and_in_a_file(both, script):
    assert play(StoredOutbox(both("sqlite")), script) == play(FakeOutbox(), script)


def test_what_is_kept_is_there_for_another_process(engine):
    record(StoredOutbox(engine), of_run(), ends={"r1": OVER})
    other = open_database(engine.url)
    assert due(StoredOutbox(other)) == [RUN]
    assert StoredOutbox(other).ends(["r1"]) == {"r1": OVER}
    other.dispose()


def test_the_last_message_of_each_watch_is_known(engine):
    outbox = StoredOutbox(engine)
    record(outbox, of_run(watch_ids=("w1", "w2")), of_run("r2"), of_run("r3", watch_ids=("w3",)))
    post(outbox, RUN, at=NOW + 5)
    post(outbox, id_of(of_run("r2").key), at=NOW + 9)
    assert outbox.last_posted() == {"w1": NOW + 9, "w2": NOW + 5}


def test_a_poll_that_finds_nothing_asks_the_database_little(engine):
    outbox = StoredOutbox(engine)
    record(outbox, of_run())
    asked = []
    event.listen(engine, "before_cursor_execute", lambda *arguments: asked.append(arguments[2]))
    outbox.claim_poll(NOW, 15_000)
    assert outbox.record(outbox.cursor(NOW), NOW, {}, [], NOW)
    outbox.due(NOW)
    assert len([each for each in asked if not each.startswith("BEGIN")]) == 4


COPIES = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
INSERT INTO messages
SELECT printf('m%d', i), key, kind, workspace, channel, watch_ids, experiment_ids, about, state, revision, told,
  created_at, not_before, joined_at, is_final, begun_at, unconfirmed, posted_at, ts, drawn, tries, problem
FROM messages, n
"""


def test_a_hundred_thousand_messages_make_no_poll_slow(both):
    engine = both("sqlite")
    outbox = StoredOutbox(engine)
    record(outbox, of_run(), ends={"r1": OVER})
    post(outbox, RUN, is_final=True)
    with engine.begin() as connection:
        connection.execute(text(COPIES))
        connection.execute(text("INSERT INTO message_runs SELECT id, 'run of ' || id, 1, 0 FROM messages"))
    took = []
    for place in range(5):
        began = time.thread_time()  # of this thread: what else the machine does is no matter
        record(outbox, of_run(f"new{place}"), ends={f"new{place}": OVER, "r1": replace(OVER, fingerprint=str(place))})
        found = len(outbox.standing(NOW - 1)), len(outbox.due(NOW))
        took.append(time.thread_time() - began)
        assert found == (place + 1, place + 2)
    assert min(took) < 0.03


# Many at once


@pytest.fixture
def many(both):
    """Outboxes of processes of their own on one PostgreSQL."""
    first = both("postgresql")
    others = [open_database(first.url) for _ in range(3)]
    yield [StoredOutbox(each) for each in (first, *others)]
    for each in others:
        each.dispose()


def test_of_those_who_claim_one_moment_one_may_look(many):
    for turn in range(8):
        at = NOW + turn * 15_000
        assert sum(at_once(many, lambda outbox, at: outbox.claim_poll(at, 15_000), at)) == 1


def test_of_those_who_record_at_once_one_does_and_the_others_change_nothing(many):
    for turn in range(10):
        before, ends = many[0].cursor(NOW), {f"r{turn}": OVER}
        news = [of_run(f"r{turn}"), a_sweep(f"r{turn}")]
        done = at_once(many, lambda outbox, *found: outbox.record(*found), before, NOW, ends, news, NOW)
        assert sum(done) == 1
        assert many[0].cursor(NOW).version == before.version + 1
    assert many[0].get(SWEEP).run_ids == tuple(f"r{turn}" for turn in range(10))
    assert many[0].get(SWEEP).revision == 10


def test_a_message_that_several_announce_at_once_is_one(many):
    news = [of_run(f"r{number}") for number in range(40)]
    made = at_once(many, lambda outbox: outbox.announce(news, NOW) + outbox.announce(news[::-1], NOW))
    assert sum(made) == 40
    assert len(many[0].due(NOW)) == 40


def test_those_who_change_the_same_rows_in_any_order_do_not_block_each_other(many):
    runs = [f"r{number}" for number in range(20)]
    record(many[0], *map(of_run, runs), a_sweep(*runs), ends=dict.fromkeys(runs, OVER))
    for run in runs:
        post(many[0], id_of(of_run(run).key))

    def work(outbox, number):
        for turn in range(3):
            fingerprint = replace(OVER, fingerprint=f"{number} {turn}")
            order = runs if number % 2 else runs[::-1]
            outbox.touch(dict.fromkeys(order, fingerprint), NOW)
            before = outbox.cursor(NOW)
            outbox.record(before, NOW, dict.fromkeys(order[turn:], OVER), [a_sweep(f"{number}-{turn}")], NOW)
            outbox.finish([each.id for each in outbox.posted(0)])
            outbox.retry()

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(work, many, range(4))) == [None] * 4
    assert len(many[0].due(NOW)) == 21


def at_once(outboxes, job, *found):
    with ThreadPoolExecutor(len(outboxes)) as threads:
        return list(threads.map(lambda outbox: job(outbox, *found), outboxes))
