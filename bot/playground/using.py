"""What Slack sends for a button pressed or an option chosen."""

from collections.abc import Iterator
from typing import Any

Block = dict[str, Any]


def find_action(blocks: list[Block], action_id: str, value: str | None = None) -> dict[str, Any]:
    """The action for the element, with `value` chosen. Raises LookupError naming those there are."""
    found = list(elements_of(blocks))
    for block, element in found:
        if element.get("action_id") == action_id:
            return action_of(block, element, value)
    raise LookupError(f"There is no {action_id}; there are {[element.get('action_id') for _, element in found]}.")


def elements_of(blocks: list[Block]) -> Iterator[tuple[Block, dict[str, Any]]]:
    """Everything that can be used, with its block."""
    for block in blocks:
        yield from elements_of(block.get("child_blocks") or [])
        if block["type"] == "carousel":
            yield from elements_of(block["elements"])
            continue
        for holder in ("accessory", "element"):
            if isinstance(block.get(holder), dict):
                yield block, block[holder]
        holders = ("elements",) if block["type"] in ("actions", "context_actions") else ("actions",)
        for holder in holders:
            yield from ((block, element) for element in block.get(holder) or [])
        if block["type"] == "data_table":
            cells = [cell for row in block["rows"] for cell in row if cell["type"] == "action_cell"]
            yield from ((block, cell["element"]) for cell in cells)


def action_of(block: Block, element: dict[str, Any], value: str | None) -> dict[str, Any]:
    about: dict[str, Any] = {"type": element["type"], "action_id": element["action_id"], "block_id": block["block_id"]}
    kind = element["type"]
    if kind in ("button", "icon_button"):
        known: dict[str, Any] = {name: element[name] for name in ("text", "value", "style", "url") if name in element}
        return {**about, **known}
    if kind == "feedback_buttons":
        return {**about, "value": value or element["positive_button"]["value"]}
    if kind in ("overflow", "static_select", "radio_buttons", "external_select"):
        return {**about, "selected_option": option_of(element, value)}
    if kind == "checkboxes" or kind.startswith("multi_"):
        return {**about, "selected_options": [option_of(element, value)]}
    names = {
        "users_select": "selected_user",
        "channels_select": "selected_channel",
        "conversations_select": "selected_conversation",
        "datepicker": "selected_date",
        "timepicker": "selected_time",
        "datetimepicker": "selected_date_time",
    }
    return {**about, names.get(kind, "value"): value}


def option_of(element: dict[str, Any], value: str | None) -> dict[str, Any]:
    """The option with the value; one that was loaded from elsewhere is only its value."""
    groups = [group["options"] for group in element.get("option_groups") or []]
    options: list[dict[str, Any]] = [*(element.get("options") or []), *(o for options in groups for o in options)]
    for option in options:
        if value is None or option["value"] == value:
            return option
    return {"text": {"type": "plain_text", "text": value or ""}, "value": value or ""}
