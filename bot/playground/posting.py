"""A message on its way in: what Slack checks, what it fills in, where it is put."""

from collections.abc import Iterator
from typing import Any

from bot.playground.desk import Desk, SlackError
from bot.playground.limits import MARKDOWN, TEXT_SHOWN, Refusal, check_message
from bot.playground.shapes import Problem
from bot.playground.state import Workspace

_HELD = ("elements", "child_blocks", "actions", "tasks")
_UNNAMED = frozenset({"image", "mrkdwn", "plain_text", "card"})


def content_of(desk: Desk, arguments: dict[str, Any]) -> dict[str, Any]:
    """The parts of a Message that its content decides. Raises SlackError as Slack refuses it."""
    if "markdown_text" in arguments:
        arguments = _from_markdown(arguments)
    refusal = check_message(arguments) or _refused_here(desk, arguments.get("blocks") or [])
    if refusal:
        raise SlackError.refusing(refusal)
    text = str(arguments.get("text") or "")
    blocks, attachments = arguments.get("blocks") or [], arguments.get("attachments") or []
    if not (text.strip() or blocks or attachments):
        raise SlackError("no_text")
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


def _from_markdown(arguments: dict[str, Any]) -> dict[str, Any]:
    if arguments.get("text") or arguments.get("blocks"):
        raise SlackError("markdown_text_conflict")
    text = str(arguments["markdown_text"])
    if len(text) > MARKDOWN:
        raise SlackError("msg_too_long")
    return {**arguments, "text": text, "blocks": [{"type": "markdown", "text": text}] if text else []}


def _refused_here(desk: Desk, blocks: list[dict[str, Any]]) -> Refusal | None:
    places = dict(_kinds(blocks, "/blocks"))
    refused = desk.faults.refused(frozenset(places))
    if not refused:
        return None
    return Refusal("invalid_blocks", (Problem(f"unsupported type: {refused}", f"{places[refused]}/type"),))


def _kinds(blocks: list[dict[str, Any]], place: str) -> Iterator[tuple[str, str]]:
    for at, block in enumerate(blocks):
        yield block["type"], f"{place}/{at}"
        yield from _kinds(block.get("child_blocks") or [], f"{place}/{at}/child_blocks")
