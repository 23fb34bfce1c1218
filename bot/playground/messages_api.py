"""Web API: chat.*, reactions.add and files.*; a file that is complete is a message."""

import html
import json
import re
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from bot.playground.context import ApiError, Context
from bot.playground.files import LARGEST
from bot.playground.limits import MARKDOWN, TEXT_IN_AN_UPDATE, TEXT_SHOWN, Refusal, check_message, check_view
from bot.playground.schema import Problem
from bot.playground.workspace import BOT, BOT_USER, Channel, Message, View, Workspace

Arguments = dict[str, Any]
Answer = dict[str, Any]


def post_message(desk: Context, arguments: Arguments) -> Answer:
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


def post_ephemeral(desk: Context, arguments: Arguments) -> Answer:
    channel = place_to_post(desk, arguments, public_suffices=False)
    user = str(arguments.get("user") or "")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
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


def update_message(desk: Context, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    message = own_message(desk, channel, arguments, "cant_update_message")
    if channel.is_archived:
        raise ApiError("is_inactive")
    if len(str(arguments.get("text") or "")) > TEXT_IN_AN_UPDATE:
        raise ApiError("msg_too_long")
    content = content_of(desk, arguments)
    if "metadata" in arguments:
        content["metadata"] = arguments["metadata"] or {}
    edited = "" if content["blocks"] else desk.workspace.new_ts()
    message = desk.workspace.edit(message, **content, edited=edited)
    answer = {"ok": True, "channel": channel.id, "ts": message.ts, "text": message.text}
    return _warned({**answer, "message": message.as_slack(with_metadata=True)}, message)


def delete_message(desk: Context, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    message = own_message(desk, channel, arguments, "cant_delete_message")
    desk.workspace.edit(message, deleted=True)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def get_permalink(desk: Context, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    message = desk.workspace.find(channel.id, str(arguments.get("message_ts") or ""))
    if message is None:
        raise ApiError("message_not_found")
    link = f"{desk.url}archives/{channel.id}/p{message.ts.replace('.', '')}"
    return {"ok": True, "channel": channel.id, "permalink": link}


def add_reaction(desk: Context, arguments: Arguments) -> Answer:
    channel = known_channel(desk, arguments)
    message = desk.workspace.find(channel.id, str(arguments.get("timestamp") or ""))
    if message is None:
        raise ApiError("message_not_found")
    reaction = (channel.id, message.ts, str(arguments.get("name") or ""))
    if not reaction[2]:
        raise ApiError("invalid_name")
    if reaction in desk.workspace.reactions:
        raise ApiError("already_reacted")
    with desk.workspace.changing():
        desk.workspace.reactions.append(reaction)
    return {"ok": True}


def known_channel(desk: Context, arguments: Arguments) -> Channel:
    channel = desk.workspace.channel(str(arguments.get("channel") or ""))
    hidden = channel is not None and channel.is_private and BOT_USER not in channel.members
    if channel is None or hidden:
        raise ApiError("channel_not_found")
    return channel


def place_to_post(desk: Context, arguments: Arguments, *, public_suffices: bool = True) -> Channel:
    channel = known_channel(desk, arguments)
    if channel.is_archived:
        raise ApiError("is_archived")
    may_post = public_suffices and "chat:write.public" in desk.installation.scopes
    if BOT_USER not in channel.members and not may_post:
        raise ApiError("not_in_channel")
    return channel


def own_message(desk: Context, channel: Channel, arguments: Arguments, error: str) -> Message:
    message = desk.workspace.find(channel.id, str(arguments.get("ts") or ""))
    if message is None or message.is_ephemeral:
        raise ApiError("message_not_found")
    if message.user != BOT_USER or message.by_slack:
        raise ApiError(error)
    return message


def unfurl(desk: Context, arguments: Arguments) -> Answer:
    """Puts what the app says of links below their message; links of other domains, or of no message, are refused."""
    unfurls = arguments.get("unfurls")
    if unfurls in (None, "", {}):
        raise ApiError("missing_unfurls")
    if not isinstance(unfurls, dict) or not all(isinstance(each, dict) for each in unfurls.values()):
        raise ApiError("invalid_unfurls_format")
    for name, lacking in (("channel", "missing_channel"), ("ts", "missing_ts")):
        if not arguments.get(name):
            raise ApiError(lacking)
    channel = desk.workspace.channel(str(arguments["channel"]))
    if channel is None:
        raise ApiError("cannot_find_channel")
    message = desk.workspace.find(channel.id, str(arguments["ts"]))
    if message is None or message.is_ephemeral:
        raise ApiError("cannot_find_message")
    written = dict(links_of(message.text, desk.installation.unfurl_domains))
    known = {html.unescape(url): url for url in written}
    for url, card in unfurls.items():
        if html.unescape(str(url)) not in known:
            raise ApiError("cannot_unfurl_url")
        refusal = check_message({"attachments": [card]})
        if refusal or not (card.get("blocks") or card.get("text") or card.get("title")):
            raise ApiError("cannot_parse_attachment")
    shown = [each for each in message.attachments if each.get("from_url") not in unfurls]
    more = [
        {
            **card,
            **_card_blocks(desk, card),
            "from_url": url,
            "is_app_unfurl": True,
            "bot_id": BOT,
            "app_unfurl_url": url,
        }
        for url, card in unfurls.items()
    ]
    desk.workspace.edit(message, attachments=(*shown, *more))
    return {"ok": True}


def _card_blocks(desk: Context, card: dict[str, Any]) -> dict[str, Any]:
    return {"blocks": list(named(desk.workspace, card["blocks"]))} if card.get("blocks") else {}


_LINKS = re.compile(r"<(https?://[^|>\s]+)(?:\|[^>]*)?>")


def links_of(text: str, domains: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The links of a message's text, as written there, that are of one of the app's domains or below it; and which."""
    for found in _LINKS.finditer(text):
        try:
            parts = urlsplit(html.unescape(found[1]))
            places = {parts.hostname or "", parts.netloc}
        except ValueError:
            continue
        domain = next((each for each in domains if any(f".{place}".endswith(f".{each}") for place in places)), "")
        if domain:
            yield found[1], domain


def is_true(value: Any) -> bool:
    return value is True or str(value).lower() in ("true", "1")


def _warned(answer: Answer, message: Message) -> Answer:
    if message.warnings:
        answer["warning"] = ",".join(message.warnings)
        answer["response_metadata"] = {"warnings": list(message.warnings)}
    return {**answer, "bot_id": BOT} if "message" in answer else answer


# A message on its way in: what Slack checks, what it fills in, where it is put.


_HELD = ("elements", "child_blocks", "actions", "tasks")
_UNNAMED = frozenset({"image", "mrkdwn", "plain_text", "card"})


def content_of(desk: Context, arguments: Arguments) -> Answer:
    """The parts of a Message that its content decides. Raises ApiError as Slack refuses it."""
    if "markdown_text" in arguments:
        arguments = _from_markdown(arguments)
    sent = arguments.get("blocks") or []
    refusal = check_message(arguments) or _refused_here(desk, sent) or desk.files.refusal(sent)
    if refusal:
        raise ApiError.refusing(refusal)
    text = str(arguments.get("text") or "")
    blocks, attachments = arguments.get("blocks") or [], arguments.get("attachments") or []
    if not (text.strip() or blocks or attachments):
        raise ApiError("no_text")
    return {
        "text": text[:TEXT_SHOWN],
        "blocks": tuple(named(desk.workspace, blocks)),
        "attachments": tuple(
            {**item, "blocks": list(named(desk.workspace, item["blocks"]))} if item.get("blocks") else item
            for item in attachments
        ),
        "warnings": ("message_truncated",) if len(text) > TEXT_SHOWN else (),
    }


def named(workspace: Workspace, blocks: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The blocks, each with a block_id and each element that can be used with an action_id, as Slack adds them."""
    for block in blocks:
        yield {"block_id": workspace.new_id("b"), **_with_actions(workspace, block)}


def _with_actions(workspace: Workspace, block: dict[str, Any]) -> dict[str, Any]:
    kind = block["type"]
    if kind in ("rich_text", "table", "data_table", "data_visualization", "markdown"):
        return block
    changed = dict(block)
    for holder in _HELD:
        if isinstance(block.get(holder), list):
            changed[holder] = [_named_inside(workspace, item) for item in block[holder]]
    for holder in ("accessory", "element"):
        if isinstance(block.get(holder), dict):
            changed[holder] = _named_inside(workspace, block[holder])
    return changed


def _named_inside(workspace: Workspace, item: dict[str, Any]) -> dict[str, Any]:
    if item.get("type") == "card" or "child_blocks" in item or _is_block(item):
        return next(named(workspace, [item]))
    if item.get("type") in _UNNAMED:
        return item
    return {"action_id": workspace.new_id("a"), **item}


def _is_block(item: dict[str, Any]) -> bool:
    return item.get("type") in ("actions", "context", "divider", "header", "input", "rich_text", "section", "table")


def _from_markdown(arguments: Arguments) -> Answer:
    if arguments.get("text") or arguments.get("blocks"):
        raise ApiError("markdown_text_conflict")
    text = str(arguments["markdown_text"])
    if len(text) > MARKDOWN:
        raise ApiError("msg_too_long")
    return {**arguments, "text": text, "blocks": [{"type": "markdown", "text": text}] if text else []}


def _refused_here(desk: Context, blocks: list[dict[str, Any]]) -> Refusal | None:
    places = dict(_kinds(blocks, "/blocks"))
    refused = desk.faults.refused(frozenset(places))
    if not refused:
        return None
    return Refusal("invalid_blocks", (Problem(f"unsupported type: {refused}", f"{places[refused]}/type"),))


def _kinds(blocks: list[dict[str, Any]], place: str) -> Iterator[tuple[str, str]]:
    for at, block in enumerate(blocks):
        yield block["type"], f"{place}/{at}"
        yield from _kinds(block.get("child_blocks") or [], f"{place}/{at}/child_blocks")


# Web API: views.*.


DEEPEST = 3


def open_view(desk: Context, arguments: Arguments) -> Answer:
    user, error = desk.tickets.take_trigger(str(arguments.get("trigger_id") or ""))
    if error:
        raise ApiError(error)
    content = _content(desk, arguments, "modal")
    view = View(desk.workspace.new_id("V"), user, content, secrets.token_hex(8))
    with desk.workspace.changing():
        desk.workspace.views[view.id] = view
        desk.workspace.open_views = [view.id]
    return {"ok": True, "view": view.as_slack()}


def push_view(desk: Context, arguments: Arguments) -> Answer:
    user, error = desk.tickets.take_trigger(str(arguments.get("trigger_id") or ""))
    if error:
        raise ApiError(error)
    view = view_stack(desk, user, _content(desk, arguments, "modal"))
    return {"ok": True, "view": view.as_slack()}


def view_stack(desk: Context, user: str, content: dict[str, Any]) -> View:
    """A view over those on screen. Raises ApiError when there are three already."""
    under = desk.workspace.open_views
    if len(under) >= DEEPEST:
        raise ApiError("push_limit_reached")
    root, previous = (under[0], under[-1]) if under else ("", "")
    view = View(desk.workspace.new_id("V"), user, content, secrets.token_hex(8), root, previous)
    with desk.workspace.changing():
        desk.workspace.views[view.id] = view
        desk.workspace.open_views = [*under, view.id]
    return view


def update_view(desk: Context, arguments: Arguments) -> Answer:
    view_id, external = arguments.get("view_id"), arguments.get("external_id")
    found = [
        view
        for view in desk.workspace.views.values()
        if view.id == view_id or (external and view.content.get("external_id") == external)
    ]
    if not found:
        raise ApiError("not_found")
    if arguments.get("hash") not in (None, "", found[-1].hash):
        raise ApiError("hash_conflict")
    view = change(desk, found[-1], _content(desk, arguments, found[-1].content["type"]))
    return {"ok": True, "view": view.as_slack()}


def change(desk: Context, view: View, content: dict[str, Any]) -> View:
    """Inputs whose block keeps its id keep what was typed."""
    block_ids = {block["block_id"] for block in content["blocks"]}
    values = {block: value for block, value in view.values.items() if block in block_ids}
    changed = replace(view, content=content, hash=secrets.token_hex(8), values=values)
    with desk.workspace.changing():
        desk.workspace.views[view.id] = changed
    return changed


def publish_view(desk: Context, arguments: Arguments) -> Answer:
    user = str(arguments.get("user_id") or "")
    if user not in desk.workspace.users:
        raise ApiError("invalid_arguments")
    shown = desk.workspace.home.get(user)
    if shown and arguments.get("hash") not in (None, "", shown.hash):
        raise ApiError("hash_conflict")
    content = _content(desk, arguments, "home")
    view = View(shown.id if shown else desk.workspace.new_id("V"), user, content, secrets.token_hex(8))
    with desk.workspace.changing():
        desk.workspace.home[user] = view
        desk.workspace.views[view.id] = view
    return {"ok": True, "view": view.as_slack()}


def accepted_view(desk: Context, view: Any) -> dict[str, Any]:
    """The view as Slack keeps it. Raises ApiError with each fault's place."""
    refusal = check_view(view)
    if refusal:
        raise ApiError.refusing(refusal)
    return {**view, "blocks": list(named(desk.workspace, view["blocks"]))}


def _content(desk: Context, arguments: Arguments, kind: str) -> dict[str, Any]:
    content = accepted_view(desk, arguments.get("view"))
    if content["type"] != kind:
        raise ApiError("invalid_arguments")
    return content


def _share(desk: Context, ids: list[str], arguments: Arguments) -> None:
    """A message of the app with the files, in the channel or thread that it names."""
    named = [f"<{desk.url}files/{each}|{desk.files.known[each].name}>" for each in ids]
    text = "\n".join(filter(None, [str(arguments.get("initial_comment") or ""), *named]))
    post_message(desk, {"channel": arguments["channel_id"], "text": text, "thread_ts": arguments.get("thread_ts")})


def begin_upload(desk: Context, arguments: Arguments) -> Answer:
    length = str(arguments.get("length") or "")
    if not arguments.get("filename") or not length.isdecimal() or not 0 < int(length) <= LARGEST:
        raise ApiError("invalid_arguments")
    token, file = desk.files.begin(str(arguments["filename"]), int(length), str(arguments.get("alt_txt") or ""))
    return {"ok": True, "upload_url": f"{desk.url}upload/{token}", "file_id": file.id}


def complete_upload(desk: Context, arguments: Arguments) -> Answer:
    files = arguments.get("files") or []
    try:
        named = json.loads(files) if isinstance(files, str) else files
    except ValueError as error:
        raise ApiError("invalid_arguments") from error
    if not isinstance(named, list) or not named or not all(isinstance(each, dict) for each in named):
        raise ApiError("invalid_arguments")
    found = []
    for each in named:
        file = desk.files.known.get(str(each.get("id")))
        if file is None or not file.content:
            raise ApiError("file_not_found")
        desk.files.known[file.id] = replace(file, title=str(each.get("title") or ""), is_complete=True)
        found.append({"id": file.id, "title": each.get("title") or ""})
    if arguments.get("channel_id"):
        _share(desk, [str(each["id"]) for each in found], arguments)
    return {"ok": True, "files": found}
