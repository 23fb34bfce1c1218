"""Quick answers for standups: what is said, and what a person reads then."""

from dataclasses import replace

import pytest

from bot.playground.slack import MAYA
from comparison.channel_defaults import ChannelSetting
from comparison.runs import Experiment, Metric, Status
from handlers.slack.limits import ALL_TEXT, text_weight
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import MINUTE, NEW, NOON, OLD, a_run
from tests.handlers.workshop import Gate, Workshop

HOUR = 60 * MINUTE
FRAUD = Experiment("2", "fraud")


def fraud(name, number, *, ended=None, ran=HOUR, **facts):
    """A run of fraud; `ended` in ms before noon, None: it still runs."""
    end = None if ended is None else NOON - ended
    return a_run(
        name, run_id=f"{number:02d}" * 16, experiment=FRAUD, started_at=(end or NOON) - ran, ended_at=end, **facts
    )


OLD_BEST = fraud("old-best", 11, ended=199 * HOUR, metrics={"auc": Metric(0.90)}, parameters={"C": "1"})
FRESH = fraud("fresh", 12, ended=4 * HOUR, metrics={"auc": Metric(0.93, 60)}, parameters={"C": "3"}, user="jonas")
BROKE = fraud("broke", 13, ended=5 * HOUR, metrics={"auc": Metric(0.5, 12)}, status=Status.FAILED, user="ada")
ALIVE = fraud("alive", 15, ran=2 * HOUR, metrics={"auc": Metric(0.7, 30, NOON - MINUTE)}, status=Status.RUNNING)
GONE = fraud("gone", 16, ran=50 * HOUR, metrics={"auc": Metric(0.6, 3, NOON - 40 * HOUR)}, status=Status.RUNNING)
TEAM = [OLD, NEW, OLD_BEST, FRESH, BROKE, ALIVE, GONE]
HISTORIES = {(FRESH.run_id, "auc"): [Metric(0.5, 1), Metric(0.65, 30), Metric(0.93, 60)]}


@pytest.fixture
def runs():
    return FakeRuns(list(TEAM), histories=dict(HISTORIES))


STANDUP = """\
#ml-experiments:
# Since Fri 20 Nov, 12:00 UTC: 3 finished, 1 failed; now 1 running, 1 seems dead
| Experiment | Best so far | Finished | Failed | Running |
| fraud | new: auc 0.93, fresh (was 0.90) | 1 | 1 | 1, 1 dead? |
| iris | new: accuracy 0.92, new | 2 | 0 | 0 |
Failed
• broke: in fraud · 5 h ago · by ada
Seems dead
• gone: in fraud · silent for 1 d 16 h · by maya
▸ Details: new best, running, finished, who ran what
  New best
  • fraud: fresh, auc 0.93 · was 0.90, old-best · by jonas
  • iris: new, accuracy 0.92 · first result · by maya
  Running
  • alive: in fraud · for 2 h · auc 0.7 at step 30 · by maya
  Finished
  • fraud: fresh, auc 0.93
  • iris: best new, accuracy 0.92; old, accuracy 0.85
  Who ran what
  • maya: 4 runs in iris and fraud
  • ada: 1 run in fraud
  • jonas: 1 run in fraud
  How it was judged
  • Directions guessed from names: higher is better for auc and accuracy. To change one: /mlcompare set goal auc lower
[What made the new best?]
(Asked by @U0MAYA)"""

TOP = """\
#ml-experiments:
# Best auc in fraud: 0.93, fresh
| Run | auc | Behind #1 | C | By |
| 1. fresh | 0.93 | – | 3 | jonas, 5 h ago |
| 2. old-best | 0.90 | -0.03 | 1 | maya, 8 d ago |
[Compare top 2] [Compare in MLflow]
(Asked by @U0MAYA · Guessed from its name: higher auc is better.)"""

RUNNING = """\
#ml-experiments:
# 1 run is running in fraud, 1 seems dead
| Run | vs best | Last logged | Running for | By |
| alive | ▲ +0.05 better | auc 0.7, step 30 | 2 h | maya |
| gone | seems dead | auc 0.6, step 3 | 2 d 2 h, silent for 1 d 16 h: seems dead | maya |
(Asked by @U0MAYA · Against the best run so far at the same step: fresh (auc 0.93) in fraud.)"""

FAILED = """\
#ml-experiments:
# 1 run failed since Sun 22 Nov, 00:00 UTC
| Run | When | Last logged | Ran for | By |
| broke | 5 h ago | auc 0.5, step 12 | 1 h | ada |
(Asked by @U0MAYA · It is in fraud.)"""

SHOW = """\
#ml-experiments:
# fresh: finished, auc 0.93 at step 60
| Metric | Value | Step |
| auc | 0.93 | 60 |
Parameters
• C: 3
▸ Details
  • Run fresh finished · in fraud · started 5 h ago · took 1 h · by jonas
  • Experiment: fraud
  • User: jonas
  • Status: finished
  • Started: 2026-11-23 07:00 UTC
  • Ended: 2026-11-23 08:00 UTC
  • Took: 1 h
  • Commit: c0ffee
  • Run: 12121212121212121212121212121212
[Curves] [Open fresh]
(Asked by @U0MAYA)"""

WHO = """\
#ml-experiments:
# fresh: run by jonas 5 h ago, finished
Run details
• Experiment: fraud
• User: jonas
• Status: finished
• Started: 2026-11-23 07:00 UTC
• Ended: 2026-11-23 08:00 UTC
• Took: 1 h
• Commit: c0ffee
• Run: 12121212121212121212121212121212
• Everything: `/mlcompare show 12121212`
[Open fresh]
(Asked by @U0MAYA)"""


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("standup", STANDUP),
        ("top 2 by auc in fraud", TOP),
        ("running in fraud", RUNNING),
        ("failed since yesterday", FAILED),
        ("show fresh", SHOW),
        ("who ran fresh", WHO),
    ],
)
def test_a_quick_answer_as_it_is_read_in_the_channel(slack, runs, words, answer):
    with Workshop(slack, runs) as bot:
        assert bot.ask(words) == answer


@pytest.mark.parametrize(
    ("words", "headline"),
    [
        ("standup since 9am", "# Since Mon 23 Nov, 09:00 UTC: 2 finished, 0 failed; now 1 running, 1 seems dead"),
        (
            "standup 24h in fraud",
            "# Since Sun 22 Nov, 12:00 UTC in fraud: 1 finished, 1 failed; now 1 running, 1 seems dead",
        ),
        ("standup since 1 min in iris", "# Nothing ended in iris since Mon 23 Nov, 11:59 UTC, and nothing is"),
        ("what failed since yesterday", "# 1 run failed since Sun 22 Nov, 00:00 UTC"),
        ("failed since 1h", "# Nothing failed since Mon 23 Nov, 11:00 UTC"),
        ("failed in iris", "# Nothing failed in iris since Mon 16 Nov, 12:00 UTC"),
        ("running in iris", "# Nothing is running in iris"),
        ("what is running", "# 1 run is running, 1 seems dead"),
        ("top 3", "# Best auc: 0.93, fresh"),
        ("worst 1 by loss", "# Worst loss: 0.5, old"),
        ("top 1 by auc where params.C = '1'", "# Best auc where params.C = '1': 0.9, old-best"),
        ("show latest", "# new: finished, accuracy 0.92"),
        ("show best auc in fraud", "# fresh: finished, auc 0.93 at step 60"),
    ],
)
def test_what_is_said_and_the_first_line_of_the_answer(slack, runs, words, headline):
    with Workshop(slack, runs) as bot:
        assert bot.ask(words).splitlines()[1].startswith(headline)


@pytest.mark.parametrize(
    ("words", "heard"),
    [
        ("standup in frdau", "There is no experiment called frdau."),
        ("standup since smarch", "I do not know when “smarch” is."),
        ("failed since 2020-01-01", "more than a year ago"),
        ("running in nowhere", "There is no experiment called nowhere."),
        ("top 5 by acuracy", "Did you mean\n[accuracy] [auc]"),
        ("top 99", "between 1 and 50"),
        ("top 3 by auc where params.C = '9'", "No run where params.C = '9' logged a finite auc."),
        ("top 3 by auc where params.C LIKE 9", "MLflow does not take this filter"),
        ("show nobody", "There is no run called nobody."),
        ("show", "Which run?"),
        ("who ran", "Who ran what?"),
    ],
)
def test_what_cannot_be_answered_is_told_to_the_asker_alone(slack, runs, words, heard):
    with Workshop(slack, runs) as bot:
        read = bot.ask(words)
    assert read.startswith(f"#ml-experiments, only to {MAYA}:\n# ")
    assert heard in read
    assert "went wrong" not in read


@pytest.mark.parametrize("words", ["standup", "running", "failed", "top 5", "show fresh", "who ran fresh"])
def test_mlflow_being_down_is_told_to_the_asker_alone(slack, words):
    with Workshop(slack, FakeRuns(list(TEAM), down="MLflow did not answer.")) as bot:
        read = bot.ask(words)
    assert read.startswith(f"#ml-experiments, only to {MAYA}:\n# MLflow did not answer.")


def test_a_name_of_several_runs_is_asked_about(slack):
    twins = [fraud("twin", number, ended=HOUR) for number in (21, 22)]
    with Workshop(slack, FakeRuns(twins)) as bot:
        read = bot.ask("show twin")
    assert read.startswith(f"#ml-experiments, only to {MAYA}:\n# 2 runs are called twin.")


@pytest.mark.parametrize("words", ["standup in fraud", "running", "failed", "top 5", "show fresh"])
def test_something_is_seen_while_mlflow_takes_its_time(slack, runs, words):
    gate = Gate(runs)
    with Workshop(slack, gate, working_after=0.01) as bot:
        assert slack.command("/mlcompare", words).was_taken
        slack.wait_until(lambda: any("Looking" in message.text for message in slack.workspace.everything()))
        gate.open()
        read = bot.transcript()
    assert read.count("#ml-experiments") == 1
    assert "Looking" not in read


def test_a_standup_of_a_hundred_experiments_fits_into_one_message(slack):
    many = [
        fraud(
            f"run-{number} <!channel> *x*",
            0,
            ended=number * MINUTE,
            status=Status.FAILED if number % 3 else Status.FINISHED,
        )
        for number in range(1, 400)
    ]
    placed = [
        replace(
            run, run_id=f"{place:032x}", experiment=Experiment(str(place % 100), f"team {place % 100} | <@U0JONAS>")
        )
        for place, run in enumerate(many)
    ]
    with Workshop(slack, FakeRuns(placed)) as bot:
        bot.ask("standup")
    (message,) = slack.messages()
    assert text_weight(message.blocks) <= ALL_TEXT
    assert "<!channel>" not in message.text
    assert "<@U0JONAS>" not in message.text


@pytest.mark.parametrize(
    ("words", "headline"),
    [
        ("standup", " in iris, the channel's experiment: 2 finished, 0 failed; nothing is running now"),
        ("standup everywhere", ": 3 finished, 1 failed; now 1 running, 1 seems dead"),
        ("top 1", "# Best loss in iris, the channel's experiment: 0.25, new"),
        ("running in fraud", "# 1 run is running in fraud, 1 seems dead"),
    ],
)
def test_what_the_channel_agreed_on_is_used_and_said(slack, runs, words, headline):
    with Workshop(slack, runs) as bot:
        agreed = [ChannelSetting("experiment", "iris"), ChannelSetting("metric", "loss")]
        bot.services.defaults.change("T0PLAYGROUND", "C0EXPERIMENTS", agreed)
        assert headline in bot.ask(words).splitlines()[1]
