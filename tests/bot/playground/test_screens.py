"""Each kind of message in a real browser, on a phone and on a desktop: what people see before they scroll."""

from types import SimpleNamespace

import pytest
from slack_sdk import WebClient

from bot.playground.slack import EXPERIMENTS, SlackStandIn
from comparison.runs import Status
from tests.bot.playground.message_kinds import announced, comparisons, drawn
from tests.comparison.notifications.newsroom import BEST, BROKE, PAST, POOR, news
from tests.comparison.reports.test_run_news import GOING, TRIALS, of_burst, of_sweep
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD, a_run
from tests.handlers.workshop import Workshop

PHONE, DESKTOP = (390, 844), (1280, 860)
MEASURE = """
nodes => Object.fromEntries(nodes.map(node => {
  const top = node.getBoundingClientRect().top;
  const head = node.querySelector(".header, .text");
  const change = [...node.querySelectorAll("thead th")].find(each => each.textContent.startsWith("Change"));
  const row = node.querySelector("tbody tr");
  const actions = [...node.querySelectorAll(".body > .actions")];
  return [node.dataset.ts, {
    height: node.getBoundingClientRect().height,
    verdict: head ? head.getBoundingClientRect().bottom - top : 0,
    change: change ? change.getBoundingClientRect().right : 0,
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
    "picker": "twin vs old",
    "error": "old vs nwe",
}


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
        with Workshop(slack, runs) as bot:
            for kind, words in ASKED.items():
                before = {message.ts for message in slack.workspace.everything()}
                assert slack.command("/mlcompare", words).was_taken
                answer = slack.wait_until(
                    lambda before=before: next((m for m in slack.workspace.everything() if m.ts not in before), None)
                )
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
        assert seen.change <= width
        assert seen.row < height / 2
        assert seen.wide <= width
        assert seen.rows <= 1


@pytest.mark.parametrize("kind", NEWS)
def test_a_run_that_ended_is_told_in_a_few_lines(screens, kind):
    assert screens[kind, PHONE[0]].height <= 330
    assert screens[kind, DESKTOP[0]].height <= 230


@pytest.mark.parametrize("kind", [*ASKED, "a sweep", "a burst"])
def test_what_is_asked_for_begins_on_the_screen(screens, kind):
    for width, height in (PHONE, DESKTOP):
        assert screens[kind, width].height <= height * 1.2
        assert screens[kind, width].wide <= width
