"""What is said to the bot, and what a person reads then."""

import math

import pytest

from bot.playground.slack import MAYA
from comparison.runs import Metric
from handlers.slack.limits import ALL_TEXT, text_weight
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.reading import read
from tests.handlers.workshop import Workshop

THIRD = a_run("third", 3, metrics={"accuracy": Metric(0.8), "loss": Metric(0.6)})
SPACED = a_run("Run 1", 4)
UI = "http://mlflow.example"


def headline(transcript):
    return transcript.splitlines()[1]


SAID_AND_COMPARED = [
    ("old vs new", "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"),
    ("old new", "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"),
    ("new vs old", "# ❌ old is worse on 2 of 2 metrics: accuracy 0.92 → 0.85 (-7.6 %)"),
    ("compare run old with run new", "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"),
    ("compare old to new", "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"),
    ("diff old new", "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"),
    ("is new better than old", "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"),
    ("old vs new in iris", "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"),
    ("iris/old vs iris/new", "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"),
    (f"{OLD.run_id} {NEW.run_id}", "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"),
    ("“Run 1” vs new", "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"),
    ('"Run 1" vs new', "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)"),
    (
        f"{UI}/#/experiments/1/runs/{OLD.run_id} {UI}/#/experiments/1/runs/{NEW.run_id}",
        "# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)",
    ),
]


@pytest.mark.parametrize(("words", "answer"), SAID_AND_COMPARED)
def test_every_way_to_ask_is_answered_with_the_verdict(slack, words, answer):
    with Workshop(slack, FakeRuns([OLD, NEW, SPACED])) as bot:
        assert headline(bot.ask(words)) == answer


@pytest.mark.parametrize("words", ["compare run old vs new", "old vs new", "is new better than old?"])
def test_the_same_words_after_a_mention_and_in_a_direct_message(slack, runs, words):
    with Workshop(slack, runs) as bot:
        slack.mention(words)
        slack.direct_message(words)
        assert bot.transcript().count("# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)") == 2


WHOLE = """\
#ml-experiments:
# ✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)
| Metric | Change | new | old (baseline) |
| accuracy | ▲ +0.07 better, +8.2 % | 0.92 | 0.85 |
| loss | ▼ -0.25 better, -50 % | 0.25 | 0.50 |
C 1.0 → 0.5 · 1 other unchanged
⚠️ Single runs: this could be seed noise.
▸ Details
  • Baseline old finished · in iris · started 59 min ago · took 1 min · by maya
  • Candidate new finished · in iris · started 58 min ago · took 1 min · by maya
  • Experiment: iris (both)
  • User: maya (both)
  • Commit: c0ffee (both)
  • Started: 2026-11-23 11:01 UTC → 2026-11-23 11:02 UTC
  • Duration: 1 min (both)
  • Run: 00000000000000000000000000000001 → 00000000000000000000000000000002
  How it was judged
  • Directions guessed from names: higher is better for accuracy; lower is better for loss. To change one: \
/mlcompare set goal loss higher
  [Only differences] [Set goals …]
[Why?] [Curves] [Swap] [⋯ Compare in MLflow, Show unchanged, Best values, Add a run …, Refresh]
(Asked by @U0MAYA · How this is judged)"""


def test_a_comparison_as_it_is_read_in_the_channel(slack, runs):
    with Workshop(slack, runs, rules_url="https://docs.example/rules") as bot:
        assert bot.ask("old vs new") == WHOLE


def test_named_metrics_come_first_and_lead_the_verdict(slack, runs):
    with Workshop(slack, runs) as bot:
        read = bot.ask("old vs new by loss")
    assert headline(read).startswith("# ✅ new is better: loss 0.50 → 0.25 (-50 %)")
    assert read.index("| loss |") < read.index("| accuracy |")


def test_of_three_runs_each_has_its_column(slack):
    with Workshop(slack, FakeRuns([OLD, NEW, THIRD])) as bot:
        read = bot.ask("old, new and third")
    assert "| Metric | new | third | old (baseline) |" in read
    assert "| accuracy | 0.92 ▲ +0.07 better, +8.2 % | 0.80 ▼ -0.05 worse, -5.9 % | 0.85 |" in read


@pytest.mark.parametrize("words", ["", "help", "?"])
def test_help_has_four_lines_to_copy_with_runs_of_this_server(slack, runs, words):
    with Workshop(slack, runs) as bot:
        read = bot.ask(words)
    assert read.startswith(f"#ml-experiments, only to {MAYA}:")
    assert read.count("`/mlcompare ") >= 4
    assert "`/mlcompare new vs old`" in read


def test_help_comes_without_names_when_mlflow_is_down(slack):
    with Workshop(slack, FakeRuns([OLD, NEW], down="MLflow did not answer.")) as bot:
        assert "`/mlcompare run-a vs run-b`" in bot.ask("help")


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        ("old vs nwe", "Did you mean\n[new]"),
        ("vs", "/mlcompare"),
        ("old vs new in irsi", "iris"),
        ("old vs new by acuracy", "accuracy"),
        ("0000 vs new", "0000"),
        ("standup since smarch", "/mlcompare standup since monday"),
    ],
)
def test_what_cannot_be_answered_is_told_to_the_asker_alone_with_what_to_type(slack, runs, words, heard):
    with Workshop(slack, runs) as bot:
        read = bot.ask(words)
    assert read.startswith(f"#ml-experiments, only to {MAYA}:\n# ")
    assert heard in read
    assert "went wrong" not in read


@pytest.mark.parametrize(
    ("words", "button", "answer"),
    [
        ("standupp", "standup", "# Since Fri 20 Nov, 12:00 UTC: 2 finished, 0 failed; nothing is running now"),
        ("faild in iris", "failed", "# Nothing failed in iris"),
        ("runing", "running", "# Nothing is running"),
    ],
)
def test_a_wrong_first_word_is_put_right_by_one_press(slack, runs, words, button, answer):
    with Workshop(slack, runs) as bot:
        slack.command("/mlcompare", words)
        offer = slack.wait_for_ephemeral("I do not understand")
        assert f"[{button}]" in read(offer)
        slack.press(offer, "pick:0")
        assert answer in bot.transcript()


def test_a_run_alone_is_shown(slack, runs):
    with Workshop(slack, runs) as bot:
        assert headline(bot.ask("old")) == "# old: finished, accuracy 0.85"


def test_a_real_name_is_read_before_the_word_that_it_is(slack):
    with Workshop(slack, FakeRuns([OLD, NEW, a_run("running", 7)])) as bot:
        assert "| Metric | Change | running | old (baseline) |" in bot.ask("old vs running")


def test_a_run_that_the_lists_lack_is_looked_up(slack):
    many = [a_run(f"r{number}", number) for number in range(400, 100, -1)]
    with Workshop(slack, FakeRuns([OLD, NEW, THIRD, *many])) as bot:
        assert "| Metric | new | third | old (baseline) |" in bot.ask("old, new and third")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("top 1 by accuracy, loss in iris", "new"),
        ("compare all runs in iris", "# ❌ old is worse on 2 of 2 metrics: accuracy 0.92 → 0.85 (-7.6 %)"),
        ("list experiments", "iris"),
        ("list runs of maya", "old"),
        ("compare the last two runs in iris", "2 metrics"),
    ],
)
def test_whole_questions_are_answered(slack, runs, words, told):
    with Workshop(slack, runs) as bot:
        read = bot.ask(words)
    assert told in read
    assert f"only to {MAYA}" not in read


def test_the_same_run_twice_is_said(slack, runs):
    with Workshop(slack, runs) as bot:
        read = bot.ask("old vs old")
    assert "⚠️ old (00000000) and old (00000000) #2 are the same run." in read


def test_runs_that_share_no_metric_are_said_to_be_incomparable(slack):
    other = a_run("other", 5, metrics={"bleu": Metric(0.3)})
    with Workshop(slack, FakeRuns([OLD, other])) as bot:
        assert headline(bot.ask("old vs other")) == "# ❔ Nothing to compare: the runs share no metric"


def test_a_value_that_is_no_number_is_shown_and_doubted(slack):
    broken = a_run("broken", 5, metrics={"accuracy": Metric(math.nan), "loss": Metric(math.inf)})
    with Workshop(slack, FakeRuns([OLD, broken])) as bot:
        read = bot.ask("old vs broken")
    assert "NaN" in read
    assert "not a number" in read


def test_three_hundred_metrics_are_shown_as_far_as_they_fit(slack):
    many = {f"metric_{number}_loss": Metric(number / 7) for number in range(300)}
    more = {name: Metric(metric.value + 1) for name, metric in many.items()}
    with Workshop(slack, FakeRuns([a_run("a1", 5, metrics=many), a_run("b1", 6, metrics=more)])) as bot:
        read = bot.ask("a1 vs b1")
    shown = sum(line.startswith("| metric_") for line in read.splitlines())
    assert shown >= 60
    assert f"{300 - shown} more rows are not shown here. All of it is in MLflow" in read


def test_two_hundred_parameters_and_a_long_one_are_folded_and_cut(slack):
    some = {f"p{number}": str(number) for number in range(200)} | {"prompt": "a" * 6000}
    others = {name: f"{value}9" for name, value in some.items()}
    runs = FakeRuns([a_run("a1", 5, parameters=some), a_run("b1", 6, parameters=others)])
    with Workshop(slack, runs) as bot:
        read = bot.ask("a1 vs b1")
    assert "more · " not in read
    assert "▸ Details" in read
    (message,) = slack.messages()
    assert text_weight(message.blocks) <= ALL_TEXT


@pytest.mark.parametrize("name", ["<!channel>", "*bold* _it_ `code`", "a | b", "<@U0JONAS> @here", "🎉 party", "ראשון"])
def test_a_hostile_name_does_nothing_anywhere(slack, name):
    hostile = a_run(name, 5, metrics={name: Metric(1.0), "loss": Metric(0.1)}, parameters={name: name})
    with Workshop(slack, FakeRuns([OLD, hostile])) as bot:
        read = bot.ask(f"{OLD.run_id} {hostile.run_id}")
    (message,) = slack.messages()
    assert read.startswith("#ml-experiments:")
    sent = f"{message.text} {mrkdwn_of(message.blocks)}"
    for live in ("<!channel>", "<@U0JONAS>", "@here", "*bold*", "`code`"):
        assert live not in sent


def mrkdwn_of(node):
    if isinstance(node, dict):
        own = node["text"] if node.get("type") == "mrkdwn" else ""
        return f"{own} {' '.join(mrkdwn_of(value) for value in node.values())}"
    if isinstance(node, list | tuple):
        return " ".join(mrkdwn_of(part) for part in node)
    return ""
