"""A message as the plain text a person reads: what the tests of conversations compare."""

import re
from typing import Any

_ESCAPES = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))


def read(message: Any) -> str:
    """The blocks as lines, or the text where there are none."""
    blocks = list(message.blocks)
    return "\n".join(line for block in blocks for line in _block(block)) if blocks else _mrkdwn(message.text)


def _block(block: dict[str, Any]) -> list[str]:  # noqa: PLR0911 -- a line a kind of block
    match block["type"]:
        case "header":
            return [f"# {block['text']['text']}"]
        case "section":
            texts = [block["text"]] if "text" in block else []
            lines = [line for text in [*texts, *block.get("fields", [])] for line in _text(text).splitlines()]
            return [*lines[:-1], f"{lines[-1]} {_pressable(block['accessory'])}"] if "accessory" in block else lines
        case "context":
            return [f"({' · '.join(_text(element) for element in block['elements'])})"]
        case "actions":
            return [" ".join(_pressable(element) for element in block["elements"])]
        case "rich_text":
            return [line for element in block["elements"] for line in _rich(element)]
        case "container":
            mark = "▸" if block.get("default_collapsed") else "▾"
            lines = [line for child in block["child_blocks"] for line in _block(child)]
            return [f"{mark} {block['title']['text']}", *(f"  {line}" for line in lines)]
        case "table" | "data_table":
            return _table(block)
        case "data_visualization":
            axes = block["chart"]["axis_config"]
            names = ", ".join(each["name"] for each in block["chart"]["series"])
            return [f"[chart {block['title']}: {names}; {axes['categories'][0]} to {axes['categories'][-1]}]"]
        case "image":
            return [f"[picture: {block['alt_text']}]"]
    raise AssertionError(f"no reading of {block['type']}")


def _pressable(element: dict[str, Any]) -> str:
    if element["type"] == "overflow":
        return f"[⋯ {', '.join(option['text']['text'] for option in element['options'])}]"
    return f"[{element['text']['text']}]"


def _table(block: dict[str, Any]) -> list[str]:
    return ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in block["rows"]]


def _cell(cell: dict[str, Any]) -> str:
    return " ".join(_block(cell)) if cell["type"] == "rich_text" else str(cell["text"])


def _rich(element: dict[str, Any]) -> list[str]:
    if element["type"] == "rich_text_list":
        return [f"• {line}" for item in element["elements"] for line in _rich(item)]
    return ["".join(_leaf(leaf) for leaf in element["elements"])]


def _leaf(leaf: dict[str, Any]) -> str:
    text = leaf.get("text", leaf.get("url", leaf.get("fallback", "")))
    return f"`{text}`" if leaf.get("style", {}).get("code") else str(text)


def _text(text: dict[str, Any]) -> str:
    return _mrkdwn(text["text"]) if text["type"] == "mrkdwn" else str(text["text"])


def _mrkdwn(text: str) -> str:
    shown = re.sub(r"<@([A-Z0-9]+)>", r"@\1", text)
    shown = re.sub(r"<(https?://[^|>]*)\|([^>]*)>", r"\2", shown)
    shown = re.sub(r"(?<!\w)\*([^*\n]+)\*(?!\w)", r"\1", shown)
    for escaped, meant in _ESCAPES:
        shown = shown.replace(escaped, meant)
    return shown
