"""Slack's limits on each block, as one table, and which blocks stand where."""

from collections.abc import Iterator
from typing import Any

from bot.playground.limit_elements import (
    BUTTON,
    CELL,
    CHOICES,
    CONTEXT_ACTIONS,
    DATA_CELL,
    IDENTIFIER,
    IMAGE_ELEMENT,
    INPUTS,
    RICH_TEXT,
    SELECTS,
    SLACK_FILE,
    header_row,
    marked,
    plain,
    same_length,
    words,
)
from bot.playground.shapes import (
    WEB,
    Problem,
    Rule,
    address,
    also,
    anything,
    choice,
    flag,
    listed,
    maybe,
    needs_exactly_one_of,
    needs_one_of,
    number,
    shape,
    string,
    typed,
    whole,
)

_ID = {"block_id": IDENTIFIER}
_PRESSED: dict[str, Rule] = {"button": BUTTON, **SELECTS, **CHOICES}


def _points_match_categories(value: Any, place: str) -> Iterator[Problem]:
    categories = value["axis_config"]["categories"]
    names = [series["name"] for series in value["series"]]
    for at, series in enumerate(value["series"]):
        if [point["label"] for point in series["data"]] != categories:
            yield Problem("must have exactly one point for each category, in order", f"{place}/series/{at}/data")
        if names.index(series["name"]) != at:
            yield Problem("series names must be unique", f"{place}/series/{at}/name")
    if len(set(categories)) != len(categories):
        yield Problem("categories must be unique", f"{place}/axis_config/categories")


_POINT = shape({"label": string(1, 20), "value": number()})
_AXES = also(
    shape(
        {
            "type": anything,
            "series": listed(shape({"name": string(1, 20), "data": listed(_POINT, 1, 20)}), 1, 12),
            "axis_config": shape(
                {"categories": listed(string(1, 20), 1, 20)}, {"x_label": string(1, 50), "y_label": string(1, 50)}
            ),
        }
    ),
    _points_match_categories,
)
_PIE = shape({"type": anything, "segments": listed(shape({"label": string(1, 20), "value": number(above=0)}), 1, 12)})


def _folds_one_way(value: Any, place: str) -> Iterator[Problem]:
    if value.get("default_collapsed") and not value.get("is_collapsible"):
        yield Problem("default_collapsed needs is_collapsible", f"{place}/default_collapsed")
    if value.get("has_header_divider") and value.get("is_collapsible"):
        yield Problem("has_header_divider is only for containers that do not collapse", f"{place}/has_header_divider")


def _several_actions_unique(value: Any, place: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for at, element in enumerate(value["elements"]):
        action = element.get("action_id")
        if action in seen:
            yield Problem(f'`action_id` "{action}" already exists in the block', f"{place}/elements/{at}/action_id")
        if action:
            seen.add(action)


_TASK = shape(
    {"type": anything, "task_id": string(), "title": string()},
    {
        **_ID,
        "status": choice("pending", "in_progress", "complete", "error"),
        "details": typed({"rich_text": RICH_TEXT}),
        "output": typed({"rich_text": RICH_TEXT}),
        "sources": listed(shape({"type": choice("url"), "url": address(), "text": string()})),
    },
)


def _not_pending(value: Any, place: str) -> Iterator[Problem]:
    if value.get("status") == "pending":
        yield Problem("a task_card that stands alone cannot be pending", f"{place}/status")


CARD = also(
    shape(
        {"type": anything},
        {
            **_ID,
            "hero_image": typed({"image": IMAGE_ELEMENT}),
            "icon": typed({"image": IMAGE_ELEMENT}),
            "slack_icon": shape({"type": choice("icon"), "name": string()}),
            "title": words(150),
            "subtitle": words(150),
            "body": words(200),
            "subtext": words(200),
            "actions": listed(typed({"button": BUTTON}), 1, 3),
        },
    ),
    needs_one_of("hero_image", "title", "actions", "body"),
)

SIMPLE: dict[str, Rule] = {
    "header": shape({"type": anything, "text": plain(150)}, {**_ID, "level": whole(1, 4)}),
    "divider": shape({"type": anything}, _ID),
    "section": also(
        shape(
            {"type": anything},
            {
                **_ID,
                "text": words(3000),
                "fields": listed(words(2000), 1, 10),
                "accessory": typed({**_PRESSED, "image": IMAGE_ELEMENT}),
                "expand": flag,
            },
        ),
        needs_one_of("text", "fields"),
    ),
    "context": shape(
        {
            "type": anything,
            "elements": listed(
                typed({"image": IMAGE_ELEMENT, "mrkdwn": marked(3000), "plain_text": plain(3000)}), 1, 10
            ),
        },
        _ID,
    ),
    "actions": also(
        shape({"type": anything, "elements": listed(typed(_PRESSED), 1, 25)}, _ID), _several_actions_unique
    ),
    "image": also(
        shape(
            {"type": anything, "alt_text": string(1, 2000)},
            {**_ID, "image_url": address(WEB), "slack_file": SLACK_FILE, "title": plain(2000)},
        ),
        needs_exactly_one_of("image_url", "slack_file"),
    ),
    "rich_text": RICH_TEXT,
    "input": shape(
        {"type": anything, "label": plain(2000), "element": typed({**SELECTS, **CHOICES, **INPUTS})},
        {**_ID, "hint": plain(2000), "optional": flag, "dispatch_action": flag},
    ),
    "table": shape(
        {"type": anything, "rows": listed(listed(CELL, 1, 20), 1, 100)},
        {
            **_ID,
            "column_settings": listed(
                maybe(shape({}, {"align": choice("left", "center", "right"), "is_wrapped": flag})), 0, 20
            ),
        },
    ),
    "video": shape(
        {
            "type": anything,
            "alt_text": string(1, 2000),
            "title": plain(199),
            "thumbnail_url": address(WEB),
            "video_url": address(WEB),
        },
        {
            **_ID,
            "author_name": string(1, 49),
            "description": plain(200),
            "provider_icon_url": address(WEB),
            "provider_name": string(1, 50),
            "title_url": address(WEB),
        },
    ),
}
FOLDED = ("actions", "context", "divider", "header", "image", "input", "rich_text", "section", "table", "video")

RULES: dict[str, Rule] = {
    **SIMPLE,
    "data_table": also(
        shape(
            {"type": anything, "caption": string(1, 3000), "rows": listed(listed(DATA_CELL, 1, 20), 2, 201)},
            {**_ID, "page_size": whole(1, 100), "row_header_column_index": whole(0, 19)},
        ),
        same_length,
        header_row,
    ),
    "data_visualization": shape(
        {
            "type": anything,
            "title": string(1, 50),
            "chart": typed({"pie": _PIE, "bar": _AXES, "line": _AXES, "area": _AXES}),
        },
        _ID,
    ),
    "container": also(
        shape(
            {"type": anything, "child_blocks": listed(typed({name: SIMPLE[name] for name in FOLDED}), 1, 10)},
            {
                **_ID,
                "title": plain(150),
                "rich_text_title": typed({"rich_text": RICH_TEXT}),
                "subtitle": words(150),
                "width": choice("narrow", "standard", "wide", "full"),
                "icon": typed({"image": IMAGE_ELEMENT}),
                "is_collapsible": flag,
                "default_collapsed": flag,
                "has_header_divider": flag,
            },
        ),
        needs_one_of("title", "rich_text_title"),
        _folds_one_way,
    ),
    "card": CARD,
    "carousel": shape({"type": anything, "elements": listed(typed({"card": CARD}), 1, 10)}, _ID),
    "alert": shape(
        {"type": anything, "text": words(200)},
        {**_ID, "level": choice("default", "info", "warning", "error", "success")},
    ),
    "markdown": shape({"type": anything, "text": string(1, 12_000)}, _ID),
    "context_actions": shape({"type": anything, "elements": listed(typed(CONTEXT_ACTIONS), 1, 5)}, _ID),
    "task_card": also(_TASK, _not_pending),
    "plan": shape({"type": anything, "title": string()}, {**_ID, "tasks": listed(typed({"task_card": _TASK}), 1, 50)}),
}

IN_MODALS = (
    *("actions", "alert", "card", "context", "divider", "header", "image", "input", "rich_text", "section", "video"),
)
IN_HOME = (
    *("actions", "card", "carousel", "container", "context", "data_table", "divider", "header", "image", "input"),
    *("rich_text", "section", "table", "video"),
)
IN_MESSAGES = tuple(name for name in RULES if name != "alert")
