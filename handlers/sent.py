"""What comes from dialogs, lists and shortcuts, apart from their words."""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from handlers.payload import Payload, all_chosen, digest, keyed, mapping, mappings, string, team
from handlers.said import Said

DEEPEST = 12  # blocks within blocks that are read


@dataclass(frozen=True, slots=True)
class Suggesting:
    """Somebody types into a list: what was typed, and what the dialog around it holds."""

    typed: str
    kept: str = ""
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def suggesting(body: Payload) -> Suggesting:
    view = mapping(body, "view")
    return Suggesting(string(body, "value"), string(view, "private_metadata"), all_chosen(view))


@dataclass(frozen=True, slots=True)
class Shown:
    """A dialog on somebody's screen in which something was chosen."""

    view: str
    hash: str
    kept: str
    chosen: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def shown(body: Payload) -> Shown:
    view = mapping(body, "view")
    return Shown(string(view, "id"), string(view, "hash"), string(view, "private_metadata"), all_chosen(view))


def from_shortcut(body: Payload) -> Said:
    """A shortcut: of a message, whose thread is where the answer goes, or of none."""
    message = mapping(body, "message")
    thread = string(message, "thread_ts") or string(message, "ts") or string(body, "message_ts")
    trigger = string(body, "trigger_id")
    return Said(
        words="",
        user=string(mapping(body, "user"), "id"),
        team=team(body),
        channel=string(mapping(body, "channel"), "id"),
        delivery=keyed("shortcut", digest(trigger or string(body, "action_ts"))),
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
