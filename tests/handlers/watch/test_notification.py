"""Notifications, as a channel reads them: through the watches that are kept, down to the blocks that are sent."""

import json
import re
from dataclasses import replace

import pytest

from bot.playground.limits import check_message
from comparison.channel_defaults import PINNED, ChannelSetting
from comparison.errors import TrackingUnavailable
from comparison.notifications.message import MessageKind, Unwanted
from comparison.runs import Experiment, Metric, Status
from comparison.watch import Watch
from handlers.services import Services
from handlers.slack.fallback import BlockLevel
from handlers.slack.limits import find_problems
from handlers.stores import InMemoryChannelDefaults, InMemoryComparisons, InMemoryWatches, StoredWatch
from handlers.utterance import Utterance
from handlers.watch.notification import (
    COMPARE,
    KEPT,
    MENU,
    PIN,
    NewsState,
    Notification,
    example_notification,
    from_value,
    muted_experiment,
    news_value,
    notification_reply,
    remember,
)
from tests.comparison.notifications.newsroom import BEST, BROKE, PAST, POOR, forest
from tests.comparison.queries.team import FRAUD, HOUR, MINUTE, NOW, NOW_MS, a_run, silent
from tests.fakes.runs import FakeRuns
from tests.handlers.reading import read

TEAM, CHANNEL = "T1", "C1"
PARENT = a_run("lr-search", ended=None, ran=5 * HOUR)
TRIALS = [forest(n, n * MINUTE, round(0.8 + n / 1000, 3), parent_id=PARENT.run_id) for n in range(20, 50)]
GONE = silent("gone", heard=3 * HOUR, step=100)
NASTY = [
    "<!channel>",
    "<@U123ABC>",
    "*bold* `code`",
    "a|b",
    "x\ny",
    "\u202eright",
    "שלום",
    "🎉" * 40,
    ":tada:",
    "x" * 7000,
]


def services(*runs, words=("fraud",), **more):
    watches = InMemoryWatches()
    for number, each in enumerate(words):
        is_digest = each.startswith("weekdays")
        watches.add(StoredWatch(f"w{number}", TEAM, CHANNEL, each, "U1", 0, is_digest=is_digest))
    facts = {
        "runs": FakeRuns(list(runs)),
        "pool": None,
        "claims": None,
        "capabilities": None,
        "now": lambda: NOW,
        "new_incident": lambda: "4711",
        "ui_url": "http://mlflow.example",
        "watches": watches,
    }
    return Services(**(facts | more))


def wanted(*runs, kind=MessageKind.RUN, watches=1, key="", **more):
    ids = tuple(run.run_id for run in runs)
    watch_ids = tuple(f"w{number}" for number in range(watches))
    return Notification(
        key or f"{kind}:{TEAM}:{CHANNEL}:{ids[0] if ids else ''}", kind, TEAM, CHANNEL, ids, watch_ids, **more
    )


def announced(run, *others, words=("fraud",), **more):
    return notification_reply(wanted(run, watches=len(words)), services(*PAST, run, *others, words=words, **more))


def of_sweep(*trials, is_final=False):
    message = wanted(*trials, kind=MessageKind.SWEEP, key=f"sweep:{TEAM}:{CHANNEL}:{PARENT.run_id}", is_final=is_final)
    return notification_reply(message, services(*PAST, PARENT, *trials))


def elements(reply):
    return [each for block in reply.blocks if block["type"] == "actions" for each in block["elements"]]


def pressable(reply):
    return {each["action_id"]: each for each in elements(reply)}


WHOLE = """\
# 🏆 New best in fraud: rf-12, val_auc 0.934 (+0.026 over rf-8)
depth 8 → 12 · 1 other unchanged
by maya · took 1 h · against rf-8 (previous run)
▸ Details
  • Baseline rf-8 finished · in fraud · started 2026-11-23 07:00 UTC · took 1 h · by maya · previous run
  • Candidate rf-12 finished · in fraud · started 2026-11-23 10:59 UTC · took 1 h · by maya
  Metrics
  • val_auc: 0.908 → 0.934 (▲ +0.026 better, +2.9 %)
  1 more metric
  Verdict
  • ✅ rf-12 in fraud is better than rf-8 on 1 of 2 metrics: val_auc 0.908 → 0.934 (+2.9 %)
  How it was judged
  • Directions guessed from names: higher is better for val_auc; lower is better for val_loss. To change one: \
/mlcompare set goal val_auc lower
  • The source commits are unknown: the code may differ too. Single runs: this could be seed noise.
[Compare with …] [Curves] [Pin as baseline] [⋯ Compare in MLflow, Mute fraud, Watches of this channel]"""


def test_a_run_that_ended_reads_verdict_table_why_and_what_to_press():
    assert read(announced(BEST).draw(BlockLevel.ALL)) == WHOLE


def test_text_alone_is_an_answer_with_its_links():
    assert read(announced(BROKE).draw(BlockLevel.TEXT)) == (
        "💥 rf-14 in fraud failed at step 34 of 100 (val_loss 0.7; ran 12 min, usual 1 h).\n"
        "depth 8 → 14 · 1 other unchanged\n"
        "by maya · against rf-8 (previous run)\n"
        "Compare in MLflow\nOpen rf-14"
    )


def test_a_sweep_is_one_message_with_counters():
    going = [a_run(f"t-{n}", ran=HOUR, parent_id=PARENT.run_id) for n in range(10)]
    first = of_sweep(*TRIALS, *going)
    assert first.headline == "Sweep lr-search: 30 of 40 ended, best val_auc 0.849 (rf-49)"
    assert (first.is_over, of_sweep(*TRIALS, is_final=True).is_over) == (False, True)
    assert "[Compare the best with …] [Pin the best as baseline]" in read(first.draw(BlockLevel.ALL))


def test_what_was_held_back_in_quiet_hours_says_so():
    quiet, other = (
        wanted(BEST, POOR, kind=MessageKind.BURST, key=f"burst:T:C:*:{last}") for last in (NOW_MS, "1" * 32)
    )
    desk = services(*PAST, BEST, POOR)
    assert notification_reply(quiet, desk).headline.startswith("After quiet hours: 2 runs ended")
    assert notification_reply(other, desk).headline.startswith("2 runs ended")


def test_the_first_watch_of_the_channel_that_wants_it_decides():
    assert announced(POOR, words=("fraud only better", "fraud metrics val_loss")).watch_id == "w1"
    assert isinstance(announced(POOR, words=("fraud only better",)), Unwanted)


def test_a_watch_that_was_removed_or_paused_is_told_nothing():
    assert isinstance(notification_reply(wanted(POOR), services(*PAST, POOR, words=())), Unwanted)
    paused = services(*PAST, POOR)
    paused.watches.pause("w0", by="U1", at=1)
    assert isinstance(notification_reply(wanted(POOR), paused), Unwanted)


def test_words_that_are_understood_no_more_do_not_stop_the_other_watches(caplog):
    assert announced(POOR, words=("fraud when", "fraud")).watch_id == "w1"


def test_the_channels_pinned_baseline_counts():
    agreements = InMemoryChannelDefaults()
    agreements.change(TEAM, CHANNEL, [ChannelSetting(PINNED, PAST[0].run_id)])
    assert "than rf-1 on" in announced(POOR, defaults=agreements).headline


def test_that_mlflow_does_not_answer_is_raised_to_be_asked_again():
    with pytest.raises(TrackingUnavailable):
        notification_reply(wanted(POOR), services(runs=FakeRuns(down="MLflow did not answer.")))


def test_a_new_best_is_told_by_its_id_and_can_be_said_by_itself():
    assert (announced(BEST).new_best, announced(POOR).new_best) == (BEST.run_id, "")
    aloud = notification_reply(wanted(BEST, kind=MessageKind.BEST), services(*PAST, BEST)).draw(BlockLevel.ALL)
    assert read(aloud).splitlines()[0] == "# 🏆 New best in fraud: rf-12, val_auc 0.934 (+0.026 over rf-8)"
    assert "Metric" not in read(aloud)


def test_a_run_that_seems_dead_is_told_since_when():
    since = str(NOW_MS - 3 * HOUR)
    told = notification_reply(wanted(GONE, kind=MessageKind.DEAD, about=since), services(GONE))
    assert told.headline == "gone in fraud seems dead: RUNNING, but silent for 3 h"


# What is held


def test_the_buttons_hold_ids_and_nothing_else():
    row = pressable(announced(BEST).draw(BlockLevel.ALL))
    held = NewsState(BEST.run_id, "2", PAST[-1].run_id, "w0")
    assert from_value(row[COMPARE]["value"]) == from_value(row[PIN]["value"]) == held
    assert [muted_experiment(option["value"]) for option in row[MENU]["options"]] == ["", "2", ""]


@pytest.mark.parametrize("value", ["", "x", "[]", "{}", '{"r": 5.5, "e": "<!channel>"}', json.dumps({"r": "a b"})])
def test_what_is_none_of_ours_is_not_read(value):
    assert from_value(value) is None
    assert muted_experiment(value) == ""


def test_what_is_written_is_read_back():
    held = NewsState("f" * 32, "123456789012345678", "e" * 32, "w" * 36)
    assert from_value(news_value(held)) == held


def test_the_metadata_holds_ids_baseline_first_so_that_the_thread_can_go_on():
    assert announced(BEST).draw(BlockLevel.ALL).metadata == {"event_payload": {"runs": [PAST[-1].run_id, BEST.run_id]}}
    assert len(of_sweep(*TRIALS).draw(BlockLevel.ALL).metadata["event_payload"]["runs"]) == KEPT


def test_what_was_compared_is_remembered_for_the_thread():
    kept = InMemoryComparisons()
    desk = services(*PAST, BEST, comparisons=kept)
    remember(notification_reply(wanted(BEST), desk), wanted(BEST), "17.5", desk)
    assert kept.in_thread(CHANNEL, "17.5").runs == (PAST[-1].run_id, BEST.run_id)
    remember(of_sweep(*TRIALS), wanted(BEST), "18.5", desk)
    assert kept.in_thread(CHANNEL, "18.5") is None


# Whose run it is


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"tags": {"slack_user": "U0MAYA"}}, "Run by <@U0MAYA>"),
        ({"tags": {"mlcompare.slack_user": "W12345678"}}, "Run by <@W12345678>"),
        ({"tags": {"slack_user": "<!channel>"}}, "Run by &lt;!channel&gt;"),
        ({"tags": {"slack_user": "UNKNOWN"}}, "Run by UNKNOWN"),
        ({"tags": {"mlcompare.slack_user": "UNASSIGNED"}}, "Run by UNASSIGNED"),
        ({"tags": {"slack_user": "UABCDEFGH"}}, "Run by <@UABCDEFGH>"),
        ({"user": "USERADMIN"}, "Run by USERADMIN"),
        ({"user": "maya@example.org"}, "Run by <@U0LOOKED>"),
        ({"user": "ada@example.org"}, "Run by ada@example.org"),
        ({"user": "maya"}, "Run by maya"),
    ],
)
def test_the_owner_is_mentioned_where_slack_knows_them_else_named(facts, said):
    people = {"maya@example.org": "U0LOOKED", "ada@example.org": "@here", "UABCDEFGH": "UABCDEFGH"}
    run = replace(POOR, **facts)
    drawing = announced(run, words=("fraud mention owner",), find_person=lambda told: people.get(told, "")).draw
    for rung in BlockLevel:
        reply = drawing(rung)
        assert reply.text.splitlines()[-1] == said
        assert rung is BlockLevel.TEXT or reply.blocks[1]["text"]["text"] == said


def test_nobody_is_mentioned_unless_a_watch_asks_for_it_and_never_by_an_example():
    run = replace(POOR, tags={"slack_user": "U0MAYA"})
    assert "U0MAYA" not in str(announced(run).draw(BlockLevel.ALL))
    said = Utterance("", "U1", TEAM, CHANNEL, "")
    shown = example_notification(Watch("fraud", mentions_owner=True), said, services(*PAST, run), run)
    assert "U0MAYA" not in str(shown.draw(BlockLevel.ALL))


def test_a_look_up_that_fails_is_no_reason_to_say_nothing(caplog):
    def fail(_address):
        raise OSError("Slack is down")

    run = replace(POOR, user="maya@example.org")
    assert (
        "Run by maya@example.org"
        in announced(run, words=("fraud mention owner",), find_person=fail).draw(BlockLevel.ALL).text
    )


# Within the limits


def many_messages(name):
    """A message of each kind with runs that are called so, and log and set much that is."""
    place = replace(FRAUD, name=name)
    named = [replace(run, experiment=place) for run in [*PAST, *TRIALS, PARENT, GONE, BROKE]]
    odd = {f"{name} {n}": Metric(float(n)) for n in range(30)}
    facts = {"name": name, "experiment": place, "user": name, "metrics": dict(BEST.metrics) | odd}
    run = replace(BEST, **facts, parameters={f"{name} {n}": name for n in range(30)}, tags={"slack_user": name})
    broke = replace(run, run_id="d" * 32, status=Status.FAILED)
    trials = [replace(run, run_id=f"{n:032x}", parent_id=PARENT.run_id) for n in range(30)]
    elsewhere = [
        replace(run, run_id=f"{n:032x}", experiment=Experiment(str(n), f"{name} {n}")) for n in range(100, 130)
    ]
    desk = services(*named, run, broke, *trials, *elsewhere, words=("* mention owner",))
    yield notification_reply(wanted(run), desk)
    yield notification_reply(wanted(broke), desk)
    yield notification_reply(wanted(run), services(run, words=("* mention owner",)))
    yield notification_reply(wanted(*trials, kind=MessageKind.SWEEP, key=f"sweep:T:C:{PARENT.run_id}"), desk)
    yield notification_reply(wanted(*trials, broke, kind=MessageKind.BURST, key="burst:T:C:*:1795435200000"), desk)
    yield notification_reply(wanted(*elsewhere, kind=MessageKind.BURST), desk)
    yield notification_reply(wanted(GONE, kind=MessageKind.DEAD), desk)
    yield notification_reply(Notification("notice", MessageKind.NOTICE, TEAM, CHANNEL, about=f"{name}\n{name}"), desk)


def mrkdwn_of(node):
    if isinstance(node, dict):
        if node.get("type") == "mrkdwn":
            yield node["text"]
        for value in node.values():
            yield from mrkdwn_of(value)
    elif isinstance(node, list | tuple):
        for part in node:
            yield from mrkdwn_of(part)


OURS = re.compile(r"<https?://[^<>|]+(?:\|[^<>]*)?>|&(?:amp|lt|gt);|^\*[^*]*\*$", re.MULTILINE)
CODE = re.compile(r"`/mlcompare [^`<>\n]*`")  # what can be copied


@pytest.mark.parametrize("name", NASTY, ids=range(len(NASTY)))
def test_whatever_runs_are_called_messages_keep_the_limits_and_nothing_in_them_is_markup(name):
    for told in many_messages(name):
        for rung in BlockLevel:
            reply = told.draw(rung)
            assert find_problems(reply.blocks, reply.text) == []
            payload = {"text": reply.text, "blocks": list(reply.blocks)}
            assert check_message(payload | {"metadata": {"event_type": "e", **reply.metadata}}) is None
            assert reply.text.strip()
            for text in [reply.text, *mrkdwn_of(reply.blocks)]:
                assert not re.search(r"[<>`]", CODE.sub("", OURS.sub("", text)))
                assert "@channel" not in text


# Digests and notices


def test_a_digest_is_the_standup_since_the_one_before():
    message = wanted(kind=MessageKind.DIGEST, about="2026-11-23", key="digest:w0:2026-11-23")
    told = notification_reply(message, services(*PAST, BROKE, words=("weekdays 9:30 Europe/Berlin fraud",)))
    assert told.headline == "Since Fri 20 Nov, 09:30 CET in fraud: 8 finished, 1 failed; nothing is running now"
    assert told.is_over


def test_a_digest_that_was_taken_back_is_not_told():
    assert isinstance(notification_reply(wanted(kind=MessageKind.DIGEST), services(words=())), Unwanted)


def test_a_notice_is_its_words():
    told = notification_reply(
        Notification("notice:w0:1", MessageKind.NOTICE, TEAM, "U1", about="It is paused.\nResume it."), services()
    )
    assert " ".join(read(told.draw(BlockLevel.ALL)).split()) == "# It is paused. • Resume it."
