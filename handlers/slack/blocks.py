"""Block Kit as plain dicts. What is typed by people goes into elements that parse nothing, wherever there is one."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.slack.escape import address, clip, length
from handlers.slack.limits import (
    BLOCK_TEXT,
    BUTTON_TEXT,
    CONTAINER_TITLE,
    CONTEXT_TEXT,
    HEADER_TEXT,
    IDENTIFIER,
    URL,
    VALUE,
)

NOTHING = "–"  # Slack refuses empty text
_MOMENT = "{date_short_pretty} at {time}"


# What is sent to Slack: Block Kit as plain dicts, and the text that stands for it where blocks cannot.


Block = dict[str, Any]


def plain(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": clip(text, limit).strip() or NOTHING, "emoji": False}


def marked(text: str) -> Block:
    """Mrkdwn that is already escaped; `verbatim` keeps Slack from linking names and addresses in it."""
    return {"type": "mrkdwn", "text": text or NOTHING, "verbatim": True}


def header(text: str) -> Block:
    return {"type": "header", "text": plain(text, HEADER_TEXT)}


def section(text: str) -> Block:
    """A section of plain text: nothing in it is parsed."""
    return {"type": "section", "text": plain(text, BLOCK_TEXT)}


def fields(texts: Iterable[str]) -> Block:
    """Side by side; each is mrkdwn that is already escaped."""
    return {"type": "section", "fields": [marked(text) for text in texts]}


def context(*elements: Block) -> Block:
    return {"type": "context", "elements": list(elements)}


def aside(text: str) -> Block:
    """A small line of plain text."""
    return context(plain(text, CONTEXT_TEXT))


def button(label: str, url: str, action_id: str) -> Block:
    return {
        "type": "button",
        "text": plain(label, BUTTON_TEXT),
        "url": address(url),
        "action_id": action_id[:IDENTIFIER],
    }


def push(label: str, action_id: str, value: str) -> Block:
    """A button that tells us `value`."""
    return {"type": "button", "text": plain(label, BUTTON_TEXT), "action_id": action_id[:IDENTIFIER], "value": value}


def menu(action_id: str, options: Mapping[str, str], links: Mapping[str, str] | None = None) -> Block:
    """What is seldom wanted, behind three dots: labels by values, five at most; `links` are addresses by values."""
    choices = [
        {"text": plain(label, BUTTON_TEXT), "value": value}
        | ({"url": address(links[value])} if links and value in links else {})
        for value, label in options.items()
    ]
    return {"type": "overflow", "action_id": action_id[:IDENTIFIER], "options": choices}


def beside(text: str, element: Block, block_id: str) -> Block:
    """A section of plain text with something to press beside it."""
    return {**section(text), "accessory": element, "block_id": block_id[:IDENTIFIER]}


def actions(buttons: Sequence[Block]) -> Block:
    return {"type": "actions", "elements": list(buttons)}


def words(text: str, *styles: str) -> Block:
    """A leaf of rich text; styles are `bold`, `italic`, `code`."""
    leaf: Block = {"type": "text", "text": text or NOTHING}
    return leaf | {"style": dict.fromkeys(styles, True)} if styles else leaf


def paragraph(*leaves: Block) -> Block:
    return {"type": "rich_text_section", "elements": list(leaves)}


def dated(text: str, moments: Iterable[tuple[str, int]]) -> list[Block]:
    """The text as leaves, with each of these moments (words, ms since the epoch) as the reader's own clock has it."""
    leaves = [words(text)]
    for told, at in moments:
        parted: list[Block] = []
        for leaf in leaves:
            before, found, behind = leaf["text"].partition(told) if leaf["type"] == "text" else ("", "", "")
            if not found:
                parted.append(leaf)
                continue
            moment = {"type": "date", "timestamp": at // 1_000, "format": _MOMENT, "fallback": told}
            parted += [*([words(before)] if before else []), moment, *([words(behind)] if behind else [])]
        leaves = parted
    return leaves


def opening(leaves: Iterable[Block], links: Iterable[tuple[str, str]]) -> list[Block]:
    """The leaves with words that open an address of ours, in their order."""
    left = list(leaves)
    done: list[Block] = []
    for told, url in links:
        if not told or not openable(url):
            continue
        word = re.compile(rf"(?<![\w.-]){re.escape(told)}(?![\w.-])")
        found = [
            (at, spot) for at, leaf in enumerate(left) if leaf["type"] == "text" and (spot := word.search(leaf["text"]))
        ]
        if not found:
            continue
        at, spot = found[0]
        before, behind = spot.string[: spot.start()], spot.string[spot.end() :]
        done += [*left[:at], *([words(before)] if before else []), linked(told, url)]
        left = [*([words(behind)] if behind else []), *left[at + 1 :]]
    return done + left


def openable(url: str) -> str:
    """The address that a link opens; "" where it is none, or too long for one."""
    whole = address(url)
    return whole if length(whole) <= URL else ""


def linked(text: str, url: str, *styles: str) -> Block:
    """A leaf of rich text that opens an address of ours; the words alone where it is none that can be opened."""
    if not openable(url):
        return words(text, *styles)
    leaf: Block = {"type": "link", "url": openable(url), "text": text or NOTHING}
    return leaf | {"style": dict.fromkeys(styles, True)} if styles else leaf


def bullets(items: Iterable[Block]) -> Block:
    return {"type": "rich_text_list", "style": "bullet", "elements": list(items)}


def rich_text(*elements: Block) -> Block:
    return {"type": "rich_text", "elements": list(elements)}


def container(title: str, children: Sequence[Block]) -> Block:
    """Collapsed until it is opened."""
    return {
        "type": "container",
        "title": plain(title, CONTAINER_TITLE),
        "width": "full",
        "is_collapsible": True,
        "default_collapsed": True,
        "child_blocks": list(children),
    }


@dataclass(frozen=True)
class Reply:
    text: str  # a complete short answer: screen readers and notifications read it in place of the blocks
    blocks: tuple[Block, ...] = ()
    only_to_asker: bool = False
    metadata: dict[str, Any] = field(default_factory=dict)  # {"event_type": …, "event_payload": …}; ids only


# What buttons hold: short texts by short names, as their value.


def as_json(data: object) -> str:
    """The data as JSON without blanks."""
    return json.dumps(data, separators=(",", ":"))


def to_value(data: object) -> str:
    """The value of a button; "" where Slack would not keep it whole."""
    text = as_json(data)
    return text if length(text) <= VALUE else ""


def fields_in(value: str) -> dict[str, Any]:
    """The named fields of a value; none for what is none of ours."""
    found = _read(value)
    return found if isinstance(found, dict) else {}


def items_in(value: str) -> list[Any]:
    """The items of a value that is a list; none for what is none of ours."""
    found = _read(value)
    return found if isinstance(found, list) else []


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return None
