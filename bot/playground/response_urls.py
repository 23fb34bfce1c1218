"""Answers by response_url: five in thirty minutes, to all or to the asker, new or in place of the message."""

import asyncio
from typing import Any

from bot.playground.chat import is_true
from bot.playground.desk import Desk, SlackError
from bot.playground.faults import Kind
from bot.playground.posting import content_of
from bot.playground.shapes import parse_json
from bot.playground.state import BOT_USER, Call, Message
from bot.playground.tickets import ResponseUrl
from bot.playground.web_api import OK, Response, failure

NAME = "response_url"
BAD, GONE = 400, 404


async def answer(desk: Desk, token: str, body: bytes) -> Response:
    """The response to one post, recorded as a call of `response_url`."""
    try:
        arguments = parse_json(body or b"{}")
    except ValueError:
        arguments = None
    response = failure(desk, NAME)
    if response is None:
        slow = desk.faults.take(Kind.SLOW, NAME)
        if slow:
            await asyncio.sleep(slow.seconds)
        response = _perform(desk, token, arguments)
        if desk.faults.take(Kind.ANSWER_LOST, NAME):
            response = Response(response.status, None)
    told = response.body if isinstance(response.body, dict) else None
    shown = arguments if isinstance(arguments, dict) else {}
    desk.workspace.record(Call(NAME, shown, desk.workspace.clock(), response.status, told))
    return response


def _perform(desk: Desk, token: str, arguments: Any) -> Response:
    if not isinstance(arguments, dict):
        return Response(BAD, "invalid_payload")
    url, error = desk.tickets.use_url(token)
    if url is None:
        return Response(GONE, {"ok": False, "error": error})
    try:
        respond(desk, url, arguments)
    except SlackError as refused:
        return Response(BAD, str(refused))
    return Response(OK, "ok")


def respond(desk: Desk, url: ResponseUrl, arguments: dict[str, Any]) -> None:
    """Do what was answered. Raises SlackError when Slack would refuse it."""
    original = desk.workspace.find(url.channel, url.message_ts) if url.message_ts else None
    if is_true(arguments.get("delete_original")):
        if original:
            desk.workspace.edit(original, deleted=True)
        return
    content = content_of(desk, arguments)
    if original and _replaces(arguments):
        desk.workspace.edit(original, **content)
        return
    in_channel = arguments.get("response_type") == "in_channel"
    thread = str(arguments.get("thread_ts") or (url.thread_ts if not in_channel else ""))
    desk.workspace.put(
        Message(
            desk.workspace.new_ts(),
            url.channel,
            BOT_USER,
            **content,
            thread_ts=thread,
            only_to="" if in_channel else url.user,
            metadata=arguments.get("metadata") or {} if in_channel else {},
        )
    )


def _replaces(arguments: dict[str, Any]) -> bool:
    """As asked; unasked, an answer to a button replaces its message unless it says to whom it speaks."""
    asked = arguments.get("replace_original")
    return is_true(asked) if asked is not None else "response_type" not in arguments
