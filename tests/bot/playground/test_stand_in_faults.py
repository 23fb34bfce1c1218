import http.client
import time

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.slack import EXPERIMENTS
from tests.bot.playground.samples import container, data_table


def status(call, **kwargs):
    with pytest.raises(SlackApiError) as refused:
        call(**kwargs)
    return refused.value.response


def test_a_rate_limit_says_how_long_and_how_often(slack, client):
    slack.faults.rate_limit(2, retry_after=7, method="chat.postMessage")
    for _ in range(2):
        answer = status(client.chat_postMessage, channel=EXPERIMENTS, text="x")
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert client.chat_postMessage(channel=EXPERIMENTS, text="x")["ok"]
    assert client.auth_test()["ok"]


def test_a_server_error_is_html(slack, client):
    slack.faults.fail(status=502)
    assert status(client.auth_test).status_code == 502
    assert client.auth_test()["ok"]


def test_a_refused_block_is_refused_wherever_it_stands(slack, client):
    slack.faults.refuse_blocks("data_table", "section")
    answer = status(client.chat_postMessage, channel=EXPERIMENTS, text="x", blocks=[data_table()])
    assert answer["errors"] == ["unsupported type: data_table [json-pointer:/blocks/0/type]"]
    answer = status(client.chat_postMessage, channel=EXPERIMENTS, text="x", blocks=[container()])
    assert answer["errors"] == ["unsupported type: section [json-pointer:/blocks/0/child_blocks/0/type]"]
    slack.faults.clear()
    assert client.chat_postMessage(channel=EXPERIMENTS, text="x", blocks=[container()])["ok"]


def test_an_answer_can_be_lost_after_the_message_was_taken(slack, client):
    slack.faults.lose_answer(method="chat.postMessage")
    with pytest.raises((OSError, http.client.HTTPException)):
        client.chat_postMessage(channel=EXPERIMENTS, text="there")
    assert [message.text for message in slack.messages()] == ["there"]
    assert slack.calls[-1].answer is None


def test_hanging_up_comes_before_anything_is_done(slack, client):
    slack.faults.hang_up()
    with pytest.raises((OSError, http.client.HTTPException)):
        client.chat_postMessage(channel=EXPERIMENTS, text="never")
    assert slack.messages() == []


def test_a_client_that_tries_again_posts_twice_after_a_lost_answer(slack):
    slack.faults.lose_answer(method="chat.postMessage")
    WebClient(token=slack.installation.bot_token, base_url=slack.api_url).chat_postMessage(
        channel=EXPERIMENTS, text="twice"
    )
    assert len(slack.messages()) == 2


def test_an_answer_can_be_slow(slack, client):
    slack.faults.slow_down(0.3, method="auth.test")
    begun = time.monotonic()
    client.auth_test()
    assert time.monotonic() - begun >= 0.3


def test_any_error_can_be_answered(slack, client):
    slack.faults.answer_error("internal_error", None, method="chat.postMessage")
    for _ in range(3):
        assert status(client.chat_postMessage, channel=EXPERIMENTS, text="x")["error"] == "internal_error"
    assert slack.messages() == []
