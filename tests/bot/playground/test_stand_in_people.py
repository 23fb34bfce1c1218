import json
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.signature import SignatureVerifier

from bot.playground.context import Installation
from bot.playground.slack import EXPERIMENTS, MAYA, SlackStandIn
from bot.playground.workspace import Workspace
from tests.bot.playground.samples import button, plain

ACTIONS = {"type": "actions", "elements": [button("swap", "Swap", value="cmp:1"), button("plain", "Plain")]}
MODAL = {"type": "modal", "callback_id": "pick", "title": plain("Pick"), "submit": plain("Go"), "blocks": []}
EMPTY = {"type": "modal", "title": plain("Pick"), "blocks": []}


def post(url, body):
    request = Request(url, json.dumps(body).encode(), {"content-type": "application/json"})  # noqa: S310 - our own
    try:
        with urlopen(request) as answer:  # noqa: S310 - our own
            return answer.status, answer.read().decode()
    except HTTPError as refused:
        with refused:
            return refused.code, refused.read().decode()


def test_a_command_comes_signed_with_everything_slack_sends(slack, bot):
    bot.command("/mlcompare")(lambda ack: ack())
    assert slack.command("/mlcompare", "A vs @jonas #standup https://x.org/?a=1&b=2. <b>").was_taken
    body, headers = bot.heard[-1]
    assert body["text"] == "A vs <@U0JONAS|jonas> <#C0STANDUP|standup> <https://x.org/?a=1&amp;b=2>. &lt;b&gt;"
    assert {"token", "team_id", "channel_id", "user_id", "command", "api_app_id", "response_url", "trigger_id"} <= set(
        body
    )
    assert headers["x-slack-signature"][0].startswith("v0=")


def test_without_escaping_the_text_is_as_typed(slack, bot):
    slack.reinstall(escapes_commands=False)
    bot.command("/mlcompare")(lambda ack: ack())
    slack.command("/mlcompare", "a <b> & @jonas")
    assert bot.heard[-1][0]["text"] == "a <b> & @jonas"


def test_the_signature_is_that_of_the_secret(slack, bot):
    wrong = SignatureVerifier("another secret")
    bot.command("/mlcompare")(lambda ack: ack())
    slack.reinstall(signing_secret=wrong.signing_secret)
    delivery = slack.command("/mlcompare")
    assert (delivery.status, delivery.error) == (401, "http_error")
    assert "dispatch_failed" in slack.ephemerals[-1].text


def test_what_is_acknowledged_with_is_shown(slack, bot):
    bot.command("/mlcompare")(lambda ack, command: ack(text="psst", response_type=command["text"]))
    slack.command("/mlcompare", "ephemeral")
    slack.command("/mlcompare", "in_channel")
    assert [message.only_to for message in slack.ephemerals] == [MAYA]
    assert [(message.text, message.command) for message in slack.messages()] == [("psst", "/mlcompare in_channel")]


def test_more_than_three_seconds_is_a_timeout(slack, bot):
    bot.command("/mlcompare")(lambda ack: ack())
    bot.let_go.clear()
    delivery = slack.command("/mlcompare")
    bot.let_go.set()
    assert delivery.error == "http_timeout"
    assert delivery.seconds >= 3
    assert "operation_timeout" in slack.ephemerals[-1].text


def test_without_a_bot_the_dispatch_fails(slack):
    assert slack.command("/mlcompare").error == "connection_failed"
    assert "dispatch_failed" in slack.ephemerals[-1].text


def test_another_command_never_reaches_the_bot(slack, bot):
    assert slack.command("/other").error == "unknown_command"
    assert bot.heard == []


def test_a_response_url_is_good_for_five(slack, bot):
    bot.command("/mlcompare")(lambda ack: ack())
    slack.command("/mlcompare")
    url = bot.heard[-1][0]["response_url"]
    answers = [post(url, {"text": str(at)}) for at in range(6)]
    assert answers[:5] == [(200, "ok")] * 5
    assert (answers[5][0], json.loads(answers[5][1])["error"]) == (404, "used_url")
    assert [message.text for message in slack.ephemerals] == ["0", "1", "2", "3", "4"]


def test_a_response_url_ends_after_half_an_hour():
    now = [1_792_300_000.0]
    with SlackStandIn(workspace=Workspace(lambda: now[0])) as slack:
        token = slack._context.tickets.new_url(EXPERIMENTS, MAYA)
        now[0] += 1801
        status, body = post(f"{slack.url}response/{token}", {"text": "late"})
    assert (status, json.loads(body)["error"]) == (404, "expired_url")


def test_a_response_url_reaches_where_the_bot_is_not(slack, bot):
    bot.command("/mlcompare")(lambda ack: ack())
    slack.command("/mlcompare", channel="C0GENERAL")
    post(bot.heard[-1][0]["response_url"], {"text": "here", "response_type": "in_channel"})
    assert [message.text for message in slack.messages("C0GENERAL")] == ["here"]


def test_bad_blocks_by_response_url_are_refused(slack, bot):
    bot.command("/mlcompare")(lambda ack: ack())
    slack.command("/mlcompare")
    assert post(bot.heard[-1][0]["response_url"], {"text": "x", "blocks": [{"type": "nope"}]}) == (
        400,
        "invalid_blocks",
    )


def test_a_mention_makes_an_event_that_can_come_again(slack, bot):
    bot.event("app_mention")(lambda: None)
    assert all(delivery.was_taken for delivery in slack.mention("A vs B", deliveries=3))
    events = [body for body, _ in bot.heard]
    assert {event["event"]["text"] for event in events} == {"<@U0MLCOMPARE> A vs B"}
    assert len({event["event_id"] for event in events}) == 1
    assert [headers.get("x-slack-retry-num") for _, headers in bot.heard] == [None, ["1"], ["2"]]


def test_an_event_nobody_takes_comes_again():
    with SlackStandIn(Installation(retries=(0.0, 0.0))) as slack:
        deliveries = slack.mention("A vs B")
    assert [delivery.error for delivery in deliveries] == ["connection_failed"] * 3


def test_a_direct_message_needs_no_mention(slack, bot):
    bot.event("message")(lambda: None)
    slack.direct_message("A vs B")
    event = bot.heard[-1][0]["event"]
    assert (event["type"], event["channel_type"], event["text"]) == ("message", "im", "A vs B")


def test_a_message_for_nobody_is_not_sent_to_the_bot(slack, bot):
    slack.say("just talking")
    assert bot.heard == []


def test_a_press_brings_the_message_and_an_answer_takes_its_place(slack, bot, client):
    bot.action("swap")(lambda ack, respond, action: (ack(), respond(f"swapped {action['value']}")))
    client.chat_postMessage(channel=EXPERIMENTS, text="before", blocks=[ACTIONS])
    assert slack.press(slack.messages()[0], "swap").was_taken
    slack.wait_for_message("swapped cmp:1")
    assert len(slack.messages()) == 1
    payload = json.loads(json.dumps(bot.heard[-1][0]))
    assert payload["message"]["text"] == "before"
    assert payload["container"]["type"] == "message"


def test_pressing_what_is_not_there_says_what_is(slack, client):
    client.chat_postMessage(channel=EXPERIMENTS, text="x", blocks=[ACTIONS])
    with pytest.raises(LookupError, match="swap"):
        slack.press(slack.messages()[0], "gone")


def test_an_ephemeral_can_be_deleted_by_its_button(slack, bot, client):
    bot.action("swap")(lambda ack, respond: (ack(), respond(delete_original=True)))
    client.chat_postEphemeral(channel=EXPERIMENTS, user=MAYA, text="x", blocks=[ACTIONS])
    slack.press(slack.ephemerals[0], "swap")
    slack.wait_until(lambda: not slack.ephemerals)


def test_a_modal_opens_by_trigger_once_and_goes_when_it_is_submitted(slack, bot, client):
    bot.command("/mlcompare")(
        lambda ack, command, client: (ack(), client.views_open(trigger_id=command["trigger_id"], view=MODAL))
    )
    slack.command("/mlcompare")
    slack.wait_until(lambda: slack.modal)
    trigger = bot.heard[-1][0]["trigger_id"]
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        client.views_open(trigger_id=trigger, view=MODAL)
    bot.view("pick")(lambda ack: ack())
    assert slack.submit(slack.modal, {"block": {"input": {"type": "plain_text_input", "value": "x"}}}).was_taken
    assert slack.modal is None


def test_a_trigger_is_good_for_three_seconds(slack, client):
    moment = slack.workspace.clock()
    slack._context.tickets._clock = lambda: moment
    trigger = slack._context.tickets.new_trigger(MAYA)
    slack._context.tickets._clock = lambda: moment + 3.1
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        client.views_open(trigger_id=trigger, view=EMPTY)


def test_a_modal_with_errors_stays(slack, bot, client):
    client.views_open(trigger_id=slack._context.tickets.new_trigger(MAYA), view=MODAL)
    bot.view("pick")(lambda ack: ack(response_action="errors", errors={"runs": "Two, please"}))
    assert slack.submit(slack.modal).answer["errors"] == {"runs": "Two, please"}
    assert slack.modal


def test_no_more_than_three_views_are_stacked(slack, client):
    client.views_open(trigger_id=slack._context.tickets.new_trigger(MAYA), view=EMPTY)
    for _ in range(2):
        client.views_push(trigger_id=slack._context.tickets.new_trigger(MAYA), view=EMPTY)
    with pytest.raises(SlackApiError, match="push_limit_reached"):
        client.views_push(trigger_id=slack._context.tickets.new_trigger(MAYA), view=EMPTY)


def test_an_old_hash_is_a_conflict(slack, client):
    view = client.views_open(trigger_id=slack._context.tickets.new_trigger(MAYA), view=EMPTY)["view"]
    client.views_update(view_id=view["id"], hash=view["hash"], view=EMPTY)
    with pytest.raises(SlackApiError, match="hash_conflict"):
        client.views_update(view_id=view["id"], hash=view["hash"], view=EMPTY)


def test_options_are_asked_of_the_bot(slack, bot, client):
    option = {"text": plain("Run 1"), "value": "1"}
    bot.options("run")(lambda ack, payload: ack(options=[option] if payload["value"] == "run" else []))
    client.chat_postMessage(channel=EXPERIMENTS, text="x")
    assert slack.suggest(slack.messages()[0], "run", "run").answer["options"] == [option]


def test_the_home_is_published_when_it_is_opened(slack, bot, client):
    home = {"type": "home", "blocks": [{"type": "divider"}]}
    bot.event("app_home_opened")(lambda event, client: client.views_publish(user_id=event["user"], view=home))
    slack.people.open_home(MAYA)
    assert slack.wait_until(slack.home).content["blocks"][0]["type"] == "divider"
