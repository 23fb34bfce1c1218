"""Slack's limits on what stands inside blocks: texts, buttons, menus, inputs, rich text, cells."""

from collections.abc import Iterator
from typing import Any

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
    mapping,
    needs_exactly_one_of,
    number,
    shape,
    string,
    typed,
    whole,
)

IDENTIFIER = string(1, 255)


def plain(most: int) -> Rule:
    return typed({"plain_text": shape({"type": anything, "text": string(1, most)}, {"emoji": flag})})


def marked(most: int) -> Rule:
    return typed({"mrkdwn": shape({"type": anything, "text": string(1, most)}, {"verbatim": flag})})


def words(most: int) -> Rule:
    return typed(
        {
            "plain_text": shape({"type": anything, "text": string(1, most)}, {"emoji": flag}),
            "mrkdwn": shape({"type": anything, "text": string(1, most)}, {"verbatim": flag}),
        }
    )


CONFIRM = shape(
    {"title": plain(100), "text": words(300), "confirm": plain(30), "deny": plain(30)},
    {"style": choice("primary", "danger")},
)
SLACK_FILE = also(shape({}, {"id": string(), "url": address(WEB)}), needs_exactly_one_of("id", "url"))
IMAGE_ELEMENT = also(
    shape(
        {"type": anything, "alt_text": string(1, 2000)},
        {"image_url": address(WEB), "slack_file": SLACK_FILE},
    ),
    needs_exactly_one_of("image_url", "slack_file"),
)
OPTION = shape({"text": words(75), "value": string(1, 150)}, {"description": words(75), "url": address()})
GROUP = shape({"label": plain(75), "options": listed(OPTION, 1, 100)})
BUTTON = shape(
    {"type": anything, "text": plain(75)},
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
_CHOOSING = {
    "action_id": IDENTIFIER,
    "placeholder": plain(150),
    "confirm": CONFIRM,
    "focus_on_load": flag,
}


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
_TYPING = {"action_id": IDENTIFIER, "placeholder": plain(150), "focus_on_load": flag, "dispatch_action_config": mapping}
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
_FEEDBACK = shape({"text": plain(75), "value": string(1, 2000)}, {"accessibility_label": string(1, 75)})
CONTEXT_ACTIONS: dict[str, Rule] = {
    "feedback_buttons": shape(
        {"type": anything, "positive_button": _FEEDBACK, "negative_button": _FEEDBACK}, {"action_id": IDENTIFIER}
    ),
    "icon_button": shape(
        {"type": anything, "icon": choice("trash"), "text": plain(75)},
        {
            "action_id": IDENTIFIER,
            "value": string(1, 2000),
            "confirm": CONFIRM,
            "accessibility_label": string(1, 75),
            "visible_to_user_ids": listed(string()),
        },
    ),
}

_STYLE = {
    "style": shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight", "unlink"), flag))
}
_TEXT_LEAF = shape({"type": anything, "text": string(1, 12_000)}, _STYLE)
_LINK_LEAF = shape(
    {"type": anything, "url": address()}, {**_STYLE, "text": string(0, 12_000), "unsafe": flag, "tooltip": string(0)}
)
COLOURS = ("gray", "brown", "purple", "indigo", "blue", "green", "yellow", "orange", "red")
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
_SECTION = shape({"type": anything, "elements": listed(typed(LEAVES), 0, 10_000)})
_BORDER = {"border": whole(0, 1)}
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

_RAW: dict[str, Rule] = {
    "raw_text": shape({"type": anything, "text": string(1, 20_000)}),
    "raw_number": shape({"type": anything, "value": number(), "text": string(1, 20_000)}),
}
HEAD_CELL = typed(_RAW)
CELL = typed({**_RAW, "rich_text": RICH_TEXT})
DATA_CELL = typed(
    {
        **_RAW,
        "rich_text": RICH_TEXT,
        "action_cell": shape({"type": anything, "element": typed({"button": BUTTON}), "fallback": HEAD_CELL}),
    }
)


def same_length(value: Any, place: str) -> Iterator[Problem]:
    for at, row in enumerate(value["rows"]):
        if len(row) != len(value["rows"][0]):
            yield Problem("all rows must have the same number of cells", f"{place}/rows/{at}")


def header_row(value: Any, place: str) -> Iterator[Problem]:
    for at, cell in enumerate(value["rows"][0]):
        yield from HEAD_CELL(cell, f"{place}/rows/0/{at}")
