"""What somebody said to the bot, and where. The only place that looks into Slack's payloads."""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

EDITED_WITHIN = 20 * 3600.0  # seconds; what was answered is known for a day
_ANY_MENTION_FIRST = re.compile(r"^\s*<@[A-Z0-9]+(?:\|[^>]*)?>[\s,:]*")


# Reading Slack's payloads: whatever is missing or of another kind reads as nothing.


Payload = Mapping[str, Any]


def team(body: Payload) -> str:
    """The workspace that the app is installed in: in a shared channel a payload may name another one first."""
    granted = mappings(body.get("authorizations"))
    return (
        string(mapping(body, "view"), "app_installed_team_id")
        or (string(granted[0], "team_id") if granted else "")
        or string(body, "team_id")
        or string(mapping(body, "team"), "id")
        or string(body, "enterprise_id")
        or string(mapping(body, "enterprise"), "id")
    )


@dataclass(frozen=True, slots=True)
class Utterance:
    """Words, who said them, and where the answer goes.

    `delivery` is the same for every delivery of the same words, "" when Slack gave nothing to tell. `thread_ts` is the
    thread they were said in, `answer_ts` the one an answer for all belongs into; "" is the channel itself. What a
    Workflow or another app said has the id of its `bot`, and no user: nobody is to be mentioned or told alone.
    """

    words: str
    user: str
    team: str
    channel: str
    delivery: str
    thread_ts: str = ""
    answer_ts: str = ""
    response_url: str = ""
    trigger: str = ""
    is_direct: bool = False
    bot: str = ""


def from_command(body: Payload) -> Utterance:
    """A slash command. Slack has none in threads."""
    trigger = string(body, "trigger_id")
    channel = string(body, "channel_id")
    return Utterance(
        words=string(body, "text"),
        user=string(body, "user_id"),
        team=team(body),
        channel=channel,
        delivery=keyed("command", digest_of(trigger or string(body, "response_url"))),
        response_url=string(body, "response_url"),
        trigger=trigger,
    )


def from_mention(body: Payload, bot_user: str) -> Utterance:
    """A mention in a channel or thread, without the mention itself; it is answered in the thread."""
    event = mapping(body, "event")
    thread, bot = string(event, "thread_ts"), string(event, "bot_id")
    return Utterance(
        words=_without_mention(string(event, "text"), bot_user),
        user="" if bot else string(event, "user"),
        team=team(body),
        channel=string(event, "channel"),
        delivery=_delivery(body, event),
        thread_ts=thread,
        answer_ts=thread or string(event, "ts"),
        bot=bot,
    )


def from_direct_message(body: Payload, bot_user: str) -> Utterance:
    """A message to the bot alone; it is answered in its thread when it was said in one."""
    event = mapping(body, "event")
    thread = string(event, "thread_ts")
    return Utterance(
        words=_without_mention(string(event, "text"), bot_user),
        user=string(event, "user"),
        team=team(body),
        channel=string(event, "channel"),
        delivery=_delivery(body, event),
        thread_ts=thread,
        answer_ts=thread,
        is_direct=True,
    )


def from_action(body: Payload) -> Utterance:
    """A button that was pressed; its `value` are the words."""
    trigger = string(body, "trigger_id")
    container = mapping(body, "container")
    thread = string(container, "thread_ts") or string(mapping(body, "message"), "thread_ts")
    action = _action(body)
    return Utterance(
        words=string(action, "value"),
        user=string(mapping(body, "user"), "id"),
        team=team(body),
        channel=string(mapping(body, "channel"), "id") or string(container, "channel_id"),
        delivery=keyed("action", digest_of(trigger or string(action, "action_ts"))),
        thread_ts=thread,
        answer_ts=thread,
        response_url=string(body, "response_url"),
        trigger=trigger,
    )


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """Something in a message that was pressed or chosen, "" for what Slack did not tell.

    `values` are those of all buttons of the message, by their action.
    """

    utterance: Utterance
    action: str
    choice: str
    block: str
    message_ts: str
    values: Mapping[str, str] = field(default_factory=dict)


def button_press(body: Payload) -> ButtonPress:
    action, message, container = _action(body), mapping(body, "message"), mapping(body, "container")
    chosen = string(mapping(action, "selected_option"), "value")
    found = {string(each, "action_id"): string(each, "value") for each in _buttons(message.get("blocks"))}
    return ButtonPress(
        utterance=from_action(body),
        action=string(action, "action_id"),
        choice=chosen or string(action, "value"),
        block=string(action, "block_id"),
        message_ts=string(container, "message_ts") or string(message, "ts"),
        values={name: value for name, value in found.items() if value},
    )


@dataclass(frozen=True, slots=True)
class DialogSubmission:
    """A dialog sent off: what was typed or chosen, by block; `metadata` is what the dialog was opened with.

    `chosen` holds all that was chosen in a block, in order, `named` what the element there is called, `urls` the
    response_url of a channel that was chosen.
    """

    user: str
    team: str
    view: str
    metadata: str
    typed: Mapping[str, str] = field(default_factory=dict)
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    named: Mapping[str, str] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)

    def utterance(self, channel: str, thread: str = "", *, response_url: str, is_direct: bool) -> Utterance:
        """The dialog as said in a channel, or in a thread of it, by who sent it off."""
        return Utterance(
            words="",
            user=self.user,
            team=self.team,
            channel=channel,
            delivery=f"view:{self.view}" if self.view else "",
            thread_ts=thread,
            answer_ts=thread,
            response_url=response_url,
            is_direct=is_direct,
        )


def dialog_submission(body: Payload) -> DialogSubmission:
    view = mapping(body, "view")
    values, found = mapping(mapping(view, "state"), "values"), all_chosen_values(view)
    urls = mappings(body.get("response_urls"))
    return DialogSubmission(
        string(mapping(body, "user"), "id"),
        team(body),
        string(view, "id"),
        string(view, "private_metadata"),
        {block: next(iter(values), "") for block, values in found.items()},
        found,
        {block: next(iter(fields), "") for block, fields in values.items() if isinstance(fields, Mapping)},
        {string(each, "channel_id"): string(each, "response_url") for each in urls},
    )


def _action(body: Payload) -> Payload:
    actions = body.get("actions")
    return actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], Mapping) else {}


def _buttons(blocks: Any) -> list[Payload]:
    """The elements of the rows of buttons."""
    return [each for row in mappings(blocks) for each in mappings(row.get("elements"))]


def is_said_to_the_bot(event: Payload) -> bool:
    """Whether a message event is somebody talking to the bot alone: no bot, no edit, no notice of Slack's."""
    return (
        event.get("channel_type") == "im"
        and event.get("subtype") in (None, "thread_broadcast", "file_share")
        and not event.get("bot_id")
        and not event.get("hidden")
        and bool(event.get("user"))
    )


def is_said_by_a_person(event: Payload) -> bool:
    """Whether a mention comes from a person, and by no edit of long ago: what was said then is not known any more."""
    return bool(event.get("user")) and not event.get("bot_id") and _edited_after(event) < EDITED_WITHIN


def is_said_by_another_bot(event: Payload, app: str) -> bool:
    """Whether a mention comes from a Workflow or an app that is not this one, as a message of its own.

    Not in threads, where answers stand, and not by an edit: so that two bots cannot go on answering each other.
    """
    is_other = bool(event.get("bot_id")) and not (app and event.get("app_id") == app)
    in_thread = event.get("thread_ts") not in (None, event.get("ts"))
    return is_other and not in_thread and not event.get("edited")


def _edited_after(event: Payload) -> float:
    """Seconds from when it was said until it was edited; 0: it was not."""
    try:
        return float(string(mapping(event, "edited"), "ts")) - float(string(event, "ts"))
    except ValueError:
        return 0.0


def _without_mention(text: str, bot_user: str) -> str:
    if not bot_user:
        return _ANY_MENTION_FIRST.sub("", text).strip()
    return re.sub(rf"\s*<@{re.escape(bot_user)}(?:\|[^>]*)?>[,:]?", " ", text).strip()


def _delivery(body: Payload, event: Payload) -> str:
    """By the message and its text: Slack sends a mention anew, as another event, whenever its message is edited.

    In a channel that workspaces share, each of them may have the app, and be asked by the same message.
    """
    ts, text = string(event, "ts"), " ".join(string(event, "text").split())
    shared = f"{team(body)}:" if body.get("is_ext_shared_channel") is True else ""
    key = keyed(f"message:{shared}{string(event, 'channel')}", f"{ts}:{digest_of(text)}" if ts else "")
    return key or keyed("event", string(body, "event_id"))


def string(payload: Payload, key: str) -> str:
    value = payload.get(key)
    return value if isinstance(value, str) else ""


def mapping(payload: Payload, key: str) -> Payload:
    value = payload.get(key)
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> list[Payload]:
    """Objects of a list, all else left out."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def digest_of(secret: str) -> str:
    """Tells one from another without giving it away: deliveries stand in metadata that others can read."""
    return sha256(secret.encode()).hexdigest()[:20] if secret else ""


def keyed(kind: str, key: str) -> str:
    return f"{kind}:{key}" if key else ""


def chosen_values(fields: Payload) -> tuple[str, ...]:
    """All that was typed or chosen in a block of a dialog, in order."""
    found: list[str] = []
    for element in fields.values():
        if isinstance(element, Mapping):
            one = [string(element, "value"), string(mapping(element, "selected_option"), "value")]
            place = [string(element, "selected_conversation"), string(element, "selected_channel")]
            several = [string(each, "value") for each in mappings(element.get("selected_options"))]
            found += filter(None, (*one, *place, *several))
    return tuple(found)


def all_chosen_values(view: Payload) -> dict[str, tuple[str, ...]]:
    """All that was typed or chosen in a view, by block."""
    values = mapping(mapping(view, "state"), "values")
    return {block: chosen_values(fields) for block, fields in values.items() if isinstance(fields, Mapping)}


# What comes from dialogs, lists and shortcuts, apart from their words.


DEEPEST = 12  # blocks within blocks that are read


@dataclass(frozen=True, slots=True)
class OptionsQuery:
    """Somebody types into a list: what was typed, and what the dialog around it holds."""

    typed: str
    metadata: str = ""
    user: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def options_query(body: Payload) -> OptionsQuery:
    view = mapping(body, "view")
    user = string(mapping(body, "user"), "id")
    return OptionsQuery(string(body, "value"), string(view, "private_metadata"), user, all_chosen_values(view))


@dataclass(frozen=True, slots=True)
class OpenDialog:
    """A dialog on somebody's screen in which something was chosen."""

    view: str
    hash: str
    metadata: str
    user: str
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def open_dialog_of(body: Payload) -> OpenDialog:
    view = mapping(body, "view")
    user = string(mapping(body, "user"), "id")
    return OpenDialog(
        string(view, "id"), string(view, "hash"), string(view, "private_metadata"), user, all_chosen_values(view)
    )


def from_shortcut(body: Payload) -> Utterance:
    """A shortcut: of a message, whose thread is where the answer goes, or of none."""
    message = mapping(body, "message")
    thread = string(message, "thread_ts") or string(message, "ts") or string(body, "message_ts")
    trigger = string(body, "trigger_id")
    return Utterance(
        words="",
        user=string(mapping(body, "user"), "id"),
        team=team(body),
        channel=string(mapping(body, "channel"), "id"),
        delivery=keyed("shortcut", digest_of(trigger or string(body, "action_ts"))),
        thread_ts=thread,
        answer_ts=thread,
        response_url=string(body, "response_url"),
        trigger=trigger,
    )


def texts_of(body: Payload) -> tuple[str, ...]:
    """Everything a message says, its addresses as they are, what is set as code in backticks."""
    message = mapping(body, "message")
    inner = [message.get("blocks"), message.get("attachments")]
    parts = [*(text for part in inner for text in _texts(part, DEEPEST)), html.unescape(string(message, "text"))]
    return tuple(dict.fromkeys(part for part in parts if part.strip()))


def _texts(node: Any, depth: int) -> Iterator[str]:
    if depth == 0:
        return
    if isinstance(node, list):
        for each in node:
            yield from _texts(each, depth - 1)
    if not isinstance(node, Mapping):
        return
    if node.get("type") == "rich_text_section":
        yield "".join(_leaf(each) for each in mappings(node.get("elements")))
        return
    for key, value in node.items():
        if isinstance(value, str):
            if key in ("text", "url", "fallback", "title", "title_link", "from_url", "pretext"):
                yield html.unescape(value)
        else:
            yield from _texts(value, depth - 1)


def _leaf(leaf: Payload) -> str:
    text = string(leaf, "text")
    if leaf.get("type") == "link":
        return f" {string(leaf, 'url')} "
    return f"`{text}`" if mapping(leaf, "style").get("code") and text.strip() else text


# Links of our domain that somebody wrote.


@dataclass(frozen=True, slots=True)
class SharedLinks:
    """Links in a message, as Slack sent them; `is_composed`: the message is still being written."""

    team: str
    channel: str
    message_ts: str
    user: str
    urls: tuple[str, ...]
    is_composed: bool = False
    bot: str = ""


def shared_links(body: Payload) -> SharedLinks:
    event = mapping(body, "event")
    channel = string(event, "channel")
    return SharedLinks(
        team=team(body),
        channel=channel,
        message_ts=string(event, "message_ts"),
        user=string(event, "user"),
        urls=tuple(dict.fromkeys(filter(None, (string(each, "url") for each in mappings(event.get("links")))))),
        is_composed=string(event, "source") == "composer" or channel == "COMPOSER",
        bot=string(event, "bot_id"),
    )
