"""The Web API: who may call what, what each method answers, and what goes wrong on purpose."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from bot.playground import chat, conversations, views
from bot.playground.desk import Desk, SlackError
from bot.playground.faults import Kind
from bot.playground.shapes import parse_json
from bot.playground.state import APP, BOT, BOT_USER, TEAM, Call

OBJECTS = ("blocks", "attachments", "metadata", "view")
FORMAT_ERRORS = {
    "blocks": "invalid_blocks_format",
    "attachments": "invalid_attachments",
    "metadata": "invalid_metadata_format",
    "view": "invalid_arguments",
}
OK, TOO_MANY = 200, 429


@dataclass(frozen=True)
class Response:
    status: int
    body: dict[str, Any] | str | None  # None: the connection ends without an answer
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Method:
    run: Callable[[Desk, dict[str, Any]], dict[str, Any]]
    scope: str = ""
    token: str = "bot"  # noqa: S105 - the kind of token, not one


def _auth_test(desk: Desk, _arguments: dict[str, Any]) -> dict[str, Any]:
    names = {"url": desk.url, "team": "Playground", "user": "mlcompare"}
    ids = {"team_id": TEAM, "user_id": BOT_USER, "bot_id": BOT}
    return {"ok": True, **names, **ids, "is_enterprise_install": False}


def _open_connection(desk: Desk, _arguments: dict[str, Any]) -> dict[str, Any]:
    return {"ok": True, "url": desk.open_socket()}


METHODS = {
    "auth.test": Method(_auth_test, token="any"),  # noqa: S106 - the kind of token, not one
    "apps.connections.open": Method(_open_connection, token="app"),  # noqa: S106 - the kind of token, not one
    "chat.postMessage": Method(chat.post_message, "chat:write"),
    "chat.postEphemeral": Method(chat.post_ephemeral, "chat:write"),
    "chat.update": Method(chat.update, "chat:write"),
    "chat.delete": Method(chat.delete, "chat:write"),
    "chat.getPermalink": Method(chat.get_permalink),
    "reactions.add": Method(chat.add_reaction, "reactions:write"),
    "conversations.history": Method(conversations.history),
    "conversations.replies": Method(conversations.replies),
    "conversations.info": Method(conversations.info),
    "conversations.members": Method(conversations.members),
    "conversations.list": Method(conversations.list_all, "channels:read"),
    "conversations.open": Method(conversations.open_direct, "im:write"),
    "conversations.join": Method(conversations.join, "channels:join"),
    "users.info": Method(conversations.user_info, "users:read"),
    "users.lookupByEmail": Method(conversations.user_by_email, "users:read.email"),
    "team.info": Method(conversations.team_info, "team:read"),
    "bots.info": Method(conversations.bot_info, "users:read"),
    "views.open": Method(views.open_view),
    "views.push": Method(views.push),
    "views.update": Method(views.update),
    "views.publish": Method(views.publish),
}


async def answer(desk: Desk, name: str, request: tuple[bytes, str, str]) -> Response:
    """The response to one call, recorded; `request` is the body, its content type and the Authorization header."""
    arguments, error = arguments_of(*request[:2])
    response = await _with_faults(
        desk, name, lambda: _perform(desk, name, arguments, error or _token(arguments, request[2]))
    )
    told = response.body if isinstance(response.body, dict) else None
    shown = {key: value for key, value in arguments.items() if key != "token"}
    desk.workspace.record(Call(name, shown, desk.workspace.clock(), response.status, told))
    return response


async def _with_faults(desk: Desk, name: str, act: Callable[[], Response]) -> Response:
    response = failure(desk, name)
    if response is None:
        slow = desk.faults.take(Kind.SLOW, name)
        if slow:
            await asyncio.sleep(slow.seconds)
        response = act()
        late = desk.faults.take(Kind.SLOW_ANSWER, name)
        if late:
            await asyncio.sleep(late.seconds)
        if desk.faults.take(Kind.ANSWER_LOST, name):
            return Response(response.status, None)
    return response


def failure(desk: Desk, name: str) -> Response | None:
    """What a fault answers in place of doing anything."""
    if desk.faults.take(Kind.HANG_UP, name):
        return Response(0, None)
    broken = desk.faults.take(Kind.SERVER_ERROR, name)
    if broken:
        return Response(broken.status, "<html><body><h1>Server Error</h1></body></html>", {"content-type": "text/html"})
    limited = desk.faults.take(Kind.RATE_LIMITED, name)
    if limited:
        return _slow_down(limited.seconds)
    error = desk.faults.take(Kind.SLACK_ERROR, name)
    return Response(OK, {"ok": False, "error": error.error}) if error else None


def _slow_down(seconds: float) -> Response:
    return Response(TOO_MANY, {"ok": False, "error": "ratelimited"}, {"retry-after": str(math.ceil(seconds))})


def _perform(desk: Desk, name: str, arguments: dict[str, Any], token: str) -> Response:
    headers = {"x-oauth-scopes": ",".join(sorted(desk.installation.scopes)), "x-accepted-oauth-scopes": ""}
    try:
        method = _method(name)
        headers["x-accepted-oauth-scopes"] = method.scope
        app = _check_token(desk, method, token)
        wait = desk.pace.wait(name, str(arguments.get("channel", ""))) if desk.installation.keeps_pace else 0
        if wait:
            return _slow_down(wait)
        if app and name == "auth.test":
            return Response(OK, {"ok": True, "app_name": "mlcompare", "app_id": APP}, headers)
        return Response(OK, method.run(desk, _objects(arguments)), headers)
    except SlackError as error:
        return Response(OK, error.answer, headers)


def _method(name: str) -> Method:
    if name not in METHODS:
        raise SlackError("unknown_method", req_method=name)
    return METHODS[name]


def _check_token(desk: Desk, method: Method, token: str) -> bool:
    """True for the app's token, False for the bot's."""
    if token.startswith("error:"):
        raise SlackError(token.removeprefix("error:"))
    if not token:
        raise SlackError("not_authed")
    is_app = token == desk.installation.app_token
    if not is_app and token != desk.installation.bot_token:
        raise SlackError("invalid_auth")
    if method.token not in ("any", "app" if is_app else "bot"):
        raise SlackError("not_allowed_token_type")
    if method.scope and method.scope not in desk.installation.scopes:
        provided = ",".join(sorted(desk.installation.scopes))
        raise SlackError("missing_scope", needed=method.scope, provided=provided)
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
                raise SlackError(FORMAT_ERRORS[name]) from bad
            if read[name] is None:
                del read[name]
    return read
