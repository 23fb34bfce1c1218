"""The Web API: who may call what, what each method answers, and what goes wrong on purpose."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from bot.playground.context import ApiError, Context
from bot.playground.faults import FaultKind
from bot.playground.messages_api import (
    Answer,
    Arguments,
    add_reaction,
    begin_upload,
    complete_upload,
    delete_message,
    get_permalink,
    is_true,
    known_channel,
    open_view,
    post_ephemeral,
    post_message,
    publish_view,
    push_view,
    unfurl,
    update_message,
    update_view,
)
from bot.playground.oauth import Grant
from bot.playground.schema import parse_json
from bot.playground.workspace import APP, BOT, BOT_USER, Call, Channel, Message, User

SECRET = ("token", "code", "client_secret", "refresh_token")  # arguments that nobody is shown
OBJECTS = ("blocks", "attachments", "metadata", "view", "unfurls")
FORMAT_ERRORS = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_attachments",
    "metadata": "invalid_metadata_format",
    "view": "invalid_arguments",
    "unfurls": "invalid_unfurls_format",
}
API_OK, TOO_MANY = 200, 429


@dataclass(frozen=True)
class ApiResponse:
    status: int
    body: dict[str, Any] | str | None  # None: the connection ends without an answer
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    run: Callable[[Context, dict[str, Any]], dict[str, Any]]
    scope: str = ""
    token: str = "bot"  # noqa: S105 - the kind of token, not one


def _auth_test(desk: Context, _arguments: dict[str, Any]) -> dict[str, Any]:
    workspace = desk.workspace
    names = {"url": desk.url, "team": workspace.name, "user": "mlcompare"}
    ids = {"team_id": workspace.team, "user_id": BOT_USER, "bot_id": BOT}
    ids |= {"enterprise_id": workspace.enterprise} if workspace.enterprise else {}
    return {"ok": True, **names, **ids, "is_enterprise_install": False}


def _api_test(_desk: Context, _arguments: dict[str, Any]) -> dict[str, Any]:
    return {"ok": True, "args": {}}


def _open_connection(desk: Context, _arguments: dict[str, Any]) -> dict[str, Any]:
    return {"ok": True, "url": desk.open_socket()}


def _cursor(end: int, length: int) -> str:
    return f"at:{end}" if end < length else ""


def _joined(desk: Context, arguments: Arguments) -> Channel:
    channel = known_channel(desk, arguments)
    if BOT_USER not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _need_history(desk: Context, channel: Channel) -> None:
    kind = "im" if channel.is_im else "groups" if channel.is_private else "channels"
    _need(desk, f"{kind}:history")


def _need_reading(desk: Context, channel: Channel) -> None:
    kind = "im" if channel.is_im else "groups" if channel.is_private else "channels"
    _need(desk, f"{kind}:read")


def _paged(desk: Context, messages: list[Message], arguments: Arguments) -> Answer:
    oldest, latest = str(arguments.get("oldest") or "0"), str(arguments.get("latest") or "")
    inclusive = is_true(arguments.get("inclusive"))

    def is_within(ts: str) -> bool:
        at = float(ts)
        after = at >= float(oldest) if inclusive else at > float(oldest)
        before = not latest or (at <= float(latest) if inclusive else at < float(latest))
        return after and before

    found = [message for message in messages if is_within(message.ts)]
    start, end = _window(arguments, len(found))
    page = [
        message.as_slack(with_metadata=is_true(arguments.get("include_all_metadata"))) for message in found[start:end]
    ]
    channel = str(found[0].channel) if found else ""
    counts = Counter(each.thread_ts for each in desk.workspace.everything(channel) if each.thread_ts)
    answer: Answer = {
        "ok": True,
        "messages": [_counted(message, counts[message["ts"]]) for message in page],
        "has_more": end < len(found),
    }
    if end < len(found):
        answer["response_metadata"] = {"next_cursor": _cursor(end, len(found))}
    return answer


def _person(desk: Context, user: User) -> dict[str, Any]:
    """The address only for apps that may read it."""
    profile = {"real_name": user.real_name, "display_name": user.name}
    if "users:read.email" in desk.installation.scopes and user.email:
        profile["email"] = user.email
    about = {"id": user.id, "team_id": user.team, "name": user.name, "real_name": user.real_name, "is_bot": user.is_bot}
    about |= {"is_restricted": user.is_guest, "is_ultra_restricted": False}
    about |= {"is_admin": user.is_admin, "is_owner": user.is_admin, "is_primary_owner": False}
    about |= {"is_stranger": user.is_stranger} if user.team != desk.workspace.team else {}
    if desk.workspace.enterprise and user.team == desk.workspace.team:
        about["enterprise_user"] = {"enterprise_id": desk.workspace.enterprise, "teams": [user.team]}
    return {**about, "deleted": False, "tz": "Etc/UTC", "tz_offset": 0, "profile": profile}


def _window(arguments: Arguments, length: int) -> tuple[int, int]:
    cursor = str(arguments.get("cursor") or "at:0")
    if not cursor.removeprefix("at:").isdecimal():
        raise ApiError("invalid_cursor")
    text = str(arguments.get("limit") or PAGE)
    size = int(text) if text.isdecimal() else PAGE
    start = int(cursor.removeprefix("at:"))
    return start, min(length, start + min(max(size, 1), MOST))


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
        "is_shared": channel.is_shared,
        "is_ext_shared": channel.is_shared,
    }


def bot_info(_desk: Context, arguments: Arguments) -> Answer:
    if arguments.get("bot") not in (None, "", BOT):
        raise ApiError("bot_not_found")
    return {"ok": True, "bot": {"id": BOT, "app_id": APP, "user_id": BOT_USER, "name": "mlcompare", "deleted": False}}


def conversations_history(desk: Context, arguments: Arguments) -> Answer:
    channel = _joined(desk, arguments)
    _need_history(desk, channel)
    messages = [
        message
        for message in desk.workspace.everything(channel.id)
        if not message.is_ephemeral and (not message.thread_ts or message.broadcast or message.thread_ts == message.ts)
    ]
    return _paged(desk, list(reversed(messages)), arguments)


def conversations_info(desk: Context, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    _need_reading(desk, channel)
    return {"ok": True, "channel": as_slack(channel)}


def conversations_members(desk: Context, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    _need_reading(desk, channel)
    found = sorted(channel.members)
    start, end = _window(arguments, len(found))
    return {"ok": True, "members": found[start:end], "response_metadata": {"next_cursor": _cursor(end, len(found))}}


def conversations_replies(desk: Context, arguments: Arguments) -> Answer:
    channel = _joined(desk, arguments)
    _need_history(desk, channel)
    ts = str(arguments.get("ts") or "")
    thread = [
        message
        for message in desk.workspace.everything(channel.id)
        if not message.is_ephemeral and ts in (message.ts, message.thread_ts)
    ]
    if not any(message.ts == ts for message in thread):
        raise ApiError("thread_not_found")
    return _paged(desk, thread, arguments)


def join(desk: Context, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    if channel.is_im or channel.is_private:
        raise ApiError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise ApiError("is_archived")
    return {
        "ok": True,
        "channel": as_slack(desk.workspace.change_channel(channel, members=channel.members | {BOT_USER})),
    }


def list_all(desk: Context, arguments: Arguments) -> Answer:
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


def open_direct(desk: Context, arguments: Arguments) -> Answer:
    users = arguments.get("users") or ""
    names = users if isinstance(users, list) else str(users).split(",")
    if len(names) != 1 or names[0] not in desk.workspace.users:
        raise ApiError("user_not_found" if names and names[0] else "users_list_not_supplied")
    return {"ok": True, "channel": {"id": desk.workspace.direct(names[0]).id}}


def team_info(desk: Context, _arguments: Arguments) -> Answer:
    return {"ok": True, "team": {"id": desk.workspace.team, "name": desk.workspace.name, "domain": "playground"}}


def user_by_email(desk: Context, arguments: Arguments) -> Answer:
    wanted = str(arguments.get("email") or "").strip().casefold()
    people = desk.workspace.users.values()
    user = next((each for each in people if wanted and each.email.casefold() == wanted and not each.is_bot), None)
    if user is None:
        raise ApiError("users_not_found")
    return {"ok": True, "user": _person(desk, user)}


def user_info(desk: Context, arguments: Arguments) -> Answer:
    user = desk.workspace.users.get(str(arguments.get("user") or ""))
    if user is None:
        raise ApiError("user_not_found")
    return {"ok": True, "user": _person(desk, user)}


METHODS = {
    "api.test": Method(_api_test, token=""),
    "auth.test": Method(_auth_test, token="any"),  # noqa: S106 - the kind of token, not one
    "apps.connections.open": Method(_open_connection, token="app"),  # noqa: S106 - the kind of token, not one
    "chat.postMessage": Method(post_message, "chat:write"),
    "chat.postEphemeral": Method(post_ephemeral, "chat:write"),
    "chat.update": Method(update_message, "chat:write"),
    "chat.delete": Method(delete_message, "chat:write"),
    "chat.getPermalink": Method(get_permalink),
    "chat.unfurl": Method(unfurl, "links:write"),
    "files.getUploadURLExternal": Method(begin_upload, "files:write"),
    "files.completeUploadExternal": Method(complete_upload, "files:write"),
    "reactions.add": Method(add_reaction, "reactions:write"),
    "conversations.history": Method(conversations_history),
    "conversations.replies": Method(conversations_replies),
    "conversations.info": Method(conversations_info),
    "conversations.members": Method(conversations_members),
    "conversations.list": Method(list_all, "channels:read"),
    "conversations.open": Method(open_direct, "im:write"),
    "conversations.join": Method(join, "channels:join"),
    "users.info": Method(user_info, "users:read"),
    "users.lookupByEmail": Method(user_by_email, "users:read.email"),
    "team.info": Method(team_info, "team:read"),
    "bots.info": Method(bot_info, "users:read"),
    "views.open": Method(open_view),
    "views.push": Method(push_view),
    "views.update": Method(update_view),
    "views.publish": Method(publish_view),
}


async def call_method(desk: Context, name: str, request: tuple[bytes, str, str]) -> ApiResponse:
    """The response to one call, recorded; `request` is the body, its content type and the Authorization header."""
    arguments, error = arguments_of(*request[:2])
    token = error or _token(arguments, request[2])
    grant = desk.oauth.grant(token)
    if grant is not None:
        named = (arguments.get("channel"), arguments.get("user"), arguments.get("user_id"))
        desk = desk.oauth.desk(grant, *named) or desk
    act = _installing(desk, name, arguments, request[2], grant)
    response = await _with_faults(desk, name, act or (lambda: _perform(desk, name, arguments, token, grant)))
    body_object = response.body if isinstance(response.body, dict) else None
    shown = {key: value for key, value in arguments.items() if key not in SECRET}
    desk.workspace.record(Call(name, shown, desk.workspace.clock(), response.status, body_object))
    return response


def _installing(
    desk: Context, name: str, arguments: dict[str, Any], authorization: str, grant: Grant | None
) -> Callable[[], ApiResponse] | None:
    """The two methods of tokens themselves; None for any other."""
    oauth = desk.oauth
    if name == "oauth.v2.access":
        return lambda: ApiResponse(API_OK, oauth.access(arguments, authorization))
    if name == "auth.revoke" and grant is not None:

        def revoke() -> ApiResponse:
            oauth.revoke(grant.token)
            return ApiResponse(API_OK, {"ok": True, "revoked": True})

        return revoke
    return None


async def _with_faults(desk: Context, name: str, act: Callable[[], ApiResponse]) -> ApiResponse:
    response = failure(desk, name)
    if response is None:
        slow = desk.faults.take(FaultKind.SLOW, name)
        if slow:
            await asyncio.sleep(slow.seconds)
        response = act()
        late = desk.faults.take(FaultKind.SLOW_ANSWER, name)
        if late:
            await asyncio.sleep(late.seconds)
        if desk.faults.take(FaultKind.ANSWER_LOST, name):
            return ApiResponse(response.status, None)
    return response


def failure(desk: Context, name: str) -> ApiResponse | None:
    """What a fault answers in place of doing anything."""
    if desk.faults.take(FaultKind.HANG_UP, name):
        return ApiResponse(0, None)
    broken = desk.faults.take(FaultKind.SERVER_ERROR, name)
    if broken:
        return ApiResponse(
            broken.status, "<html><body><h1>Server Error</h1></body></html>", {"content-type": "text/html"}
        )
    limited = desk.faults.take(FaultKind.RATE_LIMITED, name)
    if limited:
        return _slow_down(limited.seconds)
    error = desk.faults.take(FaultKind.SLACK_ERROR, name)
    return ApiResponse(API_OK, {"ok": False, "error": error.error}) if error else None


def _slow_down(seconds: float) -> ApiResponse:
    return ApiResponse(TOO_MANY, {"ok": False, "error": "ratelimited"}, {"retry-after": str(math.ceil(seconds))})


def _perform(
    desk: Context, name: str, arguments: dict[str, Any], token: str, grant: Grant | None = None
) -> ApiResponse:
    scopes = grant.scopes if grant else desk.installation.scopes
    headers = {"x-oauth-scopes": ",".join(sorted(scopes)), "x-accepted-oauth-scopes": ""}
    try:
        method = _method(name)
        headers["x-accepted-oauth-scopes"] = method.scope
        app = _check_token(desk, method, token, grant)
        wait = desk.pace.wait(name, str(arguments.get("channel", ""))) if desk.installation.keeps_pace else 0
        if wait:
            return _slow_down(wait)
        if app and name == "auth.test":
            return ApiResponse(API_OK, {"ok": True, "app_name": "mlcompare", "app_id": APP}, headers)
        return ApiResponse(API_OK, method.run(desk, _objects(arguments)), headers)
    except ApiError as error:
        return ApiResponse(API_OK, error.answer, headers)


def _method(name: str) -> Method:
    if name not in METHODS:
        raise ApiError("unknown_method", req_method=name)
    return METHODS[name]


def _check_token(desk: Context, method: Method, token: str, grant: Grant | None = None) -> bool:
    """True for the app's token, False for the bot's."""
    if not method.token:
        return False
    if token.startswith("error:"):
        raise ApiError(token.removeprefix("error:"))
    if not token:
        raise ApiError("not_authed")
    is_app = token == desk.installation.app_token
    if grant is not None and grant.error:
        raise ApiError(grant.error)
    if not is_app and grant is None and token != desk.installation.bot_token:
        raise ApiError("invalid_auth")
    if method.token not in ("any", "app" if is_app else "bot"):
        raise ApiError("not_allowed_token_type")
    scopes = grant.scopes if grant else desk.installation.scopes
    if method.scope and method.scope not in scopes:
        provided = ",".join(sorted(scopes))
        raise ApiError("missing_scope", needed=method.scope, provided=provided)
    return is_app


def arguments_of(body: bytes, content_type: str) -> tuple[dict[str, Any], str]:
    """What was sent, as a form or as JSON; and the error when it cannot be read."""
    try:
        if "json" not in content_type:
            return dict(parse_qsl(body.decode(), keep_blank_values=True)), ""
        read = parse_json(body or b"{}")
    except ValueError:
        return {}, "error:invalid_json"
    return (read, "") if isinstance(read, dict) else ({}, "error:json_not_object")


def _token(arguments: dict[str, Any], authorization: str) -> str:
    kind, _, token = authorization.partition(" ")
    return token.strip() if kind.lower() == "bearer" else str(arguments.get("token") or "")


def _objects(arguments: dict[str, Any]) -> dict[str, Any]:
    read = dict(arguments)
    for name in OBJECTS:
        if isinstance(read.get(name), str):
            try:
                read[name] = parse_json(read[name]) if read[name] else None
            except ValueError as bad:
                raise ApiError(FORMAT_ERRORS[name]) from bad
            if read[name] is None:
                del read[name]
    return read


# Web API: conversations.*, users.info, users.lookupByEmail, team.info, bots.info.


PAGE = 100
MOST = 999


def _need(desk: Context, scope: str) -> None:
    if scope not in desk.installation.scopes:
        raise ApiError("missing_scope", needed=scope, provided=",".join(sorted(desk.installation.scopes)))


def _counted(message: dict[str, Any], replies: int) -> dict[str, Any]:
    return {**message, "thread_ts": message["ts"], "reply_count": replies} if replies else message
