"""What Slack refuses in a message or a view: the error it answers, and each fault with its place.

Written from the platform's reference on its own: the bot's table of limits is checked against this one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.playground.schema import (
    WEB,
    Problem,
    Rule,
    address,
    also,
    anything,
    choice,
    flag,
    listed,
    mapping,
    maybe,
    needs_exactly_one_of,
    needs_one_of,
    number,
    shape,
    string,
    typed,
    whole,
)

# Slack's limits on what stands inside blocks: texts, buttons, menus, inputs, rich text, cells.


IDENTIFIER = string(1, 255)


_ID = {"block_id": IDENTIFIER}


def plain_text(most: int) -> Rule:
    return typed({"plain_text": shape({"type": anything, "text": string(1, most)}, {"emoji": flag})})


def words(most: int) -> Rule:
    return typed(
        {
            "plain_text": shape({"type": anything, "text": string(1, most)}, {"emoji": flag}),
            "mrkdwn": shape({"type": anything, "text": string(1, most)}, {"verbatim": flag}),
        }
    )


CONFIRM = shape(
    {"title": plain_text(100), "text": words(300), "confirm": plain_text(30), "deny": plain_text(30)},
    {"style": choice("primary", "danger")},
)


BUTTON = shape(
    {"type": anything, "text": plain_text(75)},
    {
        "action_id": IDENTIFIER,
        "url": address(),
        "value": string(0, 2000),
        "style": choice("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(1, 75),
        "agent_prompt": string(1, 4000),
    },
)


OPTION = shape({"text": words(75), "value": string(1, 150)}, {"description": words(75), "url": address()})


_CHOOSING = {
    "action_id": IDENTIFIER,
    "placeholder": plain_text(150),
    "confirm": CONFIRM,
    "focus_on_load": flag,
}


_FEW = listed(OPTION, 1, 10)
CHOICES: dict[str, Rule] = {
    "overflow": shape(
        {"type": anything, "options": listed(OPTION, 1, 5)}, {"action_id": IDENTIFIER, "confirm": CONFIRM}
    ),
    "checkboxes": shape(
        {"type": anything, "options": _FEW},
        {"action_id": IDENTIFIER, "initial_options": _FEW, "confirm": CONFIRM, "focus_on_load": flag},
    ),
    "radio_buttons": shape(
        {"type": anything, "options": _FEW},
        {"action_id": IDENTIFIER, "initial_option": OPTION, "confirm": CONFIRM, "focus_on_load": flag},
    ),
    "datepicker": shape({"type": anything}, {**_CHOOSING, "initial_date": string(10, 10)}),
    "timepicker": shape({"type": anything}, {**_CHOOSING, "initial_time": string(5, 5), "timezone": string()}),
    "datetimepicker": shape({"type": anything}, {**_CHOOSING, "initial_date_time": whole(0, 10**10)}),
}


GROUP = shape({"label": plain_text(75), "options": listed(OPTION, 1, 100)})


def _menu(*, several: bool, **own: Rule) -> Rule:
    extra: dict[str, Rule] = {"max_selected_items": whole(1, 10_000)} if several else {}
    return shape({"type": anything}, {**_CHOOSING, **extra, **own})


def _menus(prefix: str, *, several: bool) -> dict[str, Rule]:
    options = {"options": listed(OPTION, 1, 100), "option_groups": listed(GROUP, 1, 100)}
    picked = {"initial_options" if several else "initial_option": listed(OPTION, 1, 100) if several else OPTION}
    plural = "s" if several else ""
    ids = listed(string(), 0, 10_000) if several else string()
    return {
        f"{prefix}static_select": also(
            _menu(several=several, **options, **picked), needs_exactly_one_of("options", "option_groups")
        ),
        f"{prefix}external_select": _menu(several=several, min_query_length=whole(0, 1000), **picked),
        f"{prefix}users_select": _menu(several=several, **{f"initial_user{plural}": ids}),
        f"{prefix}channels_select": _menu(
            several=several, response_url_enabled=flag, **{f"initial_channel{plural}": ids}
        ),
        f"{prefix}conversations_select": _menu(
            several=several,
            response_url_enabled=flag,
            default_to_current_conversation=flag,
            filter=mapping,
            **{f"initial_conversation{plural}": ids},
        ),
    }


SELECTS = {**_menus("", several=False), **_menus("multi_", several=True)}


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


COLOURS = ("gray", "brown", "purple", "indigo", "blue", "green", "yellow", "orange", "red")


_STYLE = {
    "style": shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight", "unlink"), flag))
}


_LINK_LEAF = shape(
    {"type": anything, "url": address()}, {**_STYLE, "text": string(0, 12_000), "unsafe": flag, "tooltip": string(0)}
)


_TEXT_LEAF = shape({"type": anything, "text": string(1, 12_000)}, _STYLE)


LEAVES: dict[str, Rule] = {
    "text": _TEXT_LEAF,
    "link": _LINK_LEAF,
    "user": shape({"type": anything, "user_id": string()}, _STYLE),
    "usergroup": shape({"type": anything, "usergroup_id": string()}, _STYLE),
    "team": shape({"type": anything, "team_id": string()}, _STYLE),
    "channel": shape({"type": anything, "channel_id": string()}, _STYLE),
    "emoji": shape(
        {"type": anything, "name": string()}, {**_STYLE, "unicode": string(), "skin_tone": whole(1, 6), "url": string()}
    ),
    "broadcast": shape({"type": anything, "range": choice("here", "channel", "everyone")}, _STYLE),
    "color": shape({"type": anything, "value": string()}, _STYLE),
    "date": shape(
        {"type": anything, "timestamp": whole(0, 10**11), "format": string()},
        {**_STYLE, "url": address(), "fallback": string(0)},
    ),
    "tag": shape({"type": anything, "text": string(1, 150)}, {"color": choice(*COLOURS)}),
}


_BORDER = {"border": whole(0, 1)}


_SECTION = shape({"type": anything, "elements": listed(typed(LEAVES), 0, 10_000)})


RICH_TEXT = shape(
    {
        "type": anything,
        "elements": listed(
            typed(
                {
                    "rich_text_section": _SECTION,
                    "rich_text_list": shape(
                        {
                            "type": anything,
                            "style": choice("bullet", "ordered"),
                            "elements": listed(typed({"rich_text_section": _SECTION}), 1, 10_000),
                        },
                        {**_BORDER, "indent": whole(0, 8), "offset": whole(0, 100_000)},
                    ),
                    "rich_text_quote": shape({"type": anything, "elements": listed(typed(LEAVES), 0, 10_000)}, _BORDER),
                    "rich_text_preformatted": shape(
                        {
                            "type": anything,
                            "elements": listed(typed({"text": _TEXT_LEAF, "link": _LINK_LEAF}), 0, 10_000),
                        },
                        {**_BORDER, "language": string()},
                    ),
                }
            ),
            1,
            10_000,
        ),
    },
    {"block_id": IDENTIFIER},
)


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


SLACK_FILE = also(shape({}, {"id": string(), "url": address(WEB)}), needs_exactly_one_of("id", "url"))
IMAGE_ELEMENT = also(
    shape(
        {"type": anything, "alt_text": string(1, 2000)},
        {"image_url": address(WEB), "slack_file": SLACK_FILE},
    ),
    needs_exactly_one_of("image_url", "slack_file"),
)


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


_RAW: dict[str, Rule] = {
    "raw_text": shape({"type": anything, "text": string(1, 20_000)}),
    "raw_number": shape({"type": anything, "value": number(), "text": string(1, 20_000)}),
}


CELL = typed({**_RAW, "rich_text": RICH_TEXT})


_TYPING = {
    "action_id": IDENTIFIER,
    "placeholder": plain_text(150),
    "focus_on_load": flag,
    "dispatch_action_config": mapping,
}
INPUTS: dict[str, Rule] = {
    "plain_text_input": shape(
        {"type": anything},
        {
            **_TYPING,
            "initial_value": string(0, 3000),
            "multiline": flag,
            "min_length": whole(0, 3000),
            "max_length": whole(1, 3000),
        },
    ),
    "email_text_input": shape({"type": anything}, {**_TYPING, "initial_value": string(0)}),
    "url_text_input": shape({"type": anything}, {**_TYPING, "initial_value": string(0)}),
    "number_input": shape(
        {"type": anything, "is_decimal_allowed": flag},
        {**_TYPING, "initial_value": string(0), "min_value": string(), "max_value": string()},
    ),
    "rich_text_input": shape({"type": anything}, {**_TYPING, "initial_value": mapping}),
    "file_input": shape(
        {"type": anything},
        {"action_id": IDENTIFIER, "filetypes": listed(string()), "max_files": whole(1, 10)},
    ),
}


def mrkdwn_text(most: int) -> Rule:
    return typed({"mrkdwn": shape({"type": anything, "text": string(1, most)}, {"verbatim": flag})})


SIMPLE: dict[str, Rule] = {
    "header": shape({"type": anything, "text": plain_text(150)}, {**_ID, "level": whole(1, 4)}),
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
                typed({"image": IMAGE_ELEMENT, "mrkdwn": mrkdwn_text(3000), "plain_text": plain_text(3000)}), 1, 10
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
            {**_ID, "image_url": address(WEB), "slack_file": SLACK_FILE, "title": plain_text(2000)},
        ),
        needs_exactly_one_of("image_url", "slack_file"),
    ),
    "rich_text": RICH_TEXT,
    "input": shape(
        {"type": anything, "label": plain_text(2000), "element": typed({**SELECTS, **CHOICES, **INPUTS})},
        {**_ID, "hint": plain_text(2000), "optional": flag, "dispatch_action": flag},
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
            "title": plain_text(199),
            "thumbnail_url": address(WEB),
            "video_url": address(WEB),
        },
        {
            **_ID,
            "author_name": string(1, 49),
            "description": plain_text(200),
            "provider_icon_url": address(WEB),
            "provider_name": string(1, 50),
            "title_url": address(WEB),
        },
    ),
}
FOLDED = ("actions", "context", "divider", "header", "image", "input", "rich_text", "section", "table", "video")


_FEEDBACK = shape({"text": plain_text(75), "value": string(1, 2000)}, {"accessibility_label": string(1, 75)})
CONTEXT_ACTIONS: dict[str, Rule] = {
    "feedback_buttons": shape(
        {"type": anything, "positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {"action_id": IDENTIFIER}
    ),
    "icon_button": shape(
        {"type": anything, "icon": choice("trash"), "text": plain_text(75)},
        {
            "action_id": IDENTIFIER,
            "value": string(1, 2000),
            "confirm": CONFIRM,
            "accessibility_label": string(1, 75),
            "visible_to_user_ids": listed(string()),
        },
    ),
}


HEAD_CELL = typed(_RAW)


DATA_CELL = typed(
    {
        **_RAW,
        "rich_text": RICH_TEXT,
        "action_cell": shape({"type": anything, "element": typed({"button": BUTTON}), "fallback": HEAD_CELL}),
    }
)


def header_row(value: Any, place: str) -> Iterator[Problem]:
    for at, cell in enumerate(value["rows"][0]):
        yield from HEAD_CELL(cell, f"{place}/rows/0/{at}")


def same_length(value: Any, place: str) -> Iterator[Problem]:
    for at, row in enumerate(value["rows"]):
        if len(row) != len(value["rows"][0]):
            yield Problem("all rows must have the same number of cells", f"{place}/rows/{at}")


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
                "title": plain_text(150),
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


# What Slack refuses in a message or a view.


BLOCKS_IN_A_MESSAGE = 50
BLOCKS_IN_A_VIEW = 100
CHARTS_IN_A_MESSAGE = 2
TABLES_IN_A_MESSAGE = 1
ALL_TEXT = 13_000
HEADER_COST = 100  # what a header was seen to cost besides its text
MARKDOWN = 12_000
CELLS = {"table": 10_000, "data_table": 20_000}
TEXT_SHOWN = 40_000
TEXT_IN_AN_UPDATE = 4_000
ATTACHMENTS = 100
METADATA = 16_000  # characters of JSON; Slack publishes no figure

_MESSAGE_BLOCKS = listed(typed({name: RULES[name] for name in IN_MESSAGES}), 0, BLOCKS_IN_A_MESSAGE)


def _view(kind: str, names: Sequence[str]) -> Any:
    blocks = listed(typed({name: RULES[name] for name in names}), 0, BLOCKS_IN_A_VIEW)
    common = {
        "private_metadata": string(0, 3000),
        "callback_id": string(0, 255),
        "external_id": string(0, 255),
    }
    if kind == "home":
        return shape({"type": anything, "blocks": blocks}, common)
    titled = {"title": plain_text(24), "blocks": blocks, "type": anything}
    ways = {"close": plain_text(24), "submit": plain_text(24), "clear_on_close": flag, "notify_on_close": flag}
    return shape(titled, {**common, **ways, "submit_disabled": flag})


_OPTIONS = shape({}, {"options": listed(OPTION, 0, 100), "option_groups": listed(GROUP, 0, 100)})
_VIEWS = typed({"modal": _view("modal", IN_MODALS), "home": _view("home", IN_HOME)})


@dataclass(frozen=True, slots=True)
class Refusal:
    error: str
    problems: tuple[Problem, ...] = ()

    def as_answer(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"ok": False, "error": self.error}
        if self.problems:
            answer["errors"] = [str(problem) for problem in self.problems]
            answer["response_metadata"] = {"messages": [f"[ERROR] {problem}" for problem in self.problems]}
        return answer


def check_message(payload: dict[str, Any]) -> Refusal | None:
    """Error that Slack would answer to the message's blocks, attachments and metadata; None when it would take them."""
    blocks = payload.get("blocks") or []
    attachments = payload.get("attachments") or []
    if not _are_objects(blocks):
        return Refusal("invalid_blocks_format")
    if not _are_objects(attachments):
        return Refusal("invalid_attachments")
    problems = (*_MESSAGE_BLOCKS(blocks, "/blocks"), *_whole_message(blocks))
    if problems:
        return Refusal("invalid_blocks", problems)
    if len(attachments) > ATTACHMENTS:
        return Refusal("too_many_attachments")
    problems = tuple(_attached(attachments, blocks))
    if problems:
        return Refusal("invalid_attachments", problems)
    return _too_long(blocks) or check_metadata(payload.get("metadata"))


def _too_long(blocks: list[dict[str, Any]]) -> Refusal | None:
    return Refusal("msg_blocks_too_long") if _text_of(blocks) > ALL_TEXT else None


def check_metadata(metadata: Any) -> Refusal | None:
    if metadata in (None, {}):
        return None
    if not isinstance(metadata, dict):
        return Refusal("invalid_metadata_format")
    if "entities" not in metadata and not (
        isinstance(metadata.get("event_type"), str) and isinstance(metadata.get("event_payload"), dict)
    ):
        return Refusal("invalid_metadata_schema")
    return Refusal("metadata_too_large") if len(str(metadata)) > METADATA else None


def check_view(view: Any) -> Refusal | None:
    """Error that Slack would answer to the view; None when it would open it."""
    problems = tuple(_VIEWS(view, "/view"))
    if not problems:
        problems = tuple(_ids_unique(view["blocks"], "/view/blocks"))
    if not problems and view["type"] == "modal" and "submit" not in view and _has_inputs(view):
        problems = (Problem("missing required field: submit", "/view"),)
    return Refusal("invalid_arguments", problems) if problems else None


def check_options(answer: Any) -> Refusal | None:
    """Error in an answer to a request for options; None when Slack would show it."""
    problems = tuple(_OPTIONS(answer, ""))
    return Refusal("invalid_options", problems) if problems else None


def _has_inputs(view: dict[str, Any]) -> bool:
    return any(block["type"] == "input" for block in view["blocks"])


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _attached(attachments: list[dict[str, Any]], blocks: list[dict[str, Any]]) -> Iterator[Problem]:
    for at, attachment in enumerate(attachments):
        inner = attachment.get("blocks")
        if inner is None:
            continue
        yield from _MESSAGE_BLOCKS(inner, f"/attachments/{at}/blocks")
    inner = [block for attachment in attachments for block in attachment.get("blocks") or []]
    if _are_objects(inner) and inner:
        yield from _counts([*blocks, *inner], "/attachments")


def _whole_message(blocks: list[dict[str, Any]]) -> Iterator[Problem]:
    yield from _ids_unique(blocks, "/blocks")
    yield from _counts(blocks, "/blocks")


def _ids_unique(blocks: list[dict[str, Any]], place: str) -> Iterator[Problem]:
    seen: set[str] = set()
    for block, where in _with_children(blocks, place):
        name = block.get("block_id")
        if not isinstance(name, str):
            continue
        if name in seen:
            yield Problem(f'`block_id` "{name}" already exists', f"{where}/block_id")
        seen.add(name)


def _counts(blocks: list[dict[str, Any]], place: str) -> Iterator[Problem]:
    found = list(_with_children(blocks, place))
    tables = [(block, where) for block, where in found if _kind(block) in CELLS]
    charts = [where for block, where in found if _kind(block) == "data_visualization"]
    plans = [where for block, where in found if _kind(block) == "plan"]
    for _, where in tables[TABLES_IN_A_MESSAGE:]:
        yield Problem("only_one_table_allowed", where)
    for where in charts[CHARTS_IN_A_MESSAGE:]:
        yield Problem(f"no more than {CHARTS_IN_A_MESSAGE} data_visualization blocks allowed", where)
    for where in plans[1:]:
        yield Problem("no more than 1 plan block allowed", where)
    for kind, most in CELLS.items():
        total = sum(_characters(block.get("rows")) for block, _ in tables if block["type"] == kind)
        if total > most:
            where = next(where for block, where in tables if block["type"] == kind)
            yield Problem(f"cells must hold no more than {most} characters, they hold {total}", f"{where}/rows")
    markdown = sum(_characters(block) for block, _ in found if _kind(block) == "markdown")
    if markdown > MARKDOWN:
        yield Problem(f"markdown blocks must hold no more than {MARKDOWN} characters", place)


def _with_children(blocks: list[dict[str, Any]], place: str) -> Iterator[tuple[dict[str, Any], str]]:
    for at, block in enumerate(blocks):
        yield block, f"{place}/{at}"
        children = block.get("child_blocks")
        if _kind(block) == "container" and _are_objects(children):
            yield from _with_children(children or [], f"{place}/{at}/child_blocks")


def _kind(block: dict[str, Any]) -> str:
    return str(block.get("type"))


def _text_of(blocks: list[dict[str, Any]]) -> int:
    counted = [block for block, _ in _with_children(blocks, "") if block["type"] not in (*CELLS, "data_visualization")]
    own = [{key: value for key, value in block.items() if key != "child_blocks"} for block in counted]
    return sum(_characters(block) + HEADER_COST * (block["type"] == "header") for block in own)


def _characters(value: Any) -> int:
    """Characters a person would read: what stands in `text` at any depth."""
    if isinstance(value, list):
        return sum(_characters(item) for item in value)
    if isinstance(value, dict):
        return sum(
            len(item) if key == "text" and isinstance(item, str) else _characters(item) for key, item in value.items()
        )
    return 0


def measure(text: str, blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How much of each limit of a message is used: `name`, `used`, `most`."""
    found = [block for block, _ in _with_children(blocks, "")]
    cells = {kind: sum(_characters(b.get("rows")) for b in found if _kind(b) == kind) for kind in CELLS}
    charts = sum(_kind(block) == "data_visualization" for block in found)
    figures = [
        ("Blocks", len(blocks), BLOCKS_IN_A_MESSAGE),
        ("Characters in blocks", _text_of(blocks), ALL_TEXT),
        ("Characters in text", len(text), TEXT_IN_AN_UPDATE),
        ("Charts", charts, CHARTS_IN_A_MESSAGE),
        *((f"Characters in the {kind}", used, CELLS[kind]) for kind, used in cells.items() if used),
    ]
    return [{"name": name, "used": used, "most": most} for name, used, most in figures]
