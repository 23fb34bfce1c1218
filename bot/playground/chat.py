"""Web API: chat.* and reactions.add."""

from typing import Any

from bot.playground.desk import Desk, SlackError
from bot.playground.limits import TEXT_IN_AN_UPDATE
from bot.playground.posting import content_of
from bot.playground.state import BOT, BOT_USER, Channel, Message

Arguments = dict[str, Any]
Answer = dict[str, Any]


def post_message(desk: Desk, arguments: Arguments) -> Answer:
    channel = place_to_post(desk, arguments)
    message = desk.workspace.put(
        Message(
            desk.workspace.new_ts(),
            channel.id,
            BOT_USER,
            **content_of(desk, arguments),
            thread_ts=str(arguments.get("thread_ts") or ""),
            metadata=arguments.get("metadata") or {},
            broadcast=is_true(arguments.get("reply_broadcast")),
        )
    )
    answer = {"ok": True, "channel": channel.id, "ts": message.ts, "message": message.as_slack(with_metadata=True)}
    return _warned(answer, message)


def post_ephemeral(desk: Desk, arguments: Arguments) -> Answer:
    channel = place_to_post(desk, arguments, public_suffices=False)
    user = str(arguments.get("user") or "")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    message = desk.workspace.put(
        Message(
            desk.workspace.new_ts(),
            channel.id,
            BOT_USER,
            **content_of(desk, arguments),
            thread_ts=str(arguments.get("thread_ts") or ""),
            only_to=user,
        )
    )
    return {"ok": True, "message_ts": message.ts}


def update(desk: Desk, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    message = own_message(desk, channel, arguments, "cant_update_message")
    if channel.is_archived:
        raise SlackError("is_inactive")
    if len(str(arguments.get("text") or "")) > TEXT_IN_AN_UPDATE:
        raise SlackError("msg_too_long")
    content = content_of(desk, arguments)
    if "metadata" in arguments:
        content["metadata"] = arguments["metadata"] or {}
    edited = "" if content["blocks"] else desk.workspace.new_ts()
    message = desk.workspace.edit(message, **content, edited=edited)
    answer = {"ok": True, "channel": channel.id, "ts": message.ts, "text": message.text}
    return _warned({**answer, "message": message.as_slack(with_metadata=True)}, message)


def delete(desk: Desk, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    message = own_message(desk, channel, arguments, "cant_delete_message")
    desk.workspace.edit(message, deleted=True)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def get_permalink(desk: Desk, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    message = desk.workspace.find(channel.id, str(arguments.get("message_ts") or ""))
    if message is None:
        raise SlackError("message_not_found")
    link = f"{desk.url}archives/{channel.id}/p{message.ts.replace('.', '')}"
    return {"ok": True, "channel": channel.id, "permalink": link}


def add_reaction(desk: Desk, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    message = desk.workspace.find(channel.id, str(arguments.get("timestamp") or ""))
    if message is None:
        raise SlackError("message_not_found")
    reaction = (channel.id, message.ts, str(arguments.get("name") or ""))
    if not reaction[2]:
        raise SlackError("invalid_name")
    if reaction in desk.workspace.reactions:
        raise SlackError("already_reacted")
    with desk.workspace.changing():
        desk.workspace.reactions.append(reaction)
    return {"ok": True}


def known_channel(desk: Desk, arguments: Arguments) -> Channel:
    channel = desk.workspace.channel(str(arguments.get("channel") or ""))
    hidden = channel is not None and channel.is_private and BOT_USER not in channel.members
    if channel is None or hidden:
        raise SlackError("channel_not_found")
    return channel


def place_to_post(desk: Desk, arguments: Arguments, *, public_suffices: bool = True) -> Channel:
    channel = known_channel(desk, arguments)
    if channel.is_archived:
        raise SlackError("is_archived")
    may_post = public_suffices and "chat:write.public" in desk.installation.scopes
    if BOT_USER not in channel.members and not may_post:
        raise SlackError("not_in_channel")
    return channel


def own_message(desk: Desk, channel: Channel, arguments: Arguments, error: str) -> Message:
    message = desk.workspace.find(channel.id, str(arguments.get("ts") or ""))
    if message is None or message.is_ephemeral:
        raise SlackError("message_not_found")
    if message.user != BOT_USER or message.by_slack:
        raise SlackError(error)
    return message


def is_true(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "1")


def _warned(answer: Answer, message: Message) -> Answer:
    if message.warnings:
        answer["warning"] = ",".join(message.warnings)
        answer["response_metadata"] = {"warnings": list(message.warnings)}
    return {**answer, "bot_id": BOT} if "message" in answer else answer
