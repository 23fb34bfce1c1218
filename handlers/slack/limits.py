"""Slack's limits, in our own table, and the check that every message passes before it leaves."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from handlers.slack.escape import length

BLOCKS = 50
TEXT = 3_000  # of the message's own text; chat.update refuses more than 4,000
ALL_TEXT = 8_000  # over all blocks; Slack's own cap is not published and was met at 11,341
HEADER_WEIGHT = 100  # a header costs about this much extra of it
HEADER_TEXT = 150
BLOCK_TEXT = 3_000
FIELD_TEXT = 2_000
FIELDS = 10
CONTEXT_ELEMENTS = 10
CONTEXT_TEXT = 2_000
ACTIONS = 25
BUTTON_TEXT = 75
URL = 3_000
VALUE = 2_000
OPTIONS = 5  # of an overflow menu
OPTION_VALUE = 150
IDENTIFIER = 255
CONTAINER_TITLE = 150
CHILDREN = 10
COLUMNS = 20
TABLE_ROWS = 100
TABLE_TEXT = 10_000
DATA_ROWS = 201
DATA_TEXT = 20_000
PAGE = 100
TABLES = frozenset({"table", "data_table"})
CHARTS = 2  # in a message
CHART_TITLE = 50
CHART_LABEL = 20  # of a category, and of a series
CHART_AXIS = 50
CHART_POINTS = 20
CHART_SERIES = 6
ALT_TEXT = 2_000
CONTAINED = frozenset(
    {"actions", "context", "divider", "header", "image", "input", "rich_text", "section", "table", "video"}
)


@dataclass(frozen=True, slots=True)
class LimitProblem:
    """What Slack would refuse, and where: a json-pointer into the message."""

    pointer: str
    text: str

    def __str__(self) -> str:
        return f"{self.text} [json-pointer:{self.pointer}]"


_VISIBLE = ("text", "caption", "alt_text")  # whose text people see


def text_weight(node: Any) -> int:
    """How much of the text budget something takes: all its visible text."""
    weight = 0
    left: list[Any] = [node]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            if part.get("type") == "header":
                weight += HEADER_WEIGHT
            for key, value in part.items():
                if not isinstance(value, str):
                    left.append(value)
                elif key in _VISIBLE:
                    weight += length(value)
        elif isinstance(part, list | tuple):
            left.extend(part)
    return weight


def find_problems(blocks: Sequence[Mapping[str, Any]], text: str) -> list[LimitProblem]:
    """Everything in a message that Slack would refuse; empty when it can be sent."""
    nodes = _nodes(blocks)
    return [*_message(blocks, nodes, text), *_identifiers(nodes), *_all(blocks, "/blocks", _block)]


def _message(
    blocks: Sequence[Mapping[str, Any]], nodes: Sequence[Mapping[str, Any]], text: str
) -> Iterator[LimitProblem]:
    yield from _string(text, TEXT, "/text")
    if len(blocks) > BLOCKS:
        yield LimitProblem("/blocks", f"no more than {BLOCKS} blocks are allowed")
    if text_weight(blocks) > ALL_TEXT:
        yield LimitProblem("/blocks", f"more than {ALL_TEXT} characters over all blocks")
    family = [node for node in nodes if node.get("type") in TABLES]
    if len(family) > 1:
        yield LimitProblem("/blocks", "only one table is allowed")
    if sum(node.get("type") == "data_visualization" for node in nodes) > CHARTS:
        yield LimitProblem("/blocks", f"no more than {CHARTS} charts are allowed")


def _identifiers(nodes: Sequence[Mapping[str, Any]]) -> Iterator[LimitProblem]:
    for key in ("block_id", "action_id"):
        found = [node[key] for node in nodes if key in node]
        if len(set(found)) < len(found):
            yield LimitProblem("/blocks", f"every {key} must be unique")
        if any(not 0 < length(identifier) <= IDENTIFIER for identifier in found):
            yield LimitProblem("/blocks", f"a {key} has 1 to {IDENTIFIER} characters")


def _block(block: Mapping[str, Any], at: str) -> Iterator[LimitProblem]:  # noqa: C901 -- a case each
    match block.get("type"):
        case "header":
            yield from _text(block.get("text"), HEADER_TEXT, f"{at}/text", ("plain_text",))
        case "section":
            yield from _section(block, at)
        case "context":
            yield from _count(block, "elements", CONTEXT_ELEMENTS, at)
            yield from _all(block.get("elements", ()), f"{at}/elements", _context_element)
        case "actions":
            yield from _count(block, "elements", ACTIONS, at)
            yield from _all(block.get("elements", ()), f"{at}/elements", _element)
        case "rich_text":
            yield from _count(block, "elements", math.inf, at)
            yield from _all(block.get("elements", ()), f"{at}/elements", _rich)
        case "container":
            yield from _container(block, at)
        case "table" | "data_table":
            yield from _table(block, at)
        case "data_visualization":
            yield from _chart(block, at)
        case "image":
            yield from _string(block.get("alt_text"), ALT_TEXT, f"{at}/alt_text")
            yield from _string((block.get("slack_file") or {}).get("id"), IDENTIFIER, f"{at}/slack_file/id")
        case "divider":
            pass
        case unknown:
            yield LimitProblem(at, f"unsupported type: {unknown}")


def _section(block: Mapping[str, Any], at: str) -> Iterator[LimitProblem]:
    if "text" not in block and "fields" not in block:
        yield LimitProblem(at, "text or fields are needed")
    if "text" in block:
        yield from _text(block["text"], BLOCK_TEXT, f"{at}/text")
    if "fields" in block:
        yield from _count(block, "fields", FIELDS, at)
        for number, field in enumerate(block["fields"]):
            yield from _text(field, FIELD_TEXT, f"{at}/fields/{number}")

    if "accessory" in block:
        yield from _element(block["accessory"], f"{at}/accessory")


def _context_element(element: Mapping[str, Any], at: str) -> Iterator[LimitProblem]:
    yield from _text(element, CONTEXT_TEXT, at)


def _element(element: Mapping[str, Any], at: str) -> Iterator[LimitProblem]:
    match element.get("type"):
        case "button":
            yield from _button(element, at)
        case "overflow":
            yield from _count(element, "options", OPTIONS, at)
            yield from _all(element.get("options", ()), f"{at}/options", _option)
        case unknown:
            yield LimitProblem(at, f"unsupported type: {unknown}")


def _option(option: Mapping[str, Any], at: str) -> Iterator[LimitProblem]:
    yield from _text(option.get("text"), BUTTON_TEXT, f"{at}/text", ("plain_text",))
    yield from _string(option.get("value"), OPTION_VALUE, f"{at}/value")


def _button(button: Mapping[str, Any], at: str) -> Iterator[LimitProblem]:
    yield from _text(button.get("text"), BUTTON_TEXT, f"{at}/text", ("plain_text",))
    if "url" in button:
        yield from _string(button["url"], URL, f"{at}/url")
        if not str(button["url"]).startswith(("http://", "https://")):
            yield LimitProblem(f"{at}/url", "must be a valid address")
    if "value" in button:
        yield from _string(button["value"], VALUE, f"{at}/value")


def _rich(element: Mapping[str, Any], at: str) -> Iterator[LimitProblem]:
    match element.get("type"):
        case "rich_text_section" | "rich_text_list" | "rich_text_quote" | "rich_text_preformatted":
            yield from _count(element, "elements", math.inf, at)
            yield from _all(element.get("elements", ()), f"{at}/elements", _rich)
        case "text":
            yield from _string(element.get("text"), BLOCK_TEXT, f"{at}/text")
        case "link":
            yield from _string(element.get("url"), URL, f"{at}/url")
        case "date":
            yield from _string(element.get("fallback"), BLOCK_TEXT, f"{at}/fallback")
        case unknown:
            yield LimitProblem(at, f"unsupported type: {unknown}")


def _container(block: Mapping[str, Any], at: str) -> Iterator[LimitProblem]:
    yield from _text(block.get("title"), CONTAINER_TITLE, f"{at}/title", ("plain_text",))
    yield from _count(block, "child_blocks", CHILDREN, at)
    for number, child in enumerate(block.get("child_blocks", ())):
        if child.get("type") not in CONTAINED:
            yield LimitProblem(f"{at}/child_blocks/{number}", f"unsupported type: {child.get('type')}")
        yield from _block(child, f"{at}/child_blocks/{number}")


def _chart(block: Mapping[str, Any], at: str) -> Iterator[LimitProblem]:
    """A line chart; all series have one finite value for each category."""
    yield from _string(block.get("title"), CHART_TITLE, f"{at}/title")
    chart = block.get("chart") or {}
    series, axes = chart.get("series") or (), chart.get("axis_config") or {}
    categories = list(axes.get("categories") or ())
    if not 1 <= len(series) <= CHART_SERIES:
        yield LimitProblem(f"{at}/chart/series", f"must have 1 to {CHART_SERIES} items")
    if not 1 <= len(categories) <= CHART_POINTS or len(set(categories)) < len(categories):
        yield LimitProblem(f"{at}/chart/axis_config", f"must have 1 to {CHART_POINTS} categories, no two alike")
    for text in (*categories, *(each.get("name") for each in series)):
        yield from _string(text, CHART_LABEL, f"{at}/chart")
    for key in ("x_label", "y_label"):
        if key in axes:
            yield from _string(axes[key], CHART_AXIS, f"{at}/chart/axis_config/{key}")
    if len({each.get("name") for each in series}) < len(series):
        yield LimitProblem(f"{at}/chart/series", "every series needs a name of its own")
    for number, each in enumerate(series):
        data = each.get("data") or ()
        if [point.get("label") for point in data] != categories:
            yield LimitProblem(f"{at}/chart/series/{number}", "one point for each category, in order")
        if not all(math.isfinite(point.get("value", math.nan)) for point in data):
            yield LimitProblem(f"{at}/chart/series/{number}", "values must be finite")


def _table(block: Mapping[str, Any], at: str) -> Iterator[LimitProblem]:
    rows = block.get("rows", ())
    interactive = block["type"] == "data_table"
    most = DATA_ROWS if interactive else TABLE_ROWS
    if not (2 if interactive else 1) <= len(rows) <= most:
        yield LimitProblem(f"{at}/rows", f"no more than {most} rows, and not none")
    if any(not 1 <= len(row) <= COLUMNS for row in rows):
        yield LimitProblem(f"{at}/rows", f"a row has 1 to {COLUMNS} cells")
    if interactive and len({len(row) for row in rows}) > 1:
        yield LimitProblem(f"{at}/rows", "all rows must have the same length")
    if text_weight(rows) > (DATA_TEXT if interactive else TABLE_TEXT):
        yield LimitProblem(f"{at}/rows", "too many characters over all cells")
    if interactive:
        yield from _string(block.get("caption"), BLOCK_TEXT, f"{at}/caption")
        if not 1 <= block.get("page_size", 1) <= PAGE:
            yield LimitProblem(f"{at}/page_size", f"must be 1 to {PAGE}")
    elif len(block.get("column_settings", ())) > COLUMNS:
        yield LimitProblem(f"{at}/column_settings", f"no more than {COLUMNS}")
    for number, row in enumerate(rows):
        yield from _all(row, f"{at}/rows/{number}", _cell)


def _cell(cell: Mapping[str, Any], at: str) -> Iterator[LimitProblem]:
    match cell.get("type"):
        case "raw_text":
            yield from _string(cell.get("text"), TABLE_TEXT, f"{at}/text")
        case "raw_number":
            yield from _string(cell.get("text"), TABLE_TEXT, f"{at}/text")
            if not math.isfinite(cell.get("value", math.nan)):
                yield LimitProblem(f"{at}/value", "must be a finite number")
        case "rich_text":
            yield from _block(cell, at)
        case unknown:
            yield LimitProblem(at, f"unsupported type: {unknown}")


def _all(parts: Iterable[Mapping[str, Any]], at: str, rule: Any) -> Iterator[LimitProblem]:
    for number, part in enumerate(parts):
        yield from rule(part, f"{at}/{number}")


def _count(block: Mapping[str, Any], key: str, most: float, at: str) -> Iterator[LimitProblem]:
    if not 1 <= len(block.get(key, ())) <= most:
        yield LimitProblem(f"{at}/{key}", f"must have 1 to {most:g} items")


def _text(node: Any, most: int, at: str, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")) -> Iterator[LimitProblem]:
    if not isinstance(node, dict) or node.get("type") not in kinds:
        yield LimitProblem(at, f"must be {' or '.join(kinds)}")
        return
    yield from _string(node.get("text"), most, f"{at}/text")


def _string(value: Any, most: int, at: str) -> Iterator[LimitProblem]:
    if not isinstance(value, str) or not value:
        yield LimitProblem(at, "must not be empty")
    elif length(value) > most:
        yield LimitProblem(at, f"must be no more than {most} characters")


def _nodes(blocks: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Every object of a message, however deep."""
    found: list[Mapping[str, Any]] = []
    left: list[Any] = [*blocks]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            found.append(node)
            left.extend(node.values())
        elif isinstance(node, list | tuple):
            left.extend(node)
    return found
