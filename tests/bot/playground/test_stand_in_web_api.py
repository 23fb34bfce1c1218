import json
from urllib.request import Request, urlopen

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.playground.slack import EXPERIMENTS, GENERAL, MAYA, STANDUP

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*hello*"}}


def refusal(call, *args, **kwargs):
    with pytest.raises(SlackApiError) as refused:
        call(*args, **kwargs)
    return refused.value.response


def test_a_message_is_kept_and_answered_with_its_ts(slack, client):
    answer = client.chat_postMessage(channel=EXPERIMENTS, text="hello", blocks=[SECTION])
    (message,) = slack.messages(EXPERIMENTS)
    assert (message.ts, message.text, message.blocks[0]["text"]["text"]) == (answer["ts"], "hello", "*hello*")
    assert message.blocks[0]["block_id"]


def test_every_ts_is_its_own(client):
    stamps = [client.chat_postMessage(channel="D0MAYA", text=str(at))["ts"] for at in range(20)]
    assert len(set(stamps)) == 20
    assert stamps == sorted(stamps)


def test_forms_and_json_say_the_same(slack):
    token = slack.installation.bot_token
    form = f"token={token}&channel={EXPERIMENTS}&text=a+%26+b&blocks=".encode()
    for body, kind in (
        (form, "application/x-www-form-urlencoded"),
        (json.dumps({"channel": EXPERIMENTS, "text": "a & b"}).encode(), "application/json; charset=utf-8"),
    ):
        headers = {"content-type": kind, "authorization": f"Bearer {token}"}
        with urlopen(Request(f"{slack.api_url}chat.postMessage", body, headers)) as answer:  # noqa: S310 - our own
            assert json.load(answer)["ok"]
    assert [message.text for message in slack.messages()] == ["a & b", "a & b"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": GENERAL, "text": "x"}, "not_in_channel"),
        ({"channel": "C404", "text": "x"}, "channel_not_found"),
        ({"channel": EXPERIMENTS, "text": ""}, "no_text"),
        ({"channel": EXPERIMENTS, "text": "x", "blocks": "[{"}, "invalid_blocks_format"),
        ({"channel": EXPERIMENTS, "text": "x", "blocks": '[{"a": NaN}]'}, "invalid_blocks_format"),
        ({"channel": EXPERIMENTS, "text": "x", "blocks": [{"type": "nope"}]}, "invalid_blocks"),
        ({"channel": EXPERIMENTS, "text": "x", "metadata": {"event_type": "y"}}, "invalid_metadata_schema"),
        ({"channel": EXPERIMENTS, "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        (
            {
                "channel": EXPERIMENTS,
                "text": "x",
                "blocks": [SECTION | {"text": {"type": "mrkdwn", "text": "y" * 3000}}] * 5,
            },
            "msg_blocks_too_long",
        ),
    ],
)
def test_what_slack_refuses_is_refused_by_name(client, arguments, error):
    assert refusal(client.api_call, "chat.postMessage", json=arguments)["error"] == error


def test_a_bad_block_is_named_with_its_place(client):
    bad = {"type": "section", "text": {"type": "mrkdwn", "text": ""}}
    answer = refusal(client.chat_postMessage, channel=EXPERIMENTS, text="x", blocks=[SECTION, bad])
    assert answer["errors"] == ["must be more than 0 characters [json-pointer:/blocks/1/text/text]"]
    assert answer["response_metadata"]["messages"] == [f"[ERROR] {answer['errors'][0]}"]


def test_a_lone_nan_is_no_json(client):
    assert refusal(client.chat_postMessage, channel=EXPERIMENTS, text="x", metadata={"v": float("nan")})["error"] == (
        "invalid_json"
    )


def test_archived_channels_take_nothing(slack, client):
    slack.workspace.change_channel(slack.workspace.channel(EXPERIMENTS), is_archived=True)
    assert refusal(client.chat_postMessage, channel=EXPERIMENTS, text="x")["error"] == "is_archived"


def test_what_stands_in_an_archived_channel_is_not_changed_any_more(slack, client):
    ts = client.chat_postMessage(channel=EXPERIMENTS, text="one")["ts"]
    slack.archive(EXPERIMENTS)
    assert refusal(client.chat_update, channel=EXPERIMENTS, ts=ts, text="two")["error"] == "is_inactive"
    assert refusal(client.chat_postEphemeral, channel=EXPERIMENTS, user=MAYA, text="x")["error"] == "is_archived"
    slack.archive(EXPERIMENTS, is_archived=False)
    assert client.chat_update(channel=EXPERIMENTS, ts=ts, text="two")["ok"]


def test_a_bot_that_was_removed_may_not_post_until_it_is_invited_again(slack, client):
    slack.leave(EXPERIMENTS)
    assert refusal(client.chat_postMessage, channel=EXPERIMENTS, text="x")["error"] == "not_in_channel"
    slack.join(EXPERIMENTS)
    assert client.chat_postMessage(channel=EXPERIMENTS, text="x")["ok"]


def test_a_private_channel_is_not_there_for_a_bot_that_was_removed(slack, client):
    slack.workspace.change_channel(slack.workspace.channel(EXPERIMENTS), is_private=True)
    slack.reinstall(scopes=slack.installation.scopes | {"groups:read"})
    slack.leave(EXPERIMENTS)
    for method in ("chat.postMessage", "conversations.info", "conversations.members"):
        assert refusal(client.api_call, method, params={"channel": EXPERIMENTS, "text": "x"})["error"] == (
            "channel_not_found"
        )


@pytest.mark.parametrize("method", ["conversations.members", "conversations.info"])
@pytest.mark.parametrize(("private", "scope"), [(False, "channels:read"), (True, "groups:read")])
def test_who_is_in_a_channel_is_told_to_apps_that_may_know(slack, client, method, private, scope):
    slack.workspace.change_channel(slack.workspace.channel(EXPERIMENTS), is_private=private)
    answer = refusal(client.api_call, method, params={"channel": EXPERIMENTS})
    assert (answer["error"], answer["needed"]) == ("missing_scope", scope)
    slack.reinstall(scopes=slack.installation.scopes | {scope})
    assert client.api_call(method, params={"channel": EXPERIMENTS})["ok"]


def test_members_come_in_pages(slack, client):
    slack.reinstall(scopes=slack.installation.scopes | {"channels:read"})
    first = client.conversations_members(channel=EXPERIMENTS, limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    rest = client.conversations_members(channel=EXPERIMENTS, limit=3, cursor=cursor)
    assert {*first["members"], *rest["members"]} == {MAYA, "U0JONAS", "U0PRIYA", "U0MLCOMPARE"}
    assert rest["response_metadata"]["next_cursor"] == ""
    assert refusal(client.conversations_members, channel=EXPERIMENTS, cursor="nonsense")["error"] == "invalid_cursor"


def test_people_are_found_by_their_address_by_apps_that_may_read_it(slack, client):
    address = "maya@playground.example"
    assert refusal(client.users_lookupByEmail, email=address)["needed"] == "users:read.email"
    slack.reinstall(scopes=slack.installation.scopes | {"users:read.email"})
    assert client.users_lookupByEmail(email=address.upper())["user"]["id"] == MAYA
    assert client.users_lookupByEmail(email=address)["user"]["profile"]["email"] == address
    assert refusal(client.users_lookupByEmail, email="nobody@playground.example")["error"] == "users_not_found"


def test_a_public_channel_can_be_posted_to_with_the_scope_for_it(slack, client):
    slack.reinstall(scopes=slack.installation.scopes | {"chat:write.public"})
    assert client.chat_postMessage(channel=GENERAL, text="x")["ok"]


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-other", "invalid_auth")])
def test_tokens_are_looked_at(slack, token, error):
    assert refusal(WebClient(token=token, base_url=slack.api_url).auth_test)["error"] == error


def test_each_method_wants_its_kind_of_token(slack, client):
    assert refusal(client.apps_connections_open, app_token=slack.installation.bot_token)["error"] == (
        "not_allowed_token_type"
    )


def test_a_missing_scope_is_named(slack, client):
    slack.reinstall(scopes=slack.installation.scopes - {"users:read"})
    answer = refusal(client.users_info, user=MAYA)
    assert (answer["error"], answer["needed"]) == ("missing_scope", "users:read")
    assert "chat:write" in answer["provided"]


def test_the_scopes_stand_in_the_headers(client):
    assert "chat:write" in client.auth_test().headers["x-oauth-scopes"]


def test_unknown_methods_are_unknown(client):
    assert refusal(client.api_call, "made.up")["error"] == "unknown_method"


def test_an_update_takes_the_place_and_keeps_the_metadata_unless_told(slack, client):
    metadata = {"event_type": "compared", "event_payload": {"runs": ["a"]}}
    ts = client.chat_postMessage(channel=EXPERIMENTS, text="one", blocks=[SECTION], metadata=metadata)["ts"]
    client.chat_update(channel=EXPERIMENTS, ts=ts, text="two")
    (message,) = slack.messages()
    assert (message.text, message.blocks, message.metadata) == ("two", (), metadata)
    client.chat_update(channel=EXPERIMENTS, ts=ts, text="three", metadata={})
    assert slack.messages()[0].metadata == {}


def test_only_own_messages_can_be_updated_and_only_with_short_text(slack, client):
    said = slack.say("mine")
    assert refusal(client.chat_update, channel=EXPERIMENTS, ts=said.ts, text="x")["error"] == "cant_update_message"
    assert refusal(client.chat_update, channel=EXPERIMENTS, ts="1.0", text="x")["error"] == "message_not_found"
    ts = client.chat_postMessage(channel=EXPERIMENTS, text="x" * 50_000)["ts"]
    assert len(slack.messages()[0].text) == 40_000
    assert refusal(client.chat_update, channel=EXPERIMENTS, ts=ts, text="x" * 4_001)["error"] == "msg_too_long"


def test_ephemerals_are_seen_by_one_and_cannot_be_updated(slack, client):
    ts = client.chat_postEphemeral(channel=EXPERIMENTS, user=MAYA, text="psst")["message_ts"]
    assert [message.only_to for message in slack.ephemerals] == [MAYA]
    assert slack.messages() == []
    assert refusal(client.chat_update, channel=EXPERIMENTS, ts=ts, text="x")["error"] == "message_not_found"
    assert refusal(client.chat_postEphemeral, channel=EXPERIMENTS, user="U404", text="x")["error"] == (
        "user_not_in_channel"
    )


def test_a_deleted_message_is_gone(slack, client):
    ts = client.chat_postMessage(channel=EXPERIMENTS, text="x")["ts"]
    client.chat_delete(channel=EXPERIMENTS, ts=ts)
    assert slack.messages() == []
    assert refusal(client.chat_delete, channel=EXPERIMENTS, ts=ts)["error"] == "message_not_found"


def test_history_comes_newest_first_in_pages_without_threads_or_ephemerals(slack, client):
    slack.reinstall(scopes=slack.installation.scopes | {"channels:history"})
    metadata = {"event_type": "job", "event_payload": {"id": "7"}}
    stamps = [client.chat_postMessage(channel=STANDUP, text=str(at), metadata=metadata)["ts"] for at in range(3)]
    client.chat_postMessage(channel=STANDUP, text="reply", thread_ts=stamps[0])
    client.chat_postEphemeral(channel=STANDUP, user=MAYA, text="psst")
    first = client.conversations_history(channel=STANDUP, limit=2, include_all_metadata=True)
    assert [message["text"] for message in first["messages"]] == ["2", "1"]
    assert first["messages"][0]["metadata"] == metadata
    rest = client.conversations_history(channel=STANDUP, cursor=first["response_metadata"]["next_cursor"])
    assert [(message["text"], message["reply_count"]) for message in rest["messages"]] == [("0", 1)]
    assert "metadata" not in rest["messages"][0]
    since = client.conversations_history(channel=STANDUP, oldest=stamps[1])
    assert [message["text"] for message in since["messages"]] == ["2"]


def test_a_thread_has_its_parent_first(slack, client):
    slack.reinstall(scopes=slack.installation.scopes | {"channels:history"})
    ts = client.chat_postMessage(channel=STANDUP, text="parent")["ts"]
    client.chat_postMessage(channel=STANDUP, text="reply", thread_ts=ts)
    thread = client.conversations_replies(channel=STANDUP, ts=ts)["messages"]
    assert [message["text"] for message in thread] == ["parent", "reply"]
    assert refusal(client.conversations_replies, channel=STANDUP, ts="1.0")["error"] == "thread_not_found"


def test_a_users_id_opens_the_direct_messages(slack, client):
    assert client.chat_postMessage(channel=MAYA, text="hi")["channel"] == "D0MAYA"


def test_calls_are_remembered(slack, client):
    client.chat_postMessage(channel=EXPERIMENTS, text="x")
    assert slack.count("chat.postMessage") == 1
    assert slack.calls[-1].arguments["text"] == "x"
    assert slack.installation.bot_token not in str(slack.calls)


def test_going_too_fast_is_answered_429_when_the_pace_is_kept(slack, client):
    slack.reinstall(keeps_pace=True)
    for _ in range(3):
        client.chat_postMessage(channel=EXPERIMENTS, text="x")
    answer = refusal(client.chat_postMessage, channel=EXPERIMENTS, text="x")
    assert (answer.status_code, answer["error"], answer.headers["Retry-After"]) == (429, "ratelimited", "1")
    assert client.chat_postMessage(channel=STANDUP, text="another channel")["ok"]
