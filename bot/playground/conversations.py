"""Web API: conversations.*, users.info, users.lookupByEmail, team.info, bots.info."""

from collections import Counter
from typing import Any

from bot.playground.chat import Answer, Arguments, is_true, known_channel
from bot.playground.desk import Desk, SlackError
from bot.playground.state import APP, BOT, BOT_USER, TEAM, Channel, Message, User

PAGE = 100
MOST = 999


def history(desk: Desk, arguments: Arguments) -> Answer:
    channel = _joined(desk, arguments)
    _need_history(desk, channel)
    messages = [
        message
        for message in desk.workspace.everything(channel.id)
        if not message.is_ephemeral and (not message.thread_ts or message.broadcast or message.thread_ts == message.ts)
    ]
    return _paged(desk, list(reversed(messages)), arguments)


def replies(desk: Desk, arguments: Arguments) -> Answer:
    channel = _joined(desk, arguments)
    _need_history(desk, channel)
    ts = str(arguments.get("ts") or "")
    thread = [
        message
        for message in desk.workspace.everything(channel.id)
        if not message.is_ephemeral and ts in (message.ts, message.thread_ts)
    ]
    if not any(message.ts == ts for message in thread):
        raise SlackError("thread_not_found")
    return _paged(desk, thread, arguments)


def info(desk: Desk, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    _need_reading(desk, channel)
    return {"ok": True, "channel": as_slack(channel)}


def members(desk: Desk, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    _need_reading(desk, channel)
    found = sorted(channel.members)
    start, end = _window(arguments, len(found))
    return {"ok": True, "members": found[start:end], "response_metadata": {"next_cursor": _cursor(end, len(found))}}


def list_all(desk: Desk, arguments: Arguments) -> Answer:
    kinds = str(arguments.get("types") or "public_channel").split(",")
    found = [
        as_slack(channel)
        for channel in desk.workspace.channels.values()
        if ("im" if channel.is_im else "private_channel" if channel.is_private else "public_channel") in kinds
        and (BOT_USER in channel.members or not (channel.is_im or channel.is_private))
        and not (channel.is_archived and is_true(arguments.get("exclude_archived")))
    ]
    start, end = _window(arguments, len(found))
    return {"ok": True, "channels": found[start:end], "response_metadata": {"next_cursor": _cursor(end, len(found))}}


def open_direct(desk: Desk, arguments: Arguments) -> Answer:
    users = arguments.get("users") or ""
    names = users if isinstance(users, list) else str(users).split(",")
    if len(names) != 1 or names[0] not in desk.workspace.users:
        raise SlackError("user_not_found" if names and names[0] else "users_list_not_supplied")
    return {"ok": True, "channel": {"id": desk.workspace.direct(names[0]).id}}


def join(desk: Desk, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    if channel.is_im or channel.is_private:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise SlackError("is_archived")
    return {
        "ok": True,
        "channel": as_slack(desk.workspace.change_channel(channel, members=channel.members | {BOT_USER})),
    }


def user_info(desk: Desk, arguments: Arguments) -> Answer:
    user = desk.workspace.users.get(str(arguments.get("user") or ""))
    if user is None:
        raise SlackError("user_not_found")
    return {"ok": True, "user": _person(desk, user)}


def user_by_email(desk: Desk, arguments: Arguments) -> Answer:
    wanted = str(arguments.get("email") or "").strip().casefold()
    people = desk.workspace.users.values()
    user = next((each for each in people if wanted and each.email.casefold() == wanted and not each.is_bot), None)
    if user is None:
        raise SlackError("users_not_found")
    return {"ok": True, "user": _person(desk, user)}


def _person(desk: Desk, user: User) -> dict[str, Any]:
    """The address only for apps that may read it."""
    profile = {"real_name": user.real_name, "display_name": user.name}
    if "users:read.email" in desk.installation.scopes and user.email:
        profile["email"] = user.email
    about = {"id": user.id, "team_id": TEAM, "name": user.name, "real_name": user.real_name, "is_bot": user.is_bot}
    return {**about, "deleted": False, "tz": "Etc/UTC", "tz_offset": 0, "profile": profile}


def team_info(_desk: Desk, _arguments: Arguments) -> Answer:
    return {"ok": True, "team": {"id": TEAM, "name": "Playground", "domain": "playground"}}


def bot_info(_desk: Desk, arguments: Arguments) -> Answer:
    if arguments.get("bot") not in (None, "", BOT):
        raise SlackError("bot_not_found")
    return {"ok": True, "bot": {"id": BOT, "app_id": APP, "user_id": BOT_USER, "name": "mlcompare", "deleted": False}}


def as_slack(channel: Channel) -> dict[str, Any]:
    common = {"id": channel.id, "is_im": channel.is_im, "is_archived": channel.is_archived}
    if channel.is_im:
        return {**common, "user": next((user for user in channel.members if user != BOT_USER), "")}
    return {
        **common,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not channel.is_private,
        "is_private": channel.is_private,
        "is_member": BOT_USER in channel.members,
        "num_members": len(channel.members),
        "topic": {"value": channel.topic},
    }


def _joined(desk: Desk, arguments: Arguments) -> Channel:
    channel = known_channel(desk, arguments)
    if BOT_USER not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _need(desk: Desk, scope: str) -> None:
    if scope not in desk.installation.scopes:
        raise SlackError("missing_scope", needed=scope, provided=",".join(sorted(desk.installation.scopes)))


def _need_reading(desk: Desk, channel: Channel) -> None:
    kind = "im" if channel.is_im else "groups" if channel.is_private else "channels"
    _need(desk, f"{kind}:read")


def _need_history(desk: Desk, channel: Channel) -> None:
    kind = "im" if channel.is_im else "groups" if channel.is_private else "channels"
    _need(desk, f"{kind}:history")


def _paged(desk: Desk, messages: list[Message], arguments: Arguments) -> Answer:
    oldest, latest = str(arguments.get("oldest") or "0"), str(arguments.get("latest") or "")
    inclusive = is_true(arguments.get("inclusive"))

    def is_within(ts: str) -> bool:
        at = float(ts)
        after = at >= float(oldest) if inclusive else at > float(oldest)
        before = not latest or (at <= float(latest) if inclusive else at < float(latest))
        return after and before

    found = [message for message in messages if is_within(message.ts)]
    start, end = _window(arguments, len(found))
    told = [
        message.as_slack(with_metadata=is_true(arguments.get("include_all_metadata"))) for message in found[start:end]
    ]
    channel = str(found[0].channel) if found else ""
    counts = Counter(each.thread_ts for each in desk.workspace.everything(channel) if each.thread_ts)
    answer: Answer = {
        "ok": True,
        "messages": [_counted(message, counts[message["ts"]]) for message in told],
        "has_more": end < len(found),
    }
    if end < len(found):
        answer["response_metadata"] = {"next_cursor": _cursor(end, len(found))}
    return answer


def _counted(message: dict[str, Any], replies: int) -> dict[str, Any]:
    return {**message, "thread_ts": message["ts"], "reply_count": replies} if replies else message


def _window(arguments: Arguments, length: int) -> tuple[int, int]:
    cursor = str(arguments.get("cursor") or "at:0")
    if not cursor.removeprefix("at:").isdecimal():
        raise SlackError("invalid_cursor")
    asked = str(arguments.get("limit") or PAGE)
    size = int(asked) if asked.isdecimal() else PAGE
    start = int(cursor.removeprefix("at:"))
    return start, min(length, start + min(max(size, 1), MOST))


def _cursor(end: int, length: int) -> str:
    return f"at:{end}" if end < length else ""
