"""Links in messages: the app hears of those of its domains, and what it says of them stands below the message."""

import pytest
from playwright.sync_api import expect
from slack_sdk.errors import SlackApiError

from bot.playground.context import LINK_EVENTS, LINK_SCOPES
from bot.playground.slack import EXPERIMENTS, MAYA
from comparison.channel_defaults import ChannelSetting
from tests.fakes.runs import FakeRuns
from tests.handlers.iris import NEW, OLD
from tests.handlers.workshop import UI, Workshop

URL = "https://mlflow.example.com/#/experiments/1/runs/abc?a=1&b=2"
CARD = {"blocks": [{"type": "section", "text": {"type": "plain_text", "text": "new is better"}}]}


@pytest.fixture
def slack(slack):
    slack.reinstall(
        scopes=slack.installation.scopes | LINK_SCOPES,
        events=slack.installation.events | LINK_EVENTS,
        unfurl_domains=("example.com",),
    )
    return slack


def heard(bot):
    return [body["event"] for body, _headers in bot.heard if body.get("event", {}).get("type") == "link_shared"]


def refusal(client, **arguments):
    with pytest.raises(SlackApiError) as failed:
        client.chat_unfurl(**{"channel": EXPERIMENTS, "unfurls": {URL: CARD}, **arguments})
    return failed.value.response["error"]


def test_the_app_hears_of_all_links_of_its_domains_at_once(slack, bot):
    message = slack.say(f"see {URL} and https://other.org/x and https://example.com")
    (event,) = heard(bot)
    assert [(each["domain"], each["url"]) for each in event["links"]] == [
        ("example.com", URL.replace("&", "&amp;")),
        ("example.com", "https://example.com"),
    ]
    assert (event["channel"], event["message_ts"], event["user"]) == (EXPERIMENTS, message.ts, MAYA)
    assert (event["source"], event["is_bot_user_member"]) == ("conversations_history", True)


def test_of_a_message_that_is_being_written_it_does_not_hear_where(slack, bot):
    slack.people.compose(URL, user=MAYA)
    (event,) = heard(bot)
    assert (event["channel"], event["source"]) == ("COMPOSER", "composer")


@pytest.mark.parametrize("lacking", [{"scopes": frozenset()}, {"events": frozenset()}, {"unfurl_domains": ()}])
def test_without_scope_subscription_or_domain_it_hears_nothing(slack, bot, lacking):
    slack.reinstall(**lacking)
    slack.say(URL)
    slack.say("https://example.com.evil.org https://notexample.com https://[bad")
    assert heard(bot) == []


def test_what_it_says_stands_below_the_message_once(slack, client):
    ts = slack.say(f"see {URL}").ts
    for _ in range(2):
        client.chat_unfurl(channel=EXPERIMENTS, ts=ts, unfurls={URL: CARD})
    (shown,) = slack.workspace.find(EXPERIMENTS, ts).attachments
    assert shown["from_url"] == URL
    assert shown["blocks"][0]["text"]["text"] == "new is better"


def test_slack_refuses_what_is_no_card_of_a_link_in_a_message(slack, client):
    ts = slack.say(f"see {URL} and https://other.org").ts
    assert refusal(client, ts="1.2") == "cannot_find_message"
    assert refusal(client, ts=ts, channel="C9") == "cannot_find_channel"
    assert refusal(client, ts=ts, unfurls={"https://example.com/other": CARD}) == "cannot_unfurl_url"
    assert refusal(client, ts=ts, unfurls={"https://other.org": CARD}) == "cannot_unfurl_url"
    assert refusal(client, ts=ts, unfurls={URL: {}}) == "cannot_parse_attachment"
    assert refusal(client, ts=ts, unfurls={URL: {"blocks": [{"type": "nonsense"}]}}) == "cannot_parse_attachment"
    assert refusal(client, ts=ts, unfurls={}) == "missing_unfurls"
    slack.reinstall(scopes=frozenset({"chat:write"}))
    assert refusal(client, ts=ts) == "missing_scope"


def test_a_link_that_is_typed_on_the_page_unfolds_below_its_message(slack, page):
    """With the bot itself, against the baseline of the channel."""
    slack.reinstall(unfurl_domains=("mlflow.example",))
    with Workshop(slack, FakeRuns([OLD, NEW]), more={"unfold_within": 60.0}) as bot:
        pinned = ChannelSetting("pinned", OLD.run_id, by=MAYA, at=1)
        bot.services.defaults.change("T0PLAYGROUND", EXPERIMENTS, [pinned])
        page.goto(slack.url)
        page.wait_for_selector("body[data-ready]")
        box = page.get_by_label("Message #ml-experiments")
        box.fill(f"what do you think? {UI}/#/experiments/1/runs/{NEW.run_id}")
        box.press("Enter")
        card = page.locator(".attachment")
        expect(card.get_by_text("✅ new is better on 2 of 2 metrics: accuracy 0.85 → 0.92 (+8.2 %)")).to_be_visible()
        expect(card.get_by_text("C 1.0 → 0.5")).to_be_visible()
