import threading

import pytest
from slack_bolt.adapter.socket_mode import SocketModeHandler

from bot.playground.slack import EXPERIMENTS


@pytest.fixture
def connected(slack, app, client):
    handler = SocketModeHandler(app, slack.installation.app_token, web_client=client, ping_interval=1)
    greeted = threading.Event()
    handler.client.on_message_listeners.append(lambda _text: greeted.set())
    handler.connect()
    slack.wait_for_socket()
    # The SDK's client that is closed before its receiver began never ends: the receiver takes back that it is closed.
    assert greeted.wait(30)
    yield app
    handler.close()


def test_everything_comes_by_the_socket_once_it_is_open(slack, connected):
    connected.command("/mlcompare")(lambda ack, say, command: (ack("taken"), say(f"done {command['text']}")))
    connected.event("app_mention")(lambda say, event: say("heard", thread_ts=event["ts"]))
    connected.action("swap")(lambda ack, respond: (ack(), respond("swapped")))
    assert slack.command("/mlcompare", "A vs B").answer == {"text": "taken"}
    slack.wait_for_message("done A vs B")
    assert slack.ephemerals[-1].text == "taken"
    assert [delivery.was_taken for delivery in slack.mention("A vs B", deliveries=2)] == [True, True]
    slack.wait_for_message("heard")
    assert [headers.get("x-slack-retry-num") for body, headers in connected.heard if "event" in body] == [["0"], ["1"]]
    button = {"type": "button", "action_id": "swap", "text": {"type": "plain_text", "text": "Swap"}}
    connected.client.chat_postMessage(channel=EXPERIMENTS, text="x", blocks=[{"type": "actions", "elements": [button]}])
    posted = next(message for message in slack.messages() if message.text == "x")
    assert slack.press(posted, "swap").was_taken
    slack.wait_for_message("swapped")


def test_an_answer_that_is_not_200_is_no_acknowledgement(slack, connected):
    delivery = slack.command("/mlcompare", "nobody listens")
    assert delivery.error == "http_timeout"
    assert "operation_timeout" in slack.ephemerals[-1].text


def test_a_bot_that_is_told_to_come_again_comes_again(slack, connected):
    opened = slack.count("apps.connections.open")
    slack.sockets.disconnect()
    slack.wait_until(lambda: slack.count("apps.connections.open") > opened)
    slack.wait_for_socket()
    connected.command("/mlcompare")(lambda ack: ack())
    assert slack.command("/mlcompare").was_taken


def test_a_ticket_opens_one_socket(slack, connected):
    assert slack.sockets.count == 1
    assert slack.calls[-1].method == "apps.connections.open"
