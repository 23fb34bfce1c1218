"""Each kind of message in a real browser, on a phone and on a desktop: what people see before they scroll."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from slack_sdk import WebClient

from bot.playground.slack import EXPERIMENTS, SlackStandIn
from comparison.runs import Experiment, Metric, Status
from tests.bot.playground.message_kinds import DIGITS, announced, comparisons, drawn, long_names
from tests.comparison.notifications.newsroom import BEST, BROKE, PAST, POOR, news
from tests.comparison.reports.test_news import GOING, TRIALS, of_burst, of_sweep
from tests.comparison.sweeps.made import signal
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, NOON, OLD, a_run
from tests.handlers.test_sweeps import FRAUD, sweep
from tests.handlers.workshop import Workshop

PHONE, DESKTOP = (390, 844), (1280, 860)
MEASURE = """
nodes => Object.fromEntries(nodes.map(node => {
  const top = node.getBoundingClientRect().top;
  const head = node.querySelector(".header, .text");
  const titles = [...node.querySelectorAll("thead th")].map(each => [each.textContent.replace(/[↕↑↓]/g, "").trim(), each.getBoundingClientRect().right]);
  const lines = [...node.querySelectorAll("tbody th, tbody td:first-child")].map(each => each.getBoundingClientRect().height);
  const row = node.querySelector("tbody tr");
  const actions = [...node.querySelectorAll(".body > .actions")];
  return [node.dataset.ts, {
    height: node.getBoundingClientRect().height,
    verdict: head ? head.getBoundingClientRect().bottom - top : 0,
    columns: Object.fromEntries(titles),
    tallest: Math.max(0, ...lines),
    row: row ? row.getBoundingClientRect().bottom - top : 0,
    rows: new Set(actions.flatMap(each => [...each.children].map(one => Math.round(one.getBoundingClientRect().top)))).size,
    wide: document.documentElement.scrollWidth,
  }];
}))
"""
ASKED = {
    "standup": "standup",
    "top": "top 3 by accuracy",
    "show": "show new",
    "failed": "failed",
    "running": "running",
    "watch": "watch iris",
    "watch list": "watches",
    "help": "help",
    "help on watches": "help watch",
    "picker": "twin vs old",
    "error": "old vs nwe",
}


BUSY = {
    "standup of five": "standup",
    "sweep": "sweep search",
    "front": "sweep fraud by accuracy and latency_ms",
    "top of long names": "top 5 by val_accuracy in digits",
    "failed of five": "failed",
    "running of five": "running",
    "newest runs": "list runs",
    "settings": "settings",
    "pinned": "pin trial-3",
    "settings that are set": "settings",
    "what changed": "what changed between trial-3 and trial-4",
}


def of_five():
    """Runs of five experiments: each has a best, a failure and one that runs; one has long names, one a sweep."""
    names = ("churn", "image-classification-resnet", "nightly", "digits", "fraud")
    facts = {"experiment": DIGITS}
    runs = [replace(run, started_at=NOON - 7_200_000, ended_at=NOON - 3_600_000, **facts) for run in long_names(9)]
    for number, name in enumerate(names):
        place = {"experiment": Experiment(f"{number + 20}", name)} if name not in ("digits", "fraud") else {}
        place = place or {"experiment": DIGITS if name == "digits" else FRAUD}
        logged = {"val_accuracy": Metric(0.8 + number / 50, 12, NOON - 60_000)}
        kinds = {"good-run-with-a-long-name": Status.FINISHED, "broke-early": Status.FAILED, "goes-on": Status.RUNNING}
        for at, (called, status) in enumerate(kinds.items()):
            ended = None if status is Status.RUNNING else NOON - (number + 1) * 3_600_000
            times = {"started_at": NOON - 36_000_000, "ended_at": ended}
            run = a_run(f"{name}-{called}", 300 + number * 10 + at, status=status, metrics=logged, **place, **times)
            runs.append(run)
    return FakeRuns([*runs, *sweep(signal(60, 0))])


@pytest.fixture(scope="module")
def screens(browser):
    """How each kind of message is drawn at both widths: by kind and width, all of one session."""
    runs = FakeRuns(
        [
            OLD,
            NEW,
            a_run("twin", 3),
            a_run("twin", 4),
            a_run("late", 5, status=Status.FAILED),
            a_run("goes", 6, status=Status.RUNNING, ended_at=None),
        ]
    )
    with SlackStandIn() as slack:
        client = WebClient(token=slack.installation.bot_token, base_url=slack.api_url, retry_handlers=[])
        told = {kind: drawn(comparison) for kind, comparison in comparisons().items()}
        told |= {
            "a run got worse": announced(news(*PAST, POOR)),
            "a new best": announced(news(*PAST, BEST)),
            "a run failed": announced(news(*PAST, BROKE)),
            "a sweep": announced(of_sweep(*TRIALS, *GOING)),
            "a burst": announced(of_burst(BEST, POOR, BROKE)),
        }
        kinds = {
            client.chat_postMessage(channel=EXPERIMENTS, text=reply.text, blocks=list(reply.blocks))["ts"]: kind
            for kind, reply in told.items()
        }
        for asked, store in ((ASKED, runs), (BUSY, of_five())):
            with Workshop(slack, store) as bot:
                for kind, words in asked.items():
                    before = {message.ts for message in slack.workspace.everything()}
                    assert slack.command("/mlcompare", words).was_taken
                    answer = slack.wait_until(lambda before=before: newest(slack, before), 60)
                    kinds[answer.ts] = kind
                bot.finish()
        found = {}
        for width, height in (PHONE, DESKTOP):
            page = browser.new_context(viewport={"width": width, "height": height}).new_page()
            page.goto(slack.url)
            page.wait_for_selector("body[data-ready]")
            for ts, measured in page.locator("[data-ts]").evaluate_all(MEASURE).items():
                if ts in kinds:
                    found[kinds[ts], width] = SimpleNamespace(**measured)
            page.context.close()
        return found


def newest(slack, before):
    """The answer once it is whole, not the line that says what is being worked on."""
    return next((m for m in slack.workspace.everything() if m.ts not in before and m.blocks), None)


TWO_RUNS = (
    "two runs",
    "two runs, six metrics",
    "a failed run",
    "one-sided metrics",
    "long names",
    "no known goal",
    "worse",
)
NEWS = ("a run got worse", "a new best", "a run failed")


@pytest.mark.parametrize("kind", TWO_RUNS)
def test_two_runs_fit_one_screen(screens, kind):
    assert screens[kind, PHONE[0]].height <= 700
    assert screens[kind, DESKTOP[0]].height <= 560


@pytest.mark.parametrize("kind", comparisons())
def test_the_verdict_and_the_change_are_seen_before_scrolling(screens, kind):
    for width, height in (PHONE, DESKTOP):
        seen = screens[kind, width]
        assert 0 < seen.verdict < height / 3
        assert seen.columns.get("Change", 0) <= width
        assert seen.row < height / 2
        assert seen.wide <= width
        assert seen.rows <= 1


@pytest.mark.parametrize("kind", NEWS)
def test_a_run_that_ended_is_told_in_a_few_lines(screens, kind):
    assert screens[kind, PHONE[0]].height <= 330
    assert screens[kind, DESKTOP[0]].height <= 230


@pytest.mark.parametrize("kind", [*ASKED, *BUSY, "a sweep", "a burst", "nine long names", "seeds against seeds"])
def test_what_is_asked_for_fits_one_screen_of_a_phone(screens, kind):
    assert screens[kind, PHONE[0]].height <= 700
    for width, _height in (PHONE, DESKTOP):
        assert screens[kind, width].wide <= width


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("top of long names", "Behind #1"),
        ("failed of five", "Last logged"),
        ("running of five", "vs best"),
        ("running", "Last logged"),
        ("nine long names", "Change"),
        ("front", "latency_ms"),
        ("sweep", "accuracy"),
    ],
)
def test_what_counts_stands_beside_the_name_on_a_phone(screens, kind, column):
    assert 0 < screens[kind, PHONE[0]].columns[column] <= PHONE[0]


@pytest.mark.parametrize(
    "kind", ["nine long names", "eight runs", "top of long names", "failed of five", "standup of five"]
)
def test_the_name_of_a_run_takes_one_line(screens, kind):
    assert 0 < screens[kind, PHONE[0]].tallest <= 32
