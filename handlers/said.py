"""What somebody said to the bot, and where. The only place that looks into Slack's payloads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

Payload = Mapping[str, Any]
_ANY_MENTION_FIRST = re.compile(r"^\s*<@[A-Z0-9]+(?:\|[^>]*)?>[\s,:]*")


@dataclass(frozen=True, slots=True)
class Said:
    """Words, who said them, and where the answer goes.

    `delivery` is the same for every delivery of the same words, "" when Slack gave nothing to tell. `thread_ts` is the
    thread they were said in, `answer_ts` the one an answer for all belongs into; "" is the channel itself.
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


def from_command(body: Payload) -> Said:
    """A slash command. Slack has none in threads."""
    trigger = _string(body, "trigger_id")
    channel = _string(body, "channel_id")
    return Said(
        words=_string(body, "text"),
        user=_string(body, "user_id"),
        team=_team(body),
        channel=channel,
        delivery=_keyed("command", _digest(trigger or _string(body, "response_url"))),
        response_url=_string(body, "response_url"),
        trigger=trigger,
    )


def from_mention(body: Payload, bot_user: str) -> Said:
    """A mention in a channel or thread, without the mention itself; it is answered in the thread."""
    event = _mapping(body, "event")
    thread = _string(event, "thread_ts")
    return Said(
        words=_without_mention(_string(event, "text"), bot_user),
        user=_string(event, "user"),
        team=_team(body),
        channel=_string(event, "channel"),
        delivery=_delivery(body, event),
        thread_ts=thread,
        answer_ts=thread or _string(event, "ts"),
    )


def from_direct_message(body: Payload, bot_user: str) -> Said:
    """A message to the bot alone; it is answered in its thread when it was said in one."""
    event = _mapping(body, "event")
    thread = _string(event, "thread_ts")
    return Said(
        words=_without_mention(_string(event, "text"), bot_user),
        user=_string(event, "user"),
        team=_team(body),
        channel=_string(event, "channel"),
        delivery=_delivery(body, event),
        thread_ts=thread,
        answer_ts=thread,
        is_direct=True,
    )


def from_action(body: Payload) -> Said:
    """A button that was pressed; its `value` are the words."""
    trigger = _string(body, "trigger_id")
    container = _mapping(body, "container")
    thread = _string(container, "thread_ts") or _string(_mapping(body, "message"), "thread_ts")
    action = _action(body)
    return Said(
        words=_string(action, "value"),
        user=_string(_mapping(body, "user"), "id"),
        team=_team(body),
        channel=_string(_mapping(body, "channel"), "id") or _string(container, "channel_id"),
        delivery=_keyed("action", _digest(trigger or _string(action, "action_ts"))),
        thread_ts=thread,
        answer_ts=thread,
        response_url=_string(body, "response_url"),
        trigger=trigger,
    )


@dataclass(frozen=True, slots=True)
class Pressed:
    """Something in a message that was pressed or chosen, "" for what Slack did not tell.

    `values` are those of all buttons of the message, by their action.
    """

    said: Said
    action: str
    choice: str
    block: str
    message_ts: str
    values: Mapping[str, str] = field(default_factory=dict)


def pressed(body: Payload) -> Pressed:
    action, message, container = _action(body), _mapping(body, "message"), _mapping(body, "container")
    chosen = _string(_mapping(action, "selected_option"), "value")
    found = {_string(each, "action_id"): _string(each, "value") for each in _buttons(message.get("blocks"))}
    return Pressed(
        said=from_action(body),
        action=_string(action, "action_id"),
        choice=chosen or _string(action, "value"),
        block=_string(action, "block_id"),
        message_ts=_string(container, "message_ts") or _string(message, "ts"),
        values={name: value for name, value in found.items() if value},
    )


@dataclass(frozen=True, slots=True)
class Submitted:
    """A dialog sent off: what was typed or chosen, by block; `kept` is what the dialog was opened with."""

    user: str
    team: str
    view: str
    kept: str
    typed: Mapping[str, str] = field(default_factory=dict)


def submitted(body: Payload) -> Submitted:
    view = _mapping(body, "view")
    values = _mapping(_mapping(view, "state"), "values")
    typed = {block: _typed(fields) for block, fields in values.items() if isinstance(fields, Mapping)}
    return Submitted(
        _string(_mapping(body, "user"), "id"),
        _team(body),
        _string(view, "id"),
        _string(view, "private_metadata"),
        typed,
    )


def _typed(fields: Payload) -> str:
    """The first thing typed or chosen in a block."""
    for element in fields.values():
        if isinstance(element, Mapping):
            said = _string(element, "value") or _string(_mapping(element, "selected_option"), "value")
            if said:
                return said
    return ""


def _action(body: Payload) -> Payload:
    actions = body.get("actions")
    return actions[0] if isinstance(actions, list) and actions and isinstance(actions[0], Mapping) else {}


def _buttons(blocks: Any) -> list[Payload]:
    """The elements of the rows of buttons."""
    rows = [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []
    elements = [each for row in rows if isinstance(row.get("elements"), list) for each in row["elements"]]
    return [each for each in elements if isinstance(each, Mapping)]


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
    """Whether a mention comes from a person: bots that mention each other would never stop."""
    return bool(event.get("user")) and not event.get("bot_id")


def _without_mention(text: str, bot_user: str) -> str:
    if not bot_user:
        return _ANY_MENTION_FIRST.sub("", text).strip()
    return re.sub(rf"\s*<@{re.escape(bot_user)}(?:\|[^>]*)?>[,:]?", " ", text).strip()


def _delivery(body: Payload, event: Payload) -> str:
    told = _string(body, "event_id")
    return _keyed("event", told) or _keyed(f"message:{_string(event, 'channel')}", _string(event, "ts"))


def _digest(secret: str) -> str:
    """Tells one from another without giving it away: deliveries stand in metadata that others can read."""
    return sha256(secret.encode()).hexdigest()[:20] if secret else ""


def _keyed(kind: str, key: str) -> str:
    return f"{kind}:{key}" if key else ""


def _team(body: Payload) -> str:
    return (
        _string(body, "team_id")
        or _string(_mapping(body, "team"), "id")
        or _string(body, "enterprise_id")
        or _string(_mapping(body, "enterprise"), "id")
    )


def _string(payload: Payload, key: str) -> str:
    value = payload.get(key)
    return value if isinstance(value, str) else ""


def _mapping(payload: Payload, key: str) -> Payload:
    value = payload.get(key)
    return value if isinstance(value, Mapping) else {}
