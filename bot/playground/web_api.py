"""The Web API: who may call what, what each method answers, and what goes wrong on purpose."""

import asyncio
import html
import json
import math
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from bot.playground.context import ApiError, Context
from bot.playground.faults import FaultKind
from bot.playground.limits import MARKDOWN, TEXT_IN_AN_UPDATE, TEXT_SHOWN, Refusal, check_message, check_view
from bot.playground.oauth import IssuedToken
from bot.playground.schema import Problem, parse_json
from bot.playground.workspace import APP, BOT, BOT_USER, LARGEST, Call, Channel, Message, User, View, Workspace

Arguments = dict[str, Any]
Answer = dict[str, Any]


# chat.* and reactions.add.


def post_message(context: Context, arguments: Arguments) -> Answer:
    channel = place_to_post(context, arguments)
    message = context.workspace.put(
        Message(
            context.workspace.new_ts(),
            channel.id,
            BOT_USER,
            **content_of(context, arguments),
            thread_ts=str(arguments.get("thread_ts") or ""),
            metadata=arguments.get("metadata") or {},
            broadcast=is_true(arguments.get("reply_broadcast")),
        )
    )
    answer = {"ok": True, "channel": channel.id, "ts": message.ts, "message": message.as_slack(with_metadata=True)}
    return _warned(answer, message)


def post_ephemeral(context: Context, arguments: Arguments) -> Answer:
    channel = place_to_post(context, arguments, public_suffices=False)
    user = str(arguments.get("user") or "")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    message = context.workspace.put(
        Message(
            context.workspace.new_ts(),
            channel.id,
            BOT_USER,
            **content_of(context, arguments),
            thread_ts=str(arguments.get("thread_ts") or ""),
            only_to=user,
        )
    )
    return {"ok": True, "message_ts": message.ts}


def update_message(context: Context, arguments: Arguments) -> Answer:
    channel = known_channel(context, arguments)
    message = own_message(context, channel, arguments, "cant_update_message")
    if channel.is_archived:
        raise ApiError("is_inactive")
    if len(str(arguments.get("text") or "")) > TEXT_IN_AN_UPDATE:
        raise ApiError("msg_too_long")
    content = content_of(context, arguments)
    if "metadata" in arguments:
        content["metadata"] = arguments["metadata"] or {}
    edited = "" if content["blocks"] else context.workspace.new_ts()
    message = context.workspace.edit(message, **content, edited=edited)
    answer = {"ok": True, "channel": channel.id, "ts": message.ts, "text": message.text}
    return _warned({**answer, "message": message.as_slack(with_metadata=True)}, message)


def delete_message(context: Context, arguments: Arguments) -> Answer:
    channel = known_channel(context, arguments)
    message = own_message(context, channel, arguments, "cant_delete_message")
    context.workspace.edit(message, deleted=True)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


def get_permalink(context: Context, arguments: Arguments) -> Answer:
    channel = known_channel(context, arguments)
    message = context.workspace.find(channel.id, str(arguments.get("message_ts") or ""))
    if message is None:
        raise ApiError("message_not_found")
    link = f"{context.url}archives/{channel.id}/p{message.ts.replace('.', '')}"
    return {"ok": True, "channel": channel.id, "permalink": link}


def add_reaction(context: Context, arguments: Arguments) -> Answer:
    channel = known_channel(context, arguments)
    message = context.workspace.find(channel.id, str(arguments.get("timestamp") or ""))
    if message is None:
        raise ApiError("message_not_found")
    reaction = (channel.id, message.ts, str(arguments.get("name") or ""))
    if not reaction[2]:
        raise ApiError("invalid_name")
    if reaction in context.workspace.reactions:
        raise ApiError("already_reacted")
    with context.workspace.changing():
        context.workspace.reactions.append(reaction)
    return {"ok": True}


def known_channel(context: Context, arguments: Arguments) -> Channel:
    channel = context.workspace.channel(str(arguments.get("channel") or ""))
    hidden = channel is not None and channel.is_private and BOT_USER not in channel.members
    if channel is None or hidden:
        raise ApiError("channel_not_found")
    return channel


def place_to_post(context: Context, arguments: Arguments, *, public_suffices: bool = True) -> Channel:
    channel = known_channel(context, arguments)
    if channel.is_archived:
        raise ApiError("is_archived")
    may_post = public_suffices and "chat:write.public" in context.installation.scopes
    if BOT_USER not in channel.members and not may_post:
        raise ApiError("not_in_channel")
    return channel


def own_message(context: Context, channel: Channel, arguments: Arguments, error: str) -> Message:
    message = context.workspace.find(channel.id, str(arguments.get("ts") or ""))
    if message is None or message.is_ephemeral:
        raise ApiError("message_not_found")
    if message.user != BOT_USER or message.by_slack:
        raise ApiError(error)
    return message


def unfurl(context: Context, arguments: Arguments) -> Answer:
    """Puts what the app says of links below their message; links of other domains, or of no message, are refused."""
    unfurls = arguments.get("unfurls")
    if unfurls in (None, "", {}):
        raise ApiError("missing_unfurls")
    if not isinstance(unfurls, dict) or not all(isinstance(each, dict) for each in unfurls.values()):
        raise ApiError("invalid_unfurls_format")
    for name, lacking in (("channel", "missing_channel"), ("ts", "missing_ts")):
        if not arguments.get(name):
            raise ApiError(lacking)
    channel = context.workspace.channel(str(arguments["channel"]))
    if channel is None:
        raise ApiError("cannot_find_channel")
    message = context.workspace.find(channel.id, str(arguments["ts"]))
    if message is None or message.is_ephemeral:
        raise ApiError("cannot_find_message")
    written = dict(links_of(message.text, context.installation.unfurl_domains))
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
            **_card_blocks(context, card),
            "from_url": url,
            "is_app_unfurl": True,
            "bot_id": BOT,
            "app_unfurl_url": url,
        }
        for url, card in unfurls.items()
    ]
    context.workspace.edit(message, attachments=(*shown, *more))
    return {"ok": True}


def _card_blocks(context: Context, card: dict[str, Any]) -> dict[str, Any]:
    return {"blocks": list(named(context.workspace, card["blocks"]))} if card.get("blocks") else {}


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


def content_of(context: Context, arguments: Arguments) -> Answer:
    """The parts of a Message that its content decides. Raises ApiError as Slack refuses it."""
    if "markdown_text" in arguments:
        arguments = _from_markdown(arguments)
    sent = arguments.get("blocks") or []
    refusal = check_message(arguments) or _refused_here(context, sent) or context.files.refusal(sent)
    if refusal:
        raise ApiError.refusing(refusal)
    text = str(arguments.get("text") or "")
    blocks, attachments = arguments.get("blocks") or [], arguments.get("attachments") or []
    if not (text.strip() or blocks or attachments):
        raise ApiError("no_text")
    return {
        "text": text[:TEXT_SHOWN],
        "blocks": tuple(named(context.workspace, blocks)),
        "attachments": tuple(
            {**item, "blocks": list(named(context.workspace, item["blocks"]))} if item.get("blocks") else item
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


def _refused_here(context: Context, blocks: list[dict[str, Any]]) -> Refusal | None:
    places = dict(_kinds(blocks, "/blocks"))
    refused = context.faults.refused(frozenset(places))
    if not refused:
        return None
    return Refusal("invalid_blocks", (Problem(f"unsupported type: {refused}", f"{places[refused]}/type"),))


def _kinds(blocks: list[dict[str, Any]], place: str) -> Iterator[tuple[str, str]]:
    for at, block in enumerate(blocks):
        yield block["type"], f"{place}/{at}"
        yield from _kinds(block.get("child_blocks") or [], f"{place}/{at}/child_blocks")


# views.*


DEEPEST = 3


def open_view(context: Context, arguments: Arguments) -> Answer:
    user, error = context.tickets.take_trigger(str(arguments.get("trigger_id") or ""))
    if error:
        raise ApiError(error)
    content = _content(context, arguments, "modal")
    view = View(context.workspace.new_id("V"), user, content, secrets.token_hex(8))
    with context.workspace.changing():
        context.workspace.views[view.id] = view
        context.workspace.open_views = [view.id]
    return {"ok": True, "view": view.as_slack()}


def push_view(context: Context, arguments: Arguments) -> Answer:
    user, error = context.tickets.take_trigger(str(arguments.get("trigger_id") or ""))
    if error:
        raise ApiError(error)
    view = view_stack(context, user, _content(context, arguments, "modal"))
    return {"ok": True, "view": view.as_slack()}


def view_stack(context: Context, user: str, content: dict[str, Any]) -> View:
    """A view over those on screen. Raises ApiError when there are three already."""
    under = context.workspace.open_views
    if len(under) >= DEEPEST:
        raise ApiError("push_limit_reached")
    root, previous = (under[0], under[-1]) if under else ("", "")
    view = View(context.workspace.new_id("V"), user, content, secrets.token_hex(8), root, previous)
    with context.workspace.changing():
        context.workspace.views[view.id] = view
        context.workspace.open_views = [*under, view.id]
    return view


def update_view(context: Context, arguments: Arguments) -> Answer:
    view_id, external = arguments.get("view_id"), arguments.get("external_id")
    found = [
        view
        for view in context.workspace.views.values()
        if view.id == view_id or (external and view.content.get("external_id") == external)
    ]
    if not found:
        raise ApiError("not_found")
    if arguments.get("hash") not in (None, "", found[-1].hash):
        raise ApiError("hash_conflict")
    view = change(context, found[-1], _content(context, arguments, found[-1].content["type"]))
    return {"ok": True, "view": view.as_slack()}


def change(context: Context, view: View, content: dict[str, Any]) -> View:
    """Inputs whose block keeps its id keep what was typed."""
    block_ids = {block["block_id"] for block in content["blocks"]}
    values = {block: value for block, value in view.values.items() if block in block_ids}
    changed = replace(view, content=content, hash=secrets.token_hex(8), values=values)
    with context.workspace.changing():
        context.workspace.views[view.id] = changed
    return changed


def publish_view(context: Context, arguments: Arguments) -> Answer:
    user = str(arguments.get("user_id") or "")
    if user not in context.workspace.users:
        raise ApiError("invalid_arguments")
    shown = context.workspace.home.get(user)
    if shown and arguments.get("hash") not in (None, "", shown.hash):
        raise ApiError("hash_conflict")
    content = _content(context, arguments, "home")
    view = View(shown.id if shown else context.workspace.new_id("V"), user, content, secrets.token_hex(8))
    with context.workspace.changing():
        context.workspace.home[user] = view
        context.workspace.views[view.id] = view
    return {"ok": True, "view": view.as_slack()}


def accepted_view(context: Context, view: Any) -> dict[str, Any]:
    """The view as Slack keeps it. Raises ApiError with each fault's place."""
    refusal = check_view(view)
    if refusal:
        raise ApiError.refusing(refusal)
    return {**view, "blocks": list(named(context.workspace, view["blocks"]))}


def _content(context: Context, arguments: Arguments, kind: str) -> dict[str, Any]:
    content = accepted_view(context, arguments.get("view"))
    if content["type"] != kind:
        raise ApiError("invalid_arguments")
    return content


# files.*


def _share(context: Context, ids: list[str], arguments: Arguments) -> None:
    """A message of the app with the files, in the channel or thread that it names."""
    named = [f"<{context.url}files/{each}|{context.files.known[each].name}>" for each in ids]
    text = "\n".join(filter(None, [str(arguments.get("initial_comment") or ""), *named]))
    post_message(context, {"channel": arguments["channel_id"], "text": text, "thread_ts": arguments.get("thread_ts")})


def begin_upload(context: Context, arguments: Arguments) -> Answer:
    length = str(arguments.get("length") or "")
    if not arguments.get("filename") or not length.isdecimal() or not 0 < int(length) <= LARGEST:
        raise ApiError("invalid_arguments")
    token, file = context.files.begin(str(arguments["filename"]), int(length), str(arguments.get("alt_txt") or ""))
    return {"ok": True, "upload_url": f"{context.url}upload/{token}", "file_id": file.id}


def complete_upload(context: Context, arguments: Arguments) -> Answer:
    files = arguments.get("files") or []
    try:
        named = json.loads(files) if isinstance(files, str) else files
    except ValueError as error:
        raise ApiError("invalid_arguments") from error
    if not isinstance(named, list) or not named or not all(isinstance(each, dict) for each in named):
        raise ApiError("invalid_arguments")
    found = []
    for each in named:
        file = context.files.known.get(str(each.get("id")))
        if file is None or not file.content:
            raise ApiError("file_not_found")
        context.files.known[file.id] = replace(file, title=str(each.get("title") or ""), is_complete=True)
        found.append({"id": file.id, "title": each.get("title") or ""})
    if arguments.get("channel_id"):
        _share(context, [str(each["id"]) for each in found], arguments)
    return {"ok": True, "files": found}


# conversations.*, users.info, users.lookupByEmail, team.info, bots.info.


PAGE = 100
MOST = 999


def _need(context: Context, scope: str) -> None:
    if scope not in context.installation.scopes:
        raise ApiError("missing_scope", needed=scope, provided=",".join(sorted(context.installation.scopes)))


def _counted(message: dict[str, Any], replies: int) -> dict[str, Any]:
    return {**message, "thread_ts": message["ts"], "reply_count": replies} if replies else message


def _cursor(end: int, length: int) -> str:
    return f"at:{end}" if end < length else ""


def _joined(context: Context, arguments: Arguments) -> Channel:
    channel = known_channel(context, arguments)
    if BOT_USER not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _need_history(context: Context, channel: Channel) -> None:
    kind = "im" if channel.is_im else "groups" if channel.is_private else "channels"
    _need(context, f"{kind}:history")


def _need_reading(context: Context, channel: Channel) -> None:
    kind = "im" if channel.is_im else "groups" if channel.is_private else "channels"
    _need(context, f"{kind}:read")


def _paged(context: Context, messages: list[Message], arguments: Arguments) -> Answer:
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
    counts = Counter(each.thread_ts for each in context.workspace.everything(channel) if each.thread_ts)
    answer: Answer = {
        "ok": True,
        "messages": [_counted(message, counts[message["ts"]]) for message in page],
        "has_more": end < len(found),
    }
    if end < len(found):
        answer["response_metadata"] = {"next_cursor": _cursor(end, len(found))}
    return answer


def _person(context: Context, user: User) -> dict[str, Any]:
    """The address only for apps that may read it."""
    profile = {"real_name": user.real_name, "display_name": user.name}
    if "users:read.email" in context.installation.scopes and user.email:
        profile["email"] = user.email
    about = {"id": user.id, "team_id": user.team, "name": user.name, "real_name": user.real_name, "is_bot": user.is_bot}
    about |= {"is_restricted": user.is_guest, "is_ultra_restricted": False}
    about |= {"is_admin": user.is_admin, "is_owner": user.is_admin, "is_primary_owner": False}
    about |= {"is_stranger": user.is_stranger} if user.team != context.workspace.team else {}
    if context.workspace.enterprise and user.team == context.workspace.team:
        about["enterprise_user"] = {"enterprise_id": context.workspace.enterprise, "teams": [user.team]}
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


def bot_info(_context: Context, arguments: Arguments) -> Answer:
    if arguments.get("bot") not in (None, "", BOT):
        raise ApiError("bot_not_found")
    return {"ok": True, "bot": {"id": BOT, "app_id": APP, "user_id": BOT_USER, "name": "mlcompare", "deleted": False}}


def conversations_history(context: Context, arguments: Arguments) -> Answer:
    channel = _joined(context, arguments)
    _need_history(context, channel)
    messages = [
        message
        for message in context.workspace.everything(channel.id)
        if not message.is_ephemeral and (not message.thread_ts or message.broadcast or message.thread_ts == message.ts)
    ]
    return _paged(context, list(reversed(messages)), arguments)


def conversations_info(context: Context, arguments: Arguments) -> Answer:
    channel = known_channel(context, arguments)
    _need_reading(context, channel)
    return {"ok": True, "channel": as_slack(channel)}


def conversations_members(context: Context, arguments: Arguments) -> Answer:
    channel = known_channel(context, arguments)
    _need_reading(context, channel)
    found = sorted(channel.members)
    start, end = _window(arguments, len(found))
    return {"ok": True, "members": found[start:end], "response_metadata": {"next_cursor": _cursor(end, len(found))}}


def conversations_replies(context: Context, arguments: Arguments) -> Answer:
    channel = _joined(context, arguments)
    _need_history(context, channel)
    ts = str(arguments.get("ts") or "")
    thread = [
        message
        for message in context.workspace.everything(channel.id)
        if not message.is_ephemeral and ts in (message.ts, message.thread_ts)
    ]
    if not any(message.ts == ts for message in thread):
        raise ApiError("thread_not_found")
    return _paged(context, thread, arguments)


def join(context: Context, arguments: Arguments) -> Answer:
    channel = known_channel(context, arguments)
    if channel.is_im or channel.is_private:
        raise ApiError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise ApiError("is_archived")
    return {
        "ok": True,
        "channel": as_slack(context.workspace.change_channel(channel, members=channel.members | {BOT_USER})),
    }


def list_all(context: Context, arguments: Arguments) -> Answer:
    kinds = str(arguments.get("types") or "public_channel").split(",")
    found = [
        as_slack(channel)
        for channel in context.workspace.channels.values()
        if ("im" if channel.is_im else "private_channel" if channel.is_private else "public_channel") in kinds
        and (BOT_USER in channel.members or not (channel.is_im or channel.is_private))
        and not (channel.is_archived and is_true(arguments.get("exclude_archived")))
    ]
    start, end = _window(arguments, len(found))
    return {"ok": True, "channels": found[start:end], "response_metadata": {"next_cursor": _cursor(end, len(found))}}


def open_direct(context: Context, arguments: Arguments) -> Answer:
    users = arguments.get("users") or ""
    names = users if isinstance(users, list) else str(users).split(",")
    if len(names) != 1 or names[0] not in context.workspace.users:
        raise ApiError("user_not_found" if names and names[0] else "users_list_not_supplied")
    return {"ok": True, "channel": {"id": context.workspace.direct(names[0]).id}}


def team_info(context: Context, _arguments: Arguments) -> Answer:
    return {"ok": True, "team": {"id": context.workspace.team, "name": context.workspace.name, "domain": "playground"}}


def user_by_email(context: Context, arguments: Arguments) -> Answer:
    wanted = str(arguments.get("email") or "").strip().casefold()
    people = context.workspace.users.values()
    user = next((each for each in people if wanted and each.email.casefold() == wanted and not each.is_bot), None)
    if user is None:
        raise ApiError("users_not_found")
    return {"ok": True, "user": _person(context, user)}


def user_info(context: Context, arguments: Arguments) -> Answer:
    user = context.workspace.users.get(str(arguments.get("user") or ""))
    if user is None:
        raise ApiError("user_not_found")
    return {"ok": True, "user": _person(context, user)}


# Every method: who may call it, and what goes wrong on purpose.


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


def _auth_test(context: Context, _arguments: dict[str, Any]) -> dict[str, Any]:
    workspace = context.workspace
    names = {"url": context.url, "team": workspace.name, "user": "mlcompare"}
    ids = {"team_id": workspace.team, "user_id": BOT_USER, "bot_id": BOT}
    ids |= {"enterprise_id": workspace.enterprise} if workspace.enterprise else {}
    return {"ok": True, **names, **ids, "is_enterprise_install": False}


def _api_test(_context: Context, _arguments: dict[str, Any]) -> dict[str, Any]:
    return {"ok": True, "args": {}}


def _open_connection(context: Context, _arguments: dict[str, Any]) -> dict[str, Any]:
    return {"ok": True, "url": context.open_socket()}


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


async def call_method(context: Context, name: str, request: tuple[bytes, str, str]) -> ApiResponse:
    """The response to one call, recorded; `request` is the body, its content type and the Authorization header."""
    arguments, error = arguments_of(*request[:2])
    token = error or _token(arguments, request[2])
    grant = context.oauth.grant(token)
    if grant is not None:
        named = (arguments.get("channel"), arguments.get("user"), arguments.get("user_id"))
        context = context.oauth.context(grant, *named) or context
    act = _installing(context, name, arguments, request[2], grant)
    response = await _with_faults(context, name, act or (lambda: _perform(context, name, arguments, token, grant)))
    body_object = response.body if isinstance(response.body, dict) else None
    shown = {key: value for key, value in arguments.items() if key not in SECRET}
    context.workspace.record(Call(name, shown, context.workspace.clock(), response.status, body_object))
    return response


def _installing(
    context: Context, name: str, arguments: dict[str, Any], authorization: str, grant: IssuedToken | None
) -> Callable[[], ApiResponse] | None:
    """The two methods of tokens themselves; None for any other."""
    oauth = context.oauth
    if name == "oauth.v2.access":
        return lambda: ApiResponse(API_OK, oauth.access(arguments, authorization))
    if name == "auth.revoke" and grant is not None:

        def revoke() -> ApiResponse:
            oauth.revoke(grant.token)
            return ApiResponse(API_OK, {"ok": True, "revoked": True})

        return revoke
    return None


async def _with_faults(context: Context, name: str, act: Callable[[], ApiResponse]) -> ApiResponse:
    response = failure(context, name)
    if response is None:
        slow = context.faults.take(FaultKind.SLOW, name)
        if slow:
            await asyncio.sleep(slow.seconds)
        response = act()
        late = context.faults.take(FaultKind.SLOW_ANSWER, name)
        if late:
            await asyncio.sleep(late.seconds)
        if context.faults.take(FaultKind.ANSWER_LOST, name):
            return ApiResponse(response.status, None)
    return response


def failure(context: Context, name: str) -> ApiResponse | None:
    """What a fault answers in place of doing anything."""
    if context.faults.take(FaultKind.HANG_UP, name):
        return ApiResponse(0, None)
    broken = context.faults.take(FaultKind.SERVER_ERROR, name)
    if broken:
        return ApiResponse(
            broken.status, "<html><body><h1>Server Error</h1></body></html>", {"content-type": "text/html"}
        )
    limited = context.faults.take(FaultKind.RATE_LIMITED, name)
    if limited:
        return _slow_down(limited.seconds)
    error = context.faults.take(FaultKind.SLACK_ERROR, name)
    return ApiResponse(API_OK, {"ok": False, "error": error.error}) if error else None


def _slow_down(seconds: float) -> ApiResponse:
    return ApiResponse(TOO_MANY, {"ok": False, "error": "ratelimited"}, {"retry-after": str(math.ceil(seconds))})


def _perform(
    context: Context, name: str, arguments: dict[str, Any], token: str, grant: IssuedToken | None = None
) -> ApiResponse:
    scopes = grant.scopes if grant else context.installation.scopes
    headers = {"x-oauth-scopes": ",".join(sorted(scopes)), "x-accepted-oauth-scopes": ""}
    try:
        method = _method(name)
        headers["x-accepted-oauth-scopes"] = method.scope
        app = _check_token(context, method, token, grant)
        wait = context.pace.wait(name, str(arguments.get("channel", ""))) if context.installation.keeps_pace else 0
        if wait:
            return _slow_down(wait)
        if app and name == "auth.test":
            return ApiResponse(API_OK, {"ok": True, "app_name": "mlcompare", "app_id": APP}, headers)
        return ApiResponse(API_OK, method.run(context, _objects(arguments)), headers)
    except ApiError as error:
        return ApiResponse(API_OK, error.answer, headers)


def _method(name: str) -> Method:
    if name not in METHODS:
        raise ApiError("unknown_method", req_method=name)
    return METHODS[name]


def _check_token(context: Context, method: Method, token: str, grant: IssuedToken | None = None) -> bool:
    """True for the app's token, False for the bot's."""
    if not method.token:
        return False
    if token.startswith("error:"):
        raise ApiError(token.removeprefix("error:"))
    if not token:
        raise ApiError("not_authed")
    is_app = token == context.installation.app_token
    if grant is not None and grant.error:
        raise ApiError(grant.error)
    if not is_app and grant is None and token != context.installation.bot_token:
        raise ApiError("invalid_auth")
    if method.token not in ("any", "app" if is_app else "bot"):
        raise ApiError("not_allowed_token_type")
    scopes = grant.scopes if grant else context.installation.scopes
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
