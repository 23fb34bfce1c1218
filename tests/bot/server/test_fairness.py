"""The running bot and a busy channel: others are answered as if it were quiet, and who asks for too much is told."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.playground.slack import STANDUP, SlackStandIn
from tests.bot.process import BotProcess
from tests.bot.server.test_takeover import WORDS, TwoRuns

JONAS = "U0JONAS"
SOON = 8.0  # seconds; alone it is a tenth of one
PER_PERSON = 60


@pytest.fixture(scope="module")
def mlflow():
    with TwoRuns() as stand_in:
        yield stand_in


@pytest.fixture(scope="module")
def running(mlflow, tmp_path_factory):
    with SlackStandIn() as slack:
        known = {
            "SLACK_BOT_TOKEN": slack.installation.bot_token,
            "SLACK_SIGNING_SECRET": slack.installation.signing_secret,
            "SLACK_API_URL": slack.api_url,
            "MLFLOW_TRACKING_URI": mlflow.url,
            "MLCOMPARE_PER_PERSON": str(PER_PERSON),
        }
        with BotProcess(tmp_path_factory.mktemp("bot"), known) as bot:
            bot.wait_until_it_serves().wait_until_ready()
            slack.bot_url = f"{bot.url}/slack/events"
            yield slack
            print(bot.log[-20_000:])  # shown when a test fails


@pytest.fixture
def slack(running, mlflow):
    """Slack, with a bot that has nothing more to do at the end."""
    yield running
    mlflow.go_on.set()
    running.reinstall(keeps_pace=False)
    wait_until_quiet(running)


def wait_until_quiet(slack, seconds=3):
    """Until Slack was not called for so long."""
    until, calls, last = time.monotonic() + 90, len(slack.calls), time.monotonic()
    while time.monotonic() - last < seconds:
        assert time.monotonic() < until, "the bot has still something to do"
        time.sleep(0.1)
        if len(slack.calls) != calls:
            calls, last = len(slack.calls), time.monotonic()


def ask(slack, count, words=WORDS):
    """Commands of one person in one channel, all taken; how often each was answered at once, in words."""
    with ThreadPoolExecutor(16) as threads:
        taken = list(threads.map(lambda _: slack.command("/mlcompare", words), range(count)))
    assert [each for each in taken if not each.was_taken] == []
    return Counter(each.body for each in taken if each.body)


def answered_elsewhere(slack, words, found):
    """Seconds until somebody else in another channel is answered."""
    began = time.monotonic()
    assert slack.command("/mlcompare", words, channel=STANDUP, user=JONAS).was_taken
    slack.wait_until(found, 60)
    return time.monotonic() - began


def helped(slack):
    return [each for each in slack.ephemerals if each.channel == STANDUP and "/mlcompare" in each.text]


def test_a_channel_that_has_to_wait_for_slack_keeps_nobody_waiting_elsewhere(slack):
    slack.reinstall(keeps_pace=True)
    ask(slack, PER_PERSON)
    assert answered_elsewhere(slack, WORDS, lambda: slack.messages(STANDUP)) < SOON


def test_a_channel_that_has_to_wait_for_mlflow_keeps_nobody_waiting_elsewhere(slack, mlflow):
    mlflow.go_on.clear()
    ask(slack, PER_PERSON)
    mlflow.wait_until_asked()
    assert answered_elsewhere(slack, "help", lambda: helped(slack)) < SOON


def test_who_asks_for_too_much_is_told_alone_and_nobody_else_notices(slack, mlflow):
    mlflow.go_on.clear()
    before = len(helped(slack))
    [(told, count)] = ask(slack, PER_PERSON + 30).items()
    assert "still working on many requests of yours" in told
    assert 1 <= count <= 30
    assert sum("many requests of yours" in each.text for each in slack.ephemerals) == count
    assert answered_elsewhere(slack, "help", lambda: len(helped(slack)) > before) < SOON
